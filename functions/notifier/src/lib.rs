#![doc = include_str!("../README.md")]

mod asking;
mod delivering;
mod letters;
mod links;
mod returning;
pub mod start;

use std::sync::Arc;

use async_trait::async_trait;
use engine::Engine;
use engine::consuming::{Consumer, Delivery, Disposition};
use engine::ports::queues::Message;
use engine::ports::store::StoreError;
use engine::ports::{Mailer, SecretError, Webhooks};
use engine::sealing::Sealing;

pub use links::Links;

/// Tells people.
pub struct Notifier {
    engine: Engine,
    mailer: Arc<dyn Mailer>,
    webhooks: Arc<dyn Webhooks>,
    links: Links,
    /// What opens the secrets of webhooks.
    sealing: Sealing,
}

/// Why nobody could be told now.
#[derive(Debug, thiserror::Error)]
enum NotifyError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Secret(#[from] SecretError),
}

impl Notifier {
    #[must_use]
    pub fn new(
        engine: Engine,
        mailer: Arc<dyn Mailer>,
        webhooks: Arc<dyn Webhooks>,
        links: Links,
        sealing: Sealing,
    ) -> Self {
        Self {
            engine,
            mailer,
            webhooks,
            links,
            sealing,
        }
    }

    async fn notify(&self, delivery: &Delivery) -> Result<Disposition, NotifyError> {
        let message = &delivery.message;
        match message {
            Message::AskApproval { .. } => self.ask(delivery).await,
            Message::Deliver {
                owner,
                delivery: id,
            } => self.deliver(owner, id, delivery.remaining).await,
            Message::Tell { owner, execution } => {
                self.engine.tell_of_run(owner, execution).await?;
                Ok(Disposition::Done)
            }
            Message::MailReturned {
                about,
                address,
                reason,
            } => self.returned(about, address, reason).await,
            Message::Step { .. }
            | Message::Judge { .. }
            | Message::Start { .. }
            | Message::Plan { .. }
            | Message::Assess { .. } => {
                tracing::error!(
                    message = message.kind(),
                    "a message of another kind came by the notice queue"
                );
                Ok(Disposition::Failed)
            }
        }
    }
}

#[async_trait]
impl Consumer for Notifier {
    async fn handle(&self, delivery: Delivery) -> Disposition {
        match self.notify(&delivery).await {
            Ok(disposition) => disposition,
            Err(error) => {
                tracing::error!(%error, message = delivery.message.kind(), "nobody could be told; the message stays");
                match error {
                    NotifyError::Store(error) => {
                        self.engine.after_store_error(&delivery, &error).await
                    }
                    NotifyError::Secret(_) => Disposition::Failed,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
