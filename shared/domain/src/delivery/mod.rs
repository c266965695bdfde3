//! A delivery: one notice to one destination, and every attempt at it.
//!
//! A delivery is written in the same commit as what it tells of, and is due until it has ended, so that no crash
//! between the two loses it. An attempt is begun before it is made: the claim keeps others away for as long as a
//! worker can live, and counts, so that a worker that dies at every attempt comes to an end as well. What an
//! attempt came to is committed on the claim's revision; a worker that was overtaken is not believed.
//!
//! The id of the delivery is the `webhook-id` of all its attempts and repetitions: a receiver that takes an id once
//! hears everything exactly once.

mod destination;
mod event_type;

pub use destination::{Address, Destination, MOST_DESTINATIONS};
pub use event_type::{EventType, turn_of_health};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::execution::{NUDGE_AFTER_SECONDS, Output};
use crate::ids::{DeliveryId, DestinationId, ExecutionId, OwnerId, SignalId, WorkflowId};
use crate::mailing;
use crate::text;
use crate::words::words;

/// How long before each attempt is waited after the one before, in seconds (API section 7): at once, 5 s, 5 min,
/// 30 min, 2 h, 5 h, 10 h, 10 h.
pub const GAPS_SECONDS: [i64; 8] = [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 36_000];

/// How long a receiver may take to answer, in seconds (API section 7).
pub const LIMIT_SECONDS: u64 = 15;

/// How long an attempt keeps others away, in seconds: longer than the notifier may run (30 s, `template.yaml`), so
/// that no two workers are ever at one delivery.
const HOLD_SECONDS: i64 = 45;

/// The longest a queue delays a message, in seconds (SQS, `DelaySeconds`). Later attempts are the sweeper's.
const LONGEST_DELAY_SECONDS: i64 = 900;

/// How many attempts are remembered; a delivery that is repeated by hand forgets its oldest.
const MOST_ATTEMPTS: usize = 40;

/// How often in a row a mail waits for a mail service that takes none: three days and more, with waits of at least
/// half of [`mailing::LONGEST_PAUSE_SECONDS`].
const MOST_WAITS: u32 = 600;

/// The longest reason kept of a failed attempt, in characters: it may quote a stranger.
const MOST_ERROR_CHARS: usize = 300;

/// How it is carried, with what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Channel {
    /// The letter is written from what the notice is about when it is sent.
    Email,
    /// The body, byte for byte the same at every attempt.
    Webhook { body: Output },
}

impl Channel {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Webhook { .. } => "webhook",
        }
    }
}

/// What a notice is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    pub workflow: WorkflowId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<ExecutionId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<SignalId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<DestinationId>,
    /// What a former approver is told, whose mailbox this goes to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub succession: Option<Succession>,
}

/// That others decide about a workflow's drafts from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Succession {
    /// The former approver who is told.
    pub told: String,
    /// Who has changed it.
    pub by: String,
    /// Who decides from now on.
    pub approvers: Vec<String>,
    /// How many of them must approve.
    pub required: u32,
}

impl Subject {
    /// A workflow, and nothing particular of it.
    #[must_use]
    pub fn of(workflow: WorkflowId) -> Self {
        Self {
            workflow,
            execution: None,
            signal: None,
            destination: None,
            succession: None,
        }
    }
}

words! {
    /// Where a delivery stands, on the wire.
    DeliveryStatus { Pending = "pending", Delivered = "delivered", Failed = "failed", Disabled = "disabled" }
}

/// Where a delivery stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum State {
    /// For its next attempt; a message was sent for it unless it is far off, and the sweeper sends one at `nudge_at`.
    Waiting {
        /// Attempts begun since it was made or repeated by hand.
        tries: u32,
        due_at: Timestamp,
        nudge_at: Timestamp,
    },
    /// Somebody is at it.
    Trying {
        /// This attempt included.
        tries: u32,
        since: Timestamp,
        /// When it may be taken from them.
        until: Timestamp,
    },
    Delivered,
    Failed,
    /// The destination is gone, or was when this was due.
    Disabled,
}

/// One attempt and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    pub at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_code: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Came {
    Delivered {
        status_code: Option<u16>,
    },
    /// It could not be tried, for a reason that is not the receiver's: the mail service takes nothing now, or the key
    /// that opens the webhook's secret cannot be read.
    NotNow,
    /// Later it may succeed.
    Failed {
        status_code: Option<u16>,
        error: String,
    },
    /// It never will.
    Refused {
        error: String,
    },
    /// The destination is no more, or wants no more.
    Gone {
        status_code: Option<u16>,
        error: String,
    },
}

/// One notice to one destination.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    pub id: DeliveryId,
    pub owner: OwnerId,
    /// `None`: the owner's own mailbox, of a workflow without `deliver[]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<DestinationId>,
    pub channel: Channel,
    pub event: EventType,
    pub subject: Subject,
    pub state: State,
    /// Those that have ended, oldest first.
    #[serde(default)]
    pub attempts: Vec<Attempt>,
    /// Of a mail to several: what has become of it at each address by now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub told: Vec<Told>,
    /// How often in a row the mail service took nothing.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub waits: u32,
    pub created_at: Timestamp,
    pub revision: u64,
}

/// What became of a mail at one of its addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    pub address: String,
    pub state: ToldState,
}

/// What becomes of a mail at an address for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum ToldState {
    /// The mail service has taken it.
    Taken,
    /// The address takes no mail.
    Refused { reason: String },
}

/// It is still on its way, so it cannot be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is still being delivered")]
pub struct StillPending;

/// What a new delivery is made from.
#[derive(Debug, Clone, PartialEq)]
pub struct NewDelivery {
    pub id: DeliveryId,
    pub owner: OwnerId,
    pub destination: Option<DestinationId>,
    pub channel: Channel,
    pub event: EventType,
    pub subject: Subject,
}

fn later(now: Timestamp, seconds: i64) -> Timestamp {
    now.checked_add(SignedDuration::from_secs(seconds))
        .unwrap_or(Timestamp::MAX)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(n: &u32) -> bool {
    *n == 0
}

/// Waiting for the attempt that follows `tries` attempts.
fn waiting(tries: u32, gap: i64, now: Timestamp) -> State {
    until(tries, later(now, gap), now)
}

/// Waiting for the attempt at `due_at` that follows `tries` attempts.
fn until(tries: u32, due_at: Timestamp, now: Timestamp) -> State {
    let gap = due_at.duration_since(now).as_secs();
    let nudge_at = if gap > LONGEST_DELAY_SECONDS {
        due_at
    } else {
        later(due_at, NUDGE_AFTER_SECONDS)
    };
    State::Waiting {
        tries,
        due_at,
        nudge_at,
    }
}

impl Delivery {
    /// A delivery whose first attempt is due now.
    #[must_use]
    pub fn new(new: NewDelivery, now: Timestamp) -> Self {
        let NewDelivery {
            id,
            owner,
            destination,
            channel,
            event,
            subject,
        } = new;
        Self {
            id,
            owner,
            destination,
            channel,
            event,
            subject,
            state: waiting(0, 0, now),
            attempts: Vec::new(),
            told: Vec::new(),
            waits: 0,
            created_at: now,
            revision: 0,
        }
    }

    #[must_use]
    pub fn status(&self) -> DeliveryStatus {
        match self.state {
            State::Waiting { .. } | State::Trying { .. } => DeliveryStatus::Pending,
            State::Delivered => DeliveryStatus::Delivered,
            State::Failed => DeliveryStatus::Failed,
            State::Disabled => DeliveryStatus::Disabled,
        }
    }

    /// When the sweeper must look at it; `None` when it has ended.
    #[must_use]
    pub fn due_at(&self) -> Option<Timestamp> {
        match self.state {
            State::Waiting { nudge_at, .. } => Some(nudge_at),
            State::Trying { until, .. } => Some(until),
            State::Delivered | State::Failed | State::Disabled => None,
        }
    }

    /// When a message is to be sent for it; `None` when the sweeper does that, or nothing is to be sent.
    #[must_use]
    pub fn message_at(&self) -> Option<Timestamp> {
        match self.state {
            State::Waiting {
                due_at, nudge_at, ..
            } => (nudge_at > due_at).then_some(due_at),
            State::Trying { .. } | State::Delivered | State::Failed | State::Disabled => None,
        }
    }

    fn next(&self, state: State) -> Self {
        Self {
            state,
            revision: self.revision + 1,
            ..self.clone()
        }
    }

    /// Begins an attempt; `None` when none is due, because it is too early, somebody is at it, or it has ended.
    #[must_use]
    pub fn begin(&self, now: Timestamp) -> Option<Self> {
        match self.state {
            State::Waiting { tries, due_at, .. } if due_at <= now => {
                let until = later(now, HOLD_SECONDS);
                Some(self.next(State::Trying {
                    tries: tries + 1,
                    since: now,
                    until,
                }))
            }
            State::Waiting { .. }
            | State::Trying { .. }
            | State::Delivered
            | State::Failed
            | State::Disabled => None,
        }
    }

    /// Which of `to` have neither been sent the mail nor refused it.
    pub fn untold<'a>(&self, to: &'a [String]) -> impl Iterator<Item = &'a String> {
        to.iter()
            .filter(|address| !self.told.iter().any(|told| told.address == **address))
    }

    /// Which addresses do not take the mail, and why; `None` when there is none.
    #[must_use]
    pub fn refusals(&self) -> Option<String> {
        let refused = self.told.iter().filter_map(|told| match &told.state {
            ToldState::Taken => None,
            ToldState::Refused { reason } => Some(format!("{}: {reason}", told.address)),
        });
        let all: Vec<String> = refused.collect();
        (!all.is_empty()).then(|| all.join("; "))
    }

    /// Writes down what became of the mail at one of several addresses, and keeps others away for as long again;
    /// `None` when no attempt was begun.
    #[must_use]
    pub fn tell(&self, told: Told, now: Timestamp) -> Option<Self> {
        let State::Trying { tries, since, .. } = self.state else {
            return None;
        };
        let mut next = self.next(State::Trying {
            tries,
            since,
            until: later(now, HOLD_SECONDS),
        });
        next.told.push(told);
        Some(next)
    }

    /// Writes down what came of the attempt that was begun; `None` when none is. `fraction` is the jitter of a wait for
    /// the mail service, in `[0, 1)`.
    #[must_use]
    pub fn conclude(&self, came: &Came, now: Timestamp, fraction: f64) -> Option<Self> {
        let State::Trying { tries, since, .. } = self.state else {
            return None;
        };
        let refusals = self.refusals();
        let (status_code, error, state) = match came {
            Came::NotNow if self.waits < MOST_WAITS => {
                // It was no attempt, and nothing to tell of the receiver.
                let waits = self.waits + 1;
                let longest = mailing::LONGEST_PAUSE_SECONDS;
                let due_at = mailing::next_try(waits, longest, now, fraction);
                return Some(Self {
                    waits,
                    ..self.next(until(tries.saturating_sub(1), due_at, now))
                });
            }
            Came::NotNow => {
                let error = "no attempt was possible for days".to_owned();
                (None, Some(error), State::Failed)
            }
            Came::Delivered { status_code } => (*status_code, refusals, State::Delivered),
            Came::Refused { error } => (None, Some(error.clone()), State::Failed),
            Came::Gone { status_code, error } => {
                (*status_code, Some(error.clone()), State::Disabled)
            }
            Came::Failed { status_code, error } => {
                let gap = GAPS_SECONDS.get(tries as usize);
                let state = gap.map_or(State::Failed, |gap| waiting(tries, *gap, now));
                (*status_code, Some(error.clone()), state)
            }
        };
        let mut next = self.next(state);
        next.waits = 0;
        if next.attempts.len() >= MOST_ATTEMPTS {
            next.attempts.remove(0);
        }
        next.attempts.push(Attempt {
            at: since,
            status_code,
            error: error.map(|error| text::preview(&text::one_line(&error), MOST_ERROR_CHARS)),
        });
        Some(next)
    }

    /// What becomes of one that is past due: an attempt nobody finished is written down as that, and the next is
    /// sent for. `None` when it is not past due.
    #[must_use]
    pub fn nudge(&self, now: Timestamp) -> Option<Self> {
        self.due_at().filter(|due_at| *due_at <= now)?;
        match self.state {
            State::Waiting { tries, .. } => {
                let nudge_at = later(now, NUDGE_AFTER_SECONDS);
                Some(self.next(State::Waiting {
                    tries,
                    due_at: now,
                    nudge_at,
                }))
            }
            State::Trying { tries, .. } => {
                let lost = Came::Failed {
                    status_code: None,
                    error: "the attempt was interrupted; it may have arrived".to_owned(),
                };
                let mut next = self.conclude(&lost, now, 0.0)?;
                if next.due_at().is_some() {
                    next.state = waiting(tries, 0, now);
                }
                Some(next)
            }
            State::Delivered | State::Failed | State::Disabled => None,
        }
    }

    /// Begins anew, with the same id and body.
    ///
    /// # Errors
    /// It has not ended.
    pub fn redeliver(&self, now: Timestamp) -> Result<Self, StillPending> {
        match self.state {
            State::Waiting { .. } | State::Trying { .. } => Err(StillPending),
            State::Delivered | State::Failed | State::Disabled => Ok(Self {
                told: Vec::new(),
                waits: 0,
                ..self.next(waiting(0, 0, now))
            }),
        }
    }

    /// Writes down that what was taken came back (a mail that bounced); `None` when that changes nothing.
    #[must_use]
    pub fn came_back(&self, reason: &str, now: Timestamp) -> Option<Self> {
        let error = text::preview(&text::one_line(reason), MOST_ERROR_CHARS);
        let known = self
            .attempts
            .iter()
            .any(|attempt| attempt.error.as_ref() == Some(&error));
        if known || self.state != State::Delivered {
            return None;
        }
        let mut next = self.next(State::Failed);
        next.attempts.push(Attempt {
            at: now,
            status_code: None,
            error: Some(error),
        });
        Some(next)
    }
}

#[cfg(test)]
mod tests;
