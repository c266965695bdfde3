//! Wires the step executor and runs it.

use std::sync::Arc;

use aws::Wiring;
use providers::Secret;
use providers::config::ProviderSettings;
use providers::webhook::WebhookSender;

use crate::{Ports, StepExecutor};

/// Serves step messages until the process ends.
///
/// # Errors
/// The environment cannot be used, a key cannot be read, or the Runtime API does not answer.
pub async fn run() -> Result<(), lambda_runtime::Error> {
    let wiring = Wiring::from_env().await?;
    let model_key = wiring.key("NIGHTDESK_MODEL_KEY").await?;
    let search_key = wiring.key("NIGHTDESK_SEARCH_KEY").await?;
    let variable = |name: &str| match name {
        "NIGHTDESK_SEARCH_KEY" => search_key.as_ref().map(|key| key.expose().to_owned()),
        name => wiring.variable(name),
    };
    let settings =
        ProviderSettings::read(&variable, model_key.map(|key| Secret::new(key.expose())))?;
    let ports = Ports {
        search: settings.search()?,
        crawler: settings.paced_crawler(wiring.pacing(), wiring.clock())?,
        model: settings.model()?,
        images: settings.images()?,
        mailer: wiring.mailer()?,
        webhooks: Arc::new(WebhookSender::new(settings.egress.clone())?),
        visits: wiring.visits(),
        slots: wiring.slots(),
    };
    let executor = StepExecutor::new(wiring.engine(), ports, settings.egress);
    aws::lambda::consume(&wiring, Arc::new(executor)).await
}
