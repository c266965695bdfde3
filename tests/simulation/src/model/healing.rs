//! The sweeper, the dead letters, and time.

use std::sync::Arc;

use domain::approval::ApprovalStatus;
use domain::execution::{ErrorCode, Event, Phase, StepError, StepState, overdue};
use domain::plan::EffectClass;
use jiff::Timestamp;

use crate::action::How;
use crate::bug::Bug;
use crate::commit::Write;
use crate::life::Life;
use crate::state::{Actor, State, Work, Writer};

impl Life {
    /// The sweeper deals with one of the things that are overdue.
    ///
    /// Load, apply and commit are one transition here. Under the revision condition nothing is lost by
    /// that: a slow sweeper meets a conflict, loads again, and is then one that came later.
    pub(crate) fn sweep(&self, state: &mut State, run: usize, at: usize, how: How) -> Option<()> {
        let stored = &state.run(run).stored;
        let mut event = overdue(stored, state.now).into_iter().nth(at)?;
        if let (Event::LeaseExpired { step, fence }, true) =
            (&event, self.scenario.has(Bug::RepeatsMail))
            && let Some(row) = stored.step(step)
            && row.effect() == EffectClass::AtMostOnce
            && let StepState::Performing { .. } = row.state
        {
            event = Event::StepFailed {
                step: step.clone(),
                fence: *fence,
                error: StepError::new(ErrorCode::Timeout, "not heard of"),
                retry_at: Some(state.now),
            };
        }
        let approval = match &event {
            Event::ApprovalExpired { approval, .. } => state.approval_at(approval),
            _ => None,
        };
        let expired = approval
            .map(|at| &state.approvals[at])
            .filter(|approval| approval.is_open())
            .map(|approval| Arc::new(approval.close(ApprovalStatus::Expired)));
        self.commit_at_once(state, run, &event, expired, how)
    }

    /// A message ends in the dead letters; the sweeper makes the run tell the truth.
    pub(crate) fn dead_letter(&self, state: &mut State, run: usize, step: usize) -> Option<()> {
        state.receive(run, Work::Step(step))?;
        let event = Event::StepDeadLettered {
            step: state.run(run).stored.steps[step].id.clone(),
            reason: "dead letter".to_owned(),
        };
        let _ = self.commit_at_once(state, run, &event, None, How::Well);
        Some(())
    }

    /// Nothing happens until the next instant at which something may.
    pub(crate) fn wait(&self, state: &mut State) -> Option<()> {
        let mut next: Option<Timestamp> = None;
        let mut at = |instant: Timestamp| {
            if instant > state.now && next.is_none_or(|next| instant < next) {
                next = Some(instant);
            }
        };
        for message in &state.messages {
            at(message.visible_at);
        }
        for run in state.runs.iter().flatten() {
            match run.stored.phase {
                Phase::Ended { .. } => continue,
                Phase::Judging { nudge_at } => at(nudge_at),
                Phase::Active | Phase::Paused { .. } => {}
            }
            for row in &run.stored.steps {
                if let StepState::Ready { due_at, .. } | StepState::Approved { due_at, .. } =
                    &row.state
                {
                    at(*due_at);
                }
                if let Some(due_at) = row.state.due_at() {
                    at(due_at);
                }
            }
        }
        state.now = next?;
        Some(())
    }

    /// Nothing happens until the run has used up its time.
    pub(crate) fn wait_long(&self, state: &mut State, run: usize) -> Option<()> {
        let (at, _) = state.run(run).stored.budget_ends()?;
        if at <= state.now {
            return None;
        }
        state.now = at;
        Some(())
    }

    /// Loads, applies and commits at once, for those whose slowness shows nothing new.
    pub(crate) fn commit_at_once(
        &self,
        state: &mut State,
        run: usize,
        event: &Event,
        approval: Option<Arc<domain::approval::Approval>>,
        how: How,
    ) -> Option<()> {
        let base = state.run(run).stored.clone();
        let write = Write {
            run,
            base: &base,
            event,
            approval,
            writer: Writer {
                actor: Actor::Atomic,
                base: base.revision,
            },
        };
        let (_, sends) = self.commit(state, &write).ok()?;
        match how {
            How::Well => state.send_all(sends),
            // To die with nothing left to send is to do well.
            How::ThenDies if sends.is_empty() => return None,
            How::ThenDies => {}
            How::Unacknowledged => return None,
        }
        Some(())
    }
}
