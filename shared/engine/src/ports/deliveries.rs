//! What was told, to whom, and what was kept back: the part of the store that signals and deliveries are read from.
//! They are written with the commits of what they tell of (`Write` in `super::store`).

use async_trait::async_trait;
use domain::delivery::{Delivery, DeliveryStatus};
use domain::ids::{DeliveryId, DestinationId, OwnerId, SignalId, WorkflowId};
use domain::signal::Signal;

use super::store::StoreError;
use crate::page::{PageOf, Slice};

/// Reads signals, deliveries and destinations.
#[async_trait]
pub trait Deliveries: Send + Sync {
    async fn signal(&self, owner: &OwnerId, id: &SignalId) -> Result<Option<Signal>, StoreError>;
    /// The signals of a workflow, newest first.
    async fn signals(
        &self,
        owner: &OwnerId,
        workflow: &WorkflowId,
        slice: &Slice,
    ) -> Result<PageOf<Signal>, StoreError>;

    async fn delivery(
        &self,
        owner: &OwnerId,
        id: &DeliveryId,
    ) -> Result<Option<Delivery>, StoreError>;
    /// The owner's deliveries, newest first.
    async fn deliveries(
        &self,
        owner: &OwnerId,
        status: Option<DeliveryStatus>,
        slice: &Slice,
    ) -> Result<PageOf<Delivery>, StoreError>;
    /// Those of `ids` that exist, in the order asked.
    async fn deliveries_of(
        &self,
        owner: &OwnerId,
        ids: &[DeliveryId],
    ) -> Result<Vec<Delivery>, StoreError>;

    /// The workflow that has, or had, this destination.
    async fn destination(
        &self,
        owner: &OwnerId,
        id: &DestinationId,
    ) -> Result<Option<WorkflowId>, StoreError>;
}
