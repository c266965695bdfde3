//! `GET /v1/credits`.

use axum::Json;
use axum::extract::State;
use serde_json::Value;

use crate::app::App;
use crate::auth::{Caller, Read};
use crate::problem::Problem;
use crate::query::Query;
use crate::wire::credits as wire;

/// How far back the ledger is shown.
const ENTRIES: usize = 1000;

pub(super) async fn credits(
    State(app): State<App>,
    caller: Caller<Read>,
    query: Query,
) -> Result<Json<Value>, Problem> {
    query.finish()?;
    let account = app.engine.store.account(caller.owner()).await?;
    let ledger = app.engine.store.ledger(caller.owner(), ENTRIES).await?;
    Ok(Json(wire::object(&account, &ledger)))
}
