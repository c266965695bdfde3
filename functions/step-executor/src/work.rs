//! One attempt at a claimed step, from its row to what came of it. Nothing is committed here.

use std::time::Duration;

use domain::approval::{ApprovalStatus, Draft};
use domain::execution::{ErrorCode, Execution, Gate, StepError, StepRow, StepState};
use domain::ids::ExecutionId;
use domain::plan::{CascadeCondition, Outputs, Plan, Step};
use domain::selection::Selector;
use engine::retry::{Again, ToolFailure};
use engine::seeded_bugs::{self, Bug};
use jiff::Timestamp;
use tokio::time::Instant;

use crate::StepExecutor;
use crate::failure;
use crate::tools::{self, Context, Made, Performed};
use crate::upstream::Upstream;

/// What an attempt came to.
#[derive(Debug, PartialEq)]
pub(crate) enum Came {
    /// A finished output.
    Output {
        document: serde_json::Value,
        credits: u32,
        sources: Vec<String>,
    },
    /// The exact effect, to be approved.
    Draft {
        draft: Draft,
        sources: Vec<String>,
    },
    /// A part; the rest from this cursor, after `wait`.
    Part {
        cursor: String,
        wait: Duration,
    },
    /// The step's condition does not hold.
    Skip,
    /// Nothing: nobody wants it now, and nothing has happened.
    GivenBack,
    /// Nothing: what was approved cannot be performed before `until`, and nothing has happened.
    Postponed {
        error: StepError,
        until: Timestamp,
    },
    Failure(ToolFailure),
}

impl StepExecutor {
    /// Does the work of `row` within `remaining`, loading what it needs included.
    pub(crate) async fn work(&self, run: &Execution, row: &StepRow, remaining: Duration) -> Came {
        let ends = Instant::now() + remaining;
        let attempt = Box::pin(self.attempt(run, row, ends));
        match tokio::time::timeout_at(ends, attempt).await {
            Ok(came) => came,
            Err(_) => Came::Failure(out_of_time(remaining, cut_off(row))),
        }
    }

    async fn attempt(&self, run: &Execution, row: &StepRow, ends: Instant) -> Came {
        let attempted = match &row.state {
            StepState::Performing { gate, .. } => self.publish(run, row, gate, ends).await,
            StepState::Waiting
            | StepState::Ready { .. }
            | StepState::Running { .. }
            | StepState::AwaitingApproval { .. }
            | StepState::Approved { .. }
            | StepState::OutcomeUnknown { .. }
            | StepState::Completed { .. }
            | StepState::Failed { .. }
            | StepState::Skipped { .. }
            | StepState::Cancelled { .. } => self.make(run, row, ends).await,
        };
        attempted.unwrap_or_else(Came::Failure)
    }

    /// Runs the tool.
    async fn make(
        &self,
        run: &Execution,
        row: &StepRow,
        ends: Instant,
    ) -> Result<Came, ToolFailure> {
        let plan = self.plans.of(run, &*self.engine.store).await?;
        let step = step_of(&plan, row)?;
        let upstream = Upstream::load(run, &plan, step, &*self.engine.store).await?;
        if let Some(cascade) = &step.cascade_condition
            && !holds(cascade, &plan, &upstream)
        {
            return Ok(Came::Skip);
        }
        let limit = limit(row, ends);
        let context = self.context(run, row, &upstream, limit);
        let made = tokio::select! {
            biased;
            made = tokio::time::timeout(limit, Box::pin(tools::run(&step.tool, &context))) => made,
            () = self.until_unwanted(run, row) => return Ok(Came::GivenBack),
        };
        let made = made.map_err(|_| out_of_time(limit, Again::Backoff))??;
        let sources = if row.gated {
            upstream
                .sources(run, &plan, step, &*self.engine.store)
                .await?
        } else {
            Vec::new()
        };
        Ok(match made {
            Made::Output { document, credits } => Came::Output {
                document,
                credits,
                sources,
            },
            Made::Draft(draft) => Came::Draft { draft, sources },
            Made::Part { cursor, wait } => Came::Part { cursor, wait },
        })
    }

    /// Performs what was approved: the stored draft, byte for byte, or nothing.
    async fn publish(
        &self,
        run: &Execution,
        row: &StepRow,
        gate: &Gate,
        ends: Instant,
    ) -> Result<Came, ToolFailure> {
        let plan = self.plans.of(run, &*self.engine.store).await?;
        let step = step_of(&plan, row)?;
        let draft = self.approved_draft(run, row, gate).await?;
        let upstream = Upstream::default();
        let limit = limit(row, ends);
        let context = self.context(run, row, &upstream, limit);
        let key = tools::effect_key(root(run), &row.id, &gate.sha256);
        match self.may_perform(run, row).await {
            Ok(true) => {}
            Ok(false) => return Ok(Came::GivenBack),
            Err(error) => return Err(failure::of_store(&error)),
        }
        match tokio::time::timeout(
            limit,
            Box::pin(tools::perform(&step.tool, &draft, &key, &context)),
        )
        .await
        {
            Ok(performed) => Ok(match performed? {
                Performed::Output(document) => Came::Output {
                    document,
                    credits: 0,
                    sources: Vec::new(),
                },
                Performed::Postponed { error, until } => Came::Postponed { error, until },
            }),
            // An effect that is begun and cut off may have happened.
            Err(_) => Err(out_of_time(limit, cut_off(row))),
        }
    }

    /// The draft, when it is still what was approved (promise 4). Its hash is computed from the document,
    /// never read from beside it.
    async fn approved_draft(
        &self,
        run: &Execution,
        row: &StepRow,
        gate: &Gate,
    ) -> Result<Draft, ToolFailure> {
        let changed =
            |message: &str| ToolFailure::new(ErrorCode::DraftChanged, message, Again::Never);
        let store_failed = |error| failure::of_store(&error);
        let approval = self
            .engine
            .store
            .approval(&run.owner, &gate.approval)
            .await
            .map_err(store_failed)?;
        let approval = approval
            .filter(|approval| {
                // A retry may finish what was approved in the run it goes on from.
                let inherited = run.origin.is_some() && approval.workflow == run.workflow;
                approval.status == ApprovalStatus::Approved
                    && approval.step == row.id
                    && (approval.execution == run.id || inherited)
            })
            .ok_or_else(|| changed("there is no approval for this draft"))?;
        let draft = match self.engine.draft(&approval).await {
            Ok(draft) => draft,
            Err(engine::ports::StoreError::Damaged { .. }) => {
                return Err(changed("the approved draft is gone or damaged"));
            }
            Err(error) => return Err(failure::of_store(&error)),
        };
        let sha256 = draft.sha256();
        let same = sha256 == gate.sha256 && sha256 == approval.sha256;
        if !same && !seeded_bugs::is_armed(Bug::DraftUnchecked) {
            return Err(changed("the draft is not the one that was approved"));
        }
        Ok(draft)
    }

    fn context<'a>(
        &'a self,
        run: &'a Execution,
        row: &'a StepRow,
        upstream: &'a Upstream,
        limit: Duration,
    ) -> Context<'a> {
        Context {
            engine: &self.engine,
            ports: &self.ports,
            egress: &self.egress,
            owner: &run.owner,
            run,
            step: &row.id,
            row,
            upstream,
            note: row.note.as_deref(),
            cursor: row.cursor.as_deref(),
            cut_off: row.cut_off > 0,
            limit,
            deadline: Instant::now() + limit,
        }
    }
}

fn step_of<'a>(plan: &'a Plan, row: &StepRow) -> Result<&'a Step, ToolFailure> {
    plan.step(&row.id)
        .filter(|step| step.tool.kind() == row.kind)
        .ok_or_else(|| {
            ToolFailure::new(
                ErrorCode::Infrastructure,
                "the pinned plan has no such step",
                Again::Never,
            )
        })
}

/// The first run of the line this one goes on from: a receiver knows a repetition across retries too.
fn root(run: &Execution) -> &ExecutionId {
    run.origin.as_ref().map_or(&run.id, |origin| &origin.root)
}

/// The step's own limit, and never more than this invocation has left.
fn limit(row: &StepRow, ends: Instant) -> Duration {
    let left = ends.saturating_duration_since(Instant::now());
    Duration::from_secs(u64::from(row.timeout_seconds)).min(left)
}

/// What an attempt means that ends in the middle.
fn cut_off(row: &StepRow) -> Again {
    match row.state {
        StepState::Performing { .. } => row.kind.when_cut_off().into(),
        _ => Again::Backoff,
    }
}

impl Came {
    /// What an attempt came to whose tool panicked.
    pub(crate) fn panicked(row: &StepRow) -> Self {
        Self::Failure(ToolFailure::new(
            ErrorCode::Infrastructure,
            "the step's tool stopped unexpectedly",
            cut_off(row),
        ))
    }
}

fn out_of_time(limit: Duration, again: Again) -> ToolFailure {
    ToolFailure::new(
        ErrorCode::Timeout,
        format!("the step did not finish within {} seconds", limit.as_secs()),
        again,
    )
}

/// Whether the condition holds. Of a step that was skipped nothing holds.
fn holds(cascade: &CascadeCondition, plan: &Plan, upstream: &Upstream) -> bool {
    let output = plan
        .step(&cascade.step)
        .and_then(|step| upstream.output(&step.output_key));
    let selector = Selector::parse(&cascade.field).ok();
    output.zip(selector).is_some_and(|(output, selector)| {
        cascade
            .operator
            .holds(&selector.select(output), &cascade.value)
    })
}
