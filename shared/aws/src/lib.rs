#![doc = include_str!("../README.md")]

mod clock;
mod dynamo;
pub mod lambda;
mod mail_events;
mod scheduler;
mod sdk;
mod secrets_manager;
mod ses;
pub mod signed_address;
mod sqs;
mod telemetry;
mod trust;
mod wiring;

pub use clock::{RuntimeClock, SystemEntropy};
pub use dynamo::{BLOBS_OF_RUNS, Blobs, DynamoStore};
pub use scheduler::SchedulerSchedules;
pub use sdk::{Endpoints, Sdk};
pub use secrets_manager::SecretsManager;
pub use ses::SesMailer;
pub use sqs::{QueueUrls, SqsQueues};
pub use wiring::{ConfigError, Wiring};
