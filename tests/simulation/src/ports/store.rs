//! The store: reads and commits pass the ground; what is committed is shown to the oracle at once.

use async_trait::async_trait;
use domain::approval::code::CodeProof;
use domain::approval::{Approval, ApprovalStatus};
use domain::credits::{Account, LedgerEntry};
use domain::execution::{Execution, Output, Status};
use domain::ids::{ApprovalId, ExecutionId, OwnerId, PlanId, PlanningId, WorkflowId};
use domain::owner::{Owner, Token};
use domain::patrol::Baseline;
use domain::plan::Plan;
use domain::planning::{Planning, ReviewedPlan};
use domain::quota::Quota;
use domain::sign_in::SignIn;
use domain::workflow::Workflow;
use engine::listing::{Listed, Selection};
use engine::memory::at_once;
use engine::page::{PageOf, Slice};
use engine::ports::store::{DueItem, EventRecord, Link, Occurrence, Store, Write};
use engine::ports::{Commit, CommitError, StoreError};
use jiff::Timestamp;
use serde_json::Value;

use super::Harbour;
use crate::fault::Operation;
use crate::ground::Refusal;
use crate::tamper;

fn unavailable(refusal: Refusal) -> StoreError {
    StoreError::Unavailable(format!("{refusal:?}"))
}

/// What a commit is about: the event of its run, or the first of its writes.
fn subject(commit: &Commit) -> &'static str {
    let event = commit.writes.iter().find_map(|write| match write {
        Write::AdvanceExecution { record, .. } => Some(record.event.name()),
        Write::CreateExecution { .. } => Some("execution_created"),
        _ => None,
    });
    event.unwrap_or_else(|| match commit.writes.first() {
        Some(Write::PutApproval { .. }) => "approval",
        Some(Write::PutWorkflow { .. }) => "workflow",
        Some(Write::PutLink { .. }) => "link",
        Some(Write::PutDelivery { .. }) => "delivery",
        Some(Write::RecordOccurrence { .. }) => "occurrence",
        Some(_) | None => "other",
    })
}

impl Harbour {
    pub(super) async fn read<T>(
        &self,
        what: &'static str,
        answer: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        // A read has no effect: it is answered once, when it has passed.
        self.ground
            .pass(Operation::Read(what), || Ok(()), unavailable)
            .await?;
        answer.await
    }
}

#[async_trait]
impl Store for Harbour {
    async fn commit(&self, commit: &Commit) -> Result<(), CommitError> {
        let seen = tamper::places(&self.ground, commit);
        self.ground
            .pass(
                Operation::Commit(subject(commit)),
                || tamper::commit(&self.ground, commit, seen),
                |refusal| unavailable(refusal).into(),
            )
            .await
    }

    async fn execution(
        &self,
        owner: &OwnerId,
        id: &ExecutionId,
    ) -> Result<Option<Execution>, StoreError> {
        self.read("execution", self.ground.store.execution(owner, id))
            .await
    }

    async fn events(
        &self,
        owner: &OwnerId,
        id: &ExecutionId,
    ) -> Result<Vec<EventRecord>, StoreError> {
        self.read("events", self.ground.store.events(owner, id))
            .await
    }

    async fn conclusion(
        &self,
        owner: &OwnerId,
        id: &ExecutionId,
    ) -> Result<Option<Value>, StoreError> {
        self.read("conclusion", self.ground.store.conclusion(owner, id))
            .await
    }

    async fn newest_executions(
        &self,
        owner: &OwnerId,
        workflow: Option<&WorkflowId>,
        limit: usize,
    ) -> Result<Vec<Execution>, StoreError> {
        let newest = self.ground.store.newest_executions(owner, workflow, limit);
        self.read("newest_executions", newest).await
    }

    async fn executions(
        &self,
        owner: &OwnerId,
        workflow: Option<&WorkflowId>,
        status: Option<Status>,
        slice: &Slice,
    ) -> Result<PageOf<Execution>, StoreError> {
        let list = self.ground.store.executions(owner, workflow, status, slice);
        self.read("executions", list).await
    }

    async fn workflow(
        &self,
        owner: &OwnerId,
        id: &WorkflowId,
    ) -> Result<Option<Workflow>, StoreError> {
        self.read("workflow", self.ground.store.workflow(owner, id))
            .await
    }

    async fn list_workflows(
        &self,
        owner: &OwnerId,
        selection: &Selection,
        slice: &Slice,
    ) -> Result<PageOf<Listed>, StoreError> {
        let list = self.ground.store.list_workflows(owner, selection, slice);
        self.read("list_workflows", list).await
    }

    async fn places(&self, owner: &OwnerId, quota: Quota) -> Result<u32, StoreError> {
        self.read("places", self.ground.store.places(owner, quota))
            .await
    }

    async fn code_proof(
        &self,
        owner: &OwnerId,
        approval: &ApprovalId,
        approver: &str,
    ) -> Result<Option<CodeProof>, StoreError> {
        let proof = self.ground.store.code_proof(owner, approval, approver);
        self.read("code_proof", proof).await
    }

    async fn workflows(
        &self,
        owner: &OwnerId,
        ids: &[WorkflowId],
    ) -> Result<Vec<Workflow>, StoreError> {
        self.read("workflows", self.ground.store.workflows(owner, ids))
            .await
    }

    async fn plan(
        &self,
        owner: &OwnerId,
        workflow: &WorkflowId,
        version: u32,
    ) -> Result<Option<Plan>, StoreError> {
        self.read("plan", self.ground.store.plan(owner, workflow, version))
            .await
    }

    async fn baseline(
        &self,
        owner: &OwnerId,
        workflow: &WorkflowId,
    ) -> Result<Option<Baseline>, StoreError> {
        self.read("baseline", self.ground.store.baseline(owner, workflow))
            .await
    }

    async fn occurrences(
        &self,
        owner: &OwnerId,
        workflow: &WorkflowId,
        slice: &Slice,
    ) -> Result<PageOf<Occurrence>, StoreError> {
        let list = self.ground.store.occurrences(owner, workflow, slice);
        self.read("occurrences", list).await
    }

    async fn planning(
        &self,
        owner: &OwnerId,
        id: &PlanningId,
    ) -> Result<Option<Planning>, StoreError> {
        self.read("planning", self.ground.store.planning(owner, id))
            .await
    }

    async fn reviewed_plan(
        &self,
        owner: &OwnerId,
        id: &PlanId,
    ) -> Result<Option<ReviewedPlan>, StoreError> {
        self.read("reviewed_plan", self.ground.store.reviewed_plan(owner, id))
            .await
    }

    async fn approval(
        &self,
        owner: &OwnerId,
        id: &ApprovalId,
    ) -> Result<Option<Approval>, StoreError> {
        let approval = self
            .read("approval", self.ground.store.approval(owner, id))
            .await?;
        let forger = self.ground.state().forger;
        Ok(approval.map(|approval| {
            if forger {
                tamper::forged(approval)
            } else {
                approval
            }
        }))
    }

    async fn approvals(
        &self,
        owner: &OwnerId,
        workflow: Option<&WorkflowId>,
        status: Option<ApprovalStatus>,
        slice: &Slice,
    ) -> Result<PageOf<Approval>, StoreError> {
        let list = self.ground.store.approvals(owner, workflow, status, slice);
        self.read("approvals", list).await
    }

    async fn link(&self, token_sha256: &str) -> Result<Option<Link>, StoreError> {
        self.read("link", self.ground.store.link(token_sha256))
            .await
    }

    async fn owner(&self, id: &OwnerId) -> Result<Option<Owner>, StoreError> {
        self.read("owner", self.ground.store.owner(id)).await
    }

    async fn token(&self, sha256: &str) -> Result<Option<Token>, StoreError> {
        self.read("token", self.ground.store.token(sha256)).await
    }

    async fn tokens(&self, owner: &OwnerId) -> Result<Vec<(String, Token)>, StoreError> {
        self.read("tokens", self.ground.store.tokens(owner)).await
    }

    async fn sign_in(&self, sha256: &str) -> Result<Option<SignIn>, StoreError> {
        self.read("sign_in", self.ground.store.sign_in(sha256))
            .await
    }

    async fn sign_ins(&self, owner: &OwnerId) -> Result<Vec<(String, SignIn)>, StoreError> {
        self.read("sign_ins", self.ground.store.sign_ins(owner))
            .await
    }

    async fn account(&self, owner: &OwnerId) -> Result<Account, StoreError> {
        self.read("account", self.ground.store.account(owner)).await
    }

    async fn ledger(&self, owner: &OwnerId, limit: usize) -> Result<Vec<LedgerEntry>, StoreError> {
        self.read("ledger", self.ground.store.ledger(owner, limit))
            .await
    }

    async fn put_output(
        &self,
        owner: &OwnerId,
        document: &Value,
        preview: &str,
    ) -> Result<Output, StoreError> {
        self.ground
            .pass(
                Operation::Keep,
                || at_once(self.ground.store.put_output(owner, document, preview)),
                unavailable,
            )
            .await
    }

    async fn output(&self, owner: &OwnerId, output: &Output) -> Result<Option<Value>, StoreError> {
        if output.inline.is_some() {
            return at_once(self.ground.store.output(owner, output));
        }
        self.read("output", self.ground.store.output(owner, output))
            .await
    }

    async fn put_bytes(&self, owner: &OwnerId, bytes: &[u8]) -> Result<String, StoreError> {
        self.ground
            .pass(
                Operation::Keep,
                || at_once(self.ground.store.put_bytes(owner, bytes)),
                unavailable,
            )
            .await
    }

    async fn bytes(&self, owner: &OwnerId, sha256: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.read("bytes", self.ground.store.bytes(owner, sha256))
            .await
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<DueItem>, StoreError> {
        self.ground
            .pass(
                Operation::Due,
                || tamper::due(&self.ground, now, limit),
                unavailable,
            )
            .await
    }
}
