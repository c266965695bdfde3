//! Goals that wait for a model's opinion, and the opinions.
//!
//! Whoever asks waits at most 25 seconds, and has another answer after that: a question that is lost costs one opinion
//! and nothing else. So there is no revision and nothing heals; a question is taken once, which keeps a message
//! that comes twice from asking a model twice.

use std::time::Duration;

use async_trait::async_trait;
use domain::assessment::{Assessment, NoOpinion};
use domain::ids::{AssessmentId, OwnerId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::StoreError;

/// How long a question and its answer are kept at least.
pub const KEPT: Duration = Duration::from_secs(3600);

/// A goal that is to be assessed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    pub intent: String,
    /// Nobody waits for an answer after this.
    pub deadline: Timestamp,
}

/// What the model thinks, or why it is not known.
pub type Opinion = Result<Assessment, NoOpinion>;

/// Passes questions to whoever may ask the model, and opinions back.
#[async_trait]
pub trait Assessments: Send + Sync {
    /// Puts a question.
    async fn ask(
        &self,
        owner: &OwnerId,
        id: &AssessmentId,
        question: &Question,
    ) -> Result<(), StoreError>;

    /// Takes a question; `None` when there is none, or when it was taken before.
    async fn take(
        &self,
        owner: &OwnerId,
        id: &AssessmentId,
    ) -> Result<Option<Question>, StoreError>;

    /// Answers a question.
    async fn answer(
        &self,
        owner: &OwnerId,
        id: &AssessmentId,
        opinion: &Opinion,
    ) -> Result<(), StoreError>;

    /// The answer, once there is one.
    async fn opinion(
        &self,
        owner: &OwnerId,
        id: &AssessmentId,
    ) -> Result<Option<Opinion>, StoreError>;
}
