//! What follows a commit, as messages. Sending may fail: the failure is logged and forgotten, because
//! everything sent here can be derived from what was committed, and the sweeper does so.

use std::time::Duration;

use domain::execution::{Effect, Execution};
use jiff::Timestamp;

use crate::Engine;
use crate::ports::queues::Message;

impl Engine {
    /// Sends a message, and only logs when it cannot.
    pub async fn send(&self, message: &Message, not_before: Timestamp) {
        let delay = not_before.duration_since(self.now());
        let delay = Duration::try_from(delay).unwrap_or(Duration::ZERO);
        if let Err(error) = self.queues.send(message, delay).await {
            tracing::warn!(%error, message = %message.encode(), "a message was not sent; the sweeper will send it");
        }
    }

    /// Sends what follows a commit at once.
    pub(crate) async fn send_all(&self, messages: &[Message]) {
        for message in messages {
            self.send(message, self.now()).await;
        }
    }

    /// Sends what follows a transition of `execution`.
    pub(crate) async fn dispatch(&self, execution: &Execution, effects: &[Effect]) {
        let owner = &execution.owner;
        for effect in effects {
            match effect {
                Effect::EnqueueStep { step, not_before } => {
                    let message = Message::step(execution, step);
                    self.send(&message, *not_before).await;
                }
                Effect::EnqueueJudging => {
                    let message = Message::Judge {
                        owner: owner.clone(),
                        execution: execution.id.clone(),
                    };
                    self.send(&message, self.now()).await;
                }
                // Closed with the commit itself.
                Effect::CloseApproval { .. } | Effect::End => {}
            }
        }
    }
}
