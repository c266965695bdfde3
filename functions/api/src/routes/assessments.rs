//! `POST /v1/workflows/assess-intent`: is this goal specific enough? Free, and without a model: this
//! function never holds a model's key.

use axum::Json;
use serde_json::Value;

use crate::assessment::Assessment;
use crate::auth::{Caller, Workflows};
use crate::extract;
use crate::problem::Problem;
use crate::query::Query;
use crate::wire::assessment as wire;

pub(super) async fn assess(
    _: Caller<Workflows>,
    query: Query,
    body: extract::Json,
) -> Result<Json<Value>, Problem> {
    query.finish()?;
    let intent = wire::request(&body.0)?;
    Ok(Json(wire::object(&Assessment::of(&intent))))
}
