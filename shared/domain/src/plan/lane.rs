//! Where a step's message goes, and what its work reaches.
//!
//! A crawl may take as long as the site it reads likes, so crawls have a queue, and with it executors, of their own:
//! however many there are, a step of another kind never waits for one.

use super::tool::{Tool, ToolKind};
use super::words::Aggregation;
use crate::words::words;

words! {
    /// The queue that a step's messages go to.
    #[derive(Default)]
    Lane {
        /// Steps that read the web, page after page.
        Crawl = "crawl",
        /// Everything else.
        #[default]
        Step = "step",
    }
}

impl ToolKind {
    /// The queue of this tool's steps.
    #[must_use]
    pub fn lane(self) -> Lane {
        match self {
            Self::Crawl => Lane::Crawl,
            Self::Search
            | Self::Aggregate
            | Self::GenerateOutline
            | Self::GenerateReport
            | Self::LlmResponse
            | Self::FormatPost
            | Self::GenerateImage
            | Self::Transform
            | Self::SendEmail
            | Self::PostWebhook => Lane::Step,
        }
    }
}

/// Whom a tool's work waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Nobody: it rearranges what is there.
    Nobody,
    /// The model, where one is configured.
    Model,
    /// The world, as soon as the step begins.
    World,
    /// The world, once a person has approved what goes out.
    WorldOnceApproved,
}

impl Tool {
    /// Whom this tool's work waits for.
    #[must_use]
    pub fn reach(&self) -> Reach {
        match self {
            Self::Search(_) | Self::Crawl(_) | Self::GenerateImage(_) => Reach::World,
            Self::Aggregate(config) => match config.aggregation_type {
                Aggregation::Summarize => Reach::Model,
                Aggregation::Merge
                | Aggregation::Dedupe
                | Aggregation::TopN
                | Aggregation::Count => Reach::Nobody,
            },
            Self::GenerateOutline(_)
            | Self::GenerateReport(_)
            | Self::LlmResponse(_)
            | Self::FormatPost(_) => Reach::Model,
            Self::Transform(_) => Reach::Nobody,
            Self::SendEmail(_) | Self::PostWebhook(_) => Reach::WorldOnceApproved,
        }
    }
}
