//! The mail that asks somebody to decide.
//!
//! It shows the draft itself, so that a person can see what they are asked about before they follow a
//! link, and exactly one link. The draft is quoted and escaped; nothing of it becomes a link or a picture.

use domain::address;
use domain::approval::code::MailedCode;
use domain::approval::{Approval, Draft};
use domain::text;

use super::{moment, quoted, running, running_line};

/// The longest draft shown in a mail, in bytes; the page behind the link shows all of it.
const MOST_DRAFT_BYTES: usize = 20 * 1024;
/// The longest recipient list or address shown in one line, in characters.
const MOST_LINE_CHARS: usize = 500;

/// Everything the mail says.
pub(crate) struct ApprovalRequest {
    pub(crate) workflow: String,
    pub(crate) step: String,
    /// What will happen on approval, in a few words.
    pub(crate) effect: &'static str,
    /// Recipients, subject, address: what stands above the body.
    pub(crate) head: Vec<(&'static str, String)>,
    pub(crate) draft: String,
    pub(crate) is_cut: bool,
    pub(crate) sources: Vec<String>,
    pub(crate) deadline: String,
    /// 2 and more: made again after changes were asked for.
    pub(crate) generation: u32,
    pub(crate) required: u32,
    pub(crate) link: String,
    /// What the page behind the link asks for, of a strict approval.
    pub(crate) code: Option<String>,
}

impl ApprovalRequest {
    pub(crate) fn new(
        approval: &Approval,
        draft: &Draft,
        link: String,
        code: Option<&MailedCode>,
    ) -> Self {
        let line = |text: &str| running_line(text, MOST_LINE_CHARS);
        let receivers = |addresses: &[String]| line(&address::listed(addresses));
        let (effect, head) = match draft {
            Draft::Email { to, subject, .. } => (
                "a mail will be sent",
                vec![("To", receivers(to)), ("Subject", line(subject))],
            ),
            Draft::Webhook { url, .. } => (
                "this will be posted",
                vec![("To", receivers(std::slice::from_ref(url)))],
            ),
            Draft::Content { .. } => ("this text goes on to the next step", Vec::new()),
            Draft::Image { sha256, .. } => (
                "this picture goes on to the next step",
                vec![("Picture", sha256.clone())],
            ),
        };
        let body = running(&draft.text());
        let shown = within_bytes(&body, MOST_DRAFT_BYTES);
        Self {
            workflow: line(&approval.workflow_name),
            step: line(&approval.step),
            effect,
            head,
            is_cut: shown.len() < body.len(),
            draft: shown.to_owned(),
            sources: approval.sources.iter().map(|source| line(source)).collect(),
            deadline: moment(approval.deadline),
            generation: approval.generation,
            required: approval.required,
            link,
            code: code.map(|code| code.expose().to_owned()),
        }
    }

    fn quoted_draft(&self) -> String {
        quoted(&self.draft)
    }

    /// The name as far as a subject has room for it.
    fn short_name(&self) -> String {
        text::preview(&self.workflow, 80)
    }
}

/// The longest prefix of whole characters within `most` bytes.
fn within_bytes(text: &str, most: usize) -> &str {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

letter! {
    ApprovalRequest:
    "approval-request/subject.txt",
    "approval-request/body.txt",
    "approval-request/body.html",
}

#[cfg(test)]
mod tests {
    use engine::ports::Mail;

    use super::*;

    fn letter(draft: &Draft) -> Mail {
        let mut approval = crate::tests::approval();
        approval.sources = vec!["https://a.example/?x=1&y=2".into()];
        let link = "https://nightdesk.example/a/TOKEN".into();
        ApprovalRequest::new(&approval, draft, link, None).mail("a@x.test")
    }

    #[test]
    fn a_code_stands_in_the_mail_and_not_in_its_subject() {
        let approval = crate::tests::approval();
        let draft = Draft::Content { body: "x".into() };
        let code = MailedCode::of_digest(&[0xFF; 32]);
        let link = "https://nightdesk.example/a/TOKEN".into();
        let mail = ApprovalRequest::new(&approval, &draft, link, Some(&code)).mail("a@x.test");
        assert!(mail.text.contains("code:\n551615\n"), "{}", mail.text);
        assert!(mail.html.unwrap().contains("<b>551615</b>"));
        assert!(!mail.subject.contains("551615"));
    }

    #[test]
    fn the_whole_mail() {
        let draft = Draft::Email {
            to: vec!["reader@example.org".into()],
            subject: "News\r\nBcc: thief@example.org".into(),
            body: "Hello <img src=x onerror=alert(1)>\nhttps://evil.example/a/forged".into(),
        };
        let mail = letter(&draft);
        insta::assert_snapshot!(
            "approval_request",
            format!(
                "{}\n\n{}\n{}",
                mail.subject,
                mail.text,
                mail.html.unwrap_or_default()
            )
        );
    }

    #[test]
    fn there_is_one_link_and_no_mark_up_of_a_stranger() {
        let html = letter(&Draft::Content {
            body: "<a href=\"https://evil.example/\">x</a><script>y</script>".into(),
        })
        .html
        .unwrap();
        assert_eq!(
            html.matches("href=").count(),
            1 + html.matches("href=&#").count()
        );
        assert!(html.contains("href=\"https://nightdesk.example/a/TOKEN\""));
        for active in ["<script", "<img", "<a href=\"https://evil"] {
            assert!(!html.contains(active), "{active}");
        }
    }

    #[test]
    fn a_long_draft_is_cut_at_a_character_and_says_so() {
        let mail = letter(&Draft::Content {
            body: "ä".repeat(20 * 1024),
        });
        assert!(mail.text.contains("the rest is behind the link"));
        assert!(mail.text.len() < 24 * 1024);
    }
}
