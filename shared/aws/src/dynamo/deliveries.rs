//! Signals, deliveries and destinations.
//!
//! A signal and a delivery are an item of their own with a row in their list: a signal in its workflow's partition, a
//! delivery in the owner's. A delivery's row carries its status, so that a list of one status reads no other's items.

use async_trait::async_trait;
use domain::delivery::{Delivery, DeliveryStatus};
use domain::ids::{DeliveryId, DestinationId, OwnerId, SignalId, WorkflowId};
use domain::signal::Signal;
use engine::page::{PageOf, Slice};
use engine::ports::{Deliveries, StoreError};

use super::DynamoStore;
use super::keys::{self, Key};
use super::lists::{self, Walk};
use super::months::List;

#[async_trait]
impl Deliveries for DynamoStore {
    async fn signal(&self, owner: &OwnerId, id: &SignalId) -> Result<Option<Signal>, StoreError> {
        self.document(&keys::signal(owner, id)).await
    }

    async fn signals(
        &self,
        owner: &OwnerId,
        workflow: &WorkflowId,
        slice: &Slice,
    ) -> Result<PageOf<Signal>, StoreError> {
        let pk = keys::workflow(owner, workflow).pk;
        let walk = Walk::newest_first(pk, None, keys::SIGNAL.to_owned());
        self.read_listed(walk, keys::SIGNAL, slice, |id| {
            SignalId::parse(id).ok().map(|id| keys::signal(owner, &id))
        })
        .await
    }

    async fn delivery(
        &self,
        owner: &OwnerId,
        id: &DeliveryId,
    ) -> Result<Option<Delivery>, StoreError> {
        self.document(&keys::delivery(owner, id)).await
    }

    async fn deliveries(
        &self,
        owner: &OwnerId,
        status: Option<DeliveryStatus>,
        slice: &Slice,
    ) -> Result<PageOf<Delivery>, StoreError> {
        let (order, prefix) = match status {
            Some(status) => (Some(lists::STATUS), format!("{status}#")),
            None => (None, String::new()),
        };
        let months = self.partitions(owner, List::Deliveries).await?;
        let walk = Walk::through(months, order, prefix);
        self.read_listed(walk, "", slice, |id| {
            DeliveryId::parse(id)
                .ok()
                .map(|id| keys::delivery(owner, &id))
        })
        .await
    }

    async fn deliveries_of(
        &self,
        owner: &OwnerId,
        ids: &[DeliveryId],
    ) -> Result<Vec<Delivery>, StoreError> {
        let keys: Vec<Key> = ids.iter().map(|id| keys::delivery(owner, id)).collect();
        self.documents(&keys).await
    }

    async fn destination(
        &self,
        owner: &OwnerId,
        id: &DestinationId,
    ) -> Result<Option<WorkflowId>, StoreError> {
        self.document(&keys::destination(owner, id)).await
    }
}
