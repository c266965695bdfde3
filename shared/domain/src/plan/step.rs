//! One step of a plan: a tool call, what it waits for, and how it is retried.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::tool::{Tool, ToolKind};
use crate::egress::EgressRule;
use crate::fault::Fault;
use crate::reader::{Object, pointer};
use crate::stop_condition::Operator;

/// How often and how fast a failing step is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// 1-10, the first attempt included.
    pub max_attempts: u32,
    /// 1-900 seconds before the second attempt; doubled for each further one.
    pub backoff_seconds: u32,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            max_attempts: 3,
            backoff_seconds: 2,
        }
    }
}

/// Runs the step only when a value of an upstream output holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CascadeCondition {
    /// The id of the step whose output is looked at.
    pub step: String,
    /// A JSONPath tail into that output.
    pub field: String,
    pub operator: Operator,
    #[serde(default)]
    pub value: Value,
}

/// One tool call of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    pub id: String,
    #[serde(flatten)]
    pub tool: Tool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default)]
    pub depends_on: Vec<String>,
    pub output_key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cascade_condition: Option<CascadeCondition>,
    /// Whether a person must decide before what the step produced counts.
    pub requires_approval: bool,
    #[serde(default)]
    pub retry: Retry,
    /// 1-600 seconds for one attempt.
    pub timeout_seconds: u32,
}

/// Whether `text` has the form `^[a-z][a-z0-9_]{0,63}$`, which every step id and output key has.
#[must_use]
pub fn is_step_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    text.len() <= 64
        && bytes.next().is_some_and(|b| b.is_ascii_lowercase())
        && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

impl Step {
    /// Reads one step that stands at `path`; relations between steps are checked by
    /// [`super::Plan::read`].
    ///
    /// # Errors
    /// Every fault of the step's own fields.
    pub fn read(value: &Value, path: &str, egress: &EgressRule) -> Result<Self, Vec<Fault>> {
        let mut o = Object::new(value, path);
        let id = step_name(&mut o, "id");
        let id = o.required("id", id);
        let kind = o.word("type", ToolKind::ALL, ToolKind::as_str);
        let kind = o.required("type", kind);
        let config = o.raw("config");
        let tool = match (kind, config) {
            (Some(kind), Some(config)) => {
                o.take(Tool::read(kind, config, &pointer(path, "config"), egress))
            }
            (Some(_), None) => {
                o.fault("config", "is required");
                None
            }
            (None, _) => None,
        };
        let description = o.text("description", 1..=2000);
        let depends_on = o.texts("depends_on", 0..=100, 1..=64).unwrap_or_default();
        if has_duplicates(&depends_on) {
            o.fault("depends_on", "names a step twice");
        }
        let output_key = step_name(&mut o, "output_key");
        let cascade_condition = o.value("cascade_condition").and_then(|value| {
            let read = read_cascade(value, &pointer(path, "cascade_condition"));
            o.take(read)
        });
        let requires_approval = o.boolean("requires_approval");
        let publishes = kind.is_some_and(ToolKind::always_gated);
        if publishes && requires_approval == Some(false) {
            o.fault(
                "requires_approval",
                "cannot be false: what this tool makes always waits for a person",
            );
        }
        let retry = o
            .value("retry")
            .map(|value| read_retry(value, &pointer(path, "retry")));
        let retry = retry.and_then(|read| o.take(read)).unwrap_or_default();
        let timeout_seconds = o.count("timeout_seconds", 1..=600).unwrap_or(60);
        let step = id.zip(tool).map(|(id, tool)| Self {
            output_key: output_key.unwrap_or_else(|| id.clone()),
            id,
            tool,
            description,
            depends_on,
            cascade_condition,
            requires_approval: publishes || requires_approval.unwrap_or(false),
            retry,
            timeout_seconds,
        });
        o.finish(step)
    }
}

fn step_name(o: &mut Object<'_>, field: &'static str) -> Option<String> {
    let name = o.string(field)?;
    if !is_step_name(name) {
        o.fault(
            field,
            "must be 1 to 64 of a-z, 0-9 and _, beginning with a letter",
        );
        return None;
    }
    Some(name.to_owned())
}

fn has_duplicates(names: &[String]) -> bool {
    let mut seen = std::collections::HashSet::new();
    names.iter().any(|name| !seen.insert(name))
}

fn read_retry(value: &Value, path: &str) -> Result<Retry, Vec<Fault>> {
    let mut o = Object::new(value, path);
    let max_attempts = o
        .count("max_attempts", 1..=10)
        .unwrap_or(Retry::default().max_attempts);
    let backoff_seconds = o
        .count("backoff_seconds", 1..=900)
        .unwrap_or(Retry::default().backoff_seconds);
    o.finish(Some(Retry {
        max_attempts,
        backoff_seconds,
    }))
}

fn read_cascade(value: &Value, path: &str) -> Result<CascadeCondition, Vec<Fault>> {
    let mut o = Object::new(value, path);
    let step = step_name(&mut o, "step");
    let step = o.required("step", step);
    let field = o.name("field", 1..=500);
    let field = o.required("field", field);
    if let Some(field) = &field
        && let Err(error) = crate::selection::Selector::parse(field)
    {
        o.fault("field", format!("is no JSONPath tail (RFC 9535): {error}"));
    }
    let operator = o.word("operator", Operator::ALL, Operator::as_str);
    let operator = o.required("operator", operator);
    let needs_value = operator.is_some_and(|operator| operator != Operator::Exists);
    let value = o.raw("value").cloned();
    if needs_value && value.is_none() {
        o.fault("value", "is required");
    }
    if operator == Some(Operator::Changed) {
        o.fault(
            "operator",
            "cannot be changed: a step has no earlier output in the same run",
        );
    }
    o.finish(
        step.zip(field)
            .zip(operator)
            .map(|((step, field), operator)| CascadeCondition {
                step,
                field,
                operator,
                value: value.unwrap_or(Value::Null),
            }),
    )
}
