//! `GET /v1/executions/{id}/outputs/{step id or output key}`: what a step has made, or the draft it waits with.

use axum::Json;
use axum::response::{IntoResponse, Response};
use domain::execution::{Execution, StepRow};
use domain::ids::ExecutionId;
use http::HeaderMap;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use serde_json::{Value, json};

use crate::answer_size::{self, MOST_BYTES};
use crate::app::App;
use crate::auth::{Caller, Read};
use crate::path::IdAnd;
use crate::problem::Problem;
use crate::query::Query;
use crate::wire::execution as wire;

pub(super) async fn show(
    app: App,
    caller: Caller<Read>,
    path: IdAnd<ExecutionId>,
    query: Query,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    query.finish()?;
    let IdAnd(id, key) = path;
    let run = app
        .engine
        .store
        .execution(caller.owner(), &id)
        .await?
        .ok_or_else(Problem::not_found)?;
    let step = find(&app, &run, &key)
        .await?
        .ok_or_else(Problem::not_found)?;
    let Some(output) = wire::output(step) else {
        return Ok(Json(draft(&app, &run, step).await?).into_response());
    };
    if output.bytes > MOST_BYTES as u64 {
        // It lies in the blob store as it is: it need not come through here.
        let location =
            answer_size::address(&app, caller.owner(), &output.sha256, "application/json").await?;
        return Ok(answer_size::elsewhere(location));
    }
    let document = app
        .engine
        .store
        .output(caller.owner(), output)
        .await?
        .ok_or_else(Problem::not_found)?;
    if wants_image(&headers)
        && let Some(image) = image(&app, &run, &document).await?
    {
        return Ok(image);
    }
    Ok(Json(document).into_response())
}

/// What a step that publishes would send, or would have sent.
async fn draft(app: &App, run: &Execution, step: &StepRow) -> Result<Value, Problem> {
    let gate = step.state.gate().ok_or_else(Problem::not_found)?;
    let approval = app.engine.store.approval(&run.owner, &gate.approval);
    let approval = approval.await?.ok_or_else(Problem::not_found)?;
    let draft = app.engine.draft(&approval).await?;
    Ok(json!(draft))
}

/// The step with this id, else the one that makes the output of this key.
async fn find<'a>(
    app: &App,
    run: &'a Execution,
    key: &str,
) -> Result<Option<&'a StepRow>, Problem> {
    if let Some(row) = run.step(key) {
        return Ok(Some(row));
    }
    let plan = app
        .engine
        .store
        .plan(&run.owner, &run.workflow, run.plan.version)
        .await?;
    Ok(plan
        .as_ref()
        .and_then(|plan| plan.step_by_key(key))
        .and_then(|step| run.step(&step.id)))
}

/// Whether the client asks for a picture by name; `*/*` is no such wish.
fn wants_image(headers: &HeaderMap) -> bool {
    let accepted = headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok());
    accepted
        .flat_map(|value| value.split(','))
        .any(|media| media.trim_start().starts_with("image/"))
}

/// The bytes of a picture, when the output is one.
async fn image(app: &App, run: &Execution, document: &Value) -> Result<Option<Response>, Problem> {
    let (Some(sha256), Some(content_type)) = (
        document["sha256"].as_str(),
        document["content_type"].as_str(),
    ) else {
        return Ok(None);
    };
    let Some(content_type) = safe_type(content_type) else {
        return Ok(None);
    };
    let bytes = app.engine.store.bytes(&run.owner, sha256).await?;
    Ok(bytes.map(|bytes| ([(CONTENT_TYPE, content_type)], bytes).into_response()))
}

/// Picture formats a browser only draws. SVG is not one of them: it may hold script.
fn safe_type(content_type: &str) -> Option<HeaderValue> {
    let known = ["image/png", "image/jpeg", "image/webp", "image/gif"];
    known
        .into_iter()
        .find(|known| *known == content_type)
        .map(HeaderValue::from_static)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_given_to_who_asks_for_one() {
        let accept =
            |value: &str| wants_image(&[(ACCEPT, value.parse().unwrap())].into_iter().collect());
        assert!(accept("image/*") && accept("text/html, image/png;q=0.5"));
        assert!(!accept("*/*") && !accept("application/json"));
        assert!(safe_type("image/png").is_some() && safe_type("image/svg+xml").is_none());
    }
}
