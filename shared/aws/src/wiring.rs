//! The environment read once, clients built once, ports handed out.

use std::collections::HashMap;
use std::sync::Arc;

use engine::Engine;
use engine::ports::{
    Allowances, Assessments, Downloads, Erasures, Mailer, Pacing, Queues, Replays, Schedules,
    Secret, SecretError, Secrets, Slots, Store, Usage, Visits,
};
use engine::retention::Retention;
use engine::sealing::Sealing;

use crate::clock::{RuntimeClock, SystemEntropy};
use crate::dynamo::{Blobs, DynamoStore};
use crate::scheduler::SchedulerSchedules;
use crate::sdk::{Credentials, Endpoints, Sdk};
use crate::secrets_manager::SecretsManager;
use crate::ses::SesMailer;
use crate::sqs::{QueueUrls, SqsQueues};
use crate::telemetry;
use crate::trust::Trust;

/// A function's environment cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    #[error("the environment variable {0} is missing")]
    Missing(&'static str),
    #[error("the environment variable {name} cannot be used: {reason}")]
    Unusable { name: &'static str, reason: String },
}

/// The certificates in the file that `AWS_CA_BUNDLE` names.
fn bundle(path: &str) -> Result<Trust, ConfigError> {
    let unusable = |reason| ConfigError::Unusable {
        name: "AWS_CA_BUNDLE",
        reason,
    };
    let pem = std::fs::read(path).map_err(|error| unusable(error.to_string()))?;
    Trust::of_bundle(pem).map_err(unusable)
}

/// Everything a function is wired from.
#[derive(Clone)]
pub struct Wiring {
    variables: Arc<HashMap<String, String>>,
    sdk: Sdk,
    clock: Arc<RuntimeClock>,
    store: Arc<DynamoStore>,
    queues: Arc<SqsQueues>,
}

impl Wiring {
    /// Reads the environment and builds what every function needs.
    ///
    /// # Errors
    /// A variable is missing or unusable, or one is set that AWS must not have.
    #[expect(
        clippy::unused_async,
        reason = "building clients may one day ask for credentials"
    )]
    pub async fn from_env() -> Result<Self, ConfigError> {
        Self::new(std::env::vars().collect())
    }

    /// As [`Wiring::from_env`], from given variables.
    ///
    /// # Errors
    /// As [`Wiring::from_env`].
    pub fn new(variables: HashMap<String, String>) -> Result<Self, ConfigError> {
        // Whatever speaks TLS in this process uses ring; a second installation changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let get = |name: &'static str| {
            variables
                .get(name)
                .filter(|value| !value.is_empty())
                .cloned()
        };
        let need = |name: &'static str| get(name).ok_or(ConfigError::Missing(name));
        telemetry::start(&get("NIGHTDESK_LOG").unwrap_or_else(|| "info".to_owned()));
        let all: Vec<(String, String)> = variables
            .iter()
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let endpoints = Endpoints::from_variables(&all);
        if !endpoints.is_given() && get("NIGHTDESK_EGRESS_ALLOW").is_some() {
            let reason = "exceptions to \"public addresses only\" are for tests and never for AWS"
                .to_owned();
            return Err(ConfigError::Unusable {
                name: "NIGHTDESK_EGRESS_ALLOW",
                reason,
            });
        }
        let credentials = Credentials {
            access_key: need("AWS_ACCESS_KEY_ID")?,
            secret_key: need("AWS_SECRET_ACCESS_KEY")?,
            session_token: get("AWS_SESSION_TOKEN"),
        };
        let region = need("AWS_REGION")?;
        let trust = match get("AWS_CA_BUNDLE") {
            Some(path) => bundle(&path)?,
            // Who has put something else in AWS's place has not necessarily Amazon's certificates.
            None if endpoints.is_given() => Trust::Machine,
            None => Trust::of_region(&region),
        };
        let sdk = Sdk::new(region, credentials, endpoints, &trust);
        let blobs =
            Blobs::at(&need("NIGHTDESK_BLOBS")?, &all).map_err(|reason| ConfigError::Unusable {
                name: "NIGHTDESK_BLOBS",
                reason,
            })?;
        let retention = match get("NIGHTDESK_RETENTION_DAYS") {
            None => Retention::DEFAULT,
            Some(days) => Retention::parse(&days).ok_or_else(|| ConfigError::Unusable {
                name: "NIGHTDESK_RETENTION_DAYS",
                reason: format!("{days} is no number from 1 to {}", Retention::MOST_DAYS),
            })?,
        };
        let clock = Arc::new(RuntimeClock::new(
            get("NIGHTDESK_CLOCK").as_deref() == Some("runtime-header"),
        ));
        let table = need("NIGHTDESK_TABLE")?;
        let store = DynamoStore::new(&sdk, table, blobs, clock.clone(), retention);
        let queues = SqsQueues::new(
            &sdk,
            QueueUrls {
                step: need("NIGHTDESK_STEP_QUEUE_URL")?,
                crawl: need("NIGHTDESK_CRAWL_QUEUE_URL")?,
                start: need("NIGHTDESK_START_QUEUE_URL")?,
                plan: need("NIGHTDESK_PLAN_QUEUE_URL")?,
                judge: need("NIGHTDESK_JUDGE_QUEUE_URL")?,
                notice: need("NIGHTDESK_NOTICE_QUEUE_URL")?,
                dead_letters: need("NIGHTDESK_DEAD_LETTER_QUEUE_URL")?,
            },
        );
        Ok(Self {
            variables: Arc::new(variables),
            sdk,
            clock,
            store: Arc::new(store),
            queues: Arc::new(queues),
        })
    }

    /// An environment variable as it was read; empty counts as unset.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<String> {
        self.variables
            .get(name)
            .filter(|value| !value.is_empty())
            .cloned()
    }

    /// An environment variable that must be there.
    ///
    /// # Errors
    /// It is not.
    pub fn require(&self, name: &'static str) -> Result<String, ConfigError> {
        self.variable(name).ok_or(ConfigError::Missing(name))
    }

    /// A key: the content of the secret that `{name}_SECRET` names; from the variable `name` itself only where no
    /// secret is named.
    ///
    /// # Errors
    /// The secret cannot be read.
    pub async fn key(&self, name: &str) -> Result<Option<Secret>, SecretError> {
        Ok(match self.variable(&format!("{name}_SECRET")) {
            Some(secret) => Some(self.secrets().secret(&secret).await?),
            None => self.variable(name).map(Secret::new),
        })
    }

    #[must_use]
    pub fn clock(&self) -> Arc<RuntimeClock> {
        Arc::clone(&self.clock)
    }

    #[must_use]
    pub fn engine(&self) -> Engine {
        Engine {
            store: Arc::clone(&self.store) as Arc<dyn Store>,
            queues: Arc::clone(&self.queues) as Arc<dyn Queues>,
            clock: Arc::clone(&self.clock) as _,
            entropy: Arc::new(SystemEntropy::default()),
        }
    }

    /// The turns at hosts, shared by all functions.
    #[must_use]
    pub fn pacing(&self) -> Arc<dyn Pacing> {
        Arc::clone(&self.store) as Arc<dyn Pacing>
    }

    /// What owners have in flight.
    #[must_use]
    pub fn slots(&self) -> Arc<dyn Slots> {
        Arc::clone(&self.store) as Arc<dyn Slots>
    }

    /// How often tokens are used.
    #[must_use]
    pub fn usage(&self) -> Arc<dyn Usage> {
        Arc::clone(&self.store) as Arc<dyn Usage>
    }

    /// What was answered to requests that may come again.
    #[must_use]
    pub fn replays(&self) -> Arc<dyn Replays> {
        Arc::clone(&self.store) as Arc<dyn Replays>
    }

    /// What seals and opens the secrets of webhooks.
    ///
    /// # Errors
    /// It is not said where the root key is.
    pub fn sealing(&self) -> Result<Sealing, ConfigError> {
        let name = self.require("NIGHTDESK_SEALING_SECRET")?;
        Ok(Sealing::new(self.secrets(), name))
    }

    /// What erases owners.
    #[must_use]
    pub fn erasures(&self) -> Arc<dyn Erasures> {
        Arc::clone(&self.store) as Arc<dyn Erasures>
    }

    /// What owners have used of a day's allowances.
    #[must_use]
    pub fn allowances(&self) -> Arc<dyn Allowances> {
        Arc::clone(&self.store) as Arc<dyn Allowances>
    }

    /// Addresses at which blobs can be fetched.
    #[must_use]
    pub fn downloads(&self) -> Arc<dyn Downloads> {
        Arc::clone(&self.store) as Arc<dyn Downloads>
    }

    /// Questions to the model, and its opinions.
    #[must_use]
    pub fn assessments(&self) -> Arc<dyn Assessments> {
        Arc::clone(&self.store) as Arc<dyn Assessments>
    }

    /// What crawls keep for the next.
    #[must_use]
    pub fn visits(&self) -> Arc<dyn Visits> {
        Arc::clone(&self.store) as Arc<dyn Visits>
    }

    /// The scheduler.
    ///
    /// # Errors
    /// Its variables are missing.
    pub fn schedules(&self) -> Result<Arc<dyn Schedules>, ConfigError> {
        Ok(Arc::new(SchedulerSchedules::new(
            &self.sdk,
            self.require("NIGHTDESK_SCHEDULE_GROUP")?,
            self.require("NIGHTDESK_SCHEDULE_ROLE_ARN")?,
            self.require("NIGHTDESK_START_QUEUE_ARN")?,
        )))
    }

    /// The mail service.
    ///
    /// # Errors
    /// `NIGHTDESK_MAIL_FROM` is missing.
    pub fn mailer(&self) -> Result<Arc<dyn Mailer>, ConfigError> {
        Ok(Arc::new(SesMailer::new(
            &self.sdk,
            self.require("NIGHTDESK_MAIL_FROM")?,
            self.variable("NIGHTDESK_MAIL_CONFIGURATION_SET"),
        )))
    }

    #[must_use]
    pub fn secrets(&self) -> Arc<dyn Secrets> {
        Arc::new(SecretsManager::new(&self.sdk))
    }

    pub(crate) fn queues(&self) -> Arc<SqsQueues> {
        Arc::clone(&self.queues)
    }
}
