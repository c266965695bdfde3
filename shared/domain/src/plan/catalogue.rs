//! What each tool is: its effect, its price, what its output holds.

use super::tool::{Tool, ToolKind};
use super::words::Aggregation;

/// What happens in the world when a tool runs twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EffectClass {
    /// Nothing: it may be repeated.
    Pure,
    /// The receiver recognises a repetition by its key.
    Idempotent,
    /// It would happen twice: after a crash in the middle a person decides.
    AtMostOnce,
}

impl EffectClass {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pure => "pure",
            Self::Idempotent => "idempotent",
            Self::AtMostOnce => "at_most_once",
        }
    }
}

/// The type of an output's field, as far as references are checked against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldType {
    Array,
    Text,
    Number,
    /// Depends on the data.
    Any,
}

impl ToolKind {
    /// Whether what it makes goes out to the world (or is meant to), and so always waits for a person:
    /// no planner and no client can remove that gate.
    #[must_use]
    pub fn always_gated(self) -> bool {
        match self {
            Self::FormatPost | Self::GenerateImage | Self::SendEmail | Self::PostWebhook => true,
            Self::Search
            | Self::Crawl
            | Self::Aggregate
            | Self::GenerateOutline
            | Self::GenerateReport
            | Self::LlmResponse
            | Self::Transform => false,
        }
    }

    /// Whether it has two phases: it prepares the exact effect, waits at the gate, then performs it.
    #[must_use]
    pub fn publishes(self) -> bool {
        match self {
            Self::SendEmail | Self::PostWebhook => true,
            Self::Search
            | Self::Crawl
            | Self::Aggregate
            | Self::GenerateOutline
            | Self::GenerateReport
            | Self::LlmResponse
            | Self::FormatPost
            | Self::GenerateImage
            | Self::Transform => false,
        }
    }

    /// Whether its results are what a patrol compares.
    #[must_use]
    pub fn watches(self) -> bool {
        matches!(self, Self::Search | Self::Crawl)
    }

    /// What happens in the world when it runs twice.
    #[must_use]
    pub fn effect(self) -> EffectClass {
        match self {
            Self::PostWebhook => EffectClass::Idempotent,
            Self::SendEmail => EffectClass::AtMostOnce,
            Self::Search
            | Self::Crawl
            | Self::Aggregate
            | Self::GenerateOutline
            | Self::GenerateReport
            | Self::LlmResponse
            | Self::FormatPost
            | Self::GenerateImage
            | Self::Transform => EffectClass::Pure,
        }
    }

    /// One sentence for `GET /v1/tools` and for the planner.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::Search => "Asks the search provider and gives the results.",
            Self::Crawl => "Reads web pages and gives their title, text and date.",
            Self::Aggregate => {
                "Merges, de-duplicates, ranks, counts or summarises what earlier steps found."
            }
            Self::GenerateOutline => "Writes headings with points from what earlier steps found.",
            Self::GenerateReport => {
                "Writes a report with its sources from what earlier steps found."
            }
            Self::LlmResponse => {
                "Answers a free prompt, with what earlier steps found as material."
            }
            Self::FormatPost => "Writes a post for a channel; waits for approval.",
            Self::GenerateImage => "Draws a picture from words; waits for approval.",
            Self::Transform => "Selects a part of one earlier output.",
            Self::SendEmail => "Sends a mail once a person has approved it.",
            Self::PostWebhook => "Posts to an address once a person has approved what is posted.",
        }
    }

    /// The fields of its output.
    #[must_use]
    pub fn output_fields(self) -> &'static [(&'static str, FieldType)] {
        use FieldType::{Any, Array, Number, Text};
        match self {
            Self::Search => &[
                ("results", Array),
                ("count", Number),
                ("sub_queries", Array),
            ],
            Self::Crawl => &[
                ("results", Array),
                ("pages", Array),
                ("unreadable", Array),
                ("count", Number),
                ("truncated", Any),
            ],
            Self::Aggregate => &[("items", Array), ("text", Text), ("count", Number)],
            Self::GenerateOutline => &[("outline", Array), ("text", Text)],
            Self::GenerateReport => &[("title", Text), ("text", Text), ("sources", Array)],
            Self::LlmResponse => &[("text", Text)],
            Self::FormatPost => &[("text", Text), ("channel", Text), ("characters", Number)],
            Self::GenerateImage => &[
                ("sha256", Text),
                ("content_type", Text),
                ("width", Number),
                ("height", Number),
                ("alt", Text),
            ],
            Self::Transform => &[("value", Any)],
            Self::SendEmail => &[("message_id", Text)],
            Self::PostWebhook => &[("status", Number)],
        }
    }
}

impl Tool {
    /// What one call costs at most, in credits (API section 3). Known before it runs: prices are
    /// code, never a tool's own word.
    #[must_use]
    pub fn most_credits(&self) -> u32 {
        match self {
            Self::Search(c) => {
                1 + if c.query_decomposition {
                    c.max_sub_queries
                } else {
                    0
                }
            }
            Self::Crawl(c) => c.max_pages.div_ceil(10).max(1),
            Self::Aggregate(c) => u32::from(c.aggregation_type == Aggregation::Summarize),
            Self::GenerateOutline(_)
            | Self::GenerateReport(_)
            | Self::LlmResponse(_)
            | Self::FormatPost(_) => 1,
            Self::GenerateImage(_) => 2,
            Self::Transform(_) | Self::SendEmail(_) | Self::PostWebhook(_) => 0,
        }
    }
}
