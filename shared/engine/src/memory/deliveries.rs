//! Signals, deliveries and destinations in memory.

use async_trait::async_trait;
use domain::delivery::{Delivery, DeliveryStatus};
use domain::ids::{DeliveryId, DestinationId, OwnerId, SignalId, WorkflowId};
use domain::signal::Signal;

use super::key::Key;
use super::store::{MemoryStore, newest_first};
use crate::page::{PageOf, Slice};
use crate::ports::{Deliveries, StoreError};

#[async_trait]
impl Deliveries for MemoryStore {
    async fn signal(&self, owner: &OwnerId, id: &SignalId) -> Result<Option<Signal>, StoreError> {
        self.document(&Key::Signal(owner.clone(), id.clone()))
    }

    async fn signals(
        &self,
        owner: &OwnerId,
        workflow: &WorkflowId,
        slice: &Slice,
    ) -> Result<PageOf<Signal>, StoreError> {
        let first = SignalId::from_uuid(uuid::Uuid::nil());
        let mut signals: Vec<Signal> = self.newest(
            Key::Signal(owner.clone(), first),
            |key| matches!(key, Key::Signal(whose, _) if whose == owner),
        )?;
        signals.retain(|signal| signal.workflow == *workflow);
        Ok(newest_first(signals, slice, |signal| signal.id.to_string()))
    }

    async fn delivery(
        &self,
        owner: &OwnerId,
        id: &DeliveryId,
    ) -> Result<Option<Delivery>, StoreError> {
        self.document(&Key::Delivery(owner.clone(), id.clone()))
    }

    async fn deliveries(
        &self,
        owner: &OwnerId,
        status: Option<DeliveryStatus>,
        slice: &Slice,
    ) -> Result<PageOf<Delivery>, StoreError> {
        let first = DeliveryId::from_uuid(uuid::Uuid::nil());
        let mut deliveries: Vec<Delivery> = self.newest(
            Key::Delivery(owner.clone(), first),
            |key| matches!(key, Key::Delivery(whose, _) if whose == owner),
        )?;
        deliveries.retain(|delivery| status.is_none_or(|status| delivery.status() == status));
        Ok(newest_first(deliveries, slice, |delivery| {
            delivery.id.to_string()
        }))
    }

    async fn deliveries_of(
        &self,
        owner: &OwnerId,
        ids: &[DeliveryId],
    ) -> Result<Vec<Delivery>, StoreError> {
        self.ask(|table| {
            ids.iter()
                .filter_map(|id| {
                    let key = Key::Delivery(owner.clone(), id.clone());
                    table.document(&key).transpose()
                })
                .collect()
        })?
    }

    async fn destination(
        &self,
        owner: &OwnerId,
        id: &DestinationId,
    ) -> Result<Option<WorkflowId>, StoreError> {
        self.document(&Key::Destination(owner.clone(), id.clone()))
    }
}
