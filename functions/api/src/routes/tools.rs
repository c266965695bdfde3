//! `GET /v1/tools`: what a step can be.

use axum::Json;
use serde_json::Value;

use crate::auth::{Caller, Read};
use crate::problem::Problem;
use crate::query::Query;
use crate::wire::tool;

pub(super) async fn tools(_: Caller<Read>, query: Query) -> Result<Json<Value>, Problem> {
    query.finish()?;
    Ok(Json(tool::catalogue()))
}
