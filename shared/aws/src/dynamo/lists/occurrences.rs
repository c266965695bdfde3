//! The due times of a workflow: documents of their own, in the order of the table, latest first.

use domain::ids::{OwnerId, WorkflowId};
use engine::page::{PageOf, Slice};
use engine::ports::StoreError;
use engine::ports::store::Occurrence;
use futures::FutureExt;

use super::Walk;
use crate::dynamo::DynamoStore;
use crate::dynamo::{item, keys};

impl DynamoStore {
    pub(in crate::dynamo) async fn read_occurrences(
        &self,
        owner: &OwnerId,
        workflow: &WorkflowId,
        slice: &Slice,
    ) -> Result<PageOf<Occurrence>, StoreError> {
        let pk = keys::workflow(owner, workflow).pk;
        let walk = Walk::newest_first(pk, None, keys::OCCURRENCE.to_owned());
        let count = self.count(walk.clone().a_moment_old()).boxed();
        let page = self.page(walk, slice, count).await?;
        let items: Result<_, StoreError> = page.items.iter().map(item::read).collect();
        Ok(PageOf {
            items: items?,
            total: page.total,
            next: page.next,
        })
    }
}
