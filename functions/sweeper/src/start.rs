//! Wires the adapters and runs.

use aws::Wiring;
use serde_json::json;

use crate::Sweeper;

/// Runs until the process ends.
///
/// # Errors
/// The environment cannot be used, or the Runtime API does not answer.
pub async fn run() -> Result<(), lambda_runtime::Error> {
    let wiring = Wiring::from_env().await?;
    let sweeper = Sweeper {
        engine: wiring.engine(),
        schedules: wiring.schedules()?,
        erasures: wiring.erasures(),
    };
    aws::lambda::tick(&wiring, move || {
        let sweeper = sweeper.clone();
        async move {
            let swept = sweeper.handle().await?;
            Ok(json!({ "nudged": swept.nudged, "failed": swept.failed, "dead_letters": swept.dead_letters }))
        }
    })
    .await
}
