//! The store in memory.
//!
//! Documents are kept as values, not as JSON: that they survive being written down is what the contract
//! suite asks of the real store. Outputs follow its rule: the smallest travel inside their reference, all others are
//! kept under their owner and hash.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

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
use domain::{digest, text};
use jiff::Timestamp;
use serde_json::Value;

use super::change::Change;
use super::item::{Credits, Item};
use super::key::Key;
use super::outage::{Outage, REASON};
use super::table::Table;
use super::{commit, lock};
use crate::listing::{self, Entry, Listed, Selection};
use crate::page::{PageOf, Slice};
use crate::ports::store::{DueItem, EventRecord, Link, Occurrence, Write};
use crate::ports::{Clock, Commit, CommitError, Store, StoreError};
use crate::removal::Belongings;
use crate::retention::Retention;

/// Who wrote what a test has planted.
const PLANTED: &str = "planted";

#[derive(Default)]
struct State {
    table: Table,
    commits: usize,
    /// Of every call.
    outage: Outage,
    /// Of commits only.
    commit_outage: Outage,
}

/// A store that lasts as long as its process.
#[derive(Default)]
pub struct MemoryStore {
    state: Mutex<State>,
    /// Without one nothing expires.
    clock: Option<Arc<dyn Clock>>,
    retention: Retention,
}

impl std::fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryStore")
            .field("commits", &self.commits())
            .finish_non_exhaustive()
    }
}

/// Beside the port: what a test prepares, and what it asks.
impl MemoryStore {
    /// A store in which things end.
    #[must_use]
    pub fn with_clock(clock: Arc<dyn Clock>, retention: Retention) -> Self {
        Self {
            clock: Some(clock),
            retention,
            ..Self::default()
        }
    }

    fn now(&self) -> Option<Timestamp> {
        self.clock.as_ref().map(|clock| clock.now())
    }

    /// Writes without asking any condition and without counting: a test's beginning, or damage that nobody may do.
    pub fn plant(&self, write: &Write) {
        commit::plant(&mut lock(&self.state).table, write, PLANTED);
    }

    /// Puts a document where `output` refers to, whatever its hash.
    pub fn plant_output(&self, owner: &OwnerId, output: &Output, document: Value) {
        let key = Key::Output(owner.clone(), output.sha256.clone());
        let item = Change::Put(Item::new(document));
        lock(&self.state).table.change(key, item, PLANTED);
    }

    /// How many commits were made, repetitions included.
    #[must_use]
    pub fn commits(&self) -> usize {
        lock(&self.state).commits
    }

    /// Every mailed link by the hash of its token: a list that the port does not give.
    #[must_use]
    pub fn links(&self) -> BTreeMap<String, Link> {
        let state = lock(&self.state);
        let items = state.table.from(Key::Link(String::new()));
        items
            .map_while(|(key, item)| match key {
                Key::Link(sha256) => Some((sha256.clone(), item.document::<Link>()?.clone())),
                _ => None,
            })
            .collect()
    }

    /// Makes the next `n` commits fail before they write.
    pub fn fail_commits(&self, n: u32) {
        lock(&self.state).commit_outage.next = n;
    }

    /// Makes every call fail, or none.
    pub fn set_down(&self, down: bool) {
        lock(&self.state).outage.down = down;
    }

    /// Asks the table, when it answers.
    pub(super) fn ask<T>(&self, question: impl FnOnce(&mut Table) -> T) -> Result<T, StoreError> {
        let mut state = lock(&self.state);
        if state.outage.strikes() {
            return Err(StoreError::Unavailable(REASON.to_owned()));
        }
        state.table.now_ms = self.now().map(Timestamp::as_millisecond);
        Ok(question(&mut state.table))
    }

    pub(super) fn document<T: Any + Clone>(&self, key: &Key) -> Result<Option<T>, StoreError> {
        self.ask(|table| table.document(key))?
    }

    /// The documents of a list, newest first.
    pub(super) fn newest<T: Any + Clone>(
        &self,
        from: Key,
        belongs: impl Fn(&Key) -> bool,
    ) -> Result<Vec<T>, StoreError> {
        let mut list = self.ask(|table| table.list(from, belongs))??;
        list.reverse();
        Ok(list)
    }

    /// The document that the reference under `key` refers to.
    pub(super) fn referred(&self, owner: &OwnerId, key: &Key) -> Result<Option<Value>, StoreError> {
        let Some(reference) = self.document::<Output>(key)? else {
            return Ok(None);
        };
        let document = self.load(owner, &reference)?;
        document
            .ok_or_else(|| StoreError::Damaged {
                key: format!("{key:?}"),
                reason: "what it refers to is gone".to_owned(),
            })
            .map(Some)
    }

    /// All workflows of an owner, newest first.
    fn workflows_of(&self, owner: &OwnerId) -> Result<Vec<Workflow>, StoreError> {
        let first = WorkflowId::from_uuid(uuid::Uuid::nil());
        self.newest(
            Key::Workflow(owner.clone(), first),
            |key| matches!(key, Key::Workflow(whose, _) if whose == owner),
        )
    }

    fn load(&self, owner: &OwnerId, output: &Output) -> Result<Option<Value>, StoreError> {
        match &output.inline {
            Some(document) => Ok(Some(document.clone())),
            None => self.document(&Key::Output(owner.clone(), output.sha256.clone())),
        }
    }
}

/// The page of a list that is newest first.
pub(super) fn newest_first<T>(
    list: Vec<T>,
    slice: &Slice,
    place: impl Fn(&T) -> String,
) -> PageOf<T> {
    let placed = list.into_iter().map(|item| (place(&item), item));
    listing::cut(placed.collect(), true, slice)
}

#[async_trait]
impl Store for MemoryStore {
    async fn commit(&self, commit: &Commit) -> Result<(), CommitError> {
        let mut state = lock(&self.state);
        if state.outage.strikes() || state.commit_outage.strikes() {
            return Err(StoreError::Unavailable(REASON.to_owned()).into());
        }
        state.table.now_ms = self.now().map(Timestamp::as_millisecond);
        commit::commit(&mut state.table, commit, self.retention)?;
        state.commits += 1;
        Ok(())
    }

    async fn execution(
        &self,
        owner: &OwnerId,
        id: &ExecutionId,
    ) -> Result<Option<Execution>, StoreError> {
        self.document(&Key::Execution(owner.clone(), id.clone()))
    }

    async fn events(
        &self,
        owner: &OwnerId,
        id: &ExecutionId,
    ) -> Result<Vec<EventRecord>, StoreError> {
        let first = Key::Event(owner.clone(), id.clone(), 0);
        self.ask(|table| {
            table.list(
                first,
                |key| matches!(key, Key::Event(whose, run, _) if whose == owner && run == id),
            )
        })?
    }

    async fn conclusion(
        &self,
        owner: &OwnerId,
        id: &ExecutionId,
    ) -> Result<Option<Value>, StoreError> {
        self.referred(owner, &Key::Conclusion(owner.clone(), id.clone()))
    }

    async fn newest_executions(
        &self,
        owner: &OwnerId,
        workflow: Option<&WorkflowId>,
        limit: usize,
    ) -> Result<Vec<Execution>, StoreError> {
        let page = self
            .executions(owner, workflow, None, &Slice::first(limit))
            .await?;
        Ok(page.items)
    }

    async fn executions(
        &self,
        owner: &OwnerId,
        workflow: Option<&WorkflowId>,
        status: Option<Status>,
        slice: &Slice,
    ) -> Result<PageOf<Execution>, StoreError> {
        let first = ExecutionId::from_uuid(uuid::Uuid::nil());
        let mut runs: Vec<Execution> = self.newest(
            Key::Execution(owner.clone(), first),
            |key| matches!(key, Key::Execution(whose, _) if whose == owner),
        )?;
        runs.retain(|run| {
            workflow.is_none_or(|workflow| run.workflow == *workflow)
                && status.is_none_or(|status| run.status() == status)
        });
        Ok(newest_first(runs, slice, |run| run.id.to_string()))
    }

    async fn workflow(
        &self,
        owner: &OwnerId,
        id: &WorkflowId,
    ) -> Result<Option<Workflow>, StoreError> {
        self.document(&Key::Workflow(owner.clone(), id.clone()))
    }

    async fn list_workflows(
        &self,
        owner: &OwnerId,
        selection: &Selection,
        slice: &Slice,
    ) -> Result<PageOf<Listed>, StoreError> {
        let entries = self.workflows_of(owner)?;
        let sorted = selection.apply(entries.iter().map(Entry::of));
        let page = listing::cut(sorted, selection.descending, slice);
        let listed = page.items.into_iter().map(|entry| {
            let found = entries.iter().find(|workflow| workflow.id == entry.id);
            let workflow = found.expect("an entry is of its workflow").clone();
            let plan = Key::Plan(owner.clone(), entry.id, workflow.plan_version);
            let plan = self.document(&plan)?;
            Ok(Listed { workflow, plan })
        });
        Ok(PageOf {
            items: listed.collect::<Result<_, StoreError>>()?,
            total: page.total,
            next: page.next,
        })
    }

    async fn places(&self, owner: &OwnerId, quota: Quota) -> Result<u32, StoreError> {
        let places: Option<i64> = self.document(&Key::Places(owner.clone(), quota.as_str()))?;
        Ok(u32::try_from(places.unwrap_or_default()).unwrap_or_default())
    }

    async fn workflows(
        &self,
        owner: &OwnerId,
        ids: &[WorkflowId],
    ) -> Result<Vec<Workflow>, StoreError> {
        self.ask(|table| {
            ids.iter()
                .filter_map(|id| {
                    let key = Key::Workflow(owner.clone(), id.clone());
                    table.document(&key).transpose()
                })
                .collect()
        })?
    }

    async fn plan(
        &self,
        owner: &OwnerId,
        workflow: &WorkflowId,
        version: u32,
    ) -> Result<Option<Plan>, StoreError> {
        self.document(&Key::Plan(owner.clone(), workflow.clone(), version))
    }

    async fn baseline(
        &self,
        owner: &OwnerId,
        workflow: &WorkflowId,
    ) -> Result<Option<Baseline>, StoreError> {
        let key = Key::Baseline(owner.clone(), workflow.clone());
        let Some(document) = self.referred(owner, &key)? else {
            return Ok(None);
        };
        serde_json::from_value(document)
            .map(Some)
            .map_err(|error| StoreError::Damaged {
                key: format!("{key:?}"),
                reason: error.to_string(),
            })
    }

    async fn occurrences(
        &self,
        owner: &OwnerId,
        workflow: &WorkflowId,
        slice: &Slice,
    ) -> Result<PageOf<Occurrence>, StoreError> {
        let occurrences: Vec<Occurrence> = self.newest(
            Key::Occurrence(owner.clone(), workflow.clone(), i64::MIN),
            |key| matches!(key, Key::Occurrence(whose, of, _) if whose == owner && of == workflow),
        )?;
        Ok(newest_first(occurrences, slice, |occurrence| {
            format!("{:015}", occurrence.scheduled_for.as_millisecond())
        }))
    }

    async fn planning(
        &self,
        owner: &OwnerId,
        id: &PlanningId,
    ) -> Result<Option<Planning>, StoreError> {
        self.document(&Key::Planning(owner.clone(), id.clone()))
    }

    async fn reviewed_plan(
        &self,
        owner: &OwnerId,
        id: &PlanId,
    ) -> Result<Option<ReviewedPlan>, StoreError> {
        self.document(&Key::ReviewedPlan(owner.clone(), id.clone()))
    }

    async fn approval(
        &self,
        owner: &OwnerId,
        id: &ApprovalId,
    ) -> Result<Option<Approval>, StoreError> {
        self.document(&Key::Approval(owner.clone(), id.clone()))
    }

    async fn approvals(
        &self,
        owner: &OwnerId,
        workflow: Option<&WorkflowId>,
        status: Option<ApprovalStatus>,
        slice: &Slice,
    ) -> Result<PageOf<Approval>, StoreError> {
        let first = ApprovalId::from_uuid(uuid::Uuid::nil());
        let mut approvals: Vec<Approval> = self.newest(
            Key::Approval(owner.clone(), first),
            |key| matches!(key, Key::Approval(whose, _) if whose == owner),
        )?;
        approvals.retain(|approval| {
            workflow.is_none_or(|workflow| approval.workflow == *workflow)
                && status.is_none_or(|status| approval.status == status)
        });
        Ok(newest_first(approvals, slice, |approval| {
            approval.id.to_string()
        }))
    }

    async fn link(&self, token_sha256: &str) -> Result<Option<Link>, StoreError> {
        self.document(&Key::Link(token_sha256.to_owned()))
    }

    async fn code_proof(
        &self,
        owner: &OwnerId,
        approval: &ApprovalId,
        approver: &str,
    ) -> Result<Option<CodeProof>, StoreError> {
        let person = text::folded_address(approver);
        self.document(&Key::Code(owner.clone(), approval.clone(), person))
    }

    async fn owner(&self, id: &OwnerId) -> Result<Option<Owner>, StoreError> {
        self.document(&Key::Owner(id.clone()))
    }

    async fn token(&self, sha256: &str) -> Result<Option<Token>, StoreError> {
        self.document(&Key::Token(sha256.to_owned()))
    }

    async fn tokens(&self, owner: &OwnerId) -> Result<Vec<(String, Token)>, StoreError> {
        self.ask(|table| {
            let tokens = table
                .from(Key::Token(String::new()))
                .map_while(|(key, item)| {
                    let Key::Token(sha256) = key else { return None };
                    Some((sha256.clone(), item.document::<Token>()?.clone()))
                });
            let mut tokens: Vec<(String, Token)> =
                tokens.filter(|(_, token)| token.owner == *owner).collect();
            tokens.sort_by(|(_, a), (_, b)| b.id.cmp(&a.id));
            tokens
        })
    }

    async fn sign_in(&self, sha256: &str) -> Result<Option<SignIn>, StoreError> {
        self.document(&Key::SignIn(sha256.to_owned()))
    }

    async fn sign_ins(&self, owner: &OwnerId) -> Result<Vec<(String, SignIn)>, StoreError> {
        let mut sign_ins: Vec<(String, SignIn)> = self.ask(|table| {
            table
                .from(Key::SignIn(String::new()))
                .map_while(|(key, item)| match key {
                    Key::SignIn(sha256) => {
                        Some((sha256.clone(), item.document::<SignIn>()?.clone()))
                    }
                    _ => None,
                })
                .filter(|(_, sign_in)| sign_in.owner == *owner)
                .collect()
        })?;
        sign_ins.sort_by(|(_, a), (_, b)| b.id.cmp(&a.id));
        Ok(sign_ins)
    }

    async fn account(&self, owner: &OwnerId) -> Result<Account, StoreError> {
        let credits: Option<Credits> = self.document(&Key::Account(owner.clone()))?;
        Ok(credits.unwrap_or_default().account())
    }

    async fn ledger(&self, owner: &OwnerId, limit: usize) -> Result<Vec<LedgerEntry>, StoreError> {
        let mut entries = self.newest(
            Key::Ledger(owner.clone(), i64::MIN, String::new()),
            |key| matches!(key, Key::Ledger(whose, ..) if whose == owner),
        )?;
        entries.truncate(limit);
        Ok(entries)
    }

    async fn put_output(
        &self,
        owner: &OwnerId,
        document: &Value,
        preview: &str,
    ) -> Result<Output, StoreError> {
        let json = document.to_string();
        let inline = json.len() <= Output::MOST_INLINE;
        let output = Output {
            sha256: digest::of_bytes(json.as_bytes()),
            bytes: json.len() as u64,
            inline: inline.then(|| document.clone()),
            preview: text::preview(preview, Output::PREVIEW),
        };
        let key = Key::Output(owner.clone(), output.sha256.clone());
        self.ask(|table| {
            if !inline {
                *table.stored.entry(key.clone()).or_default() += 1;
                table.change(key, Change::Put(Item::new(document.clone())), "");
            }
        })?;
        Ok(output)
    }

    async fn remove_belongings(
        &self,
        run: &Execution,
        belongings: &Belongings,
    ) -> Result<(), StoreError> {
        let owner = &run.owner;
        let reruns: Vec<Execution> = self.newest(
            Key::Execution(owner.clone(), run.id.clone()),
            |key| matches!(key, Key::Execution(whose, _) if whose == owner),
        )?;
        let is_taken_over = |other: &Execution| {
            let origin = other.origin.as_ref();
            origin.is_some_and(|origin| origin.execution == run.id)
        };
        let taken_over = reruns.iter().any(is_taken_over);
        let conclusion = Key::Conclusion(owner.clone(), run.id.clone());
        let concluded = self.document::<Output>(&conclusion)?;
        self.ask(|table| {
            for id in &belongings.approvals {
                let key = Key::Approval(owner.clone(), id.clone());
                table.change(key, Change::Remove, "");
            }
            table.change(conclusion, Change::Remove, "");
            let outputs = belongings.outputs.values().chain(&concluded);
            for output in outputs.filter(|_| !taken_over) {
                let key = Key::Output(owner.clone(), output.sha256.clone());
                if table.stored.get(&key) == Some(&1) {
                    table.stored.remove(&key);
                    table.change(key, Change::Remove, "");
                }
            }
        })
    }

    async fn remove_events(&self, owner: &OwnerId, run: &ExecutionId) -> Result<(), StoreError> {
        self.ask(|table| {
            let first = Key::Event(owner.clone(), run.clone(), 0);
            let log = table.from(first).map(|(key, _)| key.clone());
            let log: Vec<Key> = log
                .take_while(
                    |key| matches!(key, Key::Event(whose, of, _) if whose == owner && of == run),
                )
                .collect();
            for key in log {
                table.change(key, Change::Remove, "");
            }
        })
    }

    async fn stop_keeping(&self, owner: &OwnerId, run: &ExecutionId) -> Result<(), StoreError> {
        let Some(now) = self.now() else {
            return Ok(());
        };
        let end = self.retention.after(now).as_millisecond();
        self.ask(|table| {
            table.end(&Key::Execution(owner.clone(), run.clone()), end);
            table.end(&Key::Conclusion(owner.clone(), run.clone()), end);
        })
    }

    async fn retire_workflow(
        &self,
        owner: &OwnerId,
        workflow: &WorkflowId,
    ) -> Result<(), StoreError> {
        let Some(now) = self.now() else {
            return Ok(());
        };
        if let Some(baseline) = self.baseline(owner, workflow).await? {
            self.stop_keeping(owner, &baseline.execution_id).await?;
        }
        let approved = Some(ApprovalStatus::Approved);
        let all = Slice::first(usize::MAX);
        let approvals = self
            .approvals(owner, Some(workflow), approved, &all)
            .await?;
        let end = self.retention.after(now).as_millisecond();
        self.ask(|table| {
            for approval in approvals.items {
                table.end(&Key::Approval(owner.clone(), approval.id), end);
            }
        })
    }

    async fn output(&self, owner: &OwnerId, output: &Output) -> Result<Option<Value>, StoreError> {
        self.load(owner, output)
    }

    async fn put_bytes(&self, owner: &OwnerId, bytes: &[u8]) -> Result<String, StoreError> {
        let sha256 = digest::of_bytes(bytes);
        let key = Key::Bytes(owner.clone(), sha256.clone());
        self.ask(|table| table.change(key, Change::Put(Item::new(bytes.to_vec())), ""))?;
        Ok(sha256)
    }

    async fn bytes(&self, owner: &OwnerId, sha256: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.document(&Key::Bytes(owner.clone(), sha256.to_owned()))
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<DueItem>, StoreError> {
        self.ask(|table| table.due(now.as_millisecond(), limit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::at_once;

    fn link(n: u128) -> Write {
        Write::PutLink {
            token_sha256: n.to_string(),
            link: Link {
                owner: OwnerId::from_uuid(uuid::Uuid::from_u128(n)),
                approval: ApprovalId::from_uuid(uuid::Uuid::from_u128(n)),
                approver: "a@x.test".into(),
            },
        }
    }

    #[test]
    fn a_store_that_is_down_does_nothing_and_what_is_planted_is_no_commit() {
        let store = MemoryStore::default();
        let commit = |n| {
            at_once(store.commit(&Commit {
                writes: vec![link(n)],
                writer: "w".into(),
            }))
        };
        store.fail_commits(1);
        assert!(matches!(commit(1), Err(CommitError::Store(_))));
        assert_eq!(commit(2), Ok(()));
        store.set_down(true);
        assert!(matches!(commit(3), Err(CommitError::Store(_))));
        assert!(at_once(store.link("2")).is_err());
        store.set_down(false);
        store.plant(&link(4));
        let hashes: Vec<String> = store.links().into_keys().collect();
        assert_eq!((hashes, store.commits()), (vec!["2".into(), "4".into()], 1));
    }

    #[test]
    fn a_planted_document_is_found_under_any_hash() {
        let (store, owner) = (
            MemoryStore::default(),
            OwnerId::from_uuid(uuid::Uuid::nil()),
        );
        let long = Value::from("x".repeat(Output::MOST_INLINE));
        let output = at_once(store.put_output(&owner, &long, "")).unwrap();
        store.plant_output(&owner, &output, Value::Null);
        assert_eq!(
            at_once(store.output(&owner, &output)),
            Ok(Some(Value::Null))
        );
    }
}
