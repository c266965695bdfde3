#![doc = include_str!("../README.md")]

mod claim;
mod commit;
mod failure;
mod material;
#[cfg(test)]
mod outside;
mod plans;
mod slot;
pub mod start;
mod tools;
mod upstream;
mod watching;
mod work;
#[cfg(test)]
mod world;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::egress::EgressRule;
use domain::execution::Execution;
use engine::Engine;
use engine::consuming::{Consumer, Delivery, Disposition};
use engine::ports::queues::Message;
use engine::ports::store::StoreError;
use engine::ports::{Allowances, Crawler, Images, Mailer, Model, Search, Slots, Visits, Webhooks};
use engine::sealing::Sealing;
use futures::FutureExt as _;
use tokio::time::Instant;

use claim::Claim;
use plans::Plans;
use slot::Door;
use work::Came;

/// An invocation with less time than this begins no step: it could only be cut off.
const LEAST_TIME: Duration = Duration::from_secs(1);

/// What tools reach the outside through.
#[derive(Clone)]
pub struct Ports {
    pub search: Arc<dyn Search>,
    pub crawler: Arc<dyn Crawler>,
    pub model: Arc<dyn Model>,
    pub images: Arc<dyn Images>,
    pub mailer: Arc<dyn Mailer>,
    /// What of a day's allowances has been used.
    pub allowances: Arc<dyn Allowances>,
    /// How many recipients an owner's approved mails may have in a day.
    pub recipients_a_day: u32,
    pub webhooks: Arc<dyn Webhooks>,
    /// What opens the secrets of webhooks.
    pub sealing: Sealing,
    /// What crawls keep for the next.
    pub visits: Arc<dyn Visits>,
    /// What owners have in flight.
    pub slots: Arc<dyn Slots>,
}

/// Executes steps.
pub struct StepExecutor {
    engine: Engine,
    ports: Ports,
    /// Asked again about addresses that came out of references, before anybody approves a post to one.
    egress: EgressRule,
    plans: Plans,
}

impl StepExecutor {
    #[must_use]
    pub fn new(engine: Engine, ports: Ports, egress: EgressRule) -> Self {
        Self {
            engine,
            ports,
            egress,
            plans: Plans::default(),
        }
    }

    /// Claim, work, commit.
    async fn execute(&self, delivery: &Delivery) -> Result<Disposition, StoreError> {
        let Message::Step {
            owner,
            execution: id,
            step,
            lane,
            called,
        } = &delivery.message
        else {
            tracing::error!(message = %delivery.message.encode(), "a message of another kind came by the step queue");
            return Ok(Disposition::Failed);
        };
        if delivery.remaining < LEAST_TIME {
            return Ok(Disposition::NotBefore(self.engine.now()));
        }
        let Some(execution) = self.engine.store.execution(owner, id).await? else {
            tracing::warn!(execution.id = %id, step.id = step, "a step of a run that does not exist");
            return Ok(Disposition::Done);
        };
        let Some(row) = execution.step(step).cloned() else {
            tracing::warn!(execution.id = %id, step.id = step, "a step that its run does not have");
            return Ok(Disposition::Done);
        };
        if *lane != row.kind.lane() {
            return Ok(self.send_to_its_queue(&execution, step).await);
        }
        let slot = match self.enter(&execution, &row, delivery).await {
            Door::Open(slot) => slot,
            Door::Closed(disposition) => return Ok(disposition),
        };
        if slot.is_none() && *called {
            self.pass_on(&execution, &row, delivery).await;
        }
        let claim = self.claim(execution, step, &delivery.worker).await;
        let run = match claim {
            Ok(Claim::Ours(run)) => *run,
            Ok(Claim::NotOurs(disposition)) => {
                self.leave(owner, *lane, slot).await;
                return Ok(disposition);
            }
            Err(error) => {
                self.leave(owner, *lane, slot).await;
                return Err(error);
            }
        };
        let Some(row) = run.step(step).cloned() else {
            self.leave(owner, *lane, slot).await;
            return Ok(Disposition::Done);
        };
        // A tool that panics takes neither its batch nor its lease along.
        let begun = Instant::now();
        let work = Box::pin(self.work(&run, &row, delivery.remaining));
        let came = match AssertUnwindSafe(work).catch_unwind().await {
            Ok(came) => came,
            Err(_) => {
                tracing::error!(execution.id = %id, step.id = step, "a tool panicked");
                Came::panicked(&row)
            }
        };
        self.leave(owner, *lane, slot).await;
        let left = delivery.remaining.saturating_sub(begun.elapsed());
        self.commit(&run, &row, &came, left).await
    }

    /// Sends a step's message on that came by another queue than its own, as code did that knew one only: a crawl must not
    /// take the place of something short.
    async fn send_to_its_queue(&self, run: &Execution, step: &str) -> Disposition {
        let message = Message::step(run, step);
        match self.engine.queues.send(&message, Duration::ZERO).await {
            Ok(()) => Disposition::Done,
            Err(error) => {
                tracing::warn!(%error, "a message could not be sent to the queue of its kind");
                Disposition::Failed
            }
        }
    }
}

#[async_trait]
impl Consumer for StepExecutor {
    async fn handle(&self, delivery: Delivery) -> Disposition {
        match self.execute(&delivery).await {
            Ok(Disposition::NotBefore(until)) => self.engine.give_back(&delivery, until).await,
            Ok(disposition) => disposition,
            Err(error) => {
                tracing::error!(%error, message = %delivery.message.encode(), "a step could not be dealt with; its message stays");
                self.engine.after_store_error(&delivery, &error).await
            }
        }
    }
}

#[cfg(test)]
mod tests;
