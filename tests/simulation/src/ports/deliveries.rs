//! Signals, deliveries and destinations: reads pass the ground like any other.

use async_trait::async_trait;
use domain::delivery::{Delivery, DeliveryStatus};
use domain::ids::{DeliveryId, DestinationId, OwnerId, SignalId, WorkflowId};
use domain::signal::Signal;
use engine::page::{PageOf, Slice};
use engine::ports::{Deliveries, StoreError};

use super::Harbour;

#[async_trait]
impl Deliveries for Harbour {
    async fn signal(&self, owner: &OwnerId, id: &SignalId) -> Result<Option<Signal>, StoreError> {
        self.read("signal", self.ground.store.signal(owner, id))
            .await
    }

    async fn signals(
        &self,
        owner: &OwnerId,
        workflow: &WorkflowId,
        slice: &Slice,
    ) -> Result<PageOf<Signal>, StoreError> {
        let list = self.ground.store.signals(owner, workflow, slice);
        self.read("signals", list).await
    }

    async fn delivery(
        &self,
        owner: &OwnerId,
        id: &DeliveryId,
    ) -> Result<Option<Delivery>, StoreError> {
        self.read("delivery", self.ground.store.delivery(owner, id))
            .await
    }

    async fn deliveries(
        &self,
        owner: &OwnerId,
        status: Option<DeliveryStatus>,
        slice: &Slice,
    ) -> Result<PageOf<Delivery>, StoreError> {
        let list = self.ground.store.deliveries(owner, status, slice);
        self.read("deliveries", list).await
    }

    async fn deliveries_of(
        &self,
        owner: &OwnerId,
        ids: &[DeliveryId],
    ) -> Result<Vec<Delivery>, StoreError> {
        let list = self.ground.store.deliveries_of(owner, ids);
        self.read("deliveries_of", list).await
    }

    async fn destination(
        &self,
        owner: &OwnerId,
        id: &DestinationId,
    ) -> Result<Option<WorkflowId>, StoreError> {
        self.read("destination", self.ground.store.destination(owner, id))
            .await
    }
}
