//! Taking a step, or finding out why not.
//!
//! Messages come twice, late and out of order, so most reasons why not are no faults: somebody else
//! holds the step, it waits before its next attempt, or it is long settled. In the last case the process
//! that settled it may have died before it sent what follows; sending it again here costs a
//! duplicate and saves a wait for the sweeper.

use domain::execution::{Event, Execution, Phase, Refused, StepState};
use engine::advance::{AdvanceError, Alongside, SYSTEM};
use engine::consuming::Disposition;
use engine::ports::queues::Message;
use engine::ports::store::StoreError;
use engine::seeded_bugs::{self, Bug};

use crate::StepExecutor;

/// What a claim came to.
pub(crate) enum Claim {
    /// The run with our lease on the step.
    Ours(Box<Execution>),
    /// There is nothing for us to do now.
    NotOurs(Disposition),
}

impl StepExecutor {
    pub(crate) async fn claim(
        &self,
        execution: Execution,
        step: &str,
        worker: &str,
    ) -> Result<Claim, StoreError> {
        let (owner, id) = (execution.owner.clone(), execution.id.clone());
        let event = Event::StepClaimed {
            step: step.to_owned(),
            worker: worker.to_owned(),
        };
        let nothing = Alongside::default();
        let mut run = execution;
        // Twice at most: a lease that is found expired is taken away, and the step claimed again.
        for _ in 0..2 {
            let refused = match self
                .engine
                .advance_from(run, &event, SYSTEM, &nothing)
                .await
            {
                Ok(next) if is_held_by(&next, step, worker) => {
                    return Ok(Claim::Ours(Box::new(next)));
                }
                // The claim was one transition too many: the run has ended instead.
                Ok(_) | Err(AdvanceError::NotFound) => {
                    return Ok(Claim::NotOurs(Disposition::Done));
                }
                Err(AdvanceError::Contended) => {
                    return Err(StoreError::Unavailable("the run keeps changing".to_owned()));
                }
                Err(AdvanceError::Full(_)) => {
                    return Ok(Claim::NotOurs(Disposition::Failed));
                }
                Err(AdvanceError::Store(error)) => return Err(error),
                Err(AdvanceError::Refused(refused)) => refused,
            };
            match refused {
                Refused::Held { until }
                    if until > self.engine.now() && !seeded_bugs::is_armed(Bug::LeaseIgnored) =>
                {
                    return self.held(&owner, &id, step, worker, until).await;
                }
                Refused::Held { .. } => match self.expire(&owner, &id, step).await? {
                    Some(freed) => run = freed,
                    None => return Ok(Claim::NotOurs(Disposition::Failed)),
                },
                Refused::NotYet { due_at } => {
                    return Ok(Claim::NotOurs(Disposition::NotBefore(due_at)));
                }
                Refused::NotNow { .. } => {
                    self.send_what_follows(&owner, &id, step).await?;
                    return Ok(Claim::NotOurs(Disposition::Done));
                }
                Refused::OnHold
                | Refused::Ended
                | Refused::UnknownStep(_)
                | Refused::StaleFence { .. }
                | Refused::OtherApproval
                | Refused::DraftChanged => {
                    tracing::info!(execution.id = %id, step.id = step, %refused, "nothing to do for this message");
                    return Ok(Claim::NotOurs(Disposition::Done));
                }
            }
        }
        Ok(Claim::NotOurs(Disposition::Failed))
    }

    /// Of a step that is held: by ourselves, when our claim's answer was lost and others have written since, so
    /// that the store could not tell us by the last writer (FAULTS F03); else by somebody we wait for.
    async fn held(
        &self,
        owner: &domain::ids::OwnerId,
        id: &domain::ids::ExecutionId,
        step: &str,
        worker: &str,
        until: jiff::Timestamp,
    ) -> Result<Claim, StoreError> {
        let run = self.engine.store.execution(owner, id).await?;
        Ok(match run.filter(|run| is_held_by(run, step, worker)) {
            Some(run) => Claim::Ours(Box::new(run)),
            None => Claim::NotOurs(Disposition::NotBefore(until)),
        })
    }

    /// Takes the step from a worker that has outlived its lease, as the sweeper would; `None` when
    /// somebody else was faster.
    async fn expire(
        &self,
        owner: &domain::ids::OwnerId,
        id: &domain::ids::ExecutionId,
        step: &str,
    ) -> Result<Option<Execution>, StoreError> {
        let Some(run) = self.engine.store.execution(owner, id).await? else {
            return Ok(None);
        };
        let fence = match run.step(step).map(|row| &row.state) {
            Some(StepState::Running { lease } | StepState::Performing { lease, .. }) => lease.fence,
            Some(_) | None => return Ok(Some(run)),
        };
        let event = Event::LeaseExpired {
            step: step.to_owned(),
            fence,
        };
        match self
            .engine
            .advance_from(run, &event, SYSTEM, &Alongside::default())
            .await
        {
            Ok(next) => Ok(Some(next)),
            Err(AdvanceError::Store(error)) => Err(error),
            Err(
                AdvanceError::Refused(_)
                | AdvanceError::NotFound
                | AdvanceError::Contended
                | AdvanceError::Full(_),
            ) => Ok(None),
        }
    }

    /// Sends again what follows from where the step stands: it was committed, and whoever did may have died before
    /// sending. Harmless when it was sent before.
    pub(crate) async fn send_what_follows(
        &self,
        owner: &domain::ids::OwnerId,
        id: &domain::ids::ExecutionId,
        step: &str,
    ) -> Result<(), StoreError> {
        let Some(run) = self.engine.store.execution(owner, id).await? else {
            return Ok(());
        };
        let Some(at) = run.steps.iter().position(|row| row.id == step) else {
            return Ok(());
        };
        if seeded_bugs::is_armed(Bug::NothingResent) {
            return Ok(());
        }
        match &run.steps[at].state {
            // It waits for its next attempt, or for the rest of a long one.
            StepState::Ready { due_at, .. } | StepState::Approved { due_at, .. } => {
                let message = Message::step(&run, step);
                self.engine.send(&message, *due_at).await;
                return Ok(());
            }
            StepState::AwaitingApproval { gate } => {
                let message = Message::AskApproval {
                    owner: owner.clone(),
                    approval: gate.approval.clone(),
                };
                self.engine.send(&message, self.engine.now()).await;
                return Ok(());
            }
            state if !state.is_settled() => return Ok(()),
            _ => {}
        }
        if let Phase::Judging { .. } = run.phase {
            let message = Message::Judge {
                owner: owner.clone(),
                execution: id.clone(),
            };
            self.engine.send(&message, self.engine.now()).await;
            return Ok(());
        }
        for row in run
            .steps
            .iter()
            .filter(|row| row.needs.iter().any(|need| usize::from(*need) == at))
        {
            if let StepState::Ready { due_at, .. } = row.state {
                let message = Message::step(&run, &row.id);
                self.engine.send(&message, due_at).await;
            }
        }
        Ok(())
    }
}

fn is_held_by(run: &Execution, step: &str, worker: &str) -> bool {
    match run.step(step).map(|row| &row.state) {
        Some(StepState::Running { lease } | StepState::Performing { lease, .. }) => {
            lease.worker == worker
        }
        Some(_) | None => false,
    }
}
