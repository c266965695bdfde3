//! The destinations of a workflow: made, found, tested, enabled.
//!
//! They live in the workflow's row; an item of their own says which, so that one is found by its id alone.

use domain::delivery::{Address, Channel, Delivery, Destination, EventType, Subject};
use domain::ids::{DestinationId, OwnerId};
use domain::sealing::{Seal, SealedSecret};
use domain::signature::{self, SigningSecret};
use domain::workflow::Workflow;
use serde_json::Map;

use crate::deliveries::{DeliverError, Notice, find};
use crate::ports::store::Write;
use crate::{Engine, won};

/// A destination as somebody wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    Webhook {
        url: String,
        events: Vec<EventType>,
        /// `None`: one is made.
        secret: Option<SealedSecret>,
    },
    Email {
        to: Vec<String>,
    },
}

impl Engine {
    /// The destinations for what is wanted. One that leads where one of `before` leads keeps its id, and its secret
    /// unless another is given.
    #[must_use]
    pub fn destinations(
        &self,
        before: &[Destination],
        wanted: &[Wanted],
        seal: &Seal,
    ) -> Vec<Destination> {
        let mut left: Vec<&Destination> = before.iter().collect();
        let made = wanted.iter().map(|wanted| {
            let same = left
                .iter()
                .position(|known| leads_where(wanted, &known.address))
                .map(|at| left.remove(at));
            let kept = same.and_then(|known| match &known.address {
                Address::Webhook { secret, .. } => Some(secret.clone()),
                Address::Email { .. } => None,
            });
            let secret = || kept.unwrap_or_else(|| seal.close(&self.signing_secret()));
            Destination {
                id: same.map_or_else(
                    || DestinationId::from_uuid(self.uuid()),
                    |known| known.id.clone(),
                ),
                address: address_of(wanted, secret),
                disabled_at: same.and_then(|known| known.disabled_at),
            }
        });
        made.collect()
    }

    fn signing_secret(&self) -> SigningSecret {
        SigningSecret::new(signature::secret_of(&self.entropy.secret()))
    }

    /// The workflow that has this destination, and the destination.
    async fn destination(
        &self,
        owner: &OwnerId,
        id: &DestinationId,
    ) -> Result<(Workflow, Destination), DeliverError> {
        let workflow = match self.store.destination(owner, id).await? {
            Some(workflow) => self.store.workflow(owner, &workflow).await?,
            None => None,
        };
        let workflow = workflow.ok_or(DeliverError::NotFound)?;
        let destination = find(&workflow, id).ok_or(DeliverError::NotFound)?.clone();
        Ok((workflow, destination))
    }

    /// Sends a notice that tells of nothing, to see whether the destination is reached, disabled or not.
    ///
    /// # Errors
    /// There is no such destination, or the store fails.
    pub async fn test_destination(
        &self,
        owner: &OwnerId,
        id: &DestinationId,
    ) -> Result<(Workflow, Destination, Delivery), DeliverError> {
        let (workflow, destination) = self.destination(owner, id).await?;
        let notice = Notice {
            event: EventType::DestinationTest,
            mailed: true,
            subject: Subject::of(workflow.id.clone()),
            data: Map::new(),
        };
        let channel = match &destination.address {
            Address::Email { .. } => Channel::Email,
            Address::Webhook { .. } => Channel::Webhook {
                body: self.body(&workflow, &notice).await?,
            },
        };
        let delivery = self.new_delivery(&workflow, Some(id.clone()), channel, &notice);
        let write = Write::PutDelivery {
            delivery: delivery.clone(),
        };
        if !won(self.commit(vec![write]).await)? {
            return Err(DeliverError::Contended);
        }
        self.send_delivery(&delivery).await;
        Ok((workflow, destination, delivery))
    }

    /// Lets a disabled destination be told again. One that is not disabled stays as it is.
    ///
    /// # Errors
    /// There is no such destination, or the store fails.
    pub async fn enable_destination(
        &self,
        owner: &OwnerId,
        id: &DestinationId,
    ) -> Result<(Workflow, Destination), DeliverError> {
        for attempt in 0.. {
            let (before, destination) = self.destination(owner, id).await?;
            if destination.disabled_at.is_none() {
                return Ok((before, destination));
            }
            let mut next = before.clone();
            next.revision += 1;
            for known in next.deliver.iter_mut().filter(|known| known.id == *id) {
                known.disabled_at = None;
            }
            let write = Write::next_workflow(&before, next.clone());
            if won(self.commit(vec![write]).await)? {
                let enabled = Destination {
                    disabled_at: None,
                    ..destination
                };
                return Ok((next, enabled));
            }
            if !self.again(attempt).await {
                break;
            }
        }
        Err(DeliverError::Contended)
    }
}

/// The look-up rows of the destinations a workflow did not have before.
pub(crate) fn new_destinations(before: &[Destination], workflow: &Workflow) -> Vec<Write> {
    let known = |id: &DestinationId| before.iter().any(|destination| destination.id == *id);
    let new = workflow.deliver.iter().filter(|it| !known(&it.id));
    new.map(|destination| Write::PutDestination {
        owner: workflow.owner.clone(),
        id: destination.id.clone(),
        workflow: workflow.id.clone(),
    })
    .collect()
}

/// Whether what is wanted leads to the same place, so that it may take the other's id over.
fn leads_where(wanted: &Wanted, other: &Address) -> bool {
    match (wanted, other) {
        (Wanted::Webhook { url: a, .. }, Address::Webhook { url: b, .. }) => a == b,
        (Wanted::Email { to: a }, Address::Email { to: b }) => a == b,
        (Wanted::Webhook { .. }, Address::Email { .. })
        | (Wanted::Email { .. }, Address::Webhook { .. }) => false,
    }
}

/// The address that is wanted; `secret` where none is given.
fn address_of(wanted: &Wanted, secret: impl FnOnce() -> SealedSecret) -> Address {
    match wanted {
        Wanted::Email { to } => Address::Email { to: to.clone() },
        Wanted::Webhook {
            url,
            events,
            secret: given,
        } => Address::Webhook {
            url: url.clone(),
            events: events.clone(),
            secret: given.clone().unwrap_or_else(secret),
        },
    }
}
