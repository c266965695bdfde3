//! Wires the planner and runs it.

use std::sync::Arc;

use aws::Wiring;
use providers::Secret;
use providers::config::ProviderSettings;
use providers::model::OfflineModel;

use crate::PlannerFunction;

/// Serves planning messages until the process ends.
///
/// # Errors
/// The environment cannot be used, the model's key cannot be read, or the Runtime API does not answer.
pub async fn run() -> Result<(), lambda_runtime::Error> {
    let wiring = Wiring::from_env().await?;
    let key = wiring.key("NIGHTDESK_MODEL_KEY").await?;
    let key = key.map(|key| Secret::new(key.expose()));
    let settings = ProviderSettings::read(&|name| wiring.variable(name), key)?;
    let planner = PlannerFunction::new(
        wiring.engine(),
        wiring.assessments(),
        settings.model()?,
        Arc::new(OfflineModel),
        settings.egress,
    );
    aws::lambda::consume(&wiring, Arc::new(planner)).await
}
