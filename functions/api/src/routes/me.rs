//! `GET /v1/me`: whose token this is.

use axum::Json;
use serde_json::{Value, json};

use crate::app::App;
use crate::auth::{Caller, Read};
use crate::problem::Problem;
use crate::query::Query;

pub(super) async fn me(
    app: App,
    caller: Caller<Read>,
    query: Query,
) -> Result<Json<Value>, Problem> {
    query.finish()?;
    let owner = app.engine.store.owner(caller.owner()).await?;
    Ok(Json(json!({
        "owner_id": caller.owner(),
        "email": owner.as_ref().map_or(caller.email(), |owner| owner.email.as_str()),
        "team": owner.as_ref().and_then(|owner| owner.team.as_deref()),
        "permissions": caller.token.permissions,
    })))
}
