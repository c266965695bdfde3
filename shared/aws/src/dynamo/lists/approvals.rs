//! The list of approvals: one row each, written when it is made and when it is pending no more.
//!
//! How many there are is counted for the first page of a list: of those that are pending there are few, and who looks
//! through all there ever were pays half a unit for 15 to 30 rows.

use domain::approval::{Approval, ApprovalStatus};
use domain::ids::{ApprovalId, OwnerId, WorkflowId};
use engine::page::{PageOf, Slice};
use engine::ports::StoreError;

use super::{STATUS, WORKFLOW, WORKFLOW_STATUS, Walk};
use crate::dynamo::DynamoStore;
use crate::dynamo::item::Item;
use crate::dynamo::keys;
use crate::dynamo::months::List;
use crate::dynamo::part::{Part, put_row};

/// What an approval's commit writes into lists.
pub(in crate::dynamo) fn part(approval: &Approval) -> Option<Part> {
    let (id, status) = (&approval.id, approval.status);
    if approval.revision > 0 && status == ApprovalStatus::Pending {
        // Nothing becomes pending again, so it was: its row says so.
        return None;
    }
    let (workflow, status) = (&approval.workflow, status.as_str());
    let row = keys::approval_row(&approval.owner, id);
    let item = Item::new(&row)
        .text(WORKFLOW, &format!("{workflow}#{id}"))
        .text(WORKFLOW_STATUS, &format!("{workflow}#{status}#{id}"))
        .text(STATUS, &format!("{status}#{id}"));
    Some(put_row(row, item.attributes))
}

fn walk(
    months: Vec<String>,
    workflow: Option<&WorkflowId>,
    status: Option<ApprovalStatus>,
) -> Walk {
    let (order, prefix) = match (workflow, status) {
        (None, None) => (None, String::new()),
        (None, Some(status)) => (Some(STATUS), format!("{status}#")),
        (Some(workflow), None) => (Some(WORKFLOW), format!("{workflow}#")),
        (Some(workflow), Some(status)) => (Some(WORKFLOW_STATUS), format!("{workflow}#{status}#")),
    };
    Walk::through(months, order, prefix)
}

impl DynamoStore {
    pub(in crate::dynamo) async fn read_approvals(
        &self,
        owner: &OwnerId,
        workflow: Option<&WorkflowId>,
        status: Option<ApprovalStatus>,
        slice: &Slice,
    ) -> Result<PageOf<Approval>, StoreError> {
        let months = self.partitions(owner, List::Approvals).await?;
        let walk = walk(months, workflow, status);
        self.read_listed(walk, "", slice, |id| {
            ApprovalId::parse(id)
                .ok()
                .map(|id| keys::approval(owner, &id))
        })
        .await
    }
}
