//! Taking messages from a queue: what a function's handler is given and what it answers.
//!
//! Every message comes twice, late and out of order. A handler answers for one message at a time;
//! the glue turns the answers into a partial batch response, so one bad record never takes its
//! batch down.

use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use crate::Engine;
use crate::ports::queues::Message;
use crate::ports::store::StoreError;

/// After how many deliveries a message that only waits is replaced by a fresh one: before the queue's
/// `maxReceiveCount` (template) would make a dead letter of it. Waiting is no fault.
pub const MOST_WAITS: u32 = 4;

/// How long a message waits at most for the store when it comes for the first time, in milliseconds; doubled with each
/// delivery.
const FIRST_WAIT_MS: u32 = 2000;

/// One delivery of a message.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    pub message: Message,
    /// An id of this invocation, for leases and logs.
    pub worker: String,
    /// How often the message has been delivered, this time included.
    pub receive_count: u32,
    /// How long this invocation may still take, with the reserve for committing taken off.
    pub remaining: Duration,
}

/// What becomes of a delivered message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// Dealt with, or no longer wanted: it is removed.
    Done,
    /// Somebody else holds the work: back to the queue until then, because removing it would lose the
    /// redelivery.
    NotBefore(Timestamp),
    /// It could not be dealt with: back to the queue, and to the dead letters in the end.
    Failed,
}

/// A function that consumes a queue.
#[async_trait]
pub trait Consumer: Send + Sync {
    async fn handle(&self, delivery: Delivery) -> Disposition;
}

impl Engine {
    /// Gives a message back until a time. One that has waited often is replaced by a fresh one, so that waiting makes
    /// no dead letter of it; when that fails it goes on waiting.
    pub async fn give_back(&self, delivery: &Delivery, until: Timestamp) -> Disposition {
        if delivery.receive_count < MOST_WAITS {
            return Disposition::NotBefore(until);
        }
        let wait = Duration::try_from(until.duration_since(self.now())).unwrap_or_default();
        match self.queues.send(&delivery.message, wait).await {
            Ok(()) => Disposition::Done,
            Err(error) => {
                tracing::warn!(%error, "a message that waits could not be renewed");
                Disposition::NotBefore(until)
            }
        }
    }

    /// What becomes of a message that could not be dealt with because of the store. One that the store had no answer
    /// for is back after seconds, however often: that is no fault of the message. Any other is a fault that
    /// repetition does not mend, and ends in the dead letters.
    pub async fn after_store_error(&self, delivery: &Delivery, error: &StoreError) -> Disposition {
        match error {
            StoreError::Unavailable(_) => {
                let until = self.now() + self.wait_for_store(delivery.receive_count);
                self.give_back(delivery, until).await
            }
            StoreError::Refused(_) | StoreError::Damaged { .. } => Disposition::Failed,
        }
    }

    /// Half of a time that doubles with each delivery, and up to all of it: 1-2 s, 2-4 s, 4-8 s, 8-16 s.
    fn wait_for_store(&self, receive_count: u32) -> SignedDuration {
        let doubled = FIRST_WAIT_MS << receive_count.clamp(1, MOST_WAITS).saturating_sub(1);
        let most = f64::from(doubled) / 1000.0;
        SignedDuration::from_secs_f64(most * (1.0 + self.entropy.fraction()) / 2.0)
    }
}

#[cfg(all(test, feature = "memory"))]
mod tests {
    use std::sync::Arc;

    use domain::ids::{OwnerId, PlanningId};

    use super::*;
    use crate::memory::{FixedClock, MemoryQueues, MemoryStore, SeededEntropy};

    fn delivery(receive_count: u32) -> Delivery {
        Delivery {
            message: Message::Plan {
                owner: OwnerId::from_uuid(uuid::Uuid::from_u128(1)),
                planning: PlanningId::from_uuid(uuid::Uuid::from_u128(2)),
            },
            worker: "w".to_owned(),
            receive_count,
            remaining: Duration::from_secs(9),
        }
    }

    #[tokio::test]
    async fn a_store_without_an_answer_costs_seconds_and_no_message() {
        let queues = Arc::new(MemoryQueues::default());
        let now = "2026-05-04T08:00:00Z".parse().unwrap();
        let engine = Engine {
            store: Arc::new(MemoryStore::default()),
            queues: queues.clone(),
            clock: Arc::new(FixedClock::at(now)),
            entropy: Arc::new(SeededEntropy::default()),
        };
        let away = StoreError::Unavailable("throttled".to_owned());
        for (count, most) in [(0, 2.0), (1, 2.0), (2, 4.0), (3, 8.0)] {
            let back = engine.after_store_error(&delivery(count), &away).await;
            let Disposition::NotBefore(until) = back else {
                panic!("{back:?}")
            };
            let wait = until.duration_since(now).as_secs_f64();
            assert!((most / 2.0..=most).contains(&wait), "{count}: {wait} s");
        }
        assert!(queues.sent().is_empty());
        for count in [4, 5, u32::MAX] {
            let back = engine.after_store_error(&delivery(count), &away).await;
            assert_eq!(back, Disposition::Done, "a fresh one waits in its place");
        }
        let renewed = queues.sent();
        assert_eq!(renewed.len(), 3);
        assert!(
            renewed
                .iter()
                .all(|sent| sent.message == delivery(1).message)
        );
        for fault in [
            StoreError::Refused("no".to_owned()),
            StoreError::Damaged {
                key: "k".to_owned(),
                reason: "r".to_owned(),
            },
        ] {
            let back = engine.after_store_error(&delivery(4), &fault).await;
            assert_eq!(back, Disposition::Failed);
        }
    }
}
