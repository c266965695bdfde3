//! What a robots.txt file lets a crawler do.

use domain::robots::Robots;
use serde_json::{Value, json};
use url::{Position, Url};

use super::{Fault, request};

/// `{robots_txt, user_agent, url}` → `{allowed, crawl_delay?, sitemaps}`. `user_agent` is a product token
/// or a whole header; `url` may be a path alone; `crawl_delay` is in seconds.
pub(super) fn answer(request: &Value) -> Result<Value, Fault> {
    let robots = Robots::parse(request::text(request, "robots_txt")?);
    let agent = request::text(request, "user_agent")?;
    let text = request::text(request, "url")?.trim();
    let path = if text.starts_with('/') && !text.starts_with("//") {
        text.to_owned()
    } else {
        let url = Url::parse(text)
            .map_err(|error| Fault::invalid(format!("/url: is no URL: {error}")))?;
        if url.cannot_be_a_base() {
            return Err(Fault::invalid("/url: has no path"));
        }
        url[Position::BeforePath..Position::AfterQuery].to_owned()
    };
    let mut answer = json!({
        "allowed": robots.allows(agent, &path),
        "sitemaps": robots.sitemaps(),
    });
    if let Some(delay) = robots.crawl_delay(agent) {
        answer["crawl_delay"] = if delay.subsec_nanos() == 0 {
            delay.as_secs().into()
        } else {
            delay.as_secs_f64().into()
        };
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_asked_about_a_url() {
        let file = "User-agent: a\nCrawl-delay: 2\nDisallow: /private\n\nUser-agent: *\nCrawl-delay: 0.5\nSitemap: https://x.example/s.xml";
        let ask = |agent: &str, url: &str| {
            answer(&json!({"robots_txt": file, "user_agent": agent, "url": url})).unwrap()
        };
        assert_eq!(
            ask("A/2.0", "https://x.example/private/1?q#part"),
            json!({"allowed": false, "sitemaps": ["https://x.example/s.xml"], "crawl_delay": 2})
        );
        let other = ask("b", "/private");
        assert_eq!(
            (&other["allowed"], &other["crawl_delay"]),
            (&json!(true), &json!(0.5))
        );
        assert_eq!(ask("a", "https://x.example")["allowed"], true);
        for request in [
            json!({"robots_txt": file, "user_agent": "a"}),
            json!({"robots_txt": file, "user_agent": "a", "url": "private"}),
            json!({"robots_txt": file, "user_agent": "a", "url": "mailto:a@b.example"}),
            json!({"robots_txt": 1, "user_agent": "a", "url": "/"}),
        ] {
            assert_eq!(
                answer(&request).unwrap_err().code,
                "validation_failed",
                "{request}"
            );
        }
    }
}
