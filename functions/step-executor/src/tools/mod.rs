//! What each kind of step does: one file a tool, each a function from its configuration to what it made.
//!
//! A tool sees ports, the outputs it refers to and its limit. It knows no leases, gates or messages, and
//! commits nothing; so it can be repeated, and tested, alone.

mod aggregate;
mod crawl;
mod format_post;
mod generate_image;
mod generate_outline;
mod generate_report;
mod llm_response;
mod post_webhook;
mod search;
mod send_email;
mod transform;

use std::time::Duration;

use domain::approval::Draft;
use domain::digest;
use domain::egress::EgressRule;
use domain::execution::{ErrorCode, Execution, StepError, StepRow};
use domain::ids::{ExecutionId, OwnerId};
use domain::plan::{Template, Tool};
use engine::Engine;
use engine::ports::model::Task;
use engine::retry::{Again, ToolFailure};
use jiff::Timestamp;
use serde_json::Value;
use tokio::time::Instant;

use crate::upstream::Upstream;
use crate::{Ports, failure};

/// What a tool works with.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) ports: &'a Ports,
    pub(crate) egress: &'a EgressRule,
    pub(crate) owner: &'a OwnerId,
    pub(crate) run: &'a Execution,
    /// The step's id.
    pub(crate) step: &'a str,
    pub(crate) row: &'a StepRow,
    pub(crate) upstream: &'a Upstream,
    /// What a person who saw an earlier draft wants changed.
    pub(crate) note: Option<&'a str>,
    /// Where an earlier attempt left off.
    pub(crate) cursor: Option<&'a str>,
    /// Whether a worker was not heard of again since then.
    pub(crate) cut_off: bool,
    /// How long the attempt may take in all.
    pub(crate) limit: Duration,
    /// When it is cut off.
    pub(crate) deadline: Instant,
}

impl Context<'_> {
    /// How long is left.
    pub(crate) fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// A template with its references written out.
    pub(crate) fn text(&self, template: &Template) -> Result<String, ToolFailure> {
        template
            .render(self.upstream)
            .map_err(|missing| failure::of_reference(&missing))
    }

    /// An optional template, written out; blank counts as absent.
    pub(crate) fn optional_text(
        &self,
        template: Option<&Template>,
    ) -> Result<Option<String>, ToolFailure> {
        let text = template.map(|template| self.text(template)).transpose()?;
        Ok(text
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty()))
    }

    pub(crate) fn note(&self) -> Option<String> {
        self.note.map(str::to_owned)
    }

    /// Has the model write.
    pub(crate) async fn write(&self, task: &Task) -> Result<String, ToolFailure> {
        let answer = self
            .ports
            .model
            .perform(task, self.left())
            .await
            .map_err(|error| failure::of_model(&error))?;
        Ok(answer.text)
    }
}

/// What a tool made.
#[derive(Debug, PartialEq)]
pub(crate) enum Made {
    /// A finished output and its price in credits.
    Output { document: Value, credits: u32 },
    /// The exact effect of a tool that publishes, to be approved first.
    Draft(Draft),
    /// A part; another attempt goes on from this cursor after `wait`.
    Part { cursor: String, wait: Duration },
}

/// What performing an approved draft came to.
#[derive(Debug, PartialEq)]
pub(crate) enum Performed {
    /// It was performed: the step's output.
    Output(Value),
    /// It could not begin, and nothing has happened.
    Postponed { error: StepError, until: Timestamp },
}

/// Runs a tool; one that publishes only prepares its effect.
pub(crate) async fn run(tool: &Tool, context: &Context<'_>) -> Result<Made, ToolFailure> {
    match tool {
        Tool::Search(config) => search::run(config, context).await,
        Tool::Crawl(config) => Box::pin(crawl::run(config, context)).await,
        Tool::Aggregate(config) => aggregate::run(config, context).await,
        Tool::GenerateOutline(config) => generate_outline::run(config, context).await,
        Tool::GenerateReport(config) => generate_report::run(config, context).await,
        Tool::LlmResponse(config) => llm_response::run(config, context).await,
        Tool::FormatPost(config) => format_post::run(config, context).await,
        Tool::GenerateImage(config) => generate_image::run(config, context).await,
        Tool::Transform(config) => transform::run(config, context).await,
        Tool::SendEmail(config) => send_email::run(config, context).await,
        Tool::PostWebhook(config) => post_webhook::run(config, context).await,
    }
}

/// Performs an approved draft. `key` is the same at every attempt.
pub(crate) async fn perform(
    tool: &Tool,
    draft: &Draft,
    key: &str,
    context: &Context<'_>,
) -> Result<Performed, ToolFailure> {
    match (tool, draft) {
        (Tool::SendEmail(_), Draft::Email { to, subject, body }) => {
            send_email::perform(to, subject, body, context).await
        }
        (Tool::PostWebhook(config), Draft::Webhook { url, body }) => {
            post_webhook::perform(config, url, body, key, context)
                .await
                .map(Performed::Output)
        }
        (
            Tool::Search(_)
            | Tool::Crawl(_)
            | Tool::Aggregate(_)
            | Tool::GenerateOutline(_)
            | Tool::GenerateReport(_)
            | Tool::LlmResponse(_)
            | Tool::FormatPost(_)
            | Tool::GenerateImage(_)
            | Tool::Transform(_)
            | Tool::SendEmail(_)
            | Tool::PostWebhook(_),
            Draft::Email { .. }
            | Draft::Webhook { .. }
            | Draft::Content { .. }
            | Draft::Image { .. },
        ) => Err(ToolFailure::new(
            ErrorCode::DraftChanged,
            "the approved draft is not one this step can perform",
            Again::Never,
        )),
    }
}

/// The key by which a receiver knows a repetition: run, step and draft, never the attempt.
pub(crate) fn effect_key(execution: &ExecutionId, step: &str, draft_sha256: &str) -> String {
    digest::of_json(&[execution.as_str(), step, draft_sha256])
}
