//! Sending mail. SES has no idempotency token: a send whose answer is lost may have happened.

use async_trait::async_trait;
use domain::ids::{ApprovalId, DeliveryId, ExecutionId, OwnerId};
use serde::{Deserialize, Serialize};

/// What a mail is about. It travels with the mail, so that when the mail comes back this can be told where
/// people look. Ids only: it ends up in the mail service's own logs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "about", rename_all = "snake_case")]
pub enum About {
    /// Somebody is asked for a decision.
    Approval {
        owner: OwnerId,
        approval: ApprovalId,
    },
    /// A step of a run sends what was approved.
    Step {
        owner: OwnerId,
        execution: ExecutionId,
        step: String,
    },
    /// Somebody is told something.
    Delivery {
        owner: OwnerId,
        delivery: DeliveryId,
    },
}

/// One mail, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// `None`: nothing is to be done should it come back.
    pub about: Option<About>,
    pub to: Vec<String>,
    pub subject: String,
    pub text: String,
    /// `None`: text only.
    pub html: Option<String>,
}

/// Why a mail was not sent, or may have been.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// It will not be taken, however often it is tried.
    #[error("the mail was refused: {0}")]
    Refused(String),
    /// It was not taken, for a reason that is not its recipients'; later it may be.
    #[error("mail cannot be sent now: {0}")]
    Unavailable(String),
    /// Nobody knows.
    #[error("it is not known whether the mail was sent: {0}")]
    Unknown(String),
}

/// A mail service.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Sends one mail and gives its message id.
    async fn send(&self, mail: &Mail) -> Result<String, MailError>;
}
