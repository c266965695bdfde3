//! The ports as the handlers see them: each call passes the ground, and then does what the port in memory does.

mod allowances;
mod deliveries;
mod outside;
mod queues;
mod sessions;
mod slots;
mod store;

use std::sync::Arc;

use async_trait::async_trait;
use domain::ids::{OwnerId, WorkflowId};
use domain::schedule::AwsExpression;
use engine::Engine;
use engine::memory::{MemoryAllowances, MemorySchedules, SeededEntropy, at_once};
use engine::ports::{Clock, ScheduleError, Schedules, Secret, SecretError, Secrets};
use jiff::Timestamp;

use crate::fault::Operation;
use crate::ground::Ground;

/// All ports of the stack, on one ground.
pub(crate) struct Harbour {
    pub(crate) ground: Arc<Ground>,
    pub(crate) schedules: MemorySchedules,
    pub(crate) allowances: MemoryAllowances,
}

/// The engine on this ground.
pub(crate) fn engine(harbour: &Arc<Harbour>, seed: u64) -> Engine {
    Engine {
        store: harbour.clone(),
        queues: harbour.clone(),
        clock: harbour.clone(),
        entropy: Arc::new(SeededEntropy::new(seed)),
    }
}

impl Clock for Harbour {
    fn now(&self) -> Timestamp {
        self.ground.now_as_seen()
    }
}

#[async_trait]
impl Schedules for Harbour {
    async fn put(
        &self,
        owner: &OwnerId,
        workflow: &WorkflowId,
        expressions: &[AwsExpression],
    ) -> Result<(), ScheduleError> {
        self.ground
            .pass(
                Operation::Schedule,
                || at_once(self.schedules.put(owner, workflow, expressions)),
                |refusal| ScheduleError(format!("{refusal:?}")),
            )
            .await
    }
}

#[async_trait]
impl Secrets for Harbour {
    async fn secret(&self, name: &str) -> Result<Secret, SecretError> {
        self.ground
            .pass(
                Operation::Secret,
                || Ok(Secret::new("a secret of the simulation")),
                |refusal| SecretError {
                    name: name.to_owned(),
                    reason: format!("{refusal:?}"),
                },
            )
            .await
    }
}
