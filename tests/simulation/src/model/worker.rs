//! A worker's part: receive, load, claim, work, report. Between any two of these anything else may happen,
//! as long a wait as outlives its lease included.

use std::sync::Arc;

use domain::approval::{Approval, ApprovalStatus};
use domain::execution::{Conclusion, Event, Execution, Phase, Refused, StepState};
use domain::plan::EffectClass;

use crate::action::{Came, How};
use crate::bug::Bug;
use crate::commit::{NotWritten, Write};
use crate::life::Life;
use crate::state::{Actor, Heard, Hold, Message, Published, State, Work, Worker, Writer};

impl Life {
    pub(crate) fn receive(&self, state: &mut State, run: usize, work: Work) -> Option<()> {
        let worker = state.workers.iter().position(|w| *w == Worker::Idle)?;
        let message = state.receive(run, work)?;
        state.workers[worker] = Worker::Loaded {
            message,
            base: state.run(run).stored.clone(),
        };
        Some(())
    }

    pub(crate) fn claim(&self, state: &mut State, worker: usize, how: How) -> Option<()> {
        let Worker::Loaded { message, base } = state.workers[worker].clone() else {
            return None;
        };
        let event = match message.work {
            Work::Step(step) => Event::StepClaimed {
                step: base.steps[step].id.clone(),
                worker: format!("w{worker}"),
            },
            Work::Judging => Event::Judged {
                conclusion: Conclusion::default(),
            },
        };
        match self.commit_as_worker(state, worker, message.run, &base, &event, None, how) {
            Ok(()) => Some(()),
            Err(_) if how != How::Well => None,
            Err(NotWritten::Conflict) => {
                state.workers[worker] = Worker::Loaded {
                    message,
                    base: state.run(message.run).stored.clone(),
                };
                Some(())
            }
            Err(NotWritten::Refused(refused)) => {
                self.claim_refused(state, worker, message, &refused);
                Some(())
            }
        }
    }

    /// What becomes of the message when the step is not to be had.
    fn claim_refused(&self, state: &mut State, worker: usize, message: Message, refused: &Refused) {
        let mut back = None;
        match (refused, message.work) {
            (Refused::Held { until }, Work::Step(_)) if *until > state.now => {
                self.tally.count("held");
                back = (!self.scenario.has(Bug::AcknowledgesHeld)).then_some(*until);
            }
            (Refused::Held { .. }, Work::Step(step)) => {
                // The lease has run out: taken away here as the sweeper would, and claimed again.
                if self.expire(state, message.run, step) {
                    let base = state.run(message.run).stored.clone();
                    state.workers[worker] = Worker::Loaded { message, base };
                    return;
                }
                back = Some(state.now);
            }
            (Refused::NotYet { due_at }, Work::Step(_)) => back = Some(*due_at),
            (Refused::NotNow { .. }, Work::Step(step)) => {
                self.send_what_follows(state, message.run, step);
            }
            (Refused::Ended, _) if self.scenario.has(Bug::SettlesTwice) => {
                let run = state.run(message.run).stored.clone();
                self.settle_credits(state, &run);
            }
            (
                Refused::OnHold
                | Refused::Ended
                | Refused::UnknownStep(_)
                | Refused::StaleFence { .. }
                | Refused::OtherApproval
                | Refused::DraftChanged,
                _,
            )
            | (
                Refused::Held { .. } | Refused::NotYet { .. } | Refused::NotNow { .. },
                Work::Judging,
            ) => {}
        }
        state.workers[worker] = Worker::Idle;
        if let Some(visible_at) = back {
            state.send(Message {
                visible_at,
                ..message
            });
        }
    }

    /// Takes a step from a worker that has outlived its lease; `false` when somebody was faster.
    fn expire(&self, state: &mut State, run: usize, step: usize) -> bool {
        let stored = state.run(run).stored.clone();
        let (StepState::Running { lease } | StepState::Performing { lease, .. }) =
            &stored.steps[step].state
        else {
            return true;
        };
        let event = Event::LeaseExpired {
            step: stored.steps[step].id.clone(),
            fence: lease.fence,
        };
        self.commit_at_once(state, run, &event, None, How::Well)
            .is_some()
    }

    /// Sends again what follows from a settled step: whoever settled it may have died before.
    fn send_what_follows(&self, state: &mut State, run: usize, step: usize) {
        let stored = state.run(run).stored.clone();
        if self.scenario.has(Bug::ForgetsWhatFollows) || !stored.steps[step].state.is_settled() {
            return;
        }
        if let Phase::Judging { .. } = stored.phase {
            let visible_at = state.now;
            state.send(Message {
                run,
                work: Work::Judging,
                visible_at,
            });
            return;
        }
        for (i, row) in stored.steps.iter().enumerate() {
            let follows = row.needs.iter().any(|need| usize::from(*need) == step);
            if let (true, StepState::Ready { due_at, .. }) = (follows, &row.state) {
                let visible_at = (*due_at).max(state.now);
                state.send(Message {
                    run,
                    work: Work::Step(i),
                    visible_at,
                });
            }
        }
    }

    /// The effect: the approved draft, byte for byte, or nothing.
    pub(crate) fn perform(&self, state: &mut State, worker: usize, heard: Heard) -> Option<()> {
        let Worker::Holding(hold) = state.workers[worker].clone() else {
            return None;
        };
        let gate = hold.gate.clone()?;
        let approval = state.approval_at(&gate.approval)?;
        let approved = &state.approvals[approval];
        let mut heard = heard;
        if approved.status != ApprovalStatus::Approved || approved.sha256 != gate.sha256 {
            if heard != Heard::Refused {
                return None;
            }
        } else if matches!(heard, Heard::Accepted | Heard::NothingButItHappened) {
            let sha256 = if self.scenario.has(Bug::RemakesDraft) {
                self.scenario.prepared(hold.step, hold.fence).made.clone()
            } else {
                gate.sha256.clone()
            };
            let salt = if self.scenario.has(Bug::AttemptInKey) {
                hold.fence
            } else {
                0
            };
            let run = hold.message.run;
            let known = hold.base.steps[hold.step].effect() == EffectClass::Idempotent;
            publish(state, (run, hold.step), salt, sha256, known);
        }
        if heard == Heard::NothingButItHappened {
            // The worker cannot tell these two apart, so it must not act on the difference.
            heard = Heard::Nothing;
        }
        self.tally.count("performed");
        state.workers[worker] = Worker::Holding(Hold {
            heard: Some(heard),
            ..hold
        });
        Some(())
    }

    pub(crate) fn report(
        &self,
        state: &mut State,
        worker: usize,
        came: Came,
        how: How,
    ) -> Option<()> {
        let Worker::Holding(hold) = state.workers[worker].clone() else {
            return None;
        };
        let run = hold.message.run;
        let (event, approval) = self.event_of(state, &hold, came);
        match self.commit_as_worker(state, worker, run, &hold.base, &event, approval, how) {
            Ok(()) => Some(()),
            Err(_) if how != How::Well => None,
            Err(NotWritten::Conflict) => {
                state.workers[worker] = Worker::Holding(Hold {
                    base: state.run(run).stored.clone(),
                    ..hold
                });
                Some(())
            }
            Err(NotWritten::Refused(_)) => {
                self.tally.count("discarded");
                self.send_what_follows(state, run, hold.step);
                state.workers[worker] = Worker::Idle;
                Some(())
            }
        }
    }

    /// Commits, and moves the worker on.
    #[expect(clippy::too_many_arguments, reason = "one commit has this many parts")]
    fn commit_as_worker(
        &self,
        state: &mut State,
        worker: usize,
        run: usize,
        base: &Arc<Execution>,
        event: &Event,
        approval: Option<Arc<Approval>>,
        how: How,
    ) -> Result<(), NotWritten> {
        let before = state.workers[worker].clone();
        let writer = Writer {
            actor: Actor::Worker(worker),
            base: base.revision,
        };
        let write = Write {
            run,
            base,
            event,
            approval,
            writer,
        };
        let (next, sends) = self.commit(state, &write)?;
        match how {
            How::Well => self.written(state, worker, &before, next, sends),
            How::ThenDies => {
                state.workers[worker] = Worker::Idle;
                redeliver(state, &before);
            }
            How::Unacknowledged => {
                state.workers[worker] = Worker::Unsure {
                    before: Box::new(before),
                    writer,
                    next,
                    sends,
                };
            }
        }
        Ok(())
    }

    /// A write counted: sends what follows, and goes on or acknowledges the message.
    fn written(
        &self,
        state: &mut State,
        worker: usize,
        before: &Worker,
        next: Arc<Execution>,
        sends: Vec<Message>,
    ) {
        state.send_all(sends);
        state.workers[worker] = Worker::Idle;
        if let Worker::Loaded { message, .. } = before
            && let Work::Step(step) = message.work
            && let StepState::Running { lease } | StepState::Performing { lease, .. } =
                &next.steps[step].state
        {
            let gate = next.steps[step].state.gate().cloned().map(Arc::new);
            state.workers[worker] = Worker::Holding(Hold {
                message: *message,
                step,
                fence: lease.fence,
                gate,
                heard: None,
                base: next.clone(),
            });
        }
    }

    /// The store's own retry after a lost acknowledgement: its condition fails, and what is stored tells
    /// whether that was us.
    pub(crate) fn repeat_write(&self, state: &mut State, worker: usize) -> Option<()> {
        let Worker::Unsure {
            before,
            writer,
            next,
            sends,
        } = state.workers[worker].clone()
        else {
            return None;
        };
        let run = before.message()?.run;
        if state.run(run).writer == writer {
            self.tally.count("recognised");
            self.written(state, worker, &before, next, sends);
            return Some(());
        }
        let base = state.run(run).stored.clone();
        state.workers[worker] = match *before {
            Worker::Loaded { message, .. } => Worker::Loaded { message, base },
            Worker::Holding(hold) => Worker::Holding(Hold { base, ..hold }),
            Worker::Idle | Worker::Unsure { .. } => return None,
        };
        Some(())
    }

    pub(crate) fn die(&self, state: &mut State, worker: usize) -> Option<()> {
        let before = std::mem::replace(&mut state.workers[worker], Worker::Idle);
        redeliver(state, &before);
        Some(())
    }
}

impl Worker {
    /// The message in its hands.
    pub(crate) fn message(&self) -> Option<Message> {
        match self {
            Self::Idle => None,
            Self::Loaded { message, .. } => Some(*message),
            Self::Holding(hold) => Some(hold.message),
            Self::Unsure { before, .. } => before.message(),
        }
    }
}

/// The message of a worker that died becomes visible again.
fn redeliver(state: &mut State, worker: &Worker) {
    if let Some(message) = worker.message() {
        let visible_at = state.now;
        state.send(Message {
            visible_at,
            ..message
        });
    }
}

/// The receiver gets an effect. One that knows keys counts a repetition once.
fn publish(
    state: &mut State,
    (run, step): (usize, usize),
    salt: u64,
    sha256: String,
    knows_keys: bool,
) {
    let same = |seen: &&mut Published| {
        (seen.run, seen.step, seen.salt) == (run, step, salt) && seen.sha256 == sha256
    };
    if let Some(seen) = state.published.iter_mut().find(same) {
        if !knows_keys {
            seen.times += 1;
        }
        return;
    }
    state.published.push(Published {
        run,
        step,
        salt,
        sha256,
        times: 1,
    });
    state.published.sort();
}
