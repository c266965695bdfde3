//! A store for this crate's tests: approvals, links, runs and what they came to.

use std::collections::HashMap;
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
pub(crate) struct Desk {
    pub(crate) approval: Mutex<Option<Approval>>,
    pub(crate) drafts: Mutex<HashMap<String, Value>>,
    pub(crate) links: Mutex<HashMap<String, Link>>,
    pub(crate) run: Mutex<Option<Execution>>,
    pub(crate) conclusion: Mutex<Option<Value>>,
    pub(crate) person: Mutex<Option<Owner>>,
}

#[async_trait]
impl Store for Desk {
    async fn commit(&self, commit: &Commit) -> Result<(), CommitError> {
        for write in &commit.writes {
            match write {
                Write::PutApproval { approval } => {
                    *self.approval.lock().unwrap() = Some(approval.clone())
                }
                Write::PutLink { token_sha256, link } => {
                    self.links
                        .lock()
                        .unwrap()
                        .insert(token_sha256.clone(), link.clone());
                }
                _ => {}
            }
        }
        Ok(())
    }
    async fn planning(&self, _: &OwnerId, _: &PlanningId) -> Result<Option<Planning>, StoreError> {
        Ok(None)
    }
    async fn reviewed_plan(
        &self,
        _: &OwnerId,
        _: &PlanId,
    ) -> Result<Option<ReviewedPlan>, StoreError> {
        Ok(None)
    }

    async fn execution(
        &self,
        _: &OwnerId,
        _: &ExecutionId,
    ) -> Result<Option<Execution>, StoreError> {
        Ok(self.run.lock().unwrap().clone())
    }
    async fn workflow(&self, _: &OwnerId, _: &WorkflowId) -> Result<Option<Workflow>, StoreError> {
        Ok(None)
    }
    async fn plan(&self, _: &OwnerId, _: &WorkflowId, _: u32) -> Result<Option<Plan>, StoreError> {
        Ok(None)
    }
    async fn approval(&self, _: &OwnerId, _: &ApprovalId) -> Result<Option<Approval>, StoreError> {
        Ok(self.approval.lock().unwrap().clone())
    }
    async fn owner(&self, _: &OwnerId) -> Result<Option<Owner>, StoreError> {
        Ok(self.person.lock().unwrap().clone())
    }
    async fn put_output(&self, _: &OwnerId, _: &Value, _: &str) -> Result<Output, StoreError> {
        Err(StoreError::Unavailable("nothing is stored here".into()))
    }
    async fn output(&self, _: &OwnerId, output: &Output) -> Result<Option<Value>, StoreError> {
        Ok(self.drafts.lock().unwrap().get(&output.sha256).cloned())
    }
    async fn put_bytes(&self, _: &OwnerId, _: &[u8]) -> Result<String, StoreError> {
        Err(StoreError::Unavailable("nothing is stored here".into()))
    }
    async fn events(&self, _: &OwnerId, _: &ExecutionId) -> Result<Vec<EventRecord>, StoreError> {
        Ok(Vec::new())
    }
    async fn conclusion(&self, _: &OwnerId, _: &ExecutionId) -> Result<Option<Value>, StoreError> {
        Ok(self.conclusion.lock().unwrap().clone())
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
