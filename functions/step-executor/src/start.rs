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
/// The environment cannot be used, the model's key cannot be read, or the Runtime API does not answer.
pub async fn run() -> Result<(), lambda_runtime::Error> {
    let wiring = Wiring::from_env().await?;
    let settings =
        ProviderSettings::read(&|name| wiring.variable(name), model_key(&wiring).await?)?;
    let ports = Ports {
        search: settings.search()?,
        crawler: settings.paced_crawler(wiring.pacing(), wiring.clock())?,
        model: settings.model()?,
        images: settings.images()?,
        mailer: wiring.mailer()?,
        webhooks: Arc::new(WebhookSender::new(settings.egress.clone())?),
        visits: wiring.visits(),
    };
    let executor = StepExecutor::new(wiring.engine(), ports, settings.egress);
    aws::lambda::consume(&wiring, Arc::new(executor)).await
}

/// The model's key: a secret's, by name; from the environment only where no secret is named.
async fn model_key(wiring: &Wiring) -> Result<Option<Secret>, lambda_runtime::Error> {
    Ok(match wiring.variable("NIGHTDESK_MODEL_KEY_SECRET") {
        Some(name) => Some(Secret::new(wiring.secrets().secret(&name).await?.expose())),
        None => wiring.variable("NIGHTDESK_MODEL_KEY").map(Secret::new),
    })
}
