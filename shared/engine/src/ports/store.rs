//! Everything that is remembered.
//!
//! A change is one [`Commit`]: several writes that happen together or not at all, each with its own
//! condition. The caller loads, decides purely, commits once, and on [`CommitError::Conflict`]
//! loads again. A commit whose acknowledgement was lost is recognised by its writer, so a retry of
//! what in fact succeeded is success (FAULTS, first fact).

use async_trait::async_trait;
use domain::approval::code::CodeProof;
use domain::approval::{Approval, ApprovalStatus};
use domain::credits::{Account, InsufficientCredits, LedgerEntry, Purpose};
use domain::delivery::Delivery;
use domain::execution::{Event, Execution, Output, Status};
use domain::ids::{
    ApprovalId, DeliveryId, DestinationId, ExecutionId, OwnerId, PlanId, PlanningId, SessionId,
    WorkflowId,
};
use domain::owner::{Owner, Token};
use domain::patrol::Baseline;
use domain::plan::Plan;
use domain::planning::{Planning, ReviewedPlan};
use domain::quota::Quota;
use domain::session::{Addition, Session, Shelf};
use domain::sign_in::SignIn;
use domain::signal::Signal;
use domain::workflow::Workflow;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::deliveries::Deliveries;
use super::sessions::Sessions;
use crate::listing::{Listed, Selection};
use crate::page::{PageOf, Slice};
use crate::removal::Belongings;

/// One line of a run's log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventRecord {
    /// The revision the event led to.
    pub revision: u64,
    pub at: Timestamp,
    /// `system`, or the address of the person.
    pub actor: String,
    pub event: Event,
}

/// One due time of a schedule and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Occurrence {
    pub scheduled_for: Timestamp,
    /// `fired`, `skipped`, `missed`, `caught_up` or `filtered`.
    pub outcome: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_id: Option<ExecutionId>,
}

/// A mailed link: which approval it opens, and for whom it was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Link {
    pub owner: OwnerId,
    pub approval: ApprovalId,
    pub approver: String,
}

/// One write of a commit.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    /// A new run; refused when its id exists.
    CreateExecution {
        execution: Execution,
    },
    /// The next revision of a run with the event that led to it; refused unless the stored revision is
    /// the one before.
    AdvanceExecution {
        execution: Execution,
        /// Its status before: lists are written only when it has changed.
        was: Status,
        record: EventRecord,
        /// It had ended before, and is the run that its workflow's baseline was made of: it stays as long as that.
        is_last_complete: bool,
    },
    /// Removes a run that has ended, its row and its place in the counts; refused unless the stored revision is the
    /// given one.
    DeleteExecution {
        execution: Execution,
    },
    /// A new approval (revision 0), or the next revision of one.
    PutApproval {
        approval: Approval,
    },
    /// A new workflow (revision 0), or the next revision of one.
    PutWorkflow {
        workflow: Workflow,
        /// The revision before, `None` for a new one: what lists show is written only when it has changed.
        before: Option<Box<Workflow>>,
    },
    /// Removes a workflow; refused unless the stored revision is the given one.
    DeleteWorkflow {
        workflow: Workflow,
    },
    /// A version of a workflow's plan, never changed afterwards.
    PutPlan {
        owner: OwnerId,
        workflow: WorkflowId,
        version: u32,
        plan: Plan,
    },
    /// A planning job (revision 0), or its next revision.
    PutPlanning {
        planning: Planning,
    },
    /// A reviewed plan that a workflow may adopt.
    PutReviewedPlan {
        owner: OwnerId,
        plan: ReviewedPlan,
    },
    /// A due time; refused when it is recorded already (promise 6).
    RecordOccurrence {
        owner: OwnerId,
        workflow: WorkflowId,
        occurrence: Occurrence,
    },
    /// Sets credits aside for a run or a planning. Refused when fewer are available, and as a conflict when they are not limited:
    /// what is set aside before the first grant would count against it.
    ReserveCredits {
        owner: OwnerId,
        amount: u32,
    },
    /// Ends a reservation and writes the ledger; the entry of a purpose is written once.
    SettleCredits {
        owner: OwnerId,
        purpose: Purpose,
        reserved: u32,
        consumed: u32,
        at: Timestamp,
    },
    /// What a run came to, beside the run: the comparison and the judgement, for `GET /v1/executions/{id}`.
    PutConclusion {
        owner: OwnerId,
        execution: ExecutionId,
        stored: Output,
    },
    /// The last complete run's results, which the next is compared with.
    PutBaseline {
        owner: OwnerId,
        workflow: WorkflowId,
        stored: Output,
    },
    /// A new signal (revision 0), or the next revision of one.
    PutSignal {
        signal: Signal,
    },
    /// A new delivery (revision 0), or the next revision of one.
    PutDelivery {
        delivery: Delivery,
    },
    /// Which workflow has a destination.
    PutDestination {
        owner: OwnerId,
        id: DestinationId,
        workflow: WorkflowId,
    },
    /// A new session (revision 0), or the next revision of one.
    PutSession {
        session: Session,
    },
    /// Removes a session and what it remembers; refused unless the stored revision is the given one.
    DeleteSession {
        session: Session,
    },
    /// What a run adds to a session, guarded by the session's next revision in the same commit.
    GrowSession {
        owner: OwnerId,
        session: SessionId,
        shelves: Vec<Shelf>,
        addition: Addition,
    },
    /// A mailed link, by the SHA-256 of its token.
    PutLink {
        token_sha256: String,
        link: Link,
    },
    /// What the code of an approver's mail is checked against.
    PutCode {
        owner: OwnerId,
        approval: ApprovalId,
        approver: String,
        proof: CodeProof,
    },
    PutOwner {
        owner: Owner,
    },
    /// A new token (revision 0), or the next revision of one, by the SHA-256 of its text.
    PutToken {
        sha256: String,
        token: Token,
    },
    /// A browser that is signed in, by the SHA-256 of its secret. It is never changed.
    PutSignIn {
        sha256: String,
        sign_in: SignIn,
    },
    /// Signs a browser out.
    DeleteSignIn {
        sha256: String,
        sign_in: SignIn,
    },
    /// Counts one more of what an owner may have so many of; refused when there are `most`. It stands beside the write
    /// that makes the one.
    TakePlace {
        owner: OwnerId,
        quota: Quota,
        most: u32,
    },
    /// Counts `places` less, beside the write after which they are not taken any more.
    GivePlaces {
        owner: OwnerId,
        quota: Quota,
        places: u32,
    },
    /// Puts a count right that holds some which have ended by themselves; refused when the count is not `before` any
    /// more.
    RecountPlaces {
        owner: OwnerId,
        quota: Quota,
        before: u32,
        places: u32,
    },
    /// Gives credits, and limits them from now on. Its entry in the ledger is named by the commit's writer, so that
    /// a repetition finds it and gives nothing again.
    Grant {
        owner: OwnerId,
        amount: u32,
        at: Timestamp,
    },
}

impl Write {
    /// A new workflow.
    #[must_use]
    pub fn new_workflow(workflow: Workflow) -> Self {
        Self::PutWorkflow {
            workflow,
            before: None,
        }
    }

    /// The next revision of a workflow.
    #[must_use]
    pub fn next_workflow(before: &Workflow, workflow: Workflow) -> Self {
        Self::PutWorkflow {
            workflow,
            before: Some(Box::new(before.clone())),
        }
    }
}

/// Writes that happen together or not at all.
#[derive(Debug, Clone, PartialEq)]
pub struct Commit {
    pub writes: Vec<Write>,
    /// Who writes: stored with every item, so that a retry recognises its own success.
    pub writer: String,
}

/// What is kept as long as a workflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keepsake {
    /// What its last complete run saw.
    Baseline,
    /// What was put before a person, and perhaps published.
    Draft,
}

impl Keepsake {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Draft => "draft",
        }
    }
}

/// Why nothing was written.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CommitError {
    /// Something has changed since it was loaded: load again and decide anew.
    #[error("it has changed since it was loaded")]
    Conflict,
    /// What was to be new is there already.
    #[error("it exists already")]
    Exists,
    #[error(transparent)]
    InsufficientCredits(#[from] InsufficientCredits),
    /// The owner has as many as there may be.
    #[error("{}", .0.refusal())]
    Full(Quota),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why the store cannot answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum StoreError {
    /// For now: the request may be repeated.
    #[error("the store does not answer: {0}")]
    Unavailable(String),
    /// For good: it finds fault with the request, or does not allow it.
    #[error("the store refuses the request: {0}")]
    Refused(String),
    /// A stored document does not read as what it should be: an error with its key, never a guess.
    #[error("the stored item {key} is damaged: {reason}")]
    Damaged { key: String, reason: String },
}

/// Something the due index names: find by index, decide by the base item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DueItem {
    Execution(OwnerId, ExecutionId),
    Approval(OwnerId, ApprovalId),
    Workflow(OwnerId, WorkflowId),
    Planning(OwnerId, PlanningId),
    Delivery(OwnerId, DeliveryId),
    /// An owner who is being erased.
    Erasure(OwnerId),
}

/// The store.
#[async_trait]
pub trait Store: Deliveries + Sessions + Send + Sync {
    /// Writes all or nothing.
    async fn commit(&self, commit: &Commit) -> Result<(), CommitError>;

    async fn execution(
        &self,
        owner: &OwnerId,
        id: &ExecutionId,
    ) -> Result<Option<Execution>, StoreError>;
    /// The log of a run from its first event.
    async fn events(
        &self,
        owner: &OwnerId,
        id: &ExecutionId,
    ) -> Result<Vec<EventRecord>, StoreError>;
    /// The part of the log after revision `after`, oldest first, at most `limit` events.
    async fn events_after(
        &self,
        owner: &OwnerId,
        id: &ExecutionId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<EventRecord>, StoreError> {
        let mut events = self.events(owner, id).await?;
        events.retain(|record| record.revision > after);
        events.truncate(limit);
        Ok(events)
    }
    async fn conclusion(
        &self,
        owner: &OwnerId,
        id: &ExecutionId,
    ) -> Result<Option<Value>, StoreError>;
    /// The newest of the owner's runs, or of one workflow's. Nothing is counted.
    async fn newest_executions(
        &self,
        owner: &OwnerId,
        workflow: Option<&WorkflowId>,
        limit: usize,
    ) -> Result<Vec<Execution>, StoreError>;
    /// The owner's runs, or one workflow's, newest first.
    async fn executions(
        &self,
        owner: &OwnerId,
        workflow: Option<&WorkflowId>,
        status: Option<Status>,
        slice: &Slice,
    ) -> Result<PageOf<Execution>, StoreError>;

    async fn workflow(
        &self,
        owner: &OwnerId,
        id: &WorkflowId,
    ) -> Result<Option<Workflow>, StoreError>;
    /// A page of the owner's workflows. One that was found by `search` or `tags`, or behind an `offset`, may be a
    /// moment old; any other page shows every commit that was made before it was asked for.
    async fn list_workflows(
        &self,
        owner: &OwnerId,
        selection: &Selection,
        slice: &Slice,
    ) -> Result<PageOf<Listed>, StoreError>;
    /// How many places of a quota the owner has taken.
    async fn places(&self, owner: &OwnerId, quota: Quota) -> Result<u32, StoreError>;
    /// Those of `ids` that exist, in the order asked.
    async fn workflows(
        &self,
        owner: &OwnerId,
        ids: &[WorkflowId],
    ) -> Result<Vec<Workflow>, StoreError>;
    async fn plan(
        &self,
        owner: &OwnerId,
        workflow: &WorkflowId,
        version: u32,
    ) -> Result<Option<Plan>, StoreError>;
    async fn baseline(
        &self,
        owner: &OwnerId,
        workflow: &WorkflowId,
    ) -> Result<Option<Baseline>, StoreError>;
    /// The workflow's due times, latest first. Their `total` is counted for the first page, and the next pages
    /// repeat it.
    async fn occurrences(
        &self,
        owner: &OwnerId,
        workflow: &WorkflowId,
        slice: &Slice,
    ) -> Result<PageOf<Occurrence>, StoreError>;

    async fn planning(
        &self,
        owner: &OwnerId,
        id: &PlanningId,
    ) -> Result<Option<Planning>, StoreError>;
    async fn reviewed_plan(
        &self,
        owner: &OwnerId,
        id: &PlanId,
    ) -> Result<Option<ReviewedPlan>, StoreError>;

    async fn approval(
        &self,
        owner: &OwnerId,
        id: &ApprovalId,
    ) -> Result<Option<Approval>, StoreError>;
    /// The owner's approvals, newest first. Their `total` is counted for the first page, and the next pages repeat
    /// it.
    async fn approvals(
        &self,
        owner: &OwnerId,
        workflow: Option<&WorkflowId>,
        status: Option<ApprovalStatus>,
        slice: &Slice,
    ) -> Result<PageOf<Approval>, StoreError>;
    async fn link(&self, token_sha256: &str) -> Result<Option<Link>, StoreError>;
    /// What the code in an approver's mail is checked against; `None` where none was mailed.
    async fn code_proof(
        &self,
        owner: &OwnerId,
        approval: &ApprovalId,
        approver: &str,
    ) -> Result<Option<CodeProof>, StoreError>;

    async fn owner(&self, id: &OwnerId) -> Result<Option<Owner>, StoreError>;
    async fn token(&self, sha256: &str) -> Result<Option<Token>, StoreError>;
    /// The owner's tokens with their SHA-256, newest first. Those that disappear may be among them still.
    async fn tokens(&self, owner: &OwnerId) -> Result<Vec<(String, Token)>, StoreError>;
    /// A browser that is signed in, by the SHA-256 of its secret.
    async fn sign_in(&self, sha256: &str) -> Result<Option<SignIn>, StoreError>;
    /// The owner's browsers with the SHA-256 of their secrets, newest first. Those that have ended may be among them.
    async fn sign_ins(&self, owner: &OwnerId) -> Result<Vec<(String, SignIn)>, StoreError>;
    async fn account(&self, owner: &OwnerId) -> Result<Account, StoreError>;
    async fn ledger(&self, owner: &OwnerId, limit: usize) -> Result<Vec<LedgerEntry>, StoreError>;

    /// Stores a document under its hash, and gives the reference to it.
    async fn put_output(
        &self,
        owner: &OwnerId,
        document: &Value,
        preview: &str,
    ) -> Result<Output, StoreError>;
    // The following are for stores in which things end; in one that keeps everything there is nothing to do.

    /// Stores a document that is kept as long as its workflow, and gives the reference to it. What is stored by
    /// [`Store::put_output`] goes with its run.
    async fn put_kept(
        &self,
        owner: &OwnerId,
        workflow: &WorkflowId,
        kind: Keepsake,
        document: &Value,
        preview: &str,
    ) -> Result<Output, StoreError> {
        let (_, _) = (workflow, kind);
        self.put_output(owner, document, preview).await
    }
    /// A document that is kept with its workflow, or goes with its run; `None` when it is gone.
    async fn kept(
        &self,
        owner: &OwnerId,
        workflow: &WorkflowId,
        kind: Keepsake,
        output: &Output,
    ) -> Result<Option<Value>, StoreError> {
        let (_, _) = (workflow, kind);
        self.output(owner, output).await
    }
    /// Removes what was kept of baselines before the present one. Those of a commit that never came are among them;
    /// those that may still be committed are not.
    async fn forget_baselines(
        &self,
        owner: &OwnerId,
        workflow: &WorkflowId,
    ) -> Result<(), StoreError> {
        let (_, _) = (owner, workflow);
        Ok(())
    }
    /// Removes what belongs to a run and stands elsewhere: its approvals, its conclusion, and those of its outputs
    /// that no other run has stored or taken over.
    async fn remove_belongings(
        &self,
        run: &Execution,
        belongings: &Belongings,
    ) -> Result<(), StoreError> {
        let (_, _) = (run, belongings);
        Ok(())
    }
    /// Removes the log of a run that is gone.
    async fn remove_events(&self, owner: &OwnerId, run: &ExecutionId) -> Result<(), StoreError> {
        let (_, _) = (owner, run);
        Ok(())
    }
    /// Lets a run go that was kept for its workflow's baseline: from now on as if it had ended now.
    async fn stop_keeping(&self, owner: &OwnerId, run: &ExecutionId) -> Result<(), StoreError> {
        let (_, _) = (owner, run);
        Ok(())
    }
    /// Lets all go that is kept as long as a workflow, once that is deleted: as if it had ended now.
    async fn retire_workflow(
        &self,
        owner: &OwnerId,
        workflow: &WorkflowId,
    ) -> Result<(), StoreError> {
        let (_, _) = (owner, workflow);
        Ok(())
    }
    /// A stored document; `None` when it is gone.
    async fn output(&self, owner: &OwnerId, output: &Output) -> Result<Option<Value>, StoreError>;
    /// Stores bytes that are no JSON (a picture) and gives their SHA-256.
    async fn put_bytes(&self, owner: &OwnerId, bytes: &[u8]) -> Result<String, StoreError>;
    async fn bytes(&self, owner: &OwnerId, sha256: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// What is due at `now`, oldest first, at most `limit` of each of the index's shards.
    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<DueItem>, StoreError>;
}
