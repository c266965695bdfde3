//! `POST /v1/workflows/assess-intent`: is this goal specific enough? Free, and without a model: this
//! function never holds a model's key.

use axum::Json;
use engine::ports::usage::Counted;
use serde_json::Value;

use crate::app::App;
use crate::assessment::Assessment;
use crate::auth::{Caller, Workflows};
use crate::extract;
use crate::problem::Problem;
use crate::query::Query;
use crate::wire::assessment as wire;

/// How many goals of one owner are assessed with all there is in an hour (API section 3).
const MOST_AN_HOUR: u32 = 10;

pub(super) async fn assess(
    app: App,
    caller: Caller<Workflows>,
    query: Query,
    body: extract::Json,
) -> Result<Json<Value>, Problem> {
    query.finish()?;
    let intent = wire::request(&body.0)?;
    let counting = app
        .usage
        .count(caller.owner(), &Counted::Assessments, app.engine.now());
    // A count that cannot be reached is no reason to answer less.
    let is_limited =
        app.settings.limits && counting.await.is_ok_and(|uses| uses.in_hour > MOST_AN_HOUR);
    Ok(Json(wire::object(&Assessment::of(&intent), is_limited)))
}
