//! Wires the notifier and runs it.

use std::sync::Arc;

use aws::Wiring;
use domain::egress::{EgressRule, Exceptions};
use providers::webhook::WebhookSender;

use crate::{Links, Notifier};

/// Serves notice messages until the process ends.
///
/// # Errors
/// The environment cannot be used, or the Runtime API does not answer.
pub async fn run() -> Result<(), lambda_runtime::Error> {
    let wiring = Wiring::from_env().await?;
    let links = Links::new(
        wiring.secrets(),
        wiring.require("NIGHTDESK_LINK_SECRET")?,
        &wiring.require("NIGHTDESK_BASE_URL")?,
    );
    let exceptions = wiring
        .variable("NIGHTDESK_EGRESS_ALLOW")
        .unwrap_or_default();
    let egress = EgressRule::new(Exceptions::parse(&exceptions)?);
    let webhooks = Arc::new(WebhookSender::new(egress)?);
    let notifier = Notifier::new(
        wiring.engine(),
        wiring.mailer()?,
        webhooks,
        links,
        wiring.sealing()?,
    );
    aws::lambda::consume(&wiring, Arc::new(notifier)).await
}
