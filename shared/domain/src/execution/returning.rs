//! Mails that came back which a step has sent.
//!
//! They come when they come: while the step is still at work, or days after the run has ended. An end stays what it is:
//! neither the run's phase nor a step's state, a credit or a due time changes, only what is known of the step. It is an
//! event of the log like any other, so that the log has no gap and replaying it gives what is stored (promise 2).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::bounds::{MOST_RETURN_REASON_CHARS, MOST_RETURNED_MAILS};
use super::{Execution, Refused};
use crate::plan::ToolKind;
use crate::text;

/// The longest address there is, in characters (RFC 5321, section 4.5.3.1.3).
const MOST_ADDRESS_CHARS: usize = 254;

/// One mail that came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnedMail {
    pub address: String,
    /// Why, in the words of who returned it: a stranger's text.
    pub reason: String,
    pub at: Timestamp,
}

/// The run with one more mail that came back.
///
/// # Errors
/// The step is none that sends mail, the address is known, or there are as many already as a run keeps.
pub(super) fn note(
    execution: &Execution,
    step: &str,
    (address, reason): (&str, &str),
    now: Timestamp,
) -> Result<Execution, Refused> {
    let mut next = execution.clone();
    let known: usize = next.steps.iter().map(|row| row.returned_mails.len()).sum();
    let row = next
        .steps
        .iter_mut()
        .find(|row| row.id == step)
        .ok_or_else(|| Refused::UnknownStep(step.to_owned()))?;
    let not_now = Refused::NotNow {
        event: "mail_returned",
        state: row.state.name(),
    };
    let address = text::preview(&text::one_line(address), MOST_ADDRESS_CHARS);
    let is_known = row
        .returned_mails
        .iter()
        .any(|mail| text::is_same_address(&mail.address, &address));
    if row.kind != ToolKind::SendEmail || is_known || known >= MOST_RETURNED_MAILS {
        return Err(not_now);
    }
    row.returned_mails.push(ReturnedMail {
        address,
        reason: text::preview(&text::one_line(reason), MOST_RETURN_REASON_CHARS),
        at: now,
    });
    next.revision += 1;
    Ok(next)
}
