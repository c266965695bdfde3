//! Answers a free prompt, with what earlier steps found as material.

use domain::plan::LlmResponse;
use engine::ports::model::Task;
use engine::retry::ToolFailure;
use serde_json::json;

use super::{Context, Made};
use crate::material;

pub(crate) async fn run(config: &LlmResponse, context: &Context<'_>) -> Result<Made, ToolFailure> {
    let material = material::of(context.upstream, &config.from);
    let task = Task::Respond {
        prompt: context.text(&config.prompt)?,
        note: context.note(),
        material,
    };
    let text = context.write(&task).await?;
    Ok(Made::Output {
        document: json!({ "text": text }),
        credits: 1,
    })
}
