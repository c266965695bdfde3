//! Selects a part of one output with an RFC 9535 query: a singular one gives its value, any other an array.

use domain::execution::ErrorCode;
use domain::plan::{Outputs, Transform};
use domain::selection::Selector;
use engine::retry::{Again, ToolFailure};
use serde_json::{Value, json};

use super::{Context, Made};

pub(crate) async fn run(config: &Transform, context: &Context<'_>) -> Result<Made, ToolFailure> {
    let missing =
        |message: String| ToolFailure::new(ErrorCode::ReferenceMissing, message, Again::Never);
    let document = context
        .upstream
        .output(&config.from)
        .ok_or_else(|| missing(format!("{} has no output", config.from)))?;
    // Checked when the plan was saved.
    let selector = Selector::parse_query(&config.select).map_err(|error| {
        ToolFailure::new(
            ErrorCode::Infrastructure,
            format!("the stored query cannot be read: {error}"),
            Again::Never,
        )
    })?;
    let selected = selector.select(document);
    let value = if selector.is_singular() {
        let first = selected.first().ok_or_else(|| {
            missing(format!(
                "{} selects nothing in {}",
                config.select, config.from
            ))
        })?;
        (*first).clone()
    } else {
        Value::Array(selected.into_iter().cloned().collect())
    };
    Ok(Made::Output {
        document: json!({ "value": value }),
        credits: 0,
    })
}
