//! The queues: messages in SQLite, waiting in memory.
//!
//! A message is one row. It is visible when its `visible_at` has passed, delayed when it was never
//! received, in flight when it was. A receive moves `visible_at` and replaces the receipt, so there is
//! nothing to expire: the visibility timeout is a comparison.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, Transaction, params};
use tokio::sync::watch;
use uuid::Uuid;

use super::fairness::{TimeSpent, check_group, has_any, next_visible};
use super::message::{Delivery, Found, check_body, check_receipt, drop_expired, hand_out};
use crate::clock::{Clock, later, stored_time};
use crate::faults::Faults;
use crate::state::{State, StateError};
use crate::usage::Usage;

/// The longest a sent message may be held back, in seconds.
pub(crate) const LONGEST_DELAY_S: u32 = 900;
/// The longest visibility timeout, in seconds: twelve hours.
pub(crate) const LONGEST_VISIBILITY_S: u32 = 43_200;
/// The most messages one receive hands out.
pub(crate) const MOST_A_RECEIVE: usize = 10;

const RETENTION_S: std::ops::RangeInclusive<u32> = 60..=1_209_600;
const ACCOUNT: &str = "arn:aws:sqs:us-east-1:000000000000:";

/// The ARN of the queue called `name`.
pub(crate) fn arn(name: &str) -> String {
    format!("{ACCOUNT}{name}")
}

/// The name in an ARN of one of our queues.
pub(crate) fn queue_of_arn(arn: &str) -> Option<&str> {
    arn.strip_prefix(ACCOUNT)
}

/// How a queue was declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct QueueSettings {
    /// Seconds a received message stays invisible; 0 to 43,200.
    pub(crate) visibility_timeout_s: u32,
    /// Seconds after which an unprocessed message is dropped; 60 to 1,209,600.
    pub(crate) retention_s: u32,
    /// The dead-letter queue, and after how many receives (1 to 1,000) a message goes there.
    pub(crate) redrive: Option<(String, u32)>,
}

/// Why a request to a queue was refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SqsError {
    /// No queue has this name.
    #[error("The specified queue does not exist.")]
    NoSuchQueue,
    /// A parameter is absent.
    #[error("The request must contain the parameter {0}.")]
    Missing(&'static str),
    /// A parameter has a value it must not have.
    #[error("{0}")]
    Invalid(String),
    /// The body of a message cannot be sent.
    #[error("{0}")]
    InvalidContents(&'static str),
    /// This was never a receipt.
    #[error("The input receipt handle is invalid.")]
    NotAReceipt,
    /// The receipt is no longer that of a message in flight.
    #[error("The message referred to is not in flight.")]
    NotInFlight,
    /// The messages could not be read or written.
    #[error(transparent)]
    State(#[from] StateError),
}

impl From<rusqlite::Error> for SqsError {
    fn from(error: rusqlite::Error) -> Self {
        Self::State(error.into())
    }
}

/// How many messages of one queue are in which state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counts {
    pub(crate) visible: usize,
    pub(crate) in_flight: usize,
    pub(crate) delayed: usize,
}

pub(super) struct Queue {
    pub(super) settings: QueueSettings,
    pub(super) created_at: Timestamp,
    /// Changes whenever a message may have become visible earlier than known.
    changed: watch::Sender<()>,
    /// What consumers have spent on the messages of each group.
    spent: Mutex<TimeSpent>,
}

impl Queue {
    fn spent(&self) -> MutexGuard<'_, TimeSpent> {
        self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The queues of the account.
pub(crate) struct Sqs {
    state: Arc<State>,
    pub(super) clock: Arc<Clock>,
    pub(super) usage: Arc<Usage>,
    pub(super) faults: Arc<Faults>,
    queues: RwLock<BTreeMap<String, Arc<Queue>>>,
}

impl Sqs {
    /// An account without queues; messages of queues declared again are still there.
    pub(crate) fn new(
        state: Arc<State>,
        clock: Arc<Clock>,
        usage: Arc<Usage>,
        faults: Arc<Faults>,
    ) -> Arc<Self> {
        Arc::new(Self {
            state,
            clock,
            usage,
            faults,
            queues: RwLock::default(),
        })
    }

    /// Declares a queue; its messages from earlier runs of the host are kept.
    ///
    /// # Errors
    /// When the name or a setting is outside what AWS permits.
    pub(crate) fn create_queue(&self, name: &str, settings: QueueSettings) -> Result<(), SqsError> {
        let well_named = (1..=80).contains(&name.len())
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        if !well_named {
            return Err(SqsError::Invalid(format!(
                "`{name}` cannot be the name of a queue."
            )));
        }
        if settings.visibility_timeout_s > LONGEST_VISIBILITY_S {
            return Err(SqsError::Invalid(format!(
                "{name}: VisibilityTimeout must be at most {LONGEST_VISIBILITY_S}."
            )));
        }
        if !RETENTION_S.contains(&settings.retention_s) {
            return Err(SqsError::Invalid(format!(
                "{name}: MessageRetentionPeriod must be 60 to 1209600."
            )));
        }
        if let Some((dead_letters, receives)) = &settings.redrive
            && (dead_letters == name || !(1..=1_000).contains(receives))
        {
            return Err(SqsError::Invalid(format!(
                "{name}: the redrive policy is not valid."
            )));
        }
        let queue = Queue {
            settings,
            created_at: self.clock.now(),
            changed: watch::Sender::new(()),
            spent: Mutex::default(),
        };
        self.queues
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name.to_owned(), Arc::new(queue));
        Ok(())
    }

    /// The names of all queues, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        self.all().keys().cloned().collect()
    }

    /// Is there a queue of this name?
    pub(crate) fn has(&self, name: &str) -> bool {
        self.all().contains_key(name)
    }

    /// As [`Self::send_of_group`], without a group.
    #[cfg(test)]
    pub(crate) fn send(&self, queue: &str, body: &str, delay_s: u32) -> Result<String, SqsError> {
        self.send_of_group(queue, body, delay_s, None)
    }

    /// Sends a message that becomes visible after `delay_s` seconds (0 to 900), of a group (`MessageGroupId`) or of
    /// none. Returns its id.
    ///
    /// # Errors
    /// When there is no such queue or SQS would not take the body, the delay or the group.
    pub(crate) fn send_of_group(
        &self,
        queue: &str,
        body: &str,
        delay_s: u32,
        group: Option<&str>,
    ) -> Result<String, SqsError> {
        self.queue(queue)?;
        check_body(body)?;
        group.map(check_group).transpose()?;
        if delay_s > LONGEST_DELAY_S {
            return Err(SqsError::Invalid(format!(
                "DelaySeconds must be 0 to {LONGEST_DELAY_S}."
            )));
        }
        let id = self
            .state
            .write(|transaction| self.insert_of_group(transaction, queue, body, delay_s, group))?;
        self.announce(queue);
        Ok(id)
    }

    /// Puts a checked message into `queue` as part of a larger change; [`announce`](Self::announce)
    /// the queue when that is committed. The faults may lose it here: accepted, then gone.
    pub(crate) fn insert(
        &self,
        transaction: &Transaction<'_>,
        queue: &str,
        body: &str,
        delay_s: u32,
    ) -> Result<String, SqsError> {
        self.insert_of_group(transaction, queue, body, delay_s, None)
    }

    fn insert_of_group(
        &self,
        transaction: &Transaction<'_>,
        queue: &str,
        body: &str,
        delay_s: u32,
        group: Option<&str>,
    ) -> Result<String, SqsError> {
        let id = Uuid::now_v7().to_string();
        if self.faults.drops_send() {
            return Ok(id);
        }
        let now = self.clock.now().as_millisecond();
        transaction
            .prepare_cached("INSERT INTO messages (queue, message_id, body, sent_at, visible_at, group_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
            .execute(params![queue, id, body, now, now + i64::from(delay_s) * 1_000, group])?;
        Ok(id)
    }

    /// Wakes those who wait for messages of `queue`.
    pub(crate) fn announce(&self, queue: &str) {
        if let Some(queue) = self.all().get(queue) {
            queue.changed.send_replace(());
        }
    }

    /// Takes up to `max` (1 to 10) visible messages for the event-source poller, each invisible to
    /// others for the queue's visibility timeout.
    ///
    /// # Errors
    /// When there is no such queue.
    pub(crate) fn receive(&self, queue: &str, max: usize) -> Result<Vec<Delivery>, SqsError> {
        let deliveries = self.take(queue, max, None)?;
        if !deliveries.is_empty() {
            self.usage.polled("ReceiveMessage");
        }
        for delivery in &deliveries {
            tracing::debug!(
                queue,
                message.id = delivery.message_id,
                sent_at = %delivery.sent_at,
                first_received_at = %delivery.first_received_at,
                receive_count = delivery.receive_count,
                "a message is delivered"
            );
        }
        Ok(deliveries)
    }

    /// Deletes the message for the poller; `false` when the receipt is out of date.
    ///
    /// # Errors
    /// When there is no such queue or this was never a receipt.
    pub(crate) fn delete(&self, queue: &str, receipt: &str) -> Result<bool, SqsError> {
        self.usage.polled("DeleteMessage");
        self.remove(queue, receipt)
    }

    /// Receives: hands out up to `max` visible messages of `queue`, for `visibility_s` or the queue's
    /// own timeout. Messages received too often go to the dead letters instead.
    pub(super) fn take(
        &self,
        name: &str,
        max: usize,
        visibility_s: Option<u32>,
    ) -> Result<Vec<Delivery>, SqsError> {
        let queue = self.queue(name)?;
        let now = self.clock.now();
        let invisible_ms =
            i64::from(visibility_s.unwrap_or(queue.settings.visibility_timeout_s)) * 1_000;
        let mut dead_letters = None;
        let mut doubled = false;
        let deliveries = self.state.write(|transaction| {
            drop_expired(transaction, name, &queue.settings, now)?;
            let mut deliveries = Vec::new();
            let spent = queue.spent();
            while deliveries.len() < max {
                let Some(found) = next_visible(transaction, name, &spent, now)? else {
                    break;
                };
                if let Some((target, receives)) = &queue.settings.redrive
                    && found.receive_count >= *receives
                {
                    super::redrive::bury(transaction, found.id, name, target, now)?;
                    dead_letters = Some(target.clone());
                    continue;
                }
                doubled |= self.perhaps_double(transaction, &found, now)?;
                deliveries.push(hand_out(transaction, found, now, invisible_ms)?);
            }
            Ok::<_, SqsError>(deliveries)
        })?;
        if let Some(dead_letters) = dead_letters {
            self.announce(&dead_letters);
        }
        if doubled {
            self.announce(name);
        }
        Ok(deliveries)
    }

    /// With duplicate deliveries on, leaves a second copy of a message received for the first time, as
    /// if two of SQS's servers had held it. Copies are not copied again.
    fn perhaps_double(
        &self,
        transaction: &Transaction<'_>,
        found: &Found,
        now: Timestamp,
    ) -> Result<bool, SqsError> {
        if found.doubled {
            return Ok(false);
        }
        let Some(after_ms) = self.faults.doubles_delivery() else {
            return Ok(false);
        };
        transaction.execute("UPDATE messages SET doubled = 1 WHERE id = ?1", [found.id])?;
        transaction.execute(
            "INSERT INTO messages (queue, message_id, body, sent_at, visible_at, source_queue, doubled, group_id)
             SELECT queue, message_id, body, sent_at, ?2, source_queue, 1, group_id FROM messages WHERE id = ?1",
            params![found.id, now.as_millisecond() + after_ms],
        )?;
        Ok(true)
    }

    /// Deletes a message; `false` when the receipt is out of date.
    pub(super) fn remove(&self, queue: &str, receipt: &str) -> Result<bool, SqsError> {
        let name = queue;
        let queue = self.queue(name)?;
        check_receipt(receipt)?;
        let now = self.clock.now();
        self.state.write(|transaction| {
            let deleted: Option<(Option<String>, Option<i64>)> = transaction
                .prepare_cached("DELETE FROM messages WHERE receipt = ?1 AND queue = ?2 RETURNING group_id, received_at")?
                .query_row([receipt, name], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            match &deleted {
                Some((Some(group), _)) if !has_any(transaction, name, group)? => {
                    queue.spent().forget(group);
                }
                Some((group, Some(received_at))) => {
                    let took = now.as_millisecond() - received_at;
                    queue.spent().add(group.as_deref(), took, now);
                }
                Some((_, None)) | None => {}
            }
            Ok::<_, SqsError>(deleted.is_some())
        })
    }

    /// Makes a message in flight visible again after `seconds` (0 to 43,200).
    pub(super) fn set_visibility(
        &self,
        queue: &str,
        receipt: &str,
        seconds: u32,
    ) -> Result<(), SqsError> {
        self.queue(queue)?;
        check_receipt(receipt)?;
        if seconds > LONGEST_VISIBILITY_S {
            return Err(SqsError::Invalid(format!(
                "VisibilityTimeout must be 0 to {LONGEST_VISIBILITY_S}."
            )));
        }
        let now = self.clock.now().as_millisecond();
        self.state.write(|transaction| {
            let changed = transaction
                .prepare_cached(
                    "UPDATE messages SET visible_at = ?3 WHERE receipt = ?1 AND queue = ?2 AND visible_at > ?4",
                )?
                .execute(params![receipt, queue, now + i64::from(seconds) * 1_000, now])?;
            if changed == 0 { Err(SqsError::NotInFlight) } else { Ok(()) }
        })?;
        self.announce(queue);
        Ok(())
    }

    /// Drops every message of `queue`.
    pub(super) fn purge(&self, queue: &str) -> Result<(), SqsError> {
        self.queue(queue)?;
        self.state.write(|transaction| {
            transaction.execute("DELETE FROM messages WHERE queue = ?1", [queue])?;
            Ok(())
        })
    }

    /// Makes every message in flight visible at once. To be called once when the host starts: the
    /// instances that held them died with the host before it, and no one else will answer for them.
    /// They keep their receive counts, as after the death of a Lambda instance.
    ///
    /// # Errors
    /// When the messages cannot be written.
    pub(crate) fn release_in_flight(&self) -> Result<usize, SqsError> {
        let now = self.clock.now().as_millisecond();
        let released = self.state.write(|transaction| {
            let released = transaction.execute(
                "UPDATE messages SET visible_at = ?1 WHERE receipt IS NOT NULL AND visible_at > ?1",
                [now],
            )?;
            Ok::<usize, SqsError>(released)
        })?;
        for queue in self.names() {
            self.announce(&queue);
        }
        Ok(released)
    }

    /// Resolves as soon as a message of `queue` may be visible: now, when its time comes (or the clock
    /// is moved past it), or when one is sent. Never resolves for a queue that stays empty.
    ///
    /// # Errors
    /// When there is no such queue.
    pub(crate) async fn wait(&self, name: &str) -> Result<(), SqsError> {
        let queue = self.queue(name)?;
        let mut changed = queue.changed.subscribe();
        loop {
            // Marked before looking: what happens after the look is a change again.
            changed.mark_unchanged();
            let now = self.clock.now();
            let first: Option<i64> = self.state.read(|connection| {
                connection
                    .prepare_cached("SELECT min(visible_at) FROM messages WHERE queue = ?1")?
                    .query_row([name], |row| row.get(0))
            })?;
            match first.map(stored_time).transpose()? {
                Some(first) if first <= now => return Ok(()),
                Some(first) => tokio::select! {
                    () = self.clock.sleep_until(first) => return Ok(()),
                    _ = changed.changed() => {}
                },
                // The sender lives as long as `queue`, so this cannot fail.
                None => {
                    let _ = changed.changed().await;
                }
            }
        }
    }

    /// How many messages of `queue` are in which state.
    ///
    /// # Errors
    /// When there is no such queue.
    pub(crate) fn counts(&self, name: &str) -> Result<Counts, SqsError> {
        let queue = self.queue(name)?;
        let now = self.clock.now();
        let oldest = later(now, -i64::from(queue.settings.retention_s) * 1_000).as_millisecond();
        self.state.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT count(*) FILTER (WHERE visible_at <= ?2),
                            count(*) FILTER (WHERE visible_at > ?2 AND receipt IS NOT NULL),
                            count(*) FILTER (WHERE visible_at > ?2 AND receipt IS NULL)
                     FROM messages WHERE queue = ?1 AND sent_at > ?3",
                )?
                .query_row(params![name, now.as_millisecond(), oldest], |row| {
                    Ok(Counts {
                        visible: row.get(0)?,
                        in_flight: row.get(1)?,
                        delayed: row.get(2)?,
                    })
                })
                .map_err(SqsError::from)
        })
    }

    /// Messages being worked on, over all queues but the dead letters.
    ///
    /// # Errors
    /// When the messages cannot be read.
    pub(crate) fn in_flight(&self) -> Result<usize, SqsError> {
        self.working()
            .iter()
            .map(|queue| Ok(self.counts(queue)?.in_flight))
            .sum()
    }

    /// Messages that could be received now, over all queues but the dead letters.
    ///
    /// # Errors
    /// When the messages cannot be read.
    pub(crate) fn visible_now(&self) -> Result<usize, SqsError> {
        self.working()
            .iter()
            .map(|queue| Ok(self.counts(queue)?.visible))
            .sum()
    }

    /// When the next delayed or invisible message becomes visible, over all queues but the dead letters.
    ///
    /// # Errors
    /// When the messages cannot be read.
    pub(crate) fn next_visible_at(&self) -> Result<Option<Timestamp>, SqsError> {
        let now = self.clock.now().as_millisecond();
        let mut next: Option<i64> = None;
        for queue in self.working() {
            let first: Option<i64> = self.state.read(|connection| {
                connection
                    .prepare_cached(
                        "SELECT min(visible_at) FROM messages WHERE queue = ?1 AND visible_at > ?2",
                    )?
                    .query_row(params![queue, now], |row| row.get(0))
            })?;
            next = next.into_iter().chain(first).min();
        }
        Ok(next.map(stored_time).transpose()?)
    }

    /// The queues that are not somebody's dead letters.
    fn working(&self) -> Vec<String> {
        let queues = self.all();
        let dead: BTreeSet<&str> = queues
            .values()
            .filter_map(|queue| queue.settings.redrive.as_ref())
            .map(|(name, _)| name.as_str())
            .collect();
        queues
            .keys()
            .filter(|name| !dead.contains(name.as_str()))
            .cloned()
            .collect()
    }

    pub(super) fn queue(&self, name: &str) -> Result<Arc<Queue>, SqsError> {
        self.all()
            .get(name)
            .map(Arc::clone)
            .ok_or(SqsError::NoSuchQueue)
    }

    fn all(&self) -> RwLockReadGuard<'_, BTreeMap<String, Arc<Queue>>> {
        self.queues.read().unwrap_or_else(PoisonError::into_inner)
    }
}
