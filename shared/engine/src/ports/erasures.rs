//! Erasing an owner: the part of the store that finds what is in no list.

use async_trait::async_trait;
use domain::erasure::Erasure;
use domain::ids::{OwnerId, WorkflowId};

use super::store::StoreError;

/// Where an item of the store stands, in the words of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place(pub String, pub String);

/// What a part of the store has of an owner.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    pub places: Vec<Place>,
    /// Those of the places that are workflows: they may have schedules, which stand elsewhere.
    pub workflows: Vec<WorkflowId>,
    /// Behind which place the next part begins; `None` at the end of the store.
    pub cursor: Option<String>,
}

/// Finds and removes what is an owner's.
#[async_trait]
pub trait Erasures: Send + Sync {
    /// The owner's erasure while it is under way.
    async fn erasure(&self, owner: &OwnerId) -> Result<Option<Erasure>, StoreError>;

    /// Stores an erasure; it is due at once. `false`: another revision is stored than the one before it.
    async fn put_erasure(&self, erasure: &Erasure) -> Result<bool, StoreError>;

    /// Removes an erasure that has come to its end.
    async fn forget_erasure(&self, owner: &OwnerId) -> Result<(), StoreError>;

    /// The owner, their tokens and the browsers that are signed in: what lets anybody in.
    async fn access(&self, owner: &OwnerId) -> Result<Vec<Place>, StoreError>;

    /// Looks through one part of the store, behind `cursor`, for what is the owner's, the erasure itself left out. How
    /// large a part is is the store's affair: one request.
    async fn find(&self, owner: &OwnerId, cursor: Option<&str>) -> Result<Found, StoreError>;

    /// Removes items. Those that are not there are removed.
    async fn remove(&self, places: &[Place]) -> Result<(), StoreError>;

    /// Removes the owner's blobs.
    async fn remove_blobs(&self, owner: &OwnerId) -> Result<(), StoreError>;
}
