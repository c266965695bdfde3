//! The queues between functions. Messages carry ids only: never a document, never a user's text
//! (SQS refuses characters that JSON allows), and a version, so that old and new code can meet.

use std::time::Duration;

use async_trait::async_trait;
use domain::execution::Execution;
use domain::ids::{
    ApprovalId, AssessmentId, DeliveryId, ExecutionId, OwnerId, PlanningId, WorkflowId,
};
use domain::plan::Lane;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::mailer::About;

/// The version of the messages this code writes and reads.
pub const VERSION: u32 = 1;

/// One message. Which queue it goes to follows from what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Message {
    /// Execute one step.
    Step {
        owner: OwnerId,
        execution: ExecutionId,
        step: String,
        /// Which queue it goes to. Code that knew one queue only wrote none.
        #[serde(default, skip_serializing_if = "is_default")]
        lane: Lane,
        /// It stood in its owner's line, and a slot is kept for it (`domain::slots`).
        #[serde(default, skip_serializing_if = "is_default")]
        called: bool,
    },
    /// Compare and judge a run whose steps are all settled.
    Judge {
        owner: OwnerId,
        execution: ExecutionId,
    },
    /// A due time of a schedule.
    Start {
        owner: OwnerId,
        workflow: WorkflowId,
        scheduled_for: Timestamp,
    },
    /// Do a planning job.
    Plan {
        owner: OwnerId,
        planning: PlanningId,
    },
    /// Say what the model thinks of a goal.
    Assess {
        owner: OwnerId,
        assessment: AssessmentId,
    },
    /// Ask the approvers.
    AskApproval {
        owner: OwnerId,
        approval: ApprovalId,
    },
    /// Make the next attempt at a delivery.
    Deliver {
        owner: OwnerId,
        delivery: DeliveryId,
    },
    /// Tell the owner what a run came to, as code asked before there were deliveries. Nobody sends it any more.
    Tell {
        owner: OwnerId,
        execution: ExecutionId,
    },
    /// A mail came back. No function sends it: the mail service puts its own event into the queue of
    /// notices, and the adapter reads it as this.
    MailReturned {
        #[serde(flatten)]
        about: About,
        address: String,
        reason: String,
    },
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Message {
    /// The message that has a step of a run executed.
    #[must_use]
    pub fn step(run: &Execution, step: &str) -> Self {
        Self::Step {
            owner: run.owner.clone(),
            execution: run.id.clone(),
            step: step.to_owned(),
            lane: run
                .step(step)
                .map(|row| row.kind.lane())
                .unwrap_or_default(),
            called: false,
        }
    }

    /// Whose work it is; `None` where only the mail service knows.
    #[must_use]
    pub fn owner(&self) -> Option<&OwnerId> {
        match self {
            Self::Step { owner, .. }
            | Self::Judge { owner, .. }
            | Self::Start { owner, .. }
            | Self::Plan { owner, .. }
            | Self::Assess { owner, .. }
            | Self::AskApproval { owner, .. }
            | Self::Deliver { owner, .. }
            | Self::Tell { owner, .. } => Some(owner),
            Self::MailReturned { .. } => None,
        }
    }

    /// What kind of message it is, for the log.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Step { .. } => "step",
            Self::Judge { .. } => "judge",
            Self::Start { .. } => "start",
            Self::Plan { .. } => "plan",
            Self::Assess { .. } => "assess",
            Self::AskApproval { .. } => "ask_approval",
            Self::Deliver { .. } => "deliver",
            Self::Tell { .. } => "tell",
            Self::MailReturned { .. } => "mail_returned",
        }
    }

    /// The message's text.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut json = serde_json::to_value(self).expect("ids and times are plain JSON");
        json["v"] = VERSION.into();
        json.to_string()
    }

    /// Reads a message's text.
    ///
    /// # Errors
    /// It is no message of this version: leave it in the queue, newer code may know it.
    pub fn decode(text: &str) -> Result<Self, UnknownMessage> {
        let json: serde_json::Value =
            serde_json::from_str(text).map_err(|error| UnknownMessage(error.to_string()))?;
        if json["v"] != VERSION {
            return Err(UnknownMessage(format!("version {}", json["v"])));
        }
        serde_json::from_value(json).map_err(|error| UnknownMessage(error.to_string()))
    }

    /// Whether the text is a message of a later version than this code knows.
    #[must_use]
    pub fn is_from_newer_code(text: &str) -> bool {
        let json: Option<serde_json::Value> = serde_json::from_str(text).ok();
        let version = json.and_then(|json| json["v"].as_u64());
        version.is_some_and(|version| version > u64::from(VERSION))
    }
}

/// A text that is no message of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a message of this version: {0}")]
pub struct UnknownMessage(String);

/// Why a message was not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the queue does not answer: {0}")]
pub struct QueueError(pub String);

/// A message found in the dead letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    pub body: String,
    /// What removes it.
    pub receipt: String,
}

/// The queues.
#[async_trait]
pub trait Queues: Send + Sync {
    /// Sends a message that becomes visible after `delay` (at most 900 seconds; longer is cut, and
    /// the sweeper makes up for it).
    async fn send(&self, message: &Message, delay: Duration) -> Result<(), QueueError>;

    /// Takes up to ten dead letters.
    async fn dead_letters(&self) -> Result<Vec<DeadLetter>, QueueError>;

    /// Removes a dead letter that was dealt with.
    async fn bury(&self, letter: &DeadLetter) -> Result<(), QueueError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_back_and_strangers_do_not() {
        let message = Message::Judge {
            owner: OwnerId::from_uuid(uuid::Uuid::from_u128(1)),
            execution: ExecutionId::from_uuid(uuid::Uuid::from_u128(2)),
        };
        assert_eq!(Message::decode(&message.encode()), Ok(message.clone()));
        for bad in [
            "",
            "{}",
            "{\"v\":2,\"kind\":\"judge\"}",
            "{\"v\":1,\"kind\":\"exec\"}",
            "[]",
        ] {
            assert!(Message::decode(bad).is_err(), "{bad}");
        }
        assert!(message.encode().len() < 1024);
        assert!(Message::is_from_newer_code("{\"v\":2,\"kind\":\"judge\"}"));
        for ours in [message.encode().as_str(), "{\"v\":-1}", "{}", "2", ""] {
            assert!(!Message::is_from_newer_code(ours), "{ours}");
        }
    }
}
