//! `GET /v1/executions/{id}/diff/{before}`: what changed between two runs of one workflow.

use axum::Json;
use domain::ids::ExecutionId;
use serde_json::{Value, json};

use crate::app::App;
use crate::auth::{Caller, Read};
use crate::path::IdAnd;
use crate::problem::Problem;
use crate::query::Query;

pub(super) async fn show(
    app: App,
    caller: Caller<Read>,
    IdAnd(id, before): IdAnd<ExecutionId>,
    query: Query,
) -> Result<Json<Value>, Problem> {
    query.finish()?;
    let before = ExecutionId::parse(&before).map_err(|_| Problem::not_found())?;
    let changes = app.engine.difference(caller.owner(), &before, &id).await?;
    Ok(Json(json!(changes)))
}
