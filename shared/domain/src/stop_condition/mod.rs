//! When a workflow has done its work.
//!
//! A condition is asked after every complete run, never after a degraded one. All but one kind are
//! decided here, exactly; `natural_language` is left to a model and the answer is `needs_model`. Each
//! verdict names what it rests on, since ending a workflow must be explainable.

mod comparison;
mod evaluate;
mod read;

pub use comparison::{Operator, differ};
pub use evaluate::{Observed, Verdict};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::selection::Selector;

/// Confidence a model must have when the request names none.
pub const DEFAULT_THRESHOLD: f64 = 0.7;

/// A condition, stored as the contract writes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum StopCondition {
    /// How many results the run has.
    ResultCount { operator: Operator, value: u32 },
    /// One of the results is this page, by URL identity.
    ContainsUrl { url: String },
    /// A field of any result.
    FieldValue(FieldTest),
    /// A field of what was extracted from any page.
    ExtractedField(FieldTest),
    /// Left to a model, whose confidence must reach the threshold (0 to 1).
    NaturalLanguage {
        description: String,
        confidence_threshold: f64,
    },
    /// Never stops.
    Always,
}

/// A comparison of one place in a document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FieldTest {
    pub field: Selector,
    pub operator: Operator,
    /// Null when the operator takes none.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub value: Value,
}

impl StopCondition {
    /// The word of `type`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::ResultCount { .. } => "result_count",
            Self::ContainsUrl { .. } => "contains_url",
            Self::FieldValue(_) => "field_value",
            Self::ExtractedField(_) => "extracted_field",
            Self::NaturalLanguage { .. } => "natural_language",
            Self::Always => "always",
        }
    }

    /// Whether a model must judge it: a run then costs one credit more.
    #[must_use]
    pub fn needs_model(&self) -> bool {
        matches!(self, Self::NaturalLanguage { .. })
    }
}
