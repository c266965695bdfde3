//! What the engine needs from the outside: one trait and one error enum a file.
//!
//! The variants of every error are decisions, not causes: a caller matches on what to do next. Each
//! port has a real implementation and, where the outside is not AWS, an offline twin, and
//! one suite of contract tests (`tests/it/src/contracts`) runs over all of them.

pub mod allowances;
pub mod assessments;
pub mod clock;
pub mod crawler;
pub mod deliveries;
pub mod downloads;
pub mod erasures;
pub mod images;
pub mod mailer;
pub mod model;
pub mod pacing;
pub mod queues;
pub mod replays;
pub mod schedules;
pub mod search;
pub mod secrets;
pub mod sessions;
pub mod slots;
pub mod store;
pub mod usage;
pub mod visits;
pub mod webhooks;

pub use allowances::{Allowances, Granted, Use};
pub use assessments::Assessments;
pub use clock::{Clock, Entropy};
pub use crawler::{
    Crawler, FetchError, Fetched, FieldRequest, Fields, Page, PageRequest, Validators,
};
pub use deliveries::Deliveries;
pub use downloads::{Download, Downloads};
pub use erasures::Erasures;
pub use images::{Image, ImageRequest, Images};
pub use mailer::{About, Mail, MailError, Mailer};
pub use model::{Answer, Model, ModelError, Task};
pub use pacing::{Pacing, TurnRequest};
pub use queues::{DeadLetter, Message, QueueError, Queues};
pub use replays::Replays;
pub use schedules::{ScheduleError, Schedules};
pub use search::{Search, SearchError, SearchRequest};
pub use secrets::{Secret, SecretError, Secrets};
pub use sessions::Sessions;
pub use slots::{Slots, Swap};
pub use store::{Commit, CommitError, Store, StoreError, Write};
pub use usage::Usage;
pub use visits::{Visitor, Visits};
pub use webhooks::{Post, PostError, Webhooks};
