//! A store of maps for the tests of this crate: it keeps the conditions of [`Write`], so that the engine's
//! verbs behave, and nothing else. What a store must be is held by the contracts in `tests/it`.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use domain::approval::{Approval, ApprovalStatus};
use domain::credits::{Account, LedgerEntry};
use domain::digest;
use domain::execution::{Execution, Output};
use domain::ids::{ApprovalId, ExecutionId, OwnerId, PlanId, PlanningId, WorkflowId};
use domain::owner::{Owner, Token};
use domain::patrol::Baseline;
use domain::plan::Plan;
use domain::planning::{Planning, ReviewedPlan};
use domain::workflow::Workflow;
use engine::ports::store::{
    Commit, CommitError, DueItem, EventRecord, Link, Occurrence, PageOf, Slice, Store, StoreError,
    WorkflowRow, Write,
};
use jiff::Timestamp;
use serde_json::Value;

#[derive(Debug, Clone, Default)]
pub(super) struct State {
    pub(super) executions: BTreeMap<ExecutionId, Execution>,
    pub(super) events: Vec<(ExecutionId, EventRecord)>,
    pub(super) approvals: BTreeMap<ApprovalId, Approval>,
    pub(super) workflows: BTreeMap<WorkflowId, Workflow>,
    pub(super) plans: BTreeMap<(WorkflowId, u32), Plan>,
    pub(super) plannings: BTreeMap<PlanningId, Planning>,
    pub(super) reviewed: BTreeMap<PlanId, (OwnerId, ReviewedPlan)>,
    pub(super) accounts: BTreeMap<OwnerId, Account>,
    pub(super) links: BTreeMap<String, Link>,
    pub(super) tokens: BTreeMap<String, Token>,
    pub(super) owners: BTreeMap<OwnerId, Owner>,
    documents: BTreeMap<String, Value>,
    bytes: BTreeMap<String, Vec<u8>>,
    /// Whether every call fails.
    pub(super) down: bool,
    pub(super) commits: usize,
}

#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<State>);

impl Memory {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    fn up(&self) -> Result<MutexGuard<'_, State>, StoreError> {
        let state = self.state();
        if state.down {
            Err(StoreError::Unavailable(
                "connection refused 10.0.0.7:8000".to_owned(),
            ))
        } else {
            Ok(state)
        }
    }
}

fn page<T: Clone>(all: Vec<T>, slice: &Slice, id: impl Fn(&T) -> String) -> PageOf<T> {
    let total = all.len();
    let start = slice
        .after
        .as_ref()
        .and_then(|after| all.iter().position(|item| id(item) == *after))
        .map_or(slice.offset, |at| at + 1);
    let items: Vec<T> = all.into_iter().skip(start).take(slice.limit).collect();
    let next = items
        .last()
        .map(&id)
        .filter(|_| start + items.len() < total);
    PageOf { items, total, next }
}

impl State {
    fn write(&mut self, write: &Write) -> Result<(), CommitError> {
        match write.clone() {
            Write::CreateExecution { execution } => {
                self.executions.insert(execution.id.clone(), execution);
            }
            Write::AdvanceExecution { execution, record } => {
                next(
                    self.executions.get(&execution.id).map(|old| old.revision),
                    execution.revision,
                )?;
                self.events.push((execution.id.clone(), record));
                self.executions.insert(execution.id.clone(), execution);
            }
            Write::PutApproval { approval } => {
                next(
                    self.approvals.get(&approval.id).map(|old| old.revision),
                    approval.revision,
                )?;
                self.approvals.insert(approval.id.clone(), approval);
            }
            Write::PutWorkflow { workflow } => {
                next(
                    self.workflows.get(&workflow.id).map(|old| old.revision),
                    workflow.revision,
                )?;
                self.workflows.insert(workflow.id.clone(), workflow);
            }
            Write::DeleteWorkflow { workflow } => {
                if self
                    .workflows
                    .get(&workflow.id)
                    .is_none_or(|old| old.revision != workflow.revision)
                {
                    return Err(CommitError::Conflict);
                }
                self.workflows.remove(&workflow.id);
            }
            Write::PutPlan {
                workflow,
                version,
                plan,
                ..
            } => {
                self.plans.insert((workflow, version), plan);
            }
            Write::PutPlanning { planning } => {
                self.plannings.insert(planning.id.clone(), planning);
            }
            Write::PutReviewedPlan { owner, plan } => {
                self.reviewed.insert(plan.id.clone(), (owner, plan));
            }
            Write::ReserveCredits { owner, amount } => {
                let account = self.accounts.entry(owner).or_default();
                *account = account.reserve(amount)?;
            }
            Write::SettleCredits {
                owner,
                reserved,
                consumed,
                ..
            } => {
                let account = self.accounts.entry(owner).or_default();
                *account = account.settle(reserved, consumed);
            }
            Write::PutLink { token_sha256, link } => {
                self.links.insert(token_sha256, link);
            }
            Write::PutOwner { owner } => {
                self.owners.insert(owner.id.clone(), owner);
            }
            Write::PutToken { sha256, token } => {
                self.tokens.insert(sha256, token);
            }
            Write::Grant { owner, amount, .. } => {
                let account = self.accounts.entry(owner).or_default();
                account.balance = Some(account.balance.unwrap_or_default() + i64::from(amount));
            }
            other => unreachable!("no test here writes {other:?}"),
        }
        Ok(())
    }
}

fn next(old: Option<u64>, new: u64) -> Result<(), CommitError> {
    match old {
        None if new == 0 => Ok(()),
        Some(old) if old + 1 == new => Ok(()),
        Some(_) if new == 0 => Err(CommitError::Exists),
        None | Some(_) => Err(CommitError::Conflict),
    }
}

#[async_trait]
impl Store for Memory {
    async fn commit(&self, commit: &Commit) -> Result<(), CommitError> {
        let mut state = self.up()?;
        let mut changed = state.clone();
        for write in &commit.writes {
            changed.write(write)?;
        }
        changed.commits += 1;
        *state = changed;
        Ok(())
    }

    async fn execution(
        &self,
        owner: &OwnerId,
        id: &ExecutionId,
    ) -> Result<Option<Execution>, StoreError> {
        Ok(self
            .up()?
            .executions
            .get(id)
            .filter(|run| run.owner == *owner)
            .cloned())
    }

    async fn events(&self, _: &OwnerId, id: &ExecutionId) -> Result<Vec<EventRecord>, StoreError> {
        Ok(self
            .up()?
            .events
            .iter()
            .filter(|(run, _)| run == id)
            .map(|(_, record)| record.clone())
            .collect())
    }

    async fn conclusion(&self, _: &OwnerId, _: &ExecutionId) -> Result<Option<Value>, StoreError> {
        Ok(None)
    }

    async fn executions(
        &self,
        owner: &OwnerId,
        workflow: Option<&WorkflowId>,
        status: Option<&str>,
        slice: &Slice,
    ) -> Result<PageOf<Execution>, StoreError> {
        let state = self.up()?;
        let mine = state
            .executions
            .values()
            .rev()
            .filter(|run| run.owner == *owner);
        let found = mine.filter(|run| {
            workflow.is_none_or(|id| run.workflow == *id)
                && status.is_none_or(|status| run.status().as_str() == status)
        });
        Ok(page(found.cloned().collect(), slice, |run| {
            run.id.to_string()
        }))
    }

    async fn workflow(
        &self,
        owner: &OwnerId,
        id: &WorkflowId,
    ) -> Result<Option<Workflow>, StoreError> {
        Ok(self
            .up()?
            .workflows
            .get(id)
            .filter(|workflow| workflow.owner == *owner)
            .cloned())
    }

    async fn workflow_rows(&self, owner: &OwnerId) -> Result<Vec<WorkflowRow>, StoreError> {
        let state = self.up()?;
        let mine = state
            .workflows
            .values()
            .rev()
            .filter(|workflow| workflow.owner == *owner);
        let row = |workflow: &Workflow| WorkflowRow {
            id: workflow.id.clone(),
            name: workflow.name.clone(),
            status: workflow.status.to_string(),
            updated_at: workflow.updated_at,
            tags: workflow.tags.clone(),
            text: workflow.intent.clone().unwrap_or_default(),
        };
        Ok(mine.map(row).collect())
    }

    async fn workflows(
        &self,
        owner: &OwnerId,
        ids: &[WorkflowId],
    ) -> Result<Vec<Workflow>, StoreError> {
        let state = self.up()?;
        Ok(ids
            .iter()
            .filter_map(|id| state.workflows.get(id))
            .filter(|workflow| workflow.owner == *owner)
            .cloned()
            .collect())
    }

    async fn plan(
        &self,
        _: &OwnerId,
        workflow: &WorkflowId,
        version: u32,
    ) -> Result<Option<Plan>, StoreError> {
        Ok(self.up()?.plans.get(&(workflow.clone(), version)).cloned())
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

    async fn planning(
        &self,
        owner: &OwnerId,
        id: &PlanningId,
    ) -> Result<Option<Planning>, StoreError> {
        Ok(self
            .up()?
            .plannings
            .get(id)
            .filter(|planning| planning.owner == *owner)
            .cloned())
    }

    async fn reviewed_plan(
        &self,
        owner: &OwnerId,
        id: &PlanId,
    ) -> Result<Option<ReviewedPlan>, StoreError> {
        Ok(self
            .up()?
            .reviewed
            .get(id)
            .filter(|(whose, _)| whose == owner)
            .map(|(_, plan)| plan.clone()))
    }

    async fn approval(
        &self,
        owner: &OwnerId,
        id: &ApprovalId,
    ) -> Result<Option<Approval>, StoreError> {
        Ok(self
            .up()?
            .approvals
            .get(id)
            .filter(|approval| approval.owner == *owner)
            .cloned())
    }

    async fn approvals(
        &self,
        owner: &OwnerId,
        workflow: Option<&WorkflowId>,
        status: Option<ApprovalStatus>,
        slice: &Slice,
    ) -> Result<PageOf<Approval>, StoreError> {
        let state = self.up()?;
        let mine = state
            .approvals
            .values()
            .rev()
            .filter(|approval| approval.owner == *owner);
        let found = mine.filter(|approval| {
            workflow.is_none_or(|id| approval.workflow == *id)
                && status.is_none_or(|status| approval.status == status)
        });
        Ok(page(found.cloned().collect(), slice, |approval| {
            approval.id.to_string()
        }))
    }

    async fn link(&self, token_sha256: &str) -> Result<Option<Link>, StoreError> {
        Ok(self.up()?.links.get(token_sha256).cloned())
    }

    async fn owner(&self, id: &OwnerId) -> Result<Option<Owner>, StoreError> {
        Ok(self.up()?.owners.get(id).cloned())
    }

    async fn token(&self, sha256: &str) -> Result<Option<Token>, StoreError> {
        Ok(self.up()?.tokens.get(sha256).cloned())
    }

    async fn account(&self, owner: &OwnerId) -> Result<Account, StoreError> {
        Ok(self.up()?.accounts.get(owner).copied().unwrap_or_default())
    }

    async fn ledger(&self, _: &OwnerId, _: usize) -> Result<Vec<LedgerEntry>, StoreError> {
        Ok(Vec::new())
    }

    async fn put_output(
        &self,
        _: &OwnerId,
        document: &Value,
        preview: &str,
    ) -> Result<Output, StoreError> {
        let sha256 = digest::of_json(document);
        self.up()?
            .documents
            .insert(sha256.clone(), document.clone());
        Ok(Output {
            sha256,
            bytes: 0,
            inline: None,
            preview: preview.to_owned(),
        })
    }

    async fn output(&self, _: &OwnerId, output: &Output) -> Result<Option<Value>, StoreError> {
        Ok(output
            .inline
            .clone()
            .or_else(|| self.state().documents.get(&output.sha256).cloned()))
    }

    async fn put_bytes(&self, _: &OwnerId, bytes: &[u8]) -> Result<String, StoreError> {
        let sha256 = digest::of_bytes(bytes);
        self.up()?.bytes.insert(sha256.clone(), bytes.to_vec());
        Ok(sha256)
    }

    async fn bytes(&self, _: &OwnerId, sha256: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.up()?.bytes.get(sha256).cloned())
    }

    async fn due(&self, _: Timestamp, _: usize) -> Result<Vec<DueItem>, StoreError> {
        Ok(Vec::new())
    }
}
