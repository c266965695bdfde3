//! Sending. What is sent is on its way at once; the queue itself is the world's.

use std::time::Duration;

use async_trait::async_trait;
use engine::memory::at_once;
use engine::ports::{DeadLetter, Message, QueueError, Queues};

use super::Harbour;
use crate::fault::{Fault, Operation};
use crate::ground::{Refusal, turn};
use crate::queue::QueueName;

/// How long a delayed message is late, in milliseconds.
const LATE_MS: u64 = 600_000;
/// The longest delay SQS takes, in milliseconds (`SendMessage`, `DelaySeconds`).
const LONGEST_DELAY_MS: u64 = 900_000;

#[async_trait]
impl Queues for Harbour {
    async fn send(&self, message: &Message, delay: Duration) -> Result<(), QueueError> {
        let operation = Operation::Send(message.kind());
        let ground = &self.ground;
        let Some(lane) = QueueName::of(message) else {
            return Err(QueueError("planning is not simulated".to_owned()));
        };
        let delay_ms = u64::try_from(delay.as_millis())
            .unwrap_or(u64::MAX)
            .min(LONGEST_DELAY_MS);
        let push = |late_ms: u64| {
            let visible_ms = ground.now_ms() + delay_ms + late_ms;
            ground
                .state()
                .queue
                .push(lane, message.encode(), visible_ms);
        };
        let lost = |refusal: Refusal| Err(QueueError(format!("{refusal:?}")));
        turn().await;
        match ground.strike(operation) {
            None => push(0),
            Some(Fault::Refused) => return lost(Refusal::Refused),
            Some(Fault::AnswerLost) => {
                push(0);
                return lost(Refusal::Unknown);
            }
            Some(Fault::Twice) => {
                push(0);
                push(0);
            }
            Some(Fault::Delayed) => push(LATE_MS),
            Some(Fault::CrashBefore) => return ground.crash().await,
            Some(Fault::CrashAfter) => {
                push(0);
                return ground.crash().await;
            }
            Some(Fault::PauseBefore) => {
                ground.pause().await;
                push(0);
            }
            // Taken, and gone.
            Some(_) => {}
        }
        Ok(())
    }

    async fn dead_letters(&self) -> Result<Vec<DeadLetter>, QueueError> {
        self.ground
            .pass(
                Operation::DeadLetters,
                || at_once(self.ground.dead.dead_letters()),
                |refusal| QueueError(format!("{refusal:?}")),
            )
            .await
    }

    async fn bury(&self, letter: &DeadLetter) -> Result<(), QueueError> {
        self.ground
            .pass(
                Operation::Bury,
                || at_once(self.ground.dead.bury(letter)),
                |refusal| QueueError(format!("{refusal:?}")),
            )
            .await
    }
}
