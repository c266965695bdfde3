//! Addresses at which a stored blob can be fetched without us, for what is too large for an answer.

use std::time::Duration;

use async_trait::async_trait;
use domain::ids::OwnerId;
use jiff::Timestamp;

use super::StoreError;

/// What is to be fetched, and until when.
#[derive(Debug, Clone, Copy)]
pub struct Download<'a> {
    pub owner: &'a OwnerId,
    /// What [`super::Store::put_bytes`] gave, or the hash of a document that is stored as it is.
    pub sha256: &'a str,
    /// What whoever fetches it is told that it is.
    pub content_type: &'a str,
    pub lives: Duration,
    pub now: Timestamp,
}

/// Signs addresses.
#[async_trait]
pub trait Downloads: Send + Sync {
    /// An address at which exactly this blob can be fetched by GET, by whoever has the address, as long as it lives.
    /// `None` where blobs cannot be reached from outside. That the blob exists is not asked.
    ///
    /// # Errors
    /// It cannot be signed now.
    async fn address(&self, download: Download<'_>) -> Result<Option<String>, StoreError>;
}
