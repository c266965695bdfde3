//! What a crawl keeps for the next crawl of the same step: pages with the validators that let a site
//! answer "not modified", and the locators that worked.
//!
//! It is an optimisation beside the outputs, never their source of truth: written without a condition
//! when a crawl is finished, read at the beginning of the next. One that is lost costs a full fetch; one whose run never
//! committed still tells truly what the pages held when they were read.

use async_trait::async_trait;
use domain::ids::{OwnerId, WorkflowId};
use serde_json::Value;

use super::StoreError;

/// Which step of which workflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visitor<'a> {
    pub owner: &'a OwnerId,
    pub workflow: &'a WorkflowId,
    pub step: &'a str,
}

/// Remembers crawls.
#[async_trait]
pub trait Visits: Send + Sync {
    /// What the last crawl left; `None` when there is nothing, or it is gone.
    async fn visit(&self, visitor: Visitor<'_>) -> Result<Option<Value>, StoreError>;

    /// Replaces it.
    async fn remember(&self, visitor: Visitor<'_>, visit: &Value) -> Result<(), StoreError>;
}
