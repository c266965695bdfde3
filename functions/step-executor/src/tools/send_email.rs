//! Prepares a mail, and sends it once it is approved.
//!
//! What is sent is the approved draft's own recipients, subject and body as plain text; nothing is
//! resolved again. Recipients that come out of references are a stranger's words until a person has
//! seen them, and they must be addresses: one that is none fails the step rather than being left out.

use std::collections::HashSet;

use domain::allowance::{Allowed, Day};
use domain::approval::Draft;
use domain::execution::{ErrorCode, StepError, next_send};
use domain::plan::SendEmail;
use domain::text;
use engine::ports::allowances::{Granted, Use};
use engine::ports::{About, Mail, MailError};
use engine::retry::{Again, ToolFailure};
use jiff::Timestamp;
use serde_json::json;

use super::{Context, Made, Performed};
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

/// Sends the mail. Its recipients are counted before it leaves, and given back when it certainly did not.
pub(crate) async fn perform(
    to: &[String],
    subject: &str,
    body: &str,
    context: &Context<'_>,
) -> Result<Performed, ToolFailure> {
    let counted = match count(to, context).await? {
        Ok(counted) => counted,
        Err(postponed) => return Ok(postponed),
    };
    let mail = Mail {
        about: Some(About::Step {
            owner: context.owner.clone(),
            execution: context.run.id.clone(),
            step: context.step.to_owned(),
        }),
        to: to.to_vec(),
        subject: subject.to_owned(),
        text: body.to_owned(),
        html: None,
    };
    match context.ports.mailer.send(&mail).await {
        Ok(message_id) => Ok(Performed::Output(json!({ "message_id": message_id }))),
        // It may have gone out: what was counted stays counted.
        Err(error @ MailError::Unknown(_)) => Err(failure::of_mail(&error)),
        Err(error @ MailError::Refused(_)) => {
            give_back(&counted, context).await;
            Err(failure::of_mail(&error))
        }
        Err(error @ MailError::Unavailable(_)) => {
            give_back(&counted, context).await;
            tracing::warn!(execution.id = %context.run.id, step.id = context.step, %error, "an approved mail was not taken");
            Ok(later(
                context,
                "the mail service takes no mail at the moment",
            ))
        }
    }
}

/// Counts the recipients among today's, or says until when the mail has to wait.
async fn count(
    to: &[String],
    context: &Context<'_>,
) -> Result<Result<Use, Performed>, ToolFailure> {
    let most = context.ports.recipients_a_day;
    let amount = u32::try_from(to.len()).unwrap_or(u32::MAX);
    if amount > most {
        let message = format!(
            "a mail to {amount} recipients is more than the {most} that may be written to in a day"
        );
        return Err(ToolFailure::new(
            ErrorCode::BudgetExceeded,
            message,
            Again::Never,
        ));
    }
    let one = Use {
        owner: context.owner.clone(),
        what: Allowed::Recipients,
        day: Day::of(context.engine.now()),
        amount,
        // Each claim may send once.
        by: format!("{}#{}#{}", context.run.id, context.step, context.row.fence),
    };
    Ok(match context.ports.allowances.take(&one, most).await {
        Ok(Granted::Yes) => Ok(one),
        Ok(Granted::No { used }) => {
            let until = one.day.end();
            let reason = format!(
                "at most {most} recipients may be written to in a day (UTC), and {used} have been today"
            );
            Err(postponed(ErrorCode::RateLimited, &reason, until))
        }
        Err(error) => {
            // It may have been counted all the same.
            give_back(&one, context).await;
            tracing::warn!(%error, execution.id = %context.run.id, step.id = context.step, "the recipients of a mail could not be counted");
            Err(later(context, "the day's recipients could not be counted"))
        }
    })
}

async fn give_back(counted: &Use, context: &Context<'_>) {
    if let Err(error) = context.ports.allowances.give_back(counted).await {
        tracing::warn!(%error, execution.id = %context.run.id, step.id = context.step, "what was counted for a mail stays counted until the day ends");
    }
}

/// Nothing has happened, for a reason that passes.
fn later(context: &Context<'_>, reason: &str) -> Performed {
    let engine = context.engine;
    let before = context.row.postponed.as_ref();
    let until = next_send(before, engine.now(), engine.entropy.fraction());
    postponed(ErrorCode::RateLimited, reason, until)
}

fn postponed(code: ErrorCode, reason: &str, until: Timestamp) -> Performed {
    let second = Timestamp::from_second(until.as_second()).unwrap_or(until);
    let message = format!("{reason}; the step goes on by itself at {second}");
    Performed::Postponed {
        error: StepError::new(code, message),
        until,
    }
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
