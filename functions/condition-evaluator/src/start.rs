//! Wires the adapters and runs.

use std::sync::Arc;

use aws::Wiring;

use crate::ConditionEvaluator;

/// Runs until the process ends.
///
/// # Errors
/// The environment cannot be used, or the Runtime API does not answer.
pub async fn run() -> Result<(), lambda_runtime::Error> {
    let wiring = Wiring::from_env().await?;
    let evaluator = ConditionEvaluator {
        engine: wiring.engine(),
        schedules: wiring.schedules()?,
    };
    aws::lambda::consume(&wiring, Arc::new(evaluator)).await
}
