//! A store for this crate's tests: one planning job, with the engine's condition on its revision.

use std::sync::Mutex;

use async_trait::async_trait;
use domain::approval::{Approval, ApprovalStatus};
use domain::credits::{Account, LedgerEntry};
use domain::execution::{Execution, Output};
use domain::ids::{ApprovalId, ExecutionId, OwnerId, PlanId, PlanningId, WorkflowId};
use domain::owner::{Owner, Token};
use domain::patrol::Baseline;
use domain::plan::Plan;
use domain::planning::{Planning, ReviewedPlan};
use domain::workflow::Workflow;
use engine::ports::store::{DueItem, EventRecord, Link, Occurrence, PageOf, Slice, WorkflowRow};
use engine::ports::{Commit, CommitError, Store, StoreError, Write};
use jiff::Timestamp;
use serde_json::Value;

#[derive(Default)]
pub(crate) struct OneJob {
    pub(crate) planning: Mutex<Option<Planning>>,
    pub(crate) plan: Mutex<Option<ReviewedPlan>>,
}

#[async_trait]
impl Store for OneJob {
    async fn commit(&self, commit: &Commit) -> Result<(), CommitError> {
        for write in &commit.writes {
            match write {
                Write::PutPlanning { planning } => {
                    let mut stored = self.planning.lock().unwrap();
                    if stored
                        .as_ref()
                        .is_some_and(|stored| stored.revision + 1 != planning.revision)
                    {
                        return Err(CommitError::Conflict);
                    }
                    *stored = Some(planning.clone());
                }
                Write::PutReviewedPlan { plan, .. } => {
                    *self.plan.lock().unwrap() = Some(plan.clone())
                }
                _ => {}
            }
        }
        Ok(())
    }
    async fn planning(&self, _: &OwnerId, _: &PlanningId) -> Result<Option<Planning>, StoreError> {
        Ok(self.planning.lock().unwrap().clone())
    }
    async fn reviewed_plan(
        &self,
        _: &OwnerId,
        _: &PlanId,
    ) -> Result<Option<ReviewedPlan>, StoreError> {
        Ok(self.plan.lock().unwrap().clone())
    }

    // What planning does not read.
    async fn execution(
        &self,
        _: &OwnerId,
        _: &ExecutionId,
    ) -> Result<Option<Execution>, StoreError> {
        Ok(None)
    }
    async fn workflow(&self, _: &OwnerId, _: &WorkflowId) -> Result<Option<Workflow>, StoreError> {
        Ok(None)
    }
    async fn plan(&self, _: &OwnerId, _: &WorkflowId, _: u32) -> Result<Option<Plan>, StoreError> {
        Ok(None)
    }
    async fn approval(&self, _: &OwnerId, _: &ApprovalId) -> Result<Option<Approval>, StoreError> {
        Ok(None)
    }
    async fn owner(&self, _: &OwnerId) -> Result<Option<Owner>, StoreError> {
        Ok(None)
    }
    async fn put_output(&self, _: &OwnerId, _: &Value, _: &str) -> Result<Output, StoreError> {
        Err(StoreError::Unavailable("planning stores no outputs".into()))
    }
    async fn output(&self, _: &OwnerId, _: &Output) -> Result<Option<Value>, StoreError> {
        Ok(None)
    }
    async fn put_bytes(&self, _: &OwnerId, _: &[u8]) -> Result<String, StoreError> {
        Err(StoreError::Unavailable("planning stores no bytes".into()))
    }
    async fn events(&self, _: &OwnerId, _: &ExecutionId) -> Result<Vec<EventRecord>, StoreError> {
        Ok(Vec::new())
    }
    async fn conclusion(&self, _: &OwnerId, _: &ExecutionId) -> Result<Option<Value>, StoreError> {
        Ok(None)
    }
    async fn executions(
        &self,
        _: &OwnerId,
        _: Option<&WorkflowId>,
        _: Option<&str>,
        _: &Slice,
    ) -> Result<PageOf<Execution>, StoreError> {
        Ok(PageOf {
            items: Vec::new(),
            total: 0,
            next: None,
        })
    }
    async fn workflow_rows(&self, _: &OwnerId) -> Result<Vec<WorkflowRow>, StoreError> {
        Ok(Vec::new())
    }
    async fn workflows(&self, _: &OwnerId, _: &[WorkflowId]) -> Result<Vec<Workflow>, StoreError> {
        Ok(Vec::new())
    }
    async fn baseline(&self, _: &OwnerId, _: &WorkflowId) -> Result<Option<Baseline>, StoreError> {
        Ok(None)
    }
    async fn occurrences(
        &self,
        _: &OwnerId,
        _: &WorkflowId,
        _: usize,
    ) -> Result<Vec<Occurrence>, StoreError> {
        Ok(Vec::new())
    }
    async fn approvals(
        &self,
        _: &OwnerId,
        _: Option<&WorkflowId>,
        _: Option<ApprovalStatus>,
        _: &Slice,
    ) -> Result<PageOf<Approval>, StoreError> {
        Ok(PageOf {
            items: Vec::new(),
            total: 0,
            next: None,
        })
    }
    async fn link(&self, _: &str) -> Result<Option<Link>, StoreError> {
        Ok(None)
    }
    async fn token(&self, _: &str) -> Result<Option<Token>, StoreError> {
        Ok(None)
    }
    async fn account(&self, _: &OwnerId) -> Result<Account, StoreError> {
        Ok(Account::default())
    }
    async fn ledger(&self, _: &OwnerId, _: usize) -> Result<Vec<LedgerEntry>, StoreError> {
        Ok(Vec::new())
    }
    async fn bytes(&self, _: &OwnerId, _: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(None)
    }
    async fn due(&self, _: Timestamp, _: usize) -> Result<Vec<DueItem>, StoreError> {
        Ok(Vec::new())
    }
}
