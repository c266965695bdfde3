//! Wires the step executor and runs it.

use std::sync::Arc;

use aws::{ConfigError, Wiring};
use domain::allowance::RECIPIENTS_A_DAY;
use providers::Secret;
use providers::config::ProviderSettings;
use providers::webhook::WebhookSender;

use crate::{Ports, StepExecutor};

/// How many recipients an owner's approved mails may have in a day.
const RECIPIENTS: &str = "NIGHTDESK_MAX_RECIPIENTS_PER_DAY";

fn recipients_a_day(variable: Option<String>) -> Result<u32, ConfigError> {
    let Some(text) = variable else {
        return Ok(RECIPIENTS_A_DAY);
    };
    text.parse().map_err(|_| ConfigError::Unusable {
        name: RECIPIENTS,
        reason: "it is no whole number".to_owned(),
    })
}

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
        allowances: wiring.allowances(),
        recipients_a_day: recipients_a_day(wiring.variable(RECIPIENTS))?,
        webhooks: Arc::new(WebhookSender::new(settings.egress.clone())?),
        sealing: wiring.sealing()?,
        visits: wiring.visits(),
        slots: wiring.slots(),
    };
    let executor = StepExecutor::new(wiring.engine(), ports, settings.egress);
    aws::lambda::consume(&wiring, Arc::new(executor)).await
}
