//! An approval: the request that a person decide about a draft, and what was decided.
//!
//! The draft is the whole effect, and its SHA-256 binds a decision to exactly those bytes (promise 4).
//! Only who was asked decides, and a person counts once, whatever the channel and the spelling of their address. One
//! rejection rejects; `required` approvals approve; afterwards nothing changes it (promise 5).
//! A decision is applied here and to the run in one commit, so neither exists without the other.

pub mod asking;
pub mod code;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::asking::Asking;
use crate::digest;
use crate::execution::Output;
use crate::ids::{ApprovalId, ExecutionId, OwnerId, WorkflowId};
use crate::text::is_same_address;
use crate::words::words;

/// The exact effect under review.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Draft {
    Email {
        to: Vec<String>,
        subject: String,
        body: String,
    },
    Webhook {
        url: String,
        body: Value,
    },
    Content {
        body: String,
    },
    Image {
        sha256: String,
        alt: String,
    },
}

impl Draft {
    /// SHA-256 over its RFC 8785 canonical JSON.
    #[must_use]
    pub fn sha256(&self) -> String {
        digest::of_json(self)
    }

    /// The text a person reads first.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Email { body, .. } | Self::Content { body } => body.clone(),
            Self::Webhook {
                body: Value::String(text),
                ..
            } => text.clone(),
            Self::Webhook { body, .. } => serde_json::to_string_pretty(body).unwrap_or_default(),
            Self::Image { alt, .. } => alt.clone(),
        }
    }

    /// The same draft with another body; `None` for a picture, which has none, and for a JSON
    /// body that the new one is no JSON for.
    #[must_use]
    pub fn with_body(&self, body: &str) -> Option<Self> {
        match self {
            Self::Email { to, subject, .. } => Some(Self::Email {
                to: to.clone(),
                subject: subject.clone(),
                body: body.to_owned(),
            }),
            Self::Content { .. } => Some(Self::Content {
                body: body.to_owned(),
            }),
            Self::Webhook {
                url,
                body: Value::String(_),
            } => Some(Self::Webhook {
                url: url.clone(),
                body: Value::String(body.to_owned()),
            }),
            Self::Webhook { url, .. } => {
                serde_json::from_str(body).ok().map(|body| Self::Webhook {
                    url: url.clone(),
                    body,
                })
            }
            Self::Image { .. } => None,
        }
    }

    /// The bytes a webhook posts: a string as it is, anything else as its compact JSON.
    #[must_use]
    pub fn webhook_bytes(body: &Value) -> Vec<u8> {
        match body {
            Value::String(text) => text.clone().into_bytes(),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_) => body.to_string().into_bytes(),
        }
    }
}

words! {
    /// What a person may decide.
    Choice { Approve = "approve", Reject = "reject", RequestChanges = "request_changes" }
}

words! {
    /// How a decision reached us.
    DecisionChannel { Api = "api", Mail = "mail", Page = "page" }
}

words! {
    /// Where an approval stands.
    ApprovalStatus {
        Pending = "pending",
        Approved = "approved",
        Rejected = "rejected",
        ChangesRequested = "changes_requested",
        Expired = "expired",
        Superseded = "superseded",
        Cancelled = "cancelled",
    }
}

/// One person's decision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    pub by: String,
    pub decision: Choice,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    pub at: Timestamp,
    pub channel: DecisionChannel,
}

/// The request that a person decide.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Approval {
    pub id: ApprovalId,
    pub owner: OwnerId,
    pub execution: ExecutionId,
    pub workflow: WorkflowId,
    /// The workflow's name when the draft was made, for mails and pages.
    pub workflow_name: String,
    pub step: String,
    /// 1 for the first draft of this step in this run, one more for each requested change.
    pub generation: u32,
    pub status: ApprovalStatus,
    /// Where the draft is stored.
    pub draft: Output,
    /// The draft before a person edited it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original: Option<Output>,
    pub sha256: String,
    pub required: u32,
    pub max_revisions: u32,
    /// Who was asked: never empty, for where the workflow names nobody it is the owner.
    pub approvers: Vec<String>,
    /// Whether a decision counts only with the code of its approver's mail ([`code`]), whatever the channel.
    #[serde(default)]
    pub strict: bool,
    #[serde(default)]
    pub decisions: Vec<Decision>,
    /// Addresses of what the draft was made from.
    #[serde(default)]
    pub sources: Vec<String>,
    pub deadline: Timestamp,
    pub created_at: Timestamp,
    pub revision: u64,
    /// Who has been asked by mail. Of one that was written before this was kept, everybody has.
    #[serde(default = "Asking::of_nobody")]
    pub asking: Asking,
}

/// A person's word, before it counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    pub by: String,
    pub choice: Choice,
    pub comment: Option<String>,
    pub channel: DecisionChannel,
    /// The draft the person saw, when they said so.
    pub seen_sha256: Option<String>,
    /// Whether the code of their mail came with it, and was right.
    pub has_code: bool,
}

/// What a decision does.
#[derive(Debug, Clone, PartialEq)]
pub enum Decided {
    /// The same person has said the same before.
    Again,
    /// Counted; more approvals are needed.
    Counted(Approval),
    /// It is settled: the run goes on, back, or ends.
    Settled(Approval),
}

/// Why a decision does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CannotDecide {
    /// Somebody else was asked.
    #[error("only {} may decide this", approvers.join(", "))]
    NotAsked { approvers: Vec<String> },
    #[error("this approval is strict: it asks for the code in the approver's mail")]
    CodeRequired,
    #[error("it was already decided")]
    AlreadyDecided {
        decision: Choice,
        by: String,
        at: Timestamp,
    },
    #[error("the time to decide has passed")]
    Expired,
    #[error("it is no longer open: {0}")]
    Gone(ApprovalStatus),
    #[error("the draft is not the one that was seen")]
    DraftChanged,
    #[error("changes were requested as often as the workflow allows")]
    RevisionsExhausted,
}

impl Approval {
    /// Applies one person's word.
    ///
    /// # Errors
    /// Somebody else was asked; it is decided, gone or expired; the draft is another; no revision is left; or the code
    /// is missing.
    pub fn decide(&self, verdict: &Verdict, now: Timestamp) -> Result<Decided, CannotDecide> {
        let by = self
            .approver(&verdict.by)
            .ok_or_else(|| CannotDecide::NotAsked {
                approvers: self.approvers.clone(),
            })?;
        let said_before = self
            .decisions
            .iter()
            .find(|decision| is_same_address(&decision.by, by));
        if said_before.is_some_and(|decision| decision.decision == verdict.choice) {
            return Ok(Decided::Again);
        }
        let decided = |decision: &Decision| CannotDecide::AlreadyDecided {
            decision: decision.decision,
            by: decision.by.clone(),
            at: decision.at,
        };
        match self.status {
            ApprovalStatus::Pending => {}
            ApprovalStatus::Approved
            | ApprovalStatus::Rejected
            | ApprovalStatus::ChangesRequested => {
                let last = self
                    .decisions
                    .last()
                    .ok_or(CannotDecide::Gone(self.status))?;
                return Err(decided(last));
            }
            ApprovalStatus::Expired => return Err(CannotDecide::Expired),
            ApprovalStatus::Superseded | ApprovalStatus::Cancelled => {
                return Err(CannotDecide::Gone(self.status));
            }
        }
        if let Some(earlier) = said_before {
            return Err(decided(earlier));
        }
        if now >= self.deadline {
            return Err(CannotDecide::Expired);
        }
        if verdict
            .seen_sha256
            .as_ref()
            .is_some_and(|seen| *seen != self.sha256)
        {
            return Err(CannotDecide::DraftChanged);
        }
        if verdict.choice == Choice::RequestChanges && self.generation > self.max_revisions {
            return Err(CannotDecide::RevisionsExhausted);
        }
        if self.strict && !verdict.has_code {
            return Err(CannotDecide::CodeRequired);
        }
        let mut next = self.clone();
        next.revision += 1;
        next.decisions.push(Decision {
            by: by.to_owned(),
            decision: verdict.choice,
            comment: verdict.comment.clone(),
            at: now,
            channel: verdict.channel,
        });
        let approvals = next
            .decisions
            .iter()
            .filter(|decision| decision.decision == Choice::Approve)
            .count();
        next.status = match verdict.choice {
            Choice::Approve if approvals < next.required as usize => {
                return Ok(Decided::Counted(next));
            }
            Choice::Approve => ApprovalStatus::Approved,
            Choice::Reject => ApprovalStatus::Rejected,
            Choice::RequestChanges => ApprovalStatus::ChangesRequested,
        };
        Ok(Decided::Settled(next))
    }

    /// The approver with this address, as the approval spells it; `None` for whoever was not asked.
    #[must_use]
    pub fn approver(&self, address: &str) -> Option<&str> {
        let mut asked = self.approvers.iter().map(String::as_str);
        asked.find(|asked| is_same_address(asked, address))
    }

    /// Closes it without a decision.
    #[must_use]
    pub fn close(&self, status: ApprovalStatus) -> Self {
        Self {
            status,
            revision: self.revision + 1,
            ..self.clone()
        }
    }

    /// When the sweeper must look at it; `None` when everybody was asked. Its deadline is its run's.
    #[must_use]
    pub fn due_at(&self) -> Option<Timestamp> {
        self.asking.due_at().filter(|_| self.is_open())
    }

    /// The next revision, with who has been asked by now.
    #[must_use]
    pub fn with_asking(&self, asking: Asking) -> Self {
        Self {
            asking,
            revision: self.revision + 1,
            ..self.clone()
        }
    }

    /// Whether it still waits.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.status == ApprovalStatus::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-05-04T08:00:00Z".parse().unwrap()
    }

    fn approval(required: u32) -> Approval {
        let draft = Draft::Content {
            body: "hello".into(),
        };
        Approval {
            id: ApprovalId::from_uuid(uuid::Uuid::from_u128(1)),
            owner: OwnerId::from_uuid(uuid::Uuid::from_u128(2)),
            execution: ExecutionId::from_uuid(uuid::Uuid::from_u128(3)),
            workflow: WorkflowId::from_uuid(uuid::Uuid::from_u128(4)),
            workflow_name: "w".into(),
            step: "post".into(),
            generation: 1,
            status: ApprovalStatus::Pending,
            draft: Output {
                sha256: draft.sha256(),
                bytes: 0,
                inline: None,
                preview: String::new(),
            },
            original: None,
            sha256: draft.sha256(),
            required,
            max_revisions: 1,
            approvers: vec!["a@x.test".into(), "b@x.test".into()],
            strict: false,
            decisions: vec![],
            sources: vec![],
            deadline: "2026-05-07T08:00:00Z".parse().unwrap(),
            created_at: now(),
            revision: 0,
            asking: Asking::of_nobody(),
        }
    }

    fn verdict(by: &str, choice: Choice) -> Verdict {
        Verdict {
            by: by.into(),
            choice,
            comment: None,
            channel: DecisionChannel::Api,
            seen_sha256: None,
            has_code: false,
        }
    }

    fn settled(result: Result<Decided, CannotDecide>) -> Approval {
        match result {
            Ok(Decided::Settled(approval)) => approval,
            other => panic!("not settled: {other:?}"),
        }
    }

    #[test]
    fn the_loser_of_a_race_learns_who_won() {
        let approved = settled(approval(1).decide(&verdict("a@x.test", Choice::Approve), now()));
        assert_eq!(
            approved.decide(&verdict("a@x.test", Choice::Approve), now()),
            Ok(Decided::Again)
        );
        let lost = approved.decide(&verdict("b@x.test", Choice::Reject), now());
        assert_eq!(
            lost,
            Err(CannotDecide::AlreadyDecided {
                decision: Choice::Approve,
                by: "a@x.test".into(),
                at: now()
            })
        );
    }

    #[test]
    fn two_are_needed_and_one_no_is_enough() {
        let Ok(Decided::Counted(first)) =
            approval(2).decide(&verdict("a@x.test", Choice::Approve), now())
        else {
            panic!()
        };
        assert!(first.is_open());
        assert_eq!(
            settled(first.decide(&verdict("b@x.test", Choice::Reject), now())).status,
            ApprovalStatus::Rejected
        );
        assert_eq!(
            settled(first.decide(&verdict("b@x.test", Choice::Approve), now())).status,
            ApprovalStatus::Approved
        );
        assert!(matches!(
            first.decide(&verdict("a@x.test", Choice::Reject), now()),
            Err(CannotDecide::AlreadyDecided { .. })
        ));
    }

    #[test]
    fn only_who_was_asked_decides_and_counts_once_however_they_spell_themselves() {
        let asked = approval(2);
        assert_eq!(
            asked.decide(&verdict("c@x.test", Choice::Reject), now()),
            Err(CannotDecide::NotAsked {
                approvers: asked.approvers.clone()
            })
        );
        let Ok(Decided::Counted(first)) =
            asked.decide(&verdict("A@X.test", Choice::Approve), now())
        else {
            panic!()
        };
        assert_eq!(first.decisions[0].by, "a@x.test");
        assert_eq!(
            first.decide(&verdict("a@x.TEST", Choice::Approve), now()),
            Ok(Decided::Again)
        );
        settled(first.decide(&verdict("b@x.test", Choice::Approve), now()));
    }

    #[test]
    fn a_strict_one_takes_no_word_without_its_code() {
        let strict = Approval {
            strict: true,
            ..approval(1)
        };
        for choice in Choice::ALL {
            for channel in DecisionChannel::ALL {
                let without = Verdict {
                    channel: *channel,
                    ..verdict("a@x.test", *choice)
                };
                assert_eq!(
                    strict.decide(&without, now()),
                    Err(CannotDecide::CodeRequired)
                );
                let with = Verdict {
                    has_code: true,
                    ..without
                };
                settled(strict.decide(&with, now()));
            }
        }
    }

    #[test]
    fn another_draft_a_passed_deadline_and_spent_revisions_do_not_count() {
        let seen = Verdict {
            seen_sha256: Some("0".repeat(64)),
            ..verdict("a@x.test", Choice::Approve)
        };
        assert_eq!(
            approval(1).decide(&seen, now()),
            Err(CannotDecide::DraftChanged)
        );
        let late = "2026-05-07T08:00:00Z".parse().unwrap();
        assert_eq!(
            approval(1).decide(&verdict("a@x.test", Choice::Approve), late),
            Err(CannotDecide::Expired)
        );
        let second = Approval {
            generation: 2,
            ..approval(1)
        };
        assert_eq!(
            second.decide(&verdict("a@x.test", Choice::RequestChanges), now()),
            Err(CannotDecide::RevisionsExhausted)
        );
    }

    #[test]
    fn a_draft_is_its_canonical_bytes() {
        let draft = Draft::Webhook {
            url: "https://example.com/".into(),
            body: serde_json::json!({"b": 1, "a": 2}),
        };
        let same = Draft::Webhook {
            url: "https://example.com/".into(),
            body: serde_json::json!({"a": 2, "b": 1}),
        };
        assert_eq!(draft.sha256(), same.sha256());
        assert_ne!(draft.sha256(), draft.with_body("{}").unwrap().sha256());
        assert!(draft.with_body("{").is_none());
    }
}
