//! Queues that remember what was sent. Who delivers it is the test's, or the simulation's, business.

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;

use super::lock;
use super::outage::{Outage, REASON};
use crate::ports::{DeadLetter, Message, QueueError, Queues};

/// The longest delay a queue takes, in seconds (SQS, `DelaySeconds`).
const LONGEST_DELAY: Duration = Duration::from_secs(900);

/// The most dead letters taken at once (SQS, `MaxNumberOfMessages`).
const MOST_LETTERS: usize = 10;

/// A message as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    pub message: Message,
    /// How long it stays invisible, already cut to what a queue takes.
    pub delay: Duration,
}

#[derive(Debug, Default)]
struct State {
    sent: Vec<Sent>,
    dead: Vec<Dead>,
    received: u64,
    outage: Outage,
}

#[derive(Debug)]
struct Dead {
    body: String,
    /// The receipt it was last taken with; `None`: visible.
    taken: Option<String>,
}

/// All queues of a stack in one.
#[derive(Debug, Default)]
pub struct MemoryQueues {
    state: Mutex<State>,
}

impl MemoryQueues {
    /// What was sent and not taken, in the order it was sent.
    #[must_use]
    pub fn sent(&self) -> Vec<Sent> {
        lock(&self.state).sent.clone()
    }

    /// The messages of [`Self::sent`].
    #[must_use]
    pub fn messages(&self) -> Vec<Message> {
        let state = lock(&self.state);
        state.sent.iter().map(|sent| sent.message.clone()).collect()
    }

    /// Takes everything out that was sent.
    pub fn take(&self) -> Vec<Sent> {
        std::mem::take(&mut lock(&self.state).sent)
    }

    /// Puts a text into the dead letters.
    pub fn kill(&self, body: impl Into<String>) {
        let body = body.into();
        lock(&self.state).dead.push(Dead { body, taken: None });
    }

    /// Makes the dead letters that were taken and not buried visible again, as the end of their visibility timeout
    /// does.
    pub fn return_dead_letters(&self) {
        for letter in &mut lock(&self.state).dead {
            letter.taken = None;
        }
    }

    /// How many dead letters there are, taken ones included.
    #[must_use]
    pub fn dead(&self) -> usize {
        lock(&self.state).dead.len()
    }

    /// Makes the next `n` calls fail.
    pub fn fail_next(&self, n: u32) {
        lock(&self.state).outage.next = n;
    }

    /// Makes every call fail, or none.
    pub fn set_down(&self, down: bool) {
        lock(&self.state).outage.down = down;
    }
}

impl State {
    fn up(&mut self) -> Result<(), QueueError> {
        if self.outage.strikes() {
            Err(QueueError(REASON.to_owned()))
        } else {
            Ok(())
        }
    }
}

#[async_trait]
impl Queues for MemoryQueues {
    async fn send(&self, message: &Message, delay: Duration) -> Result<(), QueueError> {
        let mut state = lock(&self.state);
        state.up()?;
        state.sent.push(Sent {
            message: message.clone(),
            delay: delay.min(LONGEST_DELAY),
        });
        Ok(())
    }

    async fn dead_letters(&self) -> Result<Vec<DeadLetter>, QueueError> {
        let mut state = lock(&self.state);
        state.up()?;
        let mut received = state.received;
        let mut letters = Vec::new();
        let visible = state.dead.iter_mut().filter(|dead| dead.taken.is_none());
        for dead in visible.take(MOST_LETTERS) {
            received += 1;
            let receipt = format!("receipt-{received}");
            dead.taken = Some(receipt.clone());
            letters.push(DeadLetter {
                body: dead.body.clone(),
                receipt,
            });
        }
        state.received = received;
        Ok(letters)
    }

    async fn bury(&self, letter: &DeadLetter) -> Result<(), QueueError> {
        let mut state = lock(&self.state);
        state.up()?;
        // An old receipt, or one that was used: no harm, as with SQS.
        state
            .dead
            .retain(|dead| dead.taken.as_ref() != Some(&letter.receipt));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::at_once;
    use domain::ids::{DeliveryId, OwnerId};

    fn message() -> Message {
        Message::Deliver {
            owner: OwnerId::from_uuid(uuid::Uuid::from_u128(1)),
            delivery: DeliveryId::from_uuid(uuid::Uuid::from_u128(2)),
        }
    }

    #[test]
    fn what_was_sent_is_remembered_with_a_delay_a_queue_takes() {
        let queues = MemoryQueues::default();
        queues.fail_next(1);
        let day = Duration::from_secs(86_400);
        assert!(at_once(queues.send(&message(), day)).is_err());
        assert_eq!(at_once(queues.send(&message(), day)), Ok(()));
        assert_eq!(queues.messages(), [message()]);
        assert_eq!(queues.take()[0].delay, LONGEST_DELAY);
        assert!(queues.sent().is_empty());
    }

    #[test]
    fn a_dead_letter_hides_when_taken_and_goes_when_buried() {
        let queues = MemoryQueues::default();
        for i in 0..11 {
            queues.kill(i.to_string());
        }
        let first = at_once(queues.dead_letters()).unwrap();
        assert_eq!((first.len(), first[0].body.as_str()), (10, "0"));
        assert_eq!(at_once(queues.dead_letters()).unwrap().len(), 1);
        assert_eq!(at_once(queues.dead_letters()), Ok(vec![]));
        at_once(queues.bury(&first[0])).unwrap();
        queues.return_dead_letters();
        assert_eq!(at_once(queues.dead_letters()).unwrap()[0].body, "1");
        assert_eq!(queues.dead(), 10);
        at_once(queues.bury(&first[1])).unwrap();
        assert_eq!(queues.dead(), 10, "the receipt is no longer the letter's");
    }
}
