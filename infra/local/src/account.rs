//! An empty AWS account on loopback, for programs that start functions themselves.
//!
//! It holds what the template declares and nothing else, and keeps nothing. Nobody polls its queues and
//! no schedule fires, so whoever opens one sees exactly what the functions did. The release check
//! puts the binaries that are deployed in front of it; `cargo dev` has the whole host.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::owners::Owners;
use crate::services::dynamodb::TableSettings;
use crate::services::secrets_manager::SecretSource;
use crate::services::ses::{EventRule, SesSettings};
use crate::services::sqs::QueueSettings;
use crate::services::{ServiceSettings, Services};
use crate::settings::Hidden;
use crate::topology::{MailRule, Topology, physical_name};

/// The account cannot be used; the source says why.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    #[error("the services could not be started")]
    Services(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the owner could not be made")]
    Owner(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The running services of an account. They end when this is dropped.
pub struct Account {
    services: Services,
}

impl Account {
    /// Starts the services with the tables, queues, schedule groups and secrets of a template.
    /// `sender` is the one address that may send mail.
    ///
    /// # Errors
    /// The template does not hold together, or there are no ports.
    pub async fn open(topology: &Topology, sender: &str) -> Result<Self, AccountError> {
        let services = Services::start(declared(topology, sender)).await;
        let services = services.map_err(|error| AccountError::Services(error.into()))?;
        Ok(Self { services })
    }

    /// Where the services are, in the variables every AWS SDK reads.
    #[must_use]
    pub fn endpoints(&self) -> [(&'static str, &str); 5] {
        let services = &self.services;
        [
            ("AWS_ENDPOINT_URL_DYNAMODB", &services.dynamodb_url),
            ("AWS_ENDPOINT_URL_SQS", &services.sqs_url),
            ("AWS_ENDPOINT_URL_SESV2", &services.ses_url),
            ("AWS_ENDPOINT_URL_SCHEDULER", &services.scheduler_url),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &services.secrets_url),
        ]
    }

    /// Base address of the queues, as [`crate::topology::Deployment`] wants it.
    #[must_use]
    pub fn sqs_url(&self) -> &str {
        &self.services.sqs_url
    }

    /// Makes an owner who may do everything and has this token. `environment` is a function's, with
    /// the endpoints in it: all of them reach the store.
    ///
    /// # Errors
    /// The environment cannot be used, or the store refuses.
    pub async fn admit(
        &self,
        environment: BTreeMap<String, String>,
        email: &str,
        token: &str,
    ) -> Result<(), AccountError> {
        let owners = Owners::new(environment, self.services.clock.clone())
            .map_err(|error| AccountError::Owner(error.into()))?;
        let admitted = owners.ensure(email, &Hidden(token.to_owned())).await;
        admitted.map_err(|error| AccountError::Owner(error.into()))
    }
}

/// What the template declares.
pub(crate) fn declared(topology: &Topology, sender: &str) -> ServiceSettings {
    let seconds = |duration: Duration| u32::try_from(duration.as_secs()).unwrap_or(u32::MAX);
    let tables = topology.tables.iter().map(|table| TableSettings {
        create: table.create.clone(),
        ttl_attribute: table.ttl_attribute.clone(),
    });
    let queues = topology.queues.iter().map(|queue| {
        let settings = QueueSettings {
            visibility_timeout_s: seconds(queue.visibility),
            retention_s: seconds(queue.retention),
            redrive: queue.redrive.as_ref().map(|redrive| {
                let dead_letters = physical_name(&redrive.dead_letters);
                (dead_letters, redrive.max_receive_count)
            }),
        };
        (queue.name.clone(), settings)
    });
    let groups = topology.schedule_groups.iter();
    let secrets = topology.secrets.iter().map(|secret| {
        let generated = SecretSource::Generated {
            length: secret.length,
            exclude_punctuation: secret.exclude_punctuation,
        };
        (secret.name.clone(), generated)
    });
    ServiceSettings {
        data: None,
        tables: tables.collect(),
        queues: queues.collect(),
        schedule_groups: groups.map(|group| group.name.clone()).collect(),
        secrets: secrets.collect(),
        ses: SesSettings {
            verified_senders: vec![sender.to_owned()],
            events: topology.mail_rules.iter().map(event_rule).collect(),
        },
    }
}

fn event_rule(rule: &MailRule) -> EventRule {
    EventRule {
        configuration_set: rule.configuration_set.clone(),
        detail_types: rule.detail_types.clone(),
        queue: physical_name(&rule.queue),
    }
}
