#![doc = include_str!("../README.md")]

pub mod start;

use std::sync::Arc;

use async_trait::async_trait;
use engine::Engine;
use engine::advance::AdvanceError;
use engine::consuming::{Consumer, Delivery, Disposition};
use engine::judging::JudgeError;
use engine::ports::queues::Message;
use engine::ports::{Schedules, StoreError};

/// Ends runs: comparison, stop condition, signal.
pub struct ConditionEvaluator {
    pub engine: Engine,
    pub schedules: Arc<dyn Schedules>,
}

#[async_trait]
impl Consumer for ConditionEvaluator {
    async fn handle(&self, delivery: Delivery) -> Disposition {
        let Message::Judge { owner, execution } = &delivery.message else {
            tracing::error!("a message of another queue");
            return Disposition::Failed;
        };
        match self
            .engine
            .judge(self.schedules.as_ref(), owner, execution)
            .await
        {
            Ok(()) => Disposition::Done,
            Err(error) => {
                tracing::error!(%error, execution.id = %execution, "a run could not be judged");
                let error = match error {
                    JudgeError::Store(error) | JudgeError::Advance(AdvanceError::Store(error)) => {
                        error
                    }
                    JudgeError::Advance(AdvanceError::Contended) => {
                        StoreError::Unavailable("the run keeps changing".to_owned())
                    }
                    JudgeError::Advance(
                        AdvanceError::NotFound | AdvanceError::Refused(_) | AdvanceError::Full(_),
                    ) => {
                        return Disposition::Failed;
                    }
                };
                self.engine.after_store_error(&delivery, &error).await
            }
        }
    }
}
