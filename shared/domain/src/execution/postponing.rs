//! What was approved and cannot be performed for now: the day's allowance is used up, or the mail service takes nothing.
//!
//! Nothing has happened then, whatever the effect's class, so nobody has to be asked again and no attempt is used up. The
//! run is not held responsible for the time either: its stretch of work begins anew when the wait is over. Only the whole
//! of the waiting has a bound.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::apply::Effect;
use super::clockwork::{after, approved};
use super::state::{Gate, StepError, StepState};
use super::{LONGEST_BACKOFF_SECONDS, LONGEST_WAIT_SECONDS, StepRow};
use crate::mailing;

/// The longest a queue delays a message, in seconds (SQS, `DelaySeconds`). What is later is the sweeper's.
const LONGEST_DELAY_SECONDS: i64 = 900;

/// How long the mail service is asked every few minutes, in seconds: a day. After that once an hour.
const PATIENT_AFTER_SECONDS: i64 = 24 * 3600;

/// The longest wait between two tries after that, in seconds.
const LONGEST_PATIENCE_SECONDS: u32 = 3600;

/// Why what was approved has not been performed yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Postponed {
    pub error: StepError,
    /// When it was postponed first.
    pub since: Timestamp,
    /// How often it was.
    pub times: u32,
}

/// When a mail that the service did not take is tried again. `fraction` is the jitter, in `[0, 1)`.
#[must_use]
pub fn next_send(before: Option<&Postponed>, now: Timestamp, fraction: f64) -> Timestamp {
    let times = before.map_or(0, |before| before.times) + 1;
    let since = before.map_or(now, |before| before.since);
    let longest = if now > after(since, PATIENT_AFTER_SECONDS) {
        LONGEST_PATIENCE_SECONDS
    } else {
        LONGEST_BACKOFF_SECONDS
    };
    mailing::next_try(times, longest, now, fraction)
}

/// The step's state when its effect is put off until `until`.
pub(super) fn postpone(
    row: &mut StepRow,
    gate: Gate,
    error: &StepError,
    (until, now): (Timestamp, Timestamp),
    paused: bool,
    effects: &mut Vec<Effect>,
) -> StepState {
    row.attempts = row.attempts.saturating_sub(1);
    let before = row.postponed.take();
    let since = before.as_ref().map_or(now, |before| before.since);
    let error = StepError::new(error.code, error.message.as_str());
    if until > after(since, LONGEST_WAIT_SECONDS) {
        return StepState::Failed { error, at: now };
    }
    row.postponed = Some(Postponed {
        error,
        since,
        times: before.map_or(0, |before| before.times).saturating_add(1),
    });
    if until.duration_since(now) > SignedDuration::from_secs(LONGEST_DELAY_SECONDS) {
        return StepState::Approved {
            gate,
            due_at: until,
            nudge_at: until,
        };
    }
    approved(row, gate, until, paused, effects)
}
