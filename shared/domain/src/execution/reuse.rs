//! A run that takes over what an earlier one has recorded: a retry, or a run of an edited plan that begins where
//! the earlier one got to.
//!
//! What is taken over:
//! - A finished step whose definition, and that of everything before it, is the same as it was, when everything it
//!   depends on is taken over too. Its approval is taken over with it: the output is the approved one.
//! - An effect on the world that is recorded as having happened, always: even when the step that wrote
//!   it is made again, or is the very step to begin from. It is never repeated.
//! - An effect of which nobody knows, as what it is: a person must say first.
//!
//! What is not: anything from the step to begin from on, and what failed, waited, was cancelled or was
//! skipped behind a gate. An approval whose effect has not begun is not taken over: a person said yes within
//! a run that has ended since, so a person is asked again. What is taken over costs nothing again.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::settling::settle;
use super::state::StepState;
use super::{Effect, Execution, NewExecution, Phase};
use crate::digest;
use crate::ids::ExecutionId;
use crate::plan::{Plan, Step};

/// Where a run's first outputs come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The run it took outputs over from.
    pub execution: ExecutionId,
    /// The first of the line. Keys of effects are made from it, so that a receiver knows a repetition even
    /// when it comes from a retry.
    pub root: ExecutionId,
}

/// Why nothing can be taken over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CannotReuse {
    #[error("the run has not ended")]
    NotEnded,
    #[error("the plan has no step {0}")]
    UnknownStep(String),
}

/// A step as it is taken over.
#[derive(Debug, Clone, PartialEq)]
struct Taken {
    state: StepState,
    started_at: Option<Timestamp>,
}

/// What a new run takes over from an ended one.
#[derive(Debug, Clone, PartialEq)]
pub struct Reuse {
    origin: Origin,
    /// For each step of the new plan.
    taken: Vec<Option<Taken>>,
}

impl Reuse {
    /// What a run of `plan` takes over from `earlier`, a run of `earlier_plan`. With `from_step` that step and what
    /// follows from it are made again.
    ///
    /// # Errors
    /// The earlier run has not ended, or the plan has no such step.
    pub fn of(
        earlier: &Execution,
        earlier_plan: &Plan,
        plan: &Plan,
        from_step: Option<&str>,
    ) -> Result<Self, CannotReuse> {
        if !matches!(earlier.phase, Phase::Ended { .. }) {
            return Err(CannotReuse::NotEnded);
        }
        if let Some(step) = from_step.filter(|step| plan.step(step).is_none()) {
            return Err(CannotReuse::UnknownStep(step.to_owned()));
        }
        let steps = plan.steps();
        let before = fingerprints(earlier_plan);
        let present = fingerprints(plan);
        let mut taken: HashMap<&str, Taken> = HashMap::new();
        // A plan's steps are in any order: repeat until nothing more is taken over.
        loop {
            let known = taken.len();
            for step in steps {
                let id = step.id.as_str();
                let again = from_step == Some(id);
                let same = present.get(id) == before.get(id);
                let rests_on_taken = step.depends_on.iter().all(|need| {
                    let state = taken.get(need.as_str()).map(|taken| &taken.state);
                    matches!(
                        state,
                        Some(StepState::Completed { .. } | StepState::Skipped { .. })
                    )
                });
                let state = earlier.step(id).and_then(|row| {
                    let state = recorded(step, row.kind == step.tool.kind(), &row.state)?;
                    let effect = step.tool.kind().publishes();
                    let counts = if effect && !matches!(state, StepState::Skipped { .. }) {
                        same_call(earlier_plan, step)
                    } else {
                        same && rests_on_taken && !again
                    };
                    counts.then_some(Taken {
                        state,
                        started_at: row.started_at,
                    })
                });
                if let Some(state) = state {
                    taken.insert(id, state);
                }
            }
            if taken.len() == known {
                break;
            }
        }
        // What follows from the step to begin from rests on what is made again, and was not taken over for
        // that reason; an effect in between, recorded, hides nothing: its own followers rest on it alone.
        let execution = earlier.id.clone();
        let root = earlier
            .origin
            .as_ref()
            .map_or_else(|| execution.clone(), |origin| origin.root.clone());
        Ok(Self {
            origin: Origin { execution, root },
            taken: steps
                .iter()
                .map(|step| taken.remove(step.id.as_str()))
                .collect(),
        })
    }

    /// What the steps that are not taken over cost at most, in credits.
    #[must_use]
    pub fn most_credits(&self, plan: &Plan) -> u32 {
        let steps = plan.steps().iter().zip(&self.taken);
        steps
            .filter(|(_, taken)| taken.is_none())
            .map(|(step, _)| step.tool.most_credits())
            .sum()
    }
}

impl Execution {
    /// A run that begins with what `reuse` takes over. One that takes everything over goes straight to its judgement.
    #[must_use]
    pub fn create_reusing(
        new: NewExecution<'_>,
        reuse: Reuse,
        now: Timestamp,
    ) -> (Self, Vec<Effect>) {
        let (mut run, _) = Self::create(new, now);
        for (row, taken) in run.steps.iter_mut().zip(reuse.taken) {
            row.state = StepState::Waiting;
            if let Some(taken) = taken {
                row.state = taken.state;
                row.started_at = taken.started_at;
            }
        }
        run.origin = Some(reuse.origin);
        // Nothing may end in the moment it begins: its end has consequences that only a transition has.
        run.judged |= run.steps.iter().all(|row| row.state.is_settled());
        let mut effects = Vec::new();
        settle(&mut run, now, &mut effects);
        run.stretch_since = Some(now);
        (run, effects)
    }
}

/// What of an earlier step's state may be taken over at all; credits were paid where it was made.
fn recorded(step: &Step, same_kind: bool, state: &StepState) -> Option<StepState> {
    let state = match state {
        StepState::Completed { output, at, .. } => StepState::Completed {
            output: output.clone(),
            credits: 0,
            at: *at,
        },
        StepState::OutcomeUnknown { gate } => StepState::OutcomeUnknown { gate: gate.clone() },
        // Its condition would not hold again. Behind a gate it may be a person who did not answer.
        StepState::Skipped { at } if !step.requires_approval => StepState::Skipped { at: *at },
        StepState::Skipped { .. }
        | StepState::Waiting
        | StepState::Ready { .. }
        | StepState::Running { .. }
        | StepState::AwaitingApproval { .. }
        | StepState::Approved { .. }
        | StepState::Performing { .. }
        | StepState::Failed { .. }
        | StepState::Cancelled { .. } => return None,
    };
    same_kind.then_some(state)
}

/// Whether the earlier plan made the same call in the step of this name, whatever came before it.
fn same_call(earlier: &Plan, step: &Step) -> bool {
    earlier
        .step(&step.id)
        .is_some_and(|old| old.tool == step.tool && old.output_key == step.output_key)
}

/// For each step a hash of its definition and of everything it depends on, directly or not. Names, notes, retries
/// and limits do not change what it makes.
fn fingerprints(plan: &Plan) -> HashMap<&str, String> {
    let mut made: HashMap<&str, String> = HashMap::new();
    while made.len() < plan.steps().len() {
        let known = made.len();
        for step in plan.steps() {
            if made.contains_key(step.id.as_str()) {
                continue;
            }
            let needs: Option<Vec<&String>> = step
                .depends_on
                .iter()
                .map(|need| made.get(need.as_str()))
                .collect();
            if let Some(needs) = needs {
                let own = (
                    &step.tool,
                    &step.output_key,
                    &step.cascade_condition,
                    step.requires_approval,
                );
                let hash = digest::of_json(&(own, needs));
                made.insert(&step.id, hash);
            }
        }
        if made.len() == known {
            // Only a circle could stop it, and a checked plan has none.
            break;
        }
    }
    made
}
