//! `/_local/owners`: another tenant, for looking at Nightdesk through two pairs of eyes.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Json;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Body, Local};
use crate::owners::{CREDITS, OwnerError};
use crate::problem::Problem;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewOwner {
    email: String,
    #[serde(default = "credits")]
    credits: u32,
    #[serde(default)]
    team: Option<String>,
}

fn credits() -> u32 {
    CREDITS
}

pub(super) async fn create(
    State(local): State<Local>,
    Body(request): Body<NewOwner>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let made = local
        .owners
        .create(&request.email, request.team, request.credits)
        .await
        .map_err(|error| match error {
            OwnerError::Email(_) => Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "invalid_email",
                "email is no e-mail address.",
            ),
            OwnerError::Store(_) | OwnerError::Wiring(_) => {
                tracing::error!(%error, "an owner was not made");
                Problem::unavailable("The owner could not be stored; the host's log says why.")
            }
        })?;
    Ok((
        StatusCode::CREATED,
        Json(json!({ "owner_id": made.owner_id, "token": made.token })),
    ))
}
