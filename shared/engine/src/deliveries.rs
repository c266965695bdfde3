//! Notices to destinations: written with what they tell of, attempted, healed, repeated.
//!
//! Whoever commits something worth telling asks [`Engine::address`] for its deliveries and writes them in the same
//! commit; a message follows each, and the due index makes up for one that is lost. The notifier brackets every attempt
//! with [`Engine::begin_delivery`] and [`Engine::conclude_delivery`]: an attempt is claimed before it is made, and what
//! came of it counts only on the claim's own revision.

use domain::delivery::{
    Address, Came, Channel, Delivery, Destination, EventType, NewDelivery, StillPending, Subject,
    Told,
};
use domain::ids::{DeliveryId, DestinationId, OwnerId};
use domain::workflow::Workflow;
use serde_json::{Map, Value, json};

use crate::advance::Alongside;
use crate::ports::queues::Message;
use crate::ports::store::{StoreError, Write};
use crate::{Engine, notices, won};

/// What somebody is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    pub event: EventType,
    /// Whether people are told by mail.
    pub mailed: bool,
    pub subject: Subject,
    /// What a webhook is told beside the workflow's and the run's ids.
    pub data: Map<String, Value>,
}

/// Why nothing is sent again, or to a destination.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DeliverError {
    #[error("there is no such delivery or destination")]
    NotFound,
    #[error(transparent)]
    StillPending(#[from] StillPending),
    #[error("its destination has been removed from the workflow")]
    DestinationGone,
    #[error("its destination is disabled; enable it first")]
    DestinationDisabled,
    #[error("too many others change it at the same time")]
    Contended,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Alongside {
    /// Adds deliveries and the messages that follow them.
    pub(crate) fn deliver(&mut self, deliveries: Vec<Delivery>) {
        for delivery in deliveries {
            self.messages.push(message(&delivery));
            self.writes.push(Write::PutDelivery { delivery });
        }
    }
}

fn message(delivery: &Delivery) -> Message {
    Message::Deliver {
        owner: delivery.owner.clone(),
        delivery: delivery.id.clone(),
    }
}

impl Engine {
    /// The deliveries of a notice to whom the workflow wants told: its destinations, or without any its owner.
    ///
    /// # Errors
    /// The body cannot be stored.
    pub async fn address(
        &self,
        workflow: &Workflow,
        notice: &Notice,
    ) -> Result<Vec<Delivery>, StoreError> {
        if workflow.deliver.is_empty() {
            let owner = notice
                .mailed
                .then(|| self.new_delivery(workflow, None, Channel::Email, notice));
            return Ok(owner.into_iter().collect());
        }
        let wants = |destination: &&Destination| destination.wants(notice.event, notice.mailed);
        let mut body = None;
        let mut deliveries = Vec::new();
        for destination in workflow.deliver.iter().filter(wants) {
            let channel = match &destination.address {
                Address::Email { .. } => Channel::Email,
                Address::Webhook { .. } => {
                    if body.is_none() {
                        body = Some(self.body(workflow, notice).await?);
                    }
                    Channel::Webhook {
                        body: body.clone().expect("it was made just now"),
                    }
                }
            };
            let to = Some(destination.id.clone());
            deliveries.push(self.new_delivery(workflow, to, channel, notice));
        }
        Ok(deliveries)
    }

    pub(crate) fn new_delivery(
        &self,
        workflow: &Workflow,
        destination: Option<DestinationId>,
        channel: Channel,
        notice: &Notice,
    ) -> Delivery {
        let new = NewDelivery {
            id: DeliveryId::from_uuid(self.uuid()),
            owner: workflow.owner.clone(),
            destination,
            channel,
            event: notice.event,
            subject: notice.subject.clone(),
        };
        Delivery::new(new, self.now())
    }

    /// Stores what a webhook is sent: `{type, timestamp, data}`.
    pub(crate) async fn body(
        &self,
        workflow: &Workflow,
        notice: &Notice,
    ) -> Result<domain::execution::Output, StoreError> {
        let mut data = Map::new();
        data.insert("workflow_id".to_owned(), json!(workflow.id));
        data.insert("workflow_name".to_owned(), json!(workflow.name));
        data.insert("execution_id".to_owned(), json!(notice.subject.execution));
        if let Some(signal) = &notice.subject.signal {
            data.insert("signal_id".to_owned(), json!(signal));
        }
        data.extend(notice.data.clone());
        let body = json!({"type": notice.event, "timestamp": self.now(), "data": data});
        self.store
            .put_output(&workflow.owner, &body, notice.event.as_str())
            .await
    }

    /// Claims the next attempt at a delivery; `None` when there is nothing to do now.
    ///
    /// # Errors
    /// The store fails.
    pub async fn begin_delivery(
        &self,
        owner: &OwnerId,
        id: &DeliveryId,
    ) -> Result<Option<Delivery>, StoreError> {
        let stored = self.store.delivery(owner, id).await?;
        let Some(begun) = stored.and_then(|delivery| delivery.begin(self.now())) else {
            return Ok(None);
        };
        let write = Write::PutDelivery {
            delivery: begun.clone(),
        };
        Ok(won(self.commit(vec![write]).await)?.then_some(begun))
    }

    /// Writes down what came of a claimed attempt, and sends for the next one. A destination that says it is gone is
    /// disabled in the same commit, and its owner told.
    ///
    /// # Errors
    /// The store fails, or the workflow keeps changing.
    pub async fn conclude_delivery(&self, begun: &Delivery, came: &Came) -> Result<(), StoreError> {
        let Some(next) = begun.conclude(came, self.now(), self.entropy.fraction()) else {
            return Ok(());
        };
        if let Came::Gone {
            status_code: Some(_),
            ..
        } = came
        {
            return self.conclude_gone(begun, next).await;
        }
        let write = Write::PutDelivery {
            delivery: next.clone(),
        };
        if won(self.commit_patiently(vec![write]).await)? {
            self.send_delivery(&next).await;
        } else {
            tracing::warn!(delivery.id = %begun.id, "an attempt was overtaken; what came of it is not believed");
        }
        Ok(())
    }

    /// Writes down what became of a mail at one of several addresses, before the next is sent; `None` when the attempt
    /// was overtaken.
    ///
    /// # Errors
    /// The store fails.
    pub async fn note_told(
        &self,
        begun: &Delivery,
        told: Told,
    ) -> Result<Option<Delivery>, StoreError> {
        let Some(delivery) = begun.tell(told, self.now()) else {
            return Ok(None);
        };
        let write = Write::PutDelivery {
            delivery: delivery.clone(),
        };
        Ok(won(self.commit_patiently(vec![write]).await)?.then_some(delivery))
    }

    async fn conclude_gone(&self, begun: &Delivery, next: Delivery) -> Result<(), StoreError> {
        for attempt in 0.. {
            let stored = self.store.delivery(&begun.owner, &begun.id).await?;
            if stored.is_none_or(|stored| stored.revision != begun.revision) {
                return Ok(());
            }
            let mut alongside = Alongside::default();
            alongside.writes.push(Write::PutDelivery {
                delivery: next.clone(),
            });
            let workflow = self
                .store
                .workflow(&begun.owner, &begun.subject.workflow)
                .await?;
            if let Some(before) = workflow
                && let Some(id) = &begun.destination
                && let Some(disabled) = self.disabled(&before, id)
            {
                alongside.writes.push(disabled);
                let notice = notices::of_disabled(&before.id, id);
                let told = self.new_delivery(&before, None, Channel::Email, &notice);
                alongside.deliver(vec![told]);
            }
            if won(self.commit(alongside.writes).await)? {
                self.send_all(&alongside.messages).await;
                return Ok(());
            }
            if !self.again(attempt).await {
                break;
            }
        }
        Err(StoreError::Unavailable(
            "the workflow keeps changing".to_owned(),
        ))
    }

    /// The workflow with that destination disabled; `None` when it has none, or it is disabled already.
    fn disabled(&self, before: &Workflow, id: &DestinationId) -> Option<Write> {
        let mut next = before.clone();
        let destination = next
            .deliver
            .iter_mut()
            .find(|destination| destination.id == *id && destination.disabled_at.is_none())?;
        destination.disabled_at = Some(self.now());
        next.revision += 1;
        Some(Write::next_workflow(before, next))
    }

    /// Sends the message for a delivery's next attempt, when that is near.
    pub(crate) async fn send_delivery(&self, delivery: &Delivery) {
        if let Some(at) = delivery.message_at() {
            self.send(&message(delivery), at).await;
        }
    }

    /// Sets an overdue delivery moving again.
    pub(crate) async fn nudge_delivery(
        &self,
        owner: &OwnerId,
        id: &DeliveryId,
    ) -> Result<(), StoreError> {
        let stored = self.store.delivery(owner, id).await?;
        let Some(next) = stored.and_then(|delivery| delivery.nudge(self.now())) else {
            return Ok(());
        };
        let write = Write::PutDelivery {
            delivery: next.clone(),
        };
        if won(self.commit(vec![write]).await)? {
            self.send_delivery(&next).await;
        }
        Ok(())
    }

    /// Sends an ended delivery again, under the same id and with the same body.
    ///
    /// # Errors
    /// There is none, it has not ended, or its destination takes nothing. Nothing has changed then.
    pub async fn redeliver(
        &self,
        owner: &OwnerId,
        id: &DeliveryId,
    ) -> Result<Delivery, DeliverError> {
        let delivery = self
            .store
            .delivery(owner, id)
            .await?
            .ok_or(DeliverError::NotFound)?;
        let next = delivery.redeliver(self.now())?;
        if let Some(id) = &delivery.destination {
            let workflow = self
                .store
                .workflow(owner, &delivery.subject.workflow)
                .await?
                .ok_or(DeliverError::DestinationGone)?;
            let destination = find(&workflow, id).ok_or(DeliverError::DestinationGone)?;
            if destination.disabled_at.is_some() {
                return Err(DeliverError::DestinationDisabled);
            }
        }
        let write = Write::PutDelivery {
            delivery: next.clone(),
        };
        if !won(self.commit(vec![write]).await)? {
            return Err(StillPending.into());
        }
        self.send_delivery(&next).await;
        Ok(next)
    }

    /// Writes down that a mail came back which was taken at first.
    ///
    /// # Errors
    /// The store fails, or the delivery keeps changing.
    pub async fn note_bounced(
        &self,
        owner: &OwnerId,
        id: &DeliveryId,
        address: &str,
        reason: &str,
    ) -> Result<(), StoreError> {
        for attempt in 0.. {
            let stored = self.store.delivery(owner, id).await?;
            let back = stored.and_then(|delivery| {
                delivery.came_back(&format!("{address}: {reason}"), self.now())
            });
            let Some(delivery) = back else {
                return Ok(());
            };
            if won(self.commit(vec![Write::PutDelivery { delivery }]).await)? {
                return Ok(());
            }
            if !self.again(attempt).await {
                break;
            }
        }
        Err(StoreError::Unavailable("contended".to_owned()))
    }
}

pub(crate) fn find<'a>(workflow: &'a Workflow, id: &DestinationId) -> Option<&'a Destination> {
    workflow
        .deliver
        .iter()
        .find(|destination| destination.id == *id)
}
