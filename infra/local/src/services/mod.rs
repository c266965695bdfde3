//! The AWS services the functions call, on loopback, speaking AWS's wire protocols.
//!
//! Small and strict: only the operations we call, and where AWS is unclear the harder reading, so that
//! what works here works there. Whose requests they are is not asked; the ports are this machine's own.
//!
//! | service | what it is | state |
//! |---|---|---|
//! | [`dynamodb`] | `dynoxide-rs` behind a metering, failing proxy | `dynamodb.sqlite` |
//! | [`sqs`] | ours | `services.sqlite` |
//! | [`ses`] | ours | `services.sqlite` |
//! | [`scheduler`] | ours | `services.sqlite` |
//! | [`secrets_manager`] | ours | `services.sqlite` |
//!
//! All take the time from [`Clock`], their misfortunes from [`Faults`], and are counted in [`Usage`].

pub(crate) mod dynamodb;
pub(crate) mod scheduler;
pub(crate) mod secrets_manager;
pub(crate) mod ses;
pub(crate) mod sqs;
mod wire;

#[cfg(test)]
mod testing;

use std::path::PathBuf;
use std::sync::Arc;

use self::dynamodb::{DynamoDb, DynamoDbError, TableSettings};
use self::scheduler::Scheduler;
use self::secrets_manager::{SecretError, SecretSource, Secrets};
use self::ses::{Ses, SesSettings};
use self::sqs::{QueueSettings, Sqs, SqsError, SqsFront};
use self::wire::{Listener, Service, listen};
use crate::clock::Clock;
use crate::faults::Faults;
use crate::state::{State, StateError};
use crate::usage::Usage;

/// What the topology and the flags say about the services.
#[derive(Default)]
pub(crate) struct ServiceSettings {
    /// The folder for the state, which must exist; `None` keeps nothing.
    pub(crate) data: Option<PathBuf>,
    /// Tables to create.
    pub(crate) tables: Vec<TableSettings>,
    /// Queues by physical name. A dead-letter queue named in a redrive must be among them.
    pub(crate) queues: Vec<(String, QueueSettings)>,
    /// Schedule groups beside `default`.
    pub(crate) schedule_groups: Vec<String>,
    /// Secrets by name.
    pub(crate) secrets: Vec<(String, SecretSource)>,
    /// Who may send mail.
    pub(crate) ses: SesSettings,
}

/// Why the services could not be started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// The state could not be opened.
    #[error(transparent)]
    State(#[from] StateError),
    /// The database could not be started.
    #[error(transparent)]
    DynamoDb(#[from] DynamoDbError),
    /// A queue could not be declared.
    #[error(transparent)]
    Queue(#[from] SqsError),
    /// A queue sends its dead letters to a queue that is not declared.
    #[error("the queue `{queue}` has its dead letters in `{dead_letters}`, which is not declared")]
    NoDeadLetters {
        /// The queue.
        queue: String,
        /// The queue that is missing.
        dead_letters: String,
    },
    /// A secret could not be declared.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// A port could not be opened.
    #[error("a service could not be put behind a port")]
    Port(#[from] std::io::Error),
}

/// The running services. They stop when this is dropped; the state needs no farewell.
pub(crate) struct Services {
    /// The time of the whole system.
    pub(crate) clock: Arc<Clock>,
    /// What was called how often.
    pub(crate) usage: Arc<Usage>,
    /// How unkind the infrastructure is.
    pub(crate) faults: Arc<Faults>,
    /// The queues.
    pub(crate) sqs: Arc<Sqs>,
    /// The mailbox.
    pub(crate) ses: Arc<Ses>,
    /// The schedules.
    pub(crate) scheduler: Arc<Scheduler>,
    /// The database itself, unmetered and without faults, for the host's own questions.
    pub(crate) database: dynoxide::Database,
    /// Endpoint of DynamoDB.
    pub(crate) dynamodb_url: String,
    /// Endpoint of SQS; queue URLs are `{sqs_url}/000000000000/{name}`.
    pub(crate) sqs_url: String,
    /// Endpoint of SES.
    pub(crate) ses_url: String,
    /// Endpoint of EventBridge Scheduler.
    pub(crate) scheduler_url: String,
    /// Endpoint of Secrets Manager.
    pub(crate) secrets_url: String,
    _dynamodb: DynamoDb,
    _listeners: [Listener; 4],
}

impl Services {
    /// Opens the state, declares what the topology says, and puts every service behind a port of its
    /// own. Messages that were in flight when the last host died are visible again at once.
    ///
    /// # Errors
    /// When the state is in use or damaged, the topology does not hold together, or there are no ports.
    pub(crate) async fn start(settings: ServiceSettings) -> Result<Self, StartError> {
        let file = |name: &str| settings.data.as_ref().map(|folder| folder.join(name));
        let state = State::open(file("services.sqlite").as_deref())?;
        let clock = Clock::open(Arc::clone(&state))?;
        let (usage, faults) = (Arc::new(Usage::default()), Arc::new(Faults::default()));
        let common = || {
            (
                Arc::clone(&state),
                Arc::clone(&clock),
                Arc::clone(&usage),
                Arc::clone(&faults),
            )
        };

        let (s, c, u, f) = common();
        let sqs = Sqs::new(s, c, u, f);
        for (name, queue) in &settings.queues {
            sqs.create_queue(name, queue.clone())?;
        }
        for (queue, QueueSettings { redrive, .. }) in settings.queues {
            if let Some((dead_letters, _)) = redrive
                && !sqs.has(&dead_letters)
            {
                return Err(StartError::NoDeadLetters {
                    queue,
                    dead_letters,
                });
            }
        }
        let released = sqs.release_in_flight()?;
        tracing::debug!(released, "messages of the last host are visible again");

        let (s, c, u, f) = common();
        let ses = Ses::new(s, c, u, f, Arc::clone(&sqs), settings.ses);
        let (s, c, u, f) = common();
        let scheduler = Scheduler::new(s, c, u, f, Arc::clone(&sqs), settings.schedule_groups);
        let (s, c, u, f) = common();
        let secrets = Secrets::new(s, c, u, f);
        for (name, source) in settings.secrets {
            secrets.declare(&name, source)?;
        }

        let dynamodb = DynamoDb::start(
            file("dynamodb.sqlite").as_deref(),
            &settings.tables,
            Arc::clone(&usage),
            Arc::clone(&faults),
        )
        .await?;
        let listeners = [
            listen(Arc::new(SqsFront::new(Arc::clone(&sqs)))).await?,
            listen(Arc::clone(&ses) as Arc<dyn Service>).await?,
            listen(Arc::clone(&scheduler) as Arc<dyn Service>).await?,
            listen(secrets).await?,
        ];
        let [sqs_url, ses_url, scheduler_url, secrets_url] = listeners
            .each_ref()
            .map(|listener| listener.url().to_owned());
        Ok(Self {
            clock,
            usage,
            faults,
            sqs,
            ses,
            scheduler,
            dynamodb_url: dynamodb.url().to_owned(),
            database: dynamodb.database().clone(),
            sqs_url,
            ses_url,
            scheduler_url,
            secrets_url,
            _dynamodb: dynamodb,
            _listeners: listeners,
        })
    }
}

#[cfg(test)]
mod tests;
