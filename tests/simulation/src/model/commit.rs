//! Apply and commit, as the engine does it: the domain's `apply` on what was loaded, one write conditional on
//! the revisions of what was loaded, and the consequences in the same write.
//!
//! Sending what follows is one transition with the write. That loses no interleaving: a message only
//! adds to the queue, which nobody reads but by receiving, and it may be received at any later time.

use std::sync::Arc;

use domain::approval::{Approval, ApprovalStatus};
use domain::execution::{Closing, Effect, Event, Execution, Phase, Refused, apply};

use crate::bug::Bug;
use crate::life::Life;
use crate::state::{Message, Run, State, Work, Writer};

/// What an actor wants written.
pub(crate) struct Write<'a> {
    pub run: usize,
    /// The run as loaded.
    pub base: &'a Arc<Execution>,
    pub event: &'a Event,
    /// An approval's next revision, or a new one, in the same write.
    pub approval: Option<Arc<Approval>>,
    pub writer: Writer,
}

/// Why nothing was written.
#[derive(Debug)]
pub(crate) enum NotWritten {
    Conflict,
    Refused(Refused),
}

/// What was written, and what is to be sent.
pub(crate) type Written = (Arc<Execution>, Vec<Message>);

impl Life {
    /// Applies, and writes under the conditions.
    pub(crate) fn commit(
        &self,
        state: &mut State,
        write: &Write<'_>,
    ) -> Result<Written, NotWritten> {
        let (next, effects) = self
            .apply(write.base, write.event, state)
            .map_err(|refused| {
                self.tally.count("refused");
                NotWritten::Refused(refused)
            })?;
        let stored = &state.run(write.run).stored;
        let unchanged =
            stored.revision == write.base.revision || self.scenario.has(Bug::NoRevisionCondition);
        let approval_unchanged =
            write
                .approval
                .as_deref()
                .is_none_or(|next| match state.approval_at(&next.id) {
                    Some(at) => state.approvals[at].revision + 1 == next.revision,
                    None => next.revision == 0,
                });
        if !unchanged || !approval_unchanged {
            self.tally.count("conflict");
            return Err(NotWritten::Conflict);
        }
        self.tally.count(write.event.name());
        judge_the_write(state, write);
        if let Some(approval) = &write.approval {
            put_approval(state, approval.clone());
        }
        let next = Arc::new(next);
        self.write_run(state, write, &next);
        let sends = self.consequences(state, write.run, &next, &effects);
        Ok((next, sends))
    }

    /// The domain's `apply`; with a bug switched on, a little less.
    fn apply(
        &self,
        base: &Execution,
        event: &Event,
        state: &State,
    ) -> Result<(Execution, Vec<Effect>), Refused> {
        match (apply(base, event, state.now), event) {
            (
                Err(Refused::StaleFence { current, .. }),
                Event::StepCompleted {
                    step,
                    output,
                    credits,
                    ..
                },
            ) if self.scenario.has(Bug::OldFenceCounts) => {
                let event = Event::StepCompleted {
                    step: step.clone(),
                    fence: current,
                    output: output.clone(),
                    credits: *credits,
                };
                apply(base, &event, state.now)
            }
            (result, _) => result,
        }
    }

    fn write_run(&self, state: &mut State, write: &Write<'_>, next: &Arc<Execution>) {
        let now = state.now;
        let (base, event) = (write.base, write.event);
        let run = state.runs[write.run].as_mut().expect("it has started");
        // The log's own next state: the same as the aggregate's as long as every event was applied to
        // the state the log stood at.
        run.replayed = if Arc::ptr_eq(&run.replayed, base) {
            next.clone()
        } else {
            match apply(&run.replayed, event, now) {
                Ok((replayed, _)) => Arc::new(replayed),
                Err(_) => {
                    state.fouls.log_torn = true;
                    run.replayed.clone()
                }
            }
        };
        if let Event::Resolved { step, .. } = event
            && let Some(at) = next.steps.iter().position(|row| row.id == *step)
            && next.steps[at].state.name() == "approved"
        {
            run.retries[at] += 1;
        }
        *run = Run {
            stored: next.clone(),
            writer: write.writer,
            replayed: run.replayed.clone(),
            retries: std::mem::take(&mut run.retries),
        };
    }

    /// The writes that belong to the transition, and the messages that follow it.
    fn consequences(
        &self,
        state: &mut State,
        run: usize,
        next: &Execution,
        effects: &[Effect],
    ) -> Vec<Message> {
        let mut sends = Vec::new();
        for effect in effects {
            match effect {
                Effect::EnqueueStep { step, not_before } => {
                    let at = next.steps.iter().position(|row| row.id == *step);
                    sends.push(Message {
                        run,
                        work: Work::Step(at.expect("it is a step of the run")),
                        visible_at: (*not_before).max(state.now),
                    });
                }
                Effect::EnqueueJudging => sends.push(Message {
                    run,
                    work: Work::Judging,
                    visible_at: state.now,
                }),
                Effect::CloseApproval { approval, because } => {
                    if let Some(at) = state.approval_at(approval)
                        && state.approvals[at].is_open()
                    {
                        let status = match because {
                            Closing::Cancelled => ApprovalStatus::Cancelled,
                            Closing::Superseded => ApprovalStatus::Superseded,
                        };
                        let closed = Arc::new(state.approvals[at].close(status));
                        put_approval(state, closed);
                    }
                }
                Effect::End => self.settle_credits(state, next),
            }
        }
        sends
    }

    pub(crate) fn settle_credits(&self, state: &mut State, run: &Execution) {
        let consumed = run.consumed();
        state.fouls.overcharged |= consumed > run.reserved;
        state.account = state.account.settle(run.reserved, consumed);
        state.ledger -= i64::from(consumed.min(run.reserved));
        self.tally.count(run.status().as_str());
    }
}

/// Puts an approval where it belongs.
pub(crate) fn put_approval(state: &mut State, approval: Arc<Approval>) {
    match state.approval_at(&approval.id) {
        Some(at) => {
            let before = &state.approvals[at];
            state.fouls.decision_undone |= !before.is_open() && before.status != approval.status;
            state.approvals[at] = approval;
        }
        None => state.approvals.push(approval),
    }
}

/// Wrongs that only the moment of the write shows: it is compared with what is stored then.
fn judge_the_write(state: &mut State, write: &Write<'_>) {
    let stored = state.run(write.run).stored.clone();
    state.fouls.ended_run_changed |= matches!(stored.phase, Phase::Ended { .. });
    let report = match write.event {
        Event::StepYielded { step, fence, .. }
        | Event::StepCompleted { step, fence, .. }
        | Event::StepParked { step, fence, .. }
        | Event::StepFailed { step, fence, .. }
        | Event::StepPostponed { step, fence, .. }
        | Event::StepReleased { step, fence }
        | Event::StepSkipped { step, fence }
        | Event::OutcomeLost { step, fence } => Some((step, *fence)),
        _ => None,
    };
    if let Some((step, fence)) = report {
        let current = stored.step(step).map(|row| row.fence);
        state.fouls.old_fence_counted |= current != Some(fence);
    }
}
