//! `GET /v1/credits`, and grants by whoever administers the installation.

use axum::Json;
use axum::response::{IntoResponse, Response};
use domain::fault::Fault;
use http::StatusCode;
use serde_json::{Value, json};

use crate::app::App;
use crate::auth::{Admin, Caller, Read};
use crate::extract;
use crate::problem::Problem;
use crate::query::Query;
use crate::wire::{credits as wire, owner};

/// How far back the ledger is shown.
pub(super) const ENTRIES: usize = 1000;

/// `GET /v1/credits`
pub(super) async fn credits(
    app: App,
    caller: Caller<Read>,
    query: Query,
) -> Result<Json<Value>, Problem> {
    query.finish()?;
    let account = app.engine.store.account(caller.owner()).await?;
    let ledger = app.engine.store.ledger(caller.owner(), ENTRIES).await?;
    Ok(Json(wire::object(&account, &ledger)))
}

/// `POST /v1/credits/grants`
pub(super) async fn grant(
    app: App,
    _: Caller<Admin>,
    query: Query,
    body: extract::Json,
) -> Result<Response, Problem> {
    let (owner, amount) = query.and(owner::grant(&body.0))?;
    if app.engine.store.owner(&owner).await?.is_none() {
        let fault = Fault::invalid("/owner_id", "names no owner of this installation");
        return Err(Problem::of(vec![fault]));
    }
    let at = app
        .repeatable
        .map_or_else(|| app.engine.now(), |repeatable| repeatable.begun_at);
    app.engine.grant(&owner, amount, at).await?;
    let account = app.engine.store.account(&owner).await?;
    let body = json!({
        "owner_id": owner,
        "amount": amount,
        "balance": account.balance,
        "reserved": account.reserved,
        "available": account.available(),
    });
    Ok((StatusCode::CREATED, Json(body)).into_response())
}
