//! `/_local/clock`: what time it is, and moving it.

use axum::extract::State;
use axum::response::Json;
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Body, Local};
use crate::problem::Problem;

/// The furthest one request moves the clock: ten years, in seconds.
const FURTHEST: i64 = 10 * 365 * 86_400;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Advance {
    advance_seconds: i64,
    /// The machine was off meanwhile.
    #[serde(default)]
    sleep: bool,
}

pub(super) async fn read(State(local): State<Local>) -> Json<Value> {
    Json(reading(&local))
}

pub(super) async fn advance(
    State(local): State<Local>,
    Body(request): Body<Advance>,
) -> Result<Json<Value>, Problem> {
    if !(0..=FURTHEST).contains(&request.advance_seconds) {
        return Err(Problem::invalid(format!(
            "advance_seconds is a number from 0 to {FURTHEST}: time never goes back."
        )));
    }
    let by = SignedDuration::from_secs(request.advance_seconds);
    let system = local.system.clone();
    // Goes on when the caller hangs up: half a jump would leave the system at a time nobody asked for.
    let jump = tokio::spawn(async move {
        if request.sleep {
            system.sleep(by).await
        } else {
            system.pass(by).await
        }
    });
    match jump.await {
        Ok(moved) => moved?,
        Err(_) => return Err(Problem::unavailable("The host is stopping.")),
    };
    Ok(Json(reading(&local)))
}

fn reading(local: &Local) -> Value {
    let clock = &local.system.clock;
    json!({ "now": clock.now().to_string(), "offset_seconds": clock.offset_seconds() })
}
