//! Who has been asked, and who is still to be asked.
//!
//! The mail to each approver is a question of its own, with its own next try: one that waits keeps nobody else waiting,
//! and one that went out is written down before the next leaves. A worker takes its turn before it sends anything, so
//! that a message that comes twice finds nothing to do; should it die, its turn ends by itself, and at most the one
//! mail that was leaving is repeated.
//!
//! A mail service that takes no mail now is waited for, and that is never held against the recipient
//! ([`crate::mailing`]). Only a refusal for good, and a mail that came back, is.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::execution::NUDGE_AFTER_SECONDS;
use crate::mailing;
use crate::text;

/// How long a turn keeps others away after each mail, in seconds: longer than the notifier may run (30 s,
/// `template.yaml`).
const TURN_SECONDS: i64 = 45;

/// How often a mail is sent whose fate was not learned. Each of them may have arrived, so there is an end.
const MOST_UNKNOWN: u32 = 3;

/// The longest reason kept, in characters: it may quote a stranger.
const MOST_REASON_CHARS: usize = 300;

/// The most notes kept about addresses that nobody was asked at.
const MOST_STRAYS: usize = 20;

/// The question to one approver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    pub approver: String,
    pub state: QuestionState,
}

/// Where a question stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum QuestionState {
    /// Its mail is to go out.
    ToAsk {
        /// How often the mail was not taken.
        #[serde(default)]
        tries: u32,
        /// How often nobody learned whether it was.
        #[serde(default)]
        unknown: u32,
        next_try: Timestamp,
    },
    /// The mail service has taken its mail.
    Asked { at: Timestamp, message_id: String },
    /// The address takes no mail: refused at once, or returned later.
    Refused { at: Timestamp, reason: String },
}

/// What came of one mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    Taken {
        message_id: String,
    },
    /// It will not be taken, however often it is tried.
    Refused {
        reason: String,
    },
    /// It was not taken; later it may be.
    NotNow,
    /// Nobody knows.
    Unknown,
}

/// Whose turn it is to send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
enum Turn {
    /// Nobody's; when something is to be sent, the sweeper has it sent at `nudge_at`.
    Free { nudge_at: Timestamp },
    /// A worker's, until then.
    Taken { worker: String, until: Timestamp },
}

/// The questions of one approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asking {
    questions: Vec<Question>,
    turn: Turn,
    /// What came back from addresses that are no approver's: somebody forwards their mail.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    strays: Vec<String>,
}

fn after(now: Timestamp, seconds: i64) -> Timestamp {
    now.checked_add(SignedDuration::from_secs(seconds))
        .unwrap_or(Timestamp::MAX)
}

fn short(reason: &str) -> String {
    text::preview(&text::one_line(reason), MOST_REASON_CHARS)
}

impl Asking {
    /// Everybody is to be asked from `now`, for which a message is sent.
    #[must_use]
    pub fn of(approvers: &[String], now: Timestamp) -> Self {
        let question = |approver: &String| Question {
            approver: approver.clone(),
            state: QuestionState::ToAsk {
                tries: 0,
                unknown: 0,
                next_try: now,
            },
        };
        Self {
            questions: approvers.iter().map(question).collect(),
            turn: Turn::Free {
                nudge_at: after(now, NUDGE_AFTER_SECONDS),
            },
            strays: Vec::new(),
        }
    }

    /// Nobody is asked.
    #[must_use]
    pub fn of_nobody() -> Self {
        Self::of(&[], Timestamp::UNIX_EPOCH)
    }

    #[must_use]
    pub fn questions(&self) -> &[Question] {
        &self.questions
    }

    /// The earliest next try; `None` when nobody is to be asked any more.
    #[must_use]
    pub fn next_try(&self) -> Option<Timestamp> {
        let tries = self.questions.iter().filter_map(|it| match it.state {
            QuestionState::ToAsk { next_try, .. } => Some(next_try),
            QuestionState::Asked { .. } | QuestionState::Refused { .. } => None,
        });
        tries.min()
    }

    /// When the sweeper must look at it; `None` when nobody is to be asked any more.
    #[must_use]
    pub fn due_at(&self) -> Option<Timestamp> {
        self.next_try()?;
        Some(match self.turn {
            Turn::Free { nudge_at } => nudge_at,
            Turn::Taken { until, .. } => until,
        })
    }

    /// `worker` takes the turn; `None` when nothing is to be sent now, or somebody else is at it.
    #[must_use]
    pub fn begin(&self, worker: &str, now: Timestamp) -> Option<Self> {
        let held = matches!(&self.turn, Turn::Taken { until, .. } if *until > now);
        if held || self.next(now).is_none() {
            return None;
        }
        Some(Self {
            turn: Turn::Taken {
                worker: worker.to_owned(),
                until: after(now, TURN_SECONDS),
            },
            ..self.clone()
        })
    }

    /// Whether it is the turn of `worker`.
    #[must_use]
    pub fn is_turn_of(&self, worker: &str) -> bool {
        matches!(&self.turn, Turn::Taken { worker: holder, .. } if holder == worker)
    }

    /// The approver to be asked next: who has waited longest.
    #[must_use]
    pub fn next(&self, now: Timestamp) -> Option<&str> {
        let due = self.questions.iter().filter_map(|it| match it.state {
            QuestionState::ToAsk { next_try, .. } if next_try <= now => {
                Some((next_try, it.approver.as_str()))
            }
            QuestionState::ToAsk { .. }
            | QuestionState::Asked { .. }
            | QuestionState::Refused { .. } => None,
        });
        due.min_by_key(|(next_try, _)| *next_try)
            .map(|(_, approver)| approver)
    }

    /// Writes down what came of the mail to `approver`. The turn goes on while somebody is to be asked, and is given
    /// back with the last. `fraction` is the jitter of the next try, in `[0, 1)`.
    #[must_use]
    pub fn note(&self, approver: &str, sent: &Sent, now: Timestamp, fraction: f64) -> Self {
        let mut next = self.clone();
        let questions = next.questions.iter_mut();
        for question in questions.filter(|question| question.approver == approver) {
            question.state.note(sent, now, fraction);
        }
        if let Turn::Taken { until, .. } = &mut next.turn {
            *until = after(now, TURN_SECONDS);
        }
        if next.next(now).is_none() {
            next = next.rest(now);
        }
        next
    }

    /// The turn is given back; the sweeper looks again at the earliest next try.
    #[must_use]
    pub fn rest(&self, now: Timestamp) -> Self {
        Self {
            turn: Turn::Free {
                nudge_at: self.next_try().unwrap_or(now).max(now),
            },
            ..self.clone()
        }
    }

    /// What becomes of one that is past due: a turn that was not given back ends, and a message is sent; `None` when
    /// it is not past due.
    #[must_use]
    pub fn nudge(&self, now: Timestamp) -> Option<Self> {
        self.due_at().filter(|due_at| *due_at <= now)?;
        Some(Self {
            turn: Turn::Free {
                nudge_at: after(now, NUDGE_AFTER_SECONDS),
            },
            ..self.clone()
        })
    }

    /// Nobody could be asked, for a reason of our own: whoever is to be asked now waits as long as a mail may.
    #[must_use]
    pub fn put_off(&self, now: Timestamp) -> Self {
        let longest = mailing::LONGEST_PAUSE_SECONDS;
        let mut next = self.clone();
        for question in &mut next.questions {
            if let QuestionState::ToAsk {
                tries, next_try, ..
            } = &mut question.state
            {
                *tries = tries.saturating_add(1);
                *next_try = (*next_try).max(after(now, longest.into()));
            }
        }
        next.rest(now)
    }

    /// Writes down that a mail to `address` came back; `None` when that is known.
    #[must_use]
    pub fn came_back(&self, address: &str, reason: &str, now: Timestamp) -> Option<Self> {
        let mut next = self.clone();
        let reason = short(reason);
        let asked = next
            .questions
            .iter_mut()
            .find(|question| text::is_same_address(&question.approver, address));
        match asked {
            Some(Question {
                state: QuestionState::Refused { .. },
                ..
            }) => return None,
            Some(question) => question.state = QuestionState::Refused { at: now, reason },
            None => {
                let stray = format!("{}: {reason}", short(address));
                if next.strays.contains(&stray) || next.strays.len() >= MOST_STRAYS {
                    return None;
                }
                next.strays.push(stray);
            }
        }
        Some(next)
    }

    /// Which addresses take no mail, and why; `None` when there is none.
    #[must_use]
    pub fn error(&self) -> Option<String> {
        let refused = self.questions.iter().filter_map(|it| match &it.state {
            QuestionState::Refused { reason, .. } => Some(format!("{}: {reason}", it.approver)),
            QuestionState::ToAsk { .. } | QuestionState::Asked { .. } => None,
        });
        let all: Vec<String> = refused.chain(self.strays.iter().cloned()).collect();
        (!all.is_empty()).then(|| all.join("; "))
    }
}

impl QuestionState {
    /// The word on the wire.
    #[must_use]
    pub fn status(&self) -> &'static str {
        match self {
            Self::ToAsk { .. } => "waiting",
            Self::Asked { .. } => "asked",
            Self::Refused { .. } => "refused",
        }
    }

    fn note(&mut self, sent: &Sent, now: Timestamp, fraction: f64) {
        let Self::ToAsk { tries, unknown, .. } = self else {
            // Somebody else was faster, or it came back meanwhile.
            return;
        };
        let tries = tries.saturating_add(1);
        let unknown = *unknown + u32::from(*sent == Sent::Unknown);
        *self = match sent {
            Sent::Taken { message_id } => Self::Asked {
                at: now,
                message_id: message_id.clone(),
            },
            Sent::Refused { reason } => Self::Refused {
                at: now,
                reason: short(reason),
            },
            Sent::Unknown if unknown >= MOST_UNKNOWN => Self::Refused {
                at: now,
                reason: format!(
                    "the mail service did not say {unknown} times whether it took the mail; it may have arrived"
                ),
            },
            Sent::NotNow | Sent::Unknown => Self::ToAsk {
                tries,
                unknown,
                next_try: mailing::next_try(tries, mailing::LONGEST_PAUSE_SECONDS, now, fraction),
            },
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        after("2026-05-04T08:00:00Z".parse().unwrap(), seconds)
    }

    fn asking() -> Asking {
        Asking::of(&["a@x.test".into(), "B@x.test".into()], at(0))
    }

    fn taken() -> Sent {
        Sent::Taken {
            message_id: "m".into(),
        }
    }

    #[test]
    fn each_is_asked_once_and_only_by_whose_turn_it_is() {
        let begun = asking().begin("w", at(1)).unwrap();
        assert_eq!(begun.begin("other", at(2)), None, "somebody is at it");
        assert!(begun.is_turn_of("w") && !begun.is_turn_of("other"));
        let first = begun.note("a@x.test", &taken(), at(2), 0.0);
        assert_eq!(first.next(at(2)), Some("B@x.test"));
        let both = first.note("B@x.test", &taken(), at(3), 0.0);
        assert_eq!((both.next(at(99)), both.due_at()), (None, None));
        assert!(
            !both.is_turn_of("w"),
            "the turn goes with the last question"
        );
        assert_eq!(both.begin("w", at(99)), None);
        assert_eq!(both.error(), None);
    }

    #[test]
    fn one_that_waits_keeps_nobody_waiting_and_is_nobodys_fault() {
        let begun = asking().begin("w", at(0)).unwrap();
        let waiting = begun.note("a@x.test", &Sent::NotNow, at(0), 1.0);
        assert_eq!(waiting.next(at(0)), Some("B@x.test"));
        let asked = waiting.note("B@x.test", &taken(), at(0), 0.0);
        assert_eq!(asked.due_at(), Some(at(4)), "the earliest next try");
        assert_eq!(
            (asked.next(at(3)), asked.next(at(4))),
            (None, Some("a@x.test"))
        );
        let mut again = asked;
        for _ in 0..500 {
            let now = again.due_at().unwrap();
            let begun = again.begin("w", now).unwrap();
            again = begun.note("a@x.test", &Sent::NotNow, now, 0.5);
        }
        assert_eq!(again.error(), None);
    }

    #[test]
    fn a_turn_that_is_not_given_back_ends() {
        let begun = asking().begin("dead", at(0)).unwrap();
        let first = begun.note("a@x.test", &taken(), at(10), 0.0);
        assert_eq!(first.due_at(), Some(at(10 + TURN_SECONDS)));
        assert_eq!(first.nudge(at(20)), None);
        assert!(first.begin("w", at(10 + TURN_SECONDS)).is_some());
        let nudged = first.nudge(at(10 + TURN_SECONDS)).unwrap();
        assert_eq!(nudged.next(at(60)), Some("B@x.test"));
        assert!(nudged.due_at() > Some(at(60)), "the queue is not flooded");
    }

    #[test]
    fn a_mail_whose_fate_is_unknown_is_not_repeated_for_ever() {
        let mut asking = Asking::of(&["a@x.test".into()], at(0));
        let mut sent = 0;
        while let Some(now) = asking.due_at() {
            let begun = asking.begin("w", now).unwrap();
            asking = begun.note("a@x.test", &Sent::Unknown, now, 0.0);
            sent += 1;
        }
        assert_eq!(sent, MOST_UNKNOWN);
        assert!(asking.error().unwrap().contains("may have arrived"));
    }

    #[test]
    fn what_comes_back_is_written_down_once_whatever_the_spelling() {
        let begun = asking().begin("w", at(0)).unwrap();
        let asked = begun.note("B@x.test", &taken(), at(0), 0.0);
        let back = asked
            .came_back("b@X.test", "bounce:\r\nunknown", at(5))
            .unwrap();
        assert_eq!(back.error().as_deref(), Some("B@x.test: bounce: unknown"));
        assert_eq!(back.came_back("b@x.test", "bounce", at(6)), None);
        let stray = back.came_back("else@y.test", "full", at(7)).unwrap();
        assert_eq!(
            stray.error().as_deref(),
            Some("B@x.test: bounce: unknown; else@y.test: full")
        );
        assert_eq!(stray.came_back("else@y.test", "full", at(8)), None);
    }
}
