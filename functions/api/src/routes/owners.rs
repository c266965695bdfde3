//! `POST /v1/owners`: another tenant of this installation.

use axum::Json;
use axum::response::{IntoResponse, Response};
use domain::owner::Permission;
use engine::owners::NewOwner;
use http::StatusCode;

use crate::app::App;
use crate::auth::{Admin, Caller};
use crate::extract;
use crate::problem::Problem;
use crate::query::Query;
use crate::wire::owner as wire;

pub(super) async fn create(
    app: App,
    _: Caller<Admin>,
    query: Query,
    body: extract::Json,
) -> Result<Response, Problem> {
    let asked = query.and(wire::create(&body.0))?;
    let all = Permission::ALL.iter().copied();
    let new = NewOwner {
        email: asked.email,
        team: asked.team,
        permissions: all
            .filter(|permission| *permission != Permission::Admin)
            .collect(),
        credits: None,
        token: None,
    };
    let (owner, token) = app.engine.create_owner(new).await?;
    let body = wire::created(&owner, &token);
    Ok((StatusCode::CREATED, Json(body)).into_response())
}
