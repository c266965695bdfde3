//! The language model: plans, and writes text from material.
//!
//! Its answers are data written by a stranger (promise 14): the caller checks a plan as it would
//! check a client's, and text never reaches a page unescaped. A model that fails is an ordinary
//! event: planning falls back to the offline planner, a step retries.

use std::time::Duration;

use async_trait::async_trait;

/// Something a model is asked to do. Typed, so that the offline twin can do the same work without
/// reading a prompt, and so that a prompt is written in one place.
#[derive(Debug, Clone, PartialEq)]
pub enum Task {
    /// Turn a goal into steps. The answer's text is a JSON object
    /// `{"planning_profile", "topology_reason", "steps": [...], "suggested_schedule"?: {…}}`,
    /// its steps in the form of the HTTP contract, section 3.
    Plan {
        /// The goal in the owner's words.
        intent: String,
        /// How much the plan may cost, in credits.
        budget: u32,
        /// What was wrong with the model's earlier answer, when this is a repair.
        faults: Vec<String>,
    },
    /// Say how specific a goal is. The answer's text is a JSON object that [`Assessment::read`] takes. The offline
    /// twin has no opinion: goals are assessed by rule where they come in.
    ///
    /// [`Assessment::read`]: domain::assessment::Assessment::read
    Assess {
        /// The goal in the owner's words.
        intent: String,
    },
    /// Headings with points, as Markdown: `## heading`, then `- point` lines. `note`, here and below, is what
    /// a person who saw an earlier draft wants changed.
    Outline {
        topic: Option<String>,
        sections: u32,
        note: Option<String>,
        material: Vec<Material>,
    },
    /// A report of about `length_words` words in `format`.
    Report {
        title: Option<String>,
        length_words: u32,
        format: TextFormat,
        note: Option<String>,
        material: Vec<Material>,
    },
    /// Free text for `prompt`.
    Respond {
        prompt: String,
        note: Option<String>,
        material: Vec<Material>,
    },
    /// A summary.
    Summarise {
        format: TextFormat,
        material: Vec<Material>,
    },
    /// A post for `channel`.
    Post {
        channel: domain::plan::Channel,
        max_words: Option<u32>,
        note: Option<String>,
        material: Vec<Material>,
    },
}

/// The mark-up of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextFormat {
    Markdown,
    Text,
    Html,
}

/// What an upstream step produced, as material to write from.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Material {
    /// The output key it came from.
    pub key: String,
    /// Things with an address.
    pub items: Vec<MaterialItem>,
    /// Running text (an outline, a report, a response).
    pub text: String,
}

/// One source in a [`Material`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MaterialItem {
    pub url: String,
    pub title: String,
    pub snippet: String,
    /// The page's text where it was crawled, else empty.
    pub text: String,
    /// `YYYY-MM-DD` or an RFC 3339 instant, as the source said it.
    pub published: Option<String>,
}

/// What a model answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub text: String,
    /// The model's name as the provider reports it; `None` for the offline twin.
    pub model: Option<String>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ModelError {
    #[error("the model did not answer in time")]
    Timeout,
    #[error("the model asks to be called less often")]
    RateLimited { retry_after: Option<Duration> },
    #[error("the model's answer could not be read: {reason}")]
    Unreadable { reason: String },
    #[error("the model could not be reached or failed: {reason}")]
    Unavailable { reason: String },
    /// The request itself is at fault (credentials, unknown model): repeating it does not help.
    #[error("the model refused the request: {reason}")]
    Refused { reason: String },
}

/// A language model, or its offline twin.
#[async_trait]
pub trait Model: Send + Sync {
    /// Performs one task. `limit` bounds the whole call, retries included.
    async fn perform(&self, task: &Task, limit: Duration) -> Result<Answer, ModelError>;

    /// Whether this is a model (`true`) or the offline twin.
    fn is_model(&self) -> bool;
}
