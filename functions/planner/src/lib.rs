#![doc = include_str!("../README.md")]

mod asking;
mod assessing;
mod reply;
pub mod start;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::egress::EgressRule;
use domain::ids::{OwnerId, PlanId, PlanningId};
use domain::planning::{PlanningState, ReviewedPlan};
use engine::Engine;
use engine::consuming::{Consumer, Delivery, Disposition};
use engine::ports::queues::Message;
use engine::ports::store::StoreError;
use engine::ports::{Assessments, Model};

use asking::{Outcome, Planned};

/// Plans goals, and says how specific they are.
pub struct PlannerFunction {
    engine: Engine,
    assessments: Arc<dyn Assessments>,
    /// The configured model; it may be the offline twin.
    model: Arc<dyn Model>,
    /// Who answers when the model does not.
    offline: Arc<dyn Model>,
    egress: EgressRule,
}

impl PlannerFunction {
    #[must_use]
    pub fn new(
        engine: Engine,
        assessments: Arc<dyn Assessments>,
        model: Arc<dyn Model>,
        offline: Arc<dyn Model>,
        egress: EgressRule,
    ) -> Self {
        Self {
            engine,
            assessments,
            model,
            offline,
            egress,
        }
    }

    async fn carry_out(&self, delivery: &Delivery) -> Result<Disposition, StoreError> {
        match &delivery.message {
            Message::Plan { owner, planning } => {
                self.plan(owner, planning, delivery.remaining).await
            }
            Message::Assess { owner, assessment } => {
                self.assess(owner, assessment, delivery.remaining).await
            }
            Message::Step { .. }
            | Message::Judge { .. }
            | Message::Start { .. }
            | Message::AskApproval { .. }
            | Message::Deliver { .. }
            | Message::Tell { .. }
            | Message::MailReturned { .. } => {
                tracing::error!(
                    message = delivery.message.kind(),
                    "a message of another kind came by the planning queue"
                );
                Ok(Disposition::Failed)
            }
        }
    }

    async fn plan(
        &self,
        owner: &OwnerId,
        id: &PlanningId,
        remaining: Duration,
    ) -> Result<Disposition, StoreError> {
        let Some(planning) = self.engine.store.planning(owner, id).await? else {
            tracing::warn!(planning.id = %id, "a planning job that does not exist");
            return Ok(Disposition::Done);
        };
        if planning.state != PlanningState::Planning {
            return Ok(Disposition::Done);
        }
        let outcome = match self.ask(&planning.request, remaining).await {
            Outcome::Planned(planned) => Ok(self.review(&planning.request.intent, *planned)),
            Outcome::TooVague(aspects) => Err(PlanningState::TooVague { aspects }),
            Outcome::Failed(reason) => Err(PlanningState::Failed { reason }),
        };
        self.engine.conclude_planning(&planning, outcome).await?;
        Ok(Disposition::Done)
    }

    fn review(&self, intent: &str, planned: Planned) -> ReviewedPlan {
        ReviewedPlan {
            id: PlanId::from_uuid(self.engine.uuid()),
            intent: intent.to_owned(),
            profile: planned.proposal.profile,
            topology_reason: planned.proposal.topology_reason,
            plan: planned.proposal.plan,
            suggested_schedule: planned.proposal.suggested_schedule,
            coverage_gaps: planned.proposal.coverage_gaps,
            credits_consumed: planned.credits,
            planner: planned.planner,
            created_at: self.engine.now(),
        }
    }
}

#[async_trait]
impl Consumer for PlannerFunction {
    async fn handle(&self, delivery: Delivery) -> Disposition {
        match self.carry_out(&delivery).await {
            Ok(disposition) => disposition,
            Err(error) => {
                tracing::error!(%error, message = %delivery.message.encode(), "a goal could not be dealt with; its message stays");
                self.engine.after_store_error(&delivery, &error).await
            }
        }
    }
}

#[cfg(test)]
mod tests;
