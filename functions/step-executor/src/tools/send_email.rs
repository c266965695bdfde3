//! Prepares a mail, and sends it once it is approved.
//!
//! What is sent is the approved draft's own recipients, subject and body as plain text; nothing is
//! resolved again. Recipients that come out of references are a stranger's words until a person has
//! seen them, and they must be addresses: one that is none fails the step rather than being left out.

use std::collections::HashSet;

use domain::approval::Draft;
use domain::execution::ErrorCode;
use domain::plan::SendEmail;
use domain::text;
use engine::ports::Mail;
use engine::retry::{Again, ToolFailure};
use serde_json::{Value, json};

use super::{Context, Made};
use crate::failure;

/// The most recipients of one mail (API section 3).
const MOST_RECIPIENTS: usize = 50;
/// The longest subject, in characters (API section 3).
const MOST_SUBJECT_CHARS: usize = 200;

pub(crate) async fn run(config: &SendEmail, context: &Context<'_>) -> Result<Made, ToolFailure> {
    let resolved = config
        .to
        .resolve(context.upstream)
        .map_err(|missing| failure::of_reference(&missing))?;
    let mut seen = HashSet::new();
    let to: Vec<String> = resolved
        .values
        .iter()
        .map(|to| to.trim().to_owned())
        .filter(|to| seen.insert(to.to_lowercase()))
        .collect();
    let wrong = |message: &str| {
        Err(ToolFailure::new(
            ErrorCode::ReferenceMissing,
            message,
            Again::Never,
        ))
    };
    if to.is_empty() {
        return wrong("there is no recipient once the references are resolved");
    }
    if to.len() > MOST_RECIPIENTS || resolved.truncated {
        return wrong("there are more than 50 recipients once the references are resolved");
    }
    if !to.iter().all(|to| text::is_email(to)) {
        return wrong("a recipient is no e-mail address once the references are resolved");
    }
    let subject = one_line(&context.text(&config.subject)?);
    if subject.is_empty() {
        return wrong("the subject is empty once its references are resolved");
    }
    let body = context.text(&config.body)?;
    Ok(Made::Draft(Draft::Email { to, subject, body }))
}

pub(crate) async fn perform(
    to: &[String],
    subject: &str,
    body: &str,
    context: &Context<'_>,
) -> Result<Value, ToolFailure> {
    let mail = Mail {
        about: None,
        to: to.to_vec(),
        subject: subject.to_owned(),
        text: body.to_owned(),
        html: None,
    };
    let message_id = context
        .ports
        .mailer
        .send(&mail)
        .await
        .map_err(|error| failure::of_mail(&error))?;
    Ok(json!({ "message_id": message_id }))
}

/// A header is one line; what could break it becomes a blank.
fn one_line(subject: &str) -> String {
    text::one_line(subject)
        .chars()
        .take(MOST_SUBJECT_CHARS)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_cannot_become_a_header() {
        assert_eq!(
            one_line("Hi\r\nBcc: x@y.zz\u{2028}\u{202e}"),
            "Hi Bcc: x@y.zz"
        );
        assert_eq!(one_line(&"é".repeat(300)).chars().count(), 200);
    }
}
