#![doc = include_str!("../README.md")]

mod claim;
mod commit;
mod failure;
mod material;
#[cfg(test)]
mod outside;
mod plans;
pub mod start;
mod tools;
mod upstream;
mod work;
#[cfg(test)]
mod world;

use std::sync::Arc;

use async_trait::async_trait;
use domain::egress::EgressRule;
use engine::Engine;
use engine::consuming::{Consumer, Delivery, Disposition};
use engine::ports::queues::Message;
use engine::ports::store::StoreError;
use engine::ports::{Crawler, Images, Mailer, Model, Search, Webhooks};

use claim::Claim;
use plans::Plans;

/// What tools reach the outside through.
#[derive(Clone)]
pub struct Ports {
    pub search: Arc<dyn Search>,
    pub crawler: Arc<dyn Crawler>,
    pub model: Arc<dyn Model>,
    pub images: Arc<dyn Images>,
    pub mailer: Arc<dyn Mailer>,
    pub webhooks: Arc<dyn Webhooks>,
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
        } = &delivery.message
        else {
            tracing::error!(message = %delivery.message.encode(), "a message of another kind came by the step queue");
            return Ok(Disposition::Failed);
        };
        let Some(execution) = self.engine.store.execution(owner, id).await? else {
            tracing::warn!(execution.id = %id, step.id = step, "a step of a run that does not exist");
            return Ok(Disposition::Done);
        };
        let run = match self.claim(execution, step, &delivery.worker).await? {
            Claim::Ours(run) => *run,
            Claim::NotOurs(disposition) => return Ok(disposition),
        };
        let Some(row) = run.step(step).cloned() else {
            return Ok(Disposition::Done);
        };
        let came = Box::pin(self.work(&run, &row, delivery.remaining)).await;
        self.commit(&run, &row, &came).await
    }
}

#[async_trait]
impl Consumer for StepExecutor {
    async fn handle(&self, delivery: Delivery) -> Disposition {
        match self.execute(&delivery).await {
            Ok(disposition) => disposition,
            Err(error) => {
                tracing::error!(%error, message = %delivery.message.encode(), "a step could not be dealt with; its message stays");
                Disposition::Failed
            }
        }
    }
}

#[cfg(test)]
mod tests;
