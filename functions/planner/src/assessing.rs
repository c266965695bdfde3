//! A model's opinion on a goal, for somebody who waits for it.
//!
//! A question is taken before anything else, so that a message that comes twice asks once; one that nobody waits for
//! any more is dropped. There is no second try: a model that answers badly is told of, and the caller falls back.

use std::time::Duration;

use domain::assessment::{Assessment, NoOpinion};
use domain::ids::{AssessmentId, OwnerId};
use engine::consuming::Disposition;
use engine::ports::assessments::Opinion;
use engine::ports::store::StoreError;
use engine::ports::{ModelError, Task};

use crate::PlannerFunction;
use crate::asking::{RESERVE, perform};

impl PlannerFunction {
    pub(crate) async fn assess(
        &self,
        owner: &OwnerId,
        id: &AssessmentId,
        remaining: Duration,
    ) -> Result<Disposition, StoreError> {
        let Some(question) = self.assessments.take(owner, id).await? else {
            return Ok(Disposition::Done);
        };
        let left = question.deadline.duration_since(self.engine.now());
        let Ok(left) = Duration::try_from(left) else {
            tracing::info!(assessment.id = %id, "nobody waits for this opinion any more");
            return Ok(Disposition::Done);
        };
        let limit = left.min(remaining.saturating_sub(RESERVE));
        let opinion = self.opinion(&question.intent, limit).await;
        self.assessments.answer(owner, id, &opinion).await?;
        Ok(Disposition::Done)
    }

    async fn opinion(&self, intent: &str, limit: Duration) -> Opinion {
        let task = Task::Assess {
            intent: intent.to_owned(),
        };
        let answer = perform(&*self.model, &task, limit).await.map_err(|error| {
            tracing::warn!(%error, "the model did not assess");
            match error {
                ModelError::Timeout => NoOpinion::Timeout,
                ModelError::Unreadable { .. } => NoOpinion::ParseError,
                ModelError::RateLimited { .. }
                | ModelError::Unavailable { .. }
                | ModelError::Refused { .. } => NoOpinion::ProviderError,
            }
        })?;
        let read = serde_json::from_str(&answer.text)
            .map_err(|_| 1)
            .and_then(|answer| Assessment::read(&answer).map_err(|faults| faults.len()));
        read.map_err(|faults| {
            tracing::warn!(
                faults,
                "the model's opinion is not in the form it was asked for"
            );
            NoOpinion::ParseError
        })
    }
}
