//! The store, on one DynamoDB table and a bucket.

mod allowances;
mod assessments;
mod commit;
mod crawling;
mod deflate;
mod deliveries;
mod erasing;
mod item;
mod keeping;
mod keys;
mod lists;
mod months;
mod outputs;
mod part;
mod read;
mod replays;
mod sessions;
mod slots;
mod usage;
mod write;

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
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
use domain::text::folded_address;
use domain::workflow::Workflow;
use engine::listing::{Listed, Selection};
use engine::page::{PageOf, Slice};
use engine::ports::store::{DueItem, EventRecord, Keepsake, Link, Occurrence};
use engine::ports::{Clock, Commit, CommitError, Store, StoreError};
use engine::removal::Belongings;
use engine::retention::Retention;
use jiff::Timestamp;
use serde_json::Value;

use crate::sdk::Sdk;

pub use outputs::{BLOBS_OF_RUNS, Blobs};

/// The store of a stack.
#[derive(Clone)]
pub struct DynamoStore {
    client: Client,
    table: String,
    blobs: Blobs,
    clock: Arc<dyn Clock>,
    retention: Retention,
    /// What is known of months: an optimisation, shared by all that use this store.
    noted: months::Noted,
}

impl std::fmt::Debug for DynamoStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DynamoStore")
            .field("table", &self.table)
            .finish_non_exhaustive()
    }
}

impl DynamoStore {
    #[must_use]
    pub fn new(
        sdk: &Sdk,
        table: String,
        blobs: Blobs,
        clock: Arc<dyn Clock>,
        retention: Retention,
    ) -> Self {
        Self {
            client: Client::new(&sdk.service("DYNAMODB")),
            table,
            blobs,
            clock,
            retention,
            noted: months::Noted::default(),
        }
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The document an item refers to.
    async fn stored<T: serde::de::DeserializeOwned>(
        &self,
        owner: &OwnerId,
        key: &keys::Key,
    ) -> Result<Option<T>, StoreError> {
        let Some(reference) = self.document::<Output>(key).await? else {
            return Ok(None);
        };
        referred(key, self.load_output(owner, &reference).await?).map(Some)
    }

    /// What is looked up by a hash and listed in its owner's partition of tokens: the documents with their hashes, newest
    /// first. A row is written with its document; of two that disappear, one may go first.
    async fn hashed<T: serde::de::DeserializeOwned>(
        &self,
        owner: &OwnerId,
        prefix: &str,
        key: impl Fn(&str) -> keys::Key,
        id: impl Fn(&T) -> &str,
    ) -> Result<Vec<(String, T)>, StoreError> {
        let rows = self
            .partition(&keys::tokens(owner), prefix, true, None)
            .await?;
        let row = |row: &item::Attributes| {
            let id = item::text(row, "sk")?.strip_prefix(prefix)?;
            Some((id.to_owned(), item::text(row, "sha256")?.to_owned()))
        };
        let keys: Vec<keys::Key> = rows
            .iter()
            .filter_map(|row| item::text(row, "sha256"))
            .map(key)
            .collect();
        let documents: Vec<T> = self.documents(&keys).await?;
        let mut hashes: HashMap<String, String> = rows.iter().filter_map(row).collect();
        let documents = documents.into_iter();
        let listed =
            documents.filter_map(|document| Some((hashes.remove(id(&document))?, document)));
        Ok(listed.collect())
    }

    async fn read_baseline(
        &self,
        owner: &OwnerId,
        workflow: &WorkflowId,
    ) -> Result<Option<Baseline>, StoreError> {
        let key = keys::baseline(owner, workflow);
        let mut gone: Option<Output> = None;
        loop {
            let Some(reference) = self.document::<Output>(&key).await? else {
                return Ok(None);
            };
            let document = self
                .load_kept(owner, workflow, Keepsake::Baseline, &reference)
                .await?;
            // One that was replaced after its reference was read may be gone: then there is another.
            let is_replaced = gone.is_none_or(|gone| gone.sha256 != reference.sha256);
            if document.is_none() && is_replaced {
                gone = Some(reference);
                continue;
            }
            return referred(&key, document).map(Some);
        }
    }

    async fn list<T: serde::de::DeserializeOwned>(
        &self,
        pk: &str,
        prefix: &str,
        newest_first: bool,
        limit: Option<usize>,
    ) -> Result<Vec<T>, StoreError> {
        self.partition(pk, prefix, newest_first, limit)
            .await?
            .iter()
            .map(item::read)
            .collect()
    }
}

/// The document that the item under `key` refers to, as it was found.
fn referred<T: serde::de::DeserializeOwned>(
    key: &keys::Key,
    found: Option<Value>,
) -> Result<T, StoreError> {
    let damaged = |reason: String| StoreError::Damaged {
        key: key.pk.clone(),
        reason,
    };
    let document = found.ok_or_else(|| damaged("what it refers to is gone".to_owned()))?;
    serde_json::from_value(document).map_err(|error| damaged(error.to_string()))
}

#[async_trait]
impl Store for DynamoStore {
    async fn commit(&self, commit: &Commit) -> Result<(), CommitError> {
        self.write(commit).await
    }

    async fn execution(
        &self,
        owner: &OwnerId,
        id: &ExecutionId,
    ) -> Result<Option<Execution>, StoreError> {
        self.document(&keys::execution(owner, id)).await
    }

    async fn events(
        &self,
        owner: &OwnerId,
        id: &ExecutionId,
    ) -> Result<Vec<EventRecord>, StoreError> {
        self.list(&keys::execution(owner, id).pk, keys::EVENT, false, None)
            .await
    }

    async fn events_after(
        &self,
        owner: &OwnerId,
        id: &ExecutionId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<EventRecord>, StoreError> {
        let from = keys::event(owner, id, after.saturating_add(1));
        let to = keys::event(owner, id, after.saturating_add(limit as u64));
        self.between(&from, &to)
            .await?
            .iter()
            .map(item::read)
            .collect()
    }

    async fn conclusion(
        &self,
        owner: &OwnerId,
        id: &ExecutionId,
    ) -> Result<Option<Value>, StoreError> {
        self.read_conclusion(owner, id).await
    }

    async fn newest_executions(
        &self,
        owner: &OwnerId,
        workflow: Option<&WorkflowId>,
        limit: usize,
    ) -> Result<Vec<Execution>, StoreError> {
        self.read_newest_runs(owner, workflow, limit).await
    }

    async fn executions(
        &self,
        owner: &OwnerId,
        workflow: Option<&WorkflowId>,
        status: Option<Status>,
        slice: &Slice,
    ) -> Result<PageOf<Execution>, StoreError> {
        self.read_runs(owner, workflow, status, slice).await
    }

    async fn workflow(
        &self,
        owner: &OwnerId,
        id: &WorkflowId,
    ) -> Result<Option<Workflow>, StoreError> {
        self.document(&keys::workflow(owner, id)).await
    }

    async fn list_workflows(
        &self,
        owner: &OwnerId,
        selection: &Selection,
        slice: &Slice,
    ) -> Result<PageOf<Listed>, StoreError> {
        self.read_workflows(owner, selection, slice).await
    }

    async fn places(&self, owner: &OwnerId, quota: Quota) -> Result<u32, StoreError> {
        let counted = self.get(&keys::places(owner, quota)).await?;
        let places = counted.and_then(|item| item::number(&item, part::PLACES));
        Ok(u32::try_from(places.unwrap_or_default()).unwrap_or_default())
    }

    async fn workflows(
        &self,
        owner: &OwnerId,
        ids: &[WorkflowId],
    ) -> Result<Vec<Workflow>, StoreError> {
        let keys: Vec<keys::Key> = ids.iter().map(|id| keys::workflow(owner, id)).collect();
        self.documents(&keys).await
    }

    async fn plan(
        &self,
        owner: &OwnerId,
        workflow: &WorkflowId,
        version: u32,
    ) -> Result<Option<Plan>, StoreError> {
        self.document(&keys::plan(owner, workflow, version)).await
    }

    async fn baseline(
        &self,
        owner: &OwnerId,
        workflow: &WorkflowId,
    ) -> Result<Option<Baseline>, StoreError> {
        self.read_baseline(owner, workflow).await
    }

    async fn occurrences(
        &self,
        owner: &OwnerId,
        workflow: &WorkflowId,
        slice: &Slice,
    ) -> Result<PageOf<Occurrence>, StoreError> {
        self.read_occurrences(owner, workflow, slice).await
    }

    async fn planning(
        &self,
        owner: &OwnerId,
        id: &PlanningId,
    ) -> Result<Option<Planning>, StoreError> {
        self.document(&keys::planning(owner, id)).await
    }

    async fn reviewed_plan(
        &self,
        owner: &OwnerId,
        id: &PlanId,
    ) -> Result<Option<ReviewedPlan>, StoreError> {
        self.document(&keys::reviewed_plan(owner, id)).await
    }

    async fn approval(
        &self,
        owner: &OwnerId,
        id: &ApprovalId,
    ) -> Result<Option<Approval>, StoreError> {
        self.document(&keys::approval(owner, id)).await
    }

    async fn approvals(
        &self,
        owner: &OwnerId,
        workflow: Option<&WorkflowId>,
        status: Option<ApprovalStatus>,
        slice: &Slice,
    ) -> Result<PageOf<Approval>, StoreError> {
        self.read_approvals(owner, workflow, status, slice).await
    }

    async fn link(&self, token_sha256: &str) -> Result<Option<Link>, StoreError> {
        self.document(&keys::link(token_sha256)).await
    }

    async fn code_proof(
        &self,
        owner: &OwnerId,
        approval: &ApprovalId,
        approver: &str,
    ) -> Result<Option<CodeProof>, StoreError> {
        let person = folded_address(approver);
        self.document(&keys::code(owner, approval, &person)).await
    }

    async fn owner(&self, id: &OwnerId) -> Result<Option<Owner>, StoreError> {
        self.document(&keys::owner(id)).await
    }

    async fn token(&self, sha256: &str) -> Result<Option<Token>, StoreError> {
        self.document(&keys::token(sha256)).await
    }

    async fn tokens(&self, owner: &OwnerId) -> Result<Vec<(String, Token)>, StoreError> {
        self.hashed(owner, keys::TOKEN, keys::token, |token: &Token| {
            token.id.as_str()
        })
        .await
    }

    async fn sign_in(&self, sha256: &str) -> Result<Option<SignIn>, StoreError> {
        self.document(&keys::sign_in(sha256)).await
    }

    async fn sign_ins(&self, owner: &OwnerId) -> Result<Vec<(String, SignIn)>, StoreError> {
        self.hashed(owner, keys::SIGN_IN, keys::sign_in, |sign_in: &SignIn| {
            sign_in.id.as_str()
        })
        .await
    }

    async fn account(&self, owner: &OwnerId) -> Result<Account, StoreError> {
        self.read_account(owner).await
    }

    async fn ledger(&self, owner: &OwnerId, limit: usize) -> Result<Vec<LedgerEntry>, StoreError> {
        self.read_ledger(owner, limit).await
    }

    async fn put_output(
        &self,
        owner: &OwnerId,
        document: &Value,
        preview: &str,
    ) -> Result<Output, StoreError> {
        self.store_output(owner, document, preview).await
    }

    async fn put_kept(
        &self,
        owner: &OwnerId,
        workflow: &WorkflowId,
        kind: Keepsake,
        document: &Value,
        preview: &str,
    ) -> Result<Output, StoreError> {
        self.keep(owner, workflow, kind, document, preview).await
    }

    async fn kept(
        &self,
        owner: &OwnerId,
        workflow: &WorkflowId,
        kind: Keepsake,
        output: &Output,
    ) -> Result<Option<Value>, StoreError> {
        self.load_kept(owner, workflow, kind, output).await
    }

    async fn forget_baselines(
        &self,
        owner: &OwnerId,
        workflow: &WorkflowId,
    ) -> Result<(), StoreError> {
        self.forget_former_baselines(owner, workflow).await
    }

    async fn remove_belongings(
        &self,
        run: &Execution,
        belongings: &Belongings,
    ) -> Result<(), StoreError> {
        self.remove_what_belongs(run, belongings).await
    }

    async fn remove_events(&self, owner: &OwnerId, run: &ExecutionId) -> Result<(), StoreError> {
        self.remove_log(owner, run).await
    }

    async fn stop_keeping(&self, owner: &OwnerId, run: &ExecutionId) -> Result<(), StoreError> {
        self.let_go(owner, run).await
    }

    async fn retire_workflow(
        &self,
        owner: &OwnerId,
        workflow: &WorkflowId,
    ) -> Result<(), StoreError> {
        self.let_all_go(owner, workflow).await
    }

    async fn output(&self, owner: &OwnerId, output: &Output) -> Result<Option<Value>, StoreError> {
        self.load_output(owner, output).await
    }

    async fn put_bytes(&self, owner: &OwnerId, bytes: &[u8]) -> Result<String, StoreError> {
        self.store_bytes(owner, bytes).await
    }

    async fn bytes(&self, owner: &OwnerId, sha256: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.load_bytes(owner, sha256).await
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<DueItem>, StoreError> {
        self.read_due(now, limit).await
    }
}
