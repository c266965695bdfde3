//! The mailbox page.
//!
//! A mail is foreign text: a model wrote part of it, and the page it is shown on has the origin of
//! the API. So its HTML is shown in a frame without script, form or origin of its own, and everything
//! else is escaped. Links in it open in a new tab, or approving by mail could not be tried.

use std::fmt::Write as _;

use crate::services::ses::Mail;

/// What the page may load: nothing but its own styles and inlined images.
pub(super) const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; frame-ancestors 'none'";

const HEAD: &str = "<!doctype html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width\">
<title>Mailbox · Nightdesk</title>
<style>
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
article { border: 1px solid #8886; border-radius: 8px; padding: 1rem; margin: 1rem 0; }
h2 { font-size: 1.1rem; margin: 0; overflow-wrap: anywhere; }
p.to { margin: 0 0 .75rem; opacity: .75; font-size: .875rem; overflow-wrap: anywhere; }
iframe { width: 100%; height: 24rem; border: 1px solid #8886; background: #fff; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; }
</style>
</head>
<body>
<h1>Mailbox</h1>
";

/// The page, newest mail first.
pub(super) fn page(messages: &[Mail]) -> String {
    let mut page = HEAD.to_owned();
    if messages.is_empty() {
        page.push_str("<p>No mail yet. Whatever Nightdesk sends appears here; nothing leaves this machine.</p>\n");
    }
    for mail in messages.iter().rev() {
        // Writing into a String cannot fail.
        let _infallible = write!(
            page,
            "<article id=\"{}\">\n<h2>{}</h2>\n<p class=\"to\">to {} · {}</p>\n",
            escaped(&mail.id),
            escaped(&mail.subject),
            escaped(&mail.to.join(", ")),
            escaped(&mail.sent_at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()),
        );
        if let Some(html) = &mail.html {
            let framed = format!("<base target=\"_blank\">{html}");
            let _infallible = writeln!(
                page,
                "<iframe sandbox=\"allow-popups allow-popups-to-escape-sandbox\" title=\"The mail\" srcdoc=\"{}\"></iframe>",
                escaped(&framed)
            );
        }
        if let Some(text) = &mail.text {
            let open = if mail.html.is_none() { " open" } else { "" };
            let _infallible = writeln!(
                page,
                "<details{open}><summary>Plain text</summary><pre>{}</pre></details>",
                escaped(text)
            );
        }
        page.push_str("</article>\n");
    }
    page.push_str("</body>\n</html>\n");
    page
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::Map;

    use super::*;

    #[test]
    fn a_hostile_mail_stays_in_its_frame() {
        let mail = Mail {
            id: "m1".to_owned(),
            from: "nightdesk@nightdesk.test".to_owned(),
            to: vec!["\"><script>".to_owned()],
            cc: Vec::new(),
            bcc: Vec::new(),
            subject: "<script>alert(1)</script>".to_owned(),
            text: Some("</pre><script>".to_owned()),
            html: Some("\"><script>alert(1)</script>".to_owned()),
            headers: Map::new(),
            sent_at: Timestamp::UNIX_EPOCH,
        };
        let page = page(&[mail]);
        assert!(!page.contains("<script"));
        assert!(
            page.contains(
                "srcdoc=\"&lt;base target=&quot;_blank&quot;&gt;&quot;&gt;&lt;script&gt;"
            )
        );
        assert!(page.contains("1970-01-01 00:00:00 UTC"));
    }

    #[test]
    fn an_empty_mailbox_says_so() {
        assert!(page(&[]).contains("No mail yet"));
    }
}
