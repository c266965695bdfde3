//! `/v1/owners`: the tenants of this installation, for whoever administers it.

use axum::Json;
use axum::response::{IntoResponse, Response};
use domain::ids::OwnerId;
use domain::owner::Permission;
use engine::owners::NewOwner;
use http::StatusCode;

use super::tokens;
use crate::app::App;
use crate::auth::{Admin, Caller};
use crate::extract::{self, OptionalJson};
use crate::path::Id;
use crate::problem::Problem;
use crate::query::Query;
use crate::wire::owner as wire;
use crate::wire::token;

/// `POST /v1/owners`
pub(super) async fn create(
    app: App,
    _: Caller<Admin>,
    query: Query,
    body: extract::Json,
) -> Result<Response, Problem> {
    let asked = query.and(wire::create(&body.0))?;
    let new = NewOwner {
        email: asked.email,
        team: asked.team,
        permissions: Permission::of_first(),
        credits: None,
        token: None,
    };
    let (owner, token) = app.engine.create_owner(new).await?;
    let body = wire::created(&owner, &token);
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

/// `POST /v1/owners/{id}/tokens`: a new token for an owner who has lost theirs, or whose tokens somebody else has.
pub(super) async fn recover(
    app: App,
    caller: Caller<Admin>,
    Id(id): Id<OwnerId>,
    query: Query,
    body: OptionalJson,
) -> Result<Response, Problem> {
    let new = query.and(token::recover(&body.0, &tokens::giver(&app, &caller)))?;
    let owner = app.engine.store.owner(&id).await?;
    let owner = owner.ok_or_else(Problem::not_found)?;
    let (token, text) = app.engine.recover(&owner, new).await?;
    Ok(tokens::shown_once(&token, text))
}

/// `DELETE /v1/owners/{id}`: erases an owner with everything that is theirs. Asked again, it says how far it has come.
pub(super) async fn erase(
    app: App,
    _: Caller<Admin>,
    Id(id): Id<OwnerId>,
    query: Query,
) -> Result<Response, Problem> {
    query.finish()?;
    let erasure = app.engine.erase_owner(app.erasures.as_ref(), &id).await?;
    let erasure = erasure.ok_or_else(Problem::not_found)?;
    Ok((StatusCode::ACCEPTED, Json(wire::erasing(&erasure))).into_response())
}
