//! `/_local/*`: what only the local host can do, and only for whoever runs it.
//!
//! Look into the mailbox, move the clock, see the bill, break things on purpose. None of it exists in
//! AWS or in the OpenAPI document. The answers follow the API's conventions: JSON in and out, unknown
//! fields refused, problems as `application/problem+json`. A body must say that it is JSON: then a
//! foreign page in the same browser cannot send one without being asked first.

pub(crate) mod blobs;
mod clock;
mod mail;
mod mailbox;
mod owners;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::faults::{FaultSettings, Faults};
use crate::owners::Owners;
use crate::problem::Problem;
use crate::services::ses::Ses;
use crate::site::Edition;
use crate::system::{System, SystemError};
use crate::usage::Usage;

/// What the endpoints work on.
#[derive(Clone)]
pub(crate) struct Local {
    pub(crate) system: Arc<System>,
    pub(crate) ses: Arc<Ses>,
    pub(crate) usage: Arc<Usage>,
    pub(crate) faults: Arc<Faults>,
    pub(crate) edition: Arc<Edition>,
    pub(crate) owners: Owners,
    pub(crate) blobs: blobs::Blobs,
}

impl Local {
    /// The routes below `/_local`.
    pub(crate) fn router(self) -> Router {
        Router::new()
            .route("/blobs/{owner}/{sha256}", get(blobs::fetch))
            .route("/mail", get(mail::list).delete(mail::clear))
            .route("/clock", get(clock::read).post(clock::advance))
            .route("/owners", post(owners::create))
            .route("/quiesce", post(quiesce))
            .route("/usage", get(usage).delete(reset_usage))
            .route("/faults", get(current_faults).post(set_faults))
            .route("/schedules", get(schedules))
            .route("/site", get(edition).post(set_edition))
            .method_not_allowed_fallback(method_not_allowed)
            .fallback(not_found)
            .with_state(self)
    }
}

/// A JSON body; an absent one counts as `{}`.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let kind = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        let is_json = kind.is_some_and(|kind| {
            let essence = kind.split(';').next().unwrap_or("");
            essence.trim().eq_ignore_ascii_case("application/json")
        });
        let body = Bytes::from_request(request, state)
            .await
            .map_err(|rejection| {
                Problem::new(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    "payload_too_large",
                    rejection.body_text(),
                )
            })?;
        if body.is_empty() {
            return serde_json::from_str("{}")
                .map(Self)
                .map_err(|error| Problem::invalid(error.to_string()));
        }
        if !is_json {
            let detail = "The body must be application/json.";
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                detail,
            ));
        }
        let value: Value = serde_json::from_slice(&body).map_err(|error| {
            Problem::new(StatusCode::BAD_REQUEST, "malformed_json", error.to_string())
        })?;
        serde_json::from_value(value)
            .map(Self)
            .map_err(|error| Problem::invalid(error.to_string()))
    }
}

/// A failure inside the host: logged whole, told in general.
impl From<SystemError> for Problem {
    fn from(error: SystemError) -> Self {
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        tracing::error!(%error, cause, "a local request failed");
        Self::unavailable("The local host could not do this; its log says why.")
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Quiesce {
    /// Real milliseconds to wait.
    #[serde(default = "ten_seconds")]
    timeout_ms: u64,
}

fn ten_seconds() -> u64 {
    10_000
}

async fn quiesce(
    State(local): State<Local>,
    Body(request): Body<Quiesce>,
) -> Result<Response, Problem> {
    let patience = Duration::from_millis(request.timeout_ms.min(600_000));
    if local.system.quiesce(patience).await? {
        return Ok(Json(json!({ "quiet": true })).into_response());
    }
    Err(Problem::new(
        StatusCode::GATEWAY_TIMEOUT,
        "unavailable",
        "The system did not become quiet in time.",
    ))
}

async fn usage(State(local): State<Local>) -> Json<Value> {
    Json(local.usage.snapshot())
}

async fn reset_usage(State(local): State<Local>) -> StatusCode {
    local.usage.reset();
    StatusCode::NO_CONTENT
}

async fn current_faults(State(local): State<Local>) -> Json<FaultSettings> {
    Json(local.faults.settings())
}

async fn set_faults(
    State(local): State<Local>,
    Body(settings): Body<FaultSettings>,
) -> Result<Json<FaultSettings>, Problem> {
    local
        .faults
        .set(settings)
        .map_err(|error| Problem::invalid(error.to_string()))?;
    Ok(Json(local.faults.settings()))
}

async fn schedules(State(local): State<Local>) -> Result<Json<Value>, Problem> {
    let schedules = local.system.scheduler.list().map_err(SystemError::from)?;
    Ok(Json(json!({ "schedules": schedules })))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SetEdition {
    edition: u32,
}

async fn edition(State(local): State<Local>) -> Json<Value> {
    Json(json!({ "edition": local.edition.get() }))
}

async fn set_edition(
    State(local): State<Local>,
    Body(request): Body<SetEdition>,
) -> Result<Json<Value>, Problem> {
    local.edition.set(request.edition).map_err(|error| {
        tracing::error!(%error, "the site's edition was not kept");
        Problem::unavailable("The edition could not be kept; the host's log says why.")
    })?;
    Ok(Json(json!({ "edition": request.edition })))
}

async fn not_found() -> Problem {
    Problem::not_found("There is no such local endpoint.")
}

async fn method_not_allowed() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "This endpoint has other methods.",
    )
}
