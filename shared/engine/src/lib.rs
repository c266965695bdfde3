#![doc = include_str!("../README.md")]

pub mod advance;
pub mod approvals;
pub mod asking;
mod assessments;
pub mod consuming;
mod dead_letters;
pub mod deliveries;
pub mod destinations;
pub mod differences;
pub mod dispatch;
pub mod erasing;
pub mod executions;
pub mod history;
pub mod judging;
pub mod listing;
#[cfg(feature = "memory")]
pub mod memory;
mod notices;
pub mod owners;
pub mod page;
pub mod planning;
pub mod ports;
pub mod quotas;
pub mod removal;
pub mod reruns;
pub mod retention;
pub mod retry;
pub mod returns;
pub mod schedules;
pub mod sealing;
pub mod seeded_bugs;
pub mod sessions;
mod sign_ins;
pub mod signals;
pub mod slots;
pub mod sweeping;
pub mod tokens;
pub mod workflows;

use std::sync::Arc;

use jiff::Timestamp;

use ports::{Clock, Commit, CommitError, Entropy, Queues, Store, StoreError, Write};

/// The engine: the ports that every verb needs. A verb that needs more takes it as an argument.
#[derive(Clone)]
pub struct Engine {
    pub store: Arc<dyn Store>,
    pub queues: Arc<dyn Queues>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

/// `seconds` later.
pub(crate) fn after(now: Timestamp, seconds: i64) -> Timestamp {
    now.checked_add(jiff::SignedDuration::from_secs(seconds))
        .unwrap_or(Timestamp::MAX)
}

/// Whether the commit was made by us, or somebody else was faster.
pub(crate) fn won(committed: Result<(), CommitError>) -> Result<bool, StoreError> {
    match committed {
        Ok(()) => Ok(true),
        Err(
            CommitError::Conflict
            | CommitError::Exists
            | CommitError::InsufficientCredits(_)
            | CommitError::Full(_),
        ) => Ok(false),
        Err(CommitError::Store(error)) => Err(error),
    }
}

/// How often a verb loads again after a conflict before it gives up: with full jitter up to 1 s this
/// outlasts a hundred writers of one item.
const MOST_CONFLICTS: u32 = 40;

/// How often a commit is repeated that tells of something that has happened outside.
const MOST_PATIENCE: u32 = 5;
/// The pause after its first try; doubled after each, so that all of them take some three seconds: far less than
/// anybody's lease.
const FIRST_PAUSE: std::time::Duration = std::time::Duration::from_millis(100);

impl Engine {
    /// Now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A fresh UUID.
    #[must_use]
    pub fn uuid(&self) -> uuid::Uuid {
        self.entropy.uuid(self.clock.now())
    }

    /// Writes all or nothing, as a new writer. Approvals that are opened or closed are counted here, because they are
    /// closed in many places.
    ///
    /// # Errors
    /// As [`Store::commit`].
    pub async fn commit(&self, mut writes: Vec<Write>) -> Result<(), CommitError> {
        let writer = self.uuid().simple().to_string();
        let places = quotas::of_approvals(&writes);
        writes.extend(places);
        self.store.commit(&Commit { writes, writer }).await
    }

    /// Writes all or nothing what must not be lost to a hiccup of the store, because it tells of something that has
    /// happened outside. Every try is the same writer's, so that a try that counted is recognised by the next.
    ///
    /// # Errors
    /// As [`Store::commit`].
    pub async fn commit_patiently(&self, writes: Vec<Write>) -> Result<(), CommitError> {
        let writer = self.uuid().simple().to_string();
        let commit = Commit { writes, writer };
        for tried in 0.. {
            match self.store.commit(&commit).await {
                Err(CommitError::Store(StoreError::Unavailable(reason)))
                    if tried < MOST_PATIENCE =>
                {
                    tracing::warn!(
                        reason,
                        tried,
                        "what has happened could not be written down yet"
                    );
                    tokio::time::sleep(FIRST_PAUSE * (1 << tried)).await;
                }
                other => return other,
            }
        }
        Err(StoreError::Unavailable("it did not answer".to_owned()).into())
    }

    /// Waits before loading again after conflict number `n`; `false` when it is time to give up.
    /// Full jitter over an exponential step (AWS Architecture Blog, "Exponential Backoff and Jitter").
    pub(crate) async fn again(&self, n: u32) -> bool {
        if n >= MOST_CONFLICTS {
            return false;
        }
        let most = f64::from(10_u32.saturating_mul(1 << n.min(7))).min(1000.0);
        let pause = std::time::Duration::from_secs_f64(most * self.entropy.fraction() / 1000.0);
        tokio::time::sleep(pause).await;
        true
    }
}

#[cfg(test)]
#[cfg(feature = "memory")]
mod tests;
