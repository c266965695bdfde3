//! Starting and stopping runs.
//!
//! A start is one commit: the run, the workflow's count of its live runs, and the credits set aside, so that of
//! two starts at once under `skip` exactly one happens, and a balance is never overdrawn. A run
//! exists from that commit on; if the process dies before its first messages are sent, the sweeper sends them.
//!
//! A run that begins while its owner's credits are not limited is not metered: nothing is set aside for it and
//! nothing is charged when it ends, so that a later first grant is whole (promise 11).

use domain::credits::{InsufficientCredits, price};
use domain::execution::{CannotReuse, Event, Execution, NewExecution, Reuse, Trigger};
use domain::ids::{ExecutionId, OwnerId, WorkflowId};
use domain::plan::Plan;
use domain::stop_condition::StopCondition;
use domain::workflow::{Mode, OverlapPolicy, Workflow, WorkflowStatus};
use jiff::Timestamp;

use crate::Engine;
use crate::advance::{AdvanceError, Alongside};
use crate::ports::store::{CommitError, Occurrence, StoreError, Write};
use crate::reruns::Earlier;

/// Why a run did not start.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum StartError {
    #[error("there is no such workflow")]
    NotFound,
    #[error("the workflow is {0}, not active")]
    NotActive(WorkflowStatus),
    #[error("a run is in progress")]
    InProgress(ExecutionId),
    #[error("the workflow has run as often as it may")]
    MaxExecutionsReached,
    #[error(transparent)]
    InsufficientCredits(#[from] InsufficientCredits),
    /// This due time has its run already.
    #[error("this due time has been dealt with")]
    AlreadyStarted,
    /// There is no such run of this workflow to begin from.
    #[error("there is no run {0} to begin from")]
    NoEarlierRun(ExecutionId),
    #[error(transparent)]
    CannotReuse(#[from] CannotReuse),
    #[error("too many others start it at the same time")]
    Contended,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a run is to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    pub trigger: Trigger,
    /// The due time it stands for; one run at most has it.
    pub scheduled_for: Option<Timestamp>,
}

impl Start {
    /// Because a person asks.
    pub const MANUAL: Self = Self {
        trigger: Trigger::Manual,
        scheduled_for: None,
    };
}

impl Engine {
    /// Starts a run of the workflow's present plan.
    ///
    /// # Errors
    /// The workflow does not allow one now, or credits are short. Nothing has changed then.
    pub async fn start(
        &self,
        owner: &OwnerId,
        workflow: &WorkflowId,
        start: Start,
    ) -> Result<Execution, StartError> {
        self.start_from_earlier(owner, workflow, start, None).await
    }

    /// Starts a run of the workflow, with what is taken over from an earlier one.
    pub(crate) async fn start_from_earlier(
        &self,
        owner: &OwnerId,
        workflow: &WorkflowId,
        start: Start,
        earlier: Option<&Earlier>,
    ) -> Result<Execution, StartError> {
        // One id for all attempts: a request that is carried out twice finds the run of the first time.
        let id = ExecutionId::from_uuid(self.uuid());
        for attempt in 0.. {
            let workflow = self
                .store
                .workflow(owner, workflow)
                .await?
                .ok_or(StartError::NotFound)?;
            startable(&workflow)?;
            let present = self
                .store
                .plan(owner, &workflow.id, workflow.plan_version)
                .await?
                .map(|plan| (plan, workflow.plan_version));
            let beginning = match earlier {
                Some(earlier) => earlier
                    .beginning(present)?
                    .map(|(plan, version, reuse)| (plan, version, Some(reuse))),
                None => present.map(|(plan, version)| (plan, version, None)),
            };
            let (plan, version, reuse) = beginning.ok_or(StartError::NotActive(workflow.status))?;
            self.make_room(&workflow).await?;
            match self
                .try_start(&id, &workflow, (&plan, version), start, reuse, attempt)
                .await
            {
                Ok(execution) => return Ok(execution),
                Err(CommitError::Conflict | CommitError::Full(_)) if self.again(attempt).await => {}
                Err(CommitError::Conflict | CommitError::Full(_)) => break,
                Err(CommitError::Exists) => return Err(StartError::AlreadyStarted),
                Err(CommitError::InsufficientCredits(short)) => return Err(short.into()),
                Err(CommitError::Store(error)) => return Err(error.into()),
            }
        }
        Err(StartError::Contended)
    }

    async fn try_start(
        &self,
        id: &ExecutionId,
        workflow: &Workflow,
        (plan, plan_version): (&Plan, u32),
        start: Start,
        reuse: Option<Reuse>,
        attempt: u32,
    ) -> Result<Execution, CommitError> {
        let account = self.store.account(&workflow.owner).await?;
        let now = self.now();
        let reserved = match &reuse {
            Some(reuse) => price_of_rest(workflow, plan, reuse),
            None => price_of(workflow, plan),
        };
        let new = NewExecution {
            id: id.clone(),
            owner: workflow.owner.clone(),
            workflow: workflow.id.clone(),
            plan,
            plan_version,
            policy: workflow.approvals.clone(),
            trigger: start.trigger,
            scheduled_for: start.scheduled_for,
            reserved,
            judged: plan.watches() || workflow.stop_condition != StopCondition::Always,
        };
        let (mut execution, effects) = match reuse {
            Some(reuse) => Execution::create_reusing(new, reuse, now),
            None => Execution::create(new, now),
        };
        execution.metered = account.is_limited();
        if attempt > 0 && execution.metered {
            // The commit asks in any case. Asked before another try, a balance that is used up ends the quarrel
            // over the workflow's row among many who start at once.
            account
                .reserve(reserved)
                .map_err(CommitError::InsufficientCredits)?;
        }
        let mut started = workflow.clone();
        started.revision += 1;
        started.execution_count += 1;
        started.live.push(execution.id.clone());
        let mut writes = vec![
            Write::CreateExecution {
                execution: execution.clone(),
            },
            Write::next_workflow(workflow, started),
        ];
        if execution.metered {
            writes.push(Write::ReserveCredits {
                owner: workflow.owner.clone(),
                amount: reserved,
            });
        }
        if let Some(scheduled_for) = start.scheduled_for {
            let occurrence = Occurrence {
                scheduled_for,
                outcome: "fired".to_owned(),
                reason: None,
                execution_id: Some(execution.id.clone()),
            };
            writes.push(Write::RecordOccurrence {
                owner: workflow.owner.clone(),
                workflow: workflow.id.clone(),
                occurrence,
            });
        }
        self.commit(writes).await?;
        self.dispatch(&execution, &effects).await;
        Ok(execution)
    }

    /// Deals with live runs as the overlap policy says.
    async fn make_room(&self, workflow: &Workflow) -> Result<(), StartError> {
        let Some(live) = workflow.live.last() else {
            return Ok(());
        };
        let reason = match workflow.overlap_policy {
            OverlapPolicy::Allow => return Ok(()),
            OverlapPolicy::Skip | OverlapPolicy::BufferOne => {
                return Err(StartError::InProgress(live.clone()));
            }
            OverlapPolicy::CancelOther => "replaced_by_newer_run",
            OverlapPolicy::SupersedeParked => {
                let run = self.store.execution(&workflow.owner, live).await?;
                if run
                    .is_some_and(|run| run.status() != domain::execution::Status::AwaitingApproval)
                {
                    return Err(StartError::InProgress(live.clone()));
                }
                "superseded_while_waiting"
            }
        };
        for id in &workflow.live {
            match self
                .cancel(&workflow.owner, id, reason, crate::advance::SYSTEM)
                .await
            {
                Ok(_) | Err(AdvanceError::Refused(_) | AdvanceError::NotFound) => {}
                Err(AdvanceError::Contended | AdvanceError::Full(_)) => {
                    return Err(StartError::Contended);
                }
                Err(AdvanceError::Store(error)) => return Err(error.into()),
            }
        }
        // The workflow's row has changed with the runs' ends: the next attempt reads it anew.
        Ok(())
    }

    /// Stops a run: its open steps and approvals are cancelled, finished steps stay charged.
    ///
    /// # Errors
    /// The run does not exist or has ended.
    pub async fn cancel(
        &self,
        owner: &OwnerId,
        id: &ExecutionId,
        reason: &str,
        actor: &str,
    ) -> Result<Execution, AdvanceError> {
        let event = Event::Cancelled {
            reason: reason.to_owned(),
        };
        self.advance(owner, id, &event, actor, &Alongside::default())
            .await
    }
}

/// What one run of this workflow costs at most.
#[must_use]
pub fn price_of(workflow: &Workflow, plan: &Plan) -> u32 {
    price(
        plan,
        workflow.mode == Mode::Simple,
        &workflow.stop_condition,
    )
}

/// What a run costs at most that takes `reuse` over: what is left to do, at least 1 (API section 3).
fn price_of_rest(workflow: &Workflow, plan: &Plan, reuse: &Reuse) -> u32 {
    let whole = price_of(workflow, plan);
    if workflow.mode == Mode::Simple {
        return whole;
    }
    let judging = whole - plan.most_credits().min(whole);
    reuse.most_credits(plan).max(1) + judging
}

fn startable(workflow: &Workflow) -> Result<(), StartError> {
    if workflow.status != WorkflowStatus::Active {
        // One that has used up its runs says so rather than that it is over.
        if workflow.status == WorkflowStatus::Completed && workflow.is_used_up() {
            return Err(StartError::MaxExecutionsReached);
        }
        return Err(StartError::NotActive(workflow.status));
    }
    if workflow.is_used_up() {
        return Err(StartError::MaxExecutionsReached);
    }
    Ok(())
}
