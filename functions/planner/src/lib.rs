#![doc = include_str!("../README.md")]

mod asking;
mod reply;
pub mod start;

use std::sync::Arc;

use async_trait::async_trait;
use domain::egress::EgressRule;
use domain::ids::PlanId;
use domain::planning::{PlanningState, ReviewedPlan};
use engine::Engine;
use engine::consuming::{Consumer, Delivery, Disposition};
use engine::ports::Model;
use engine::ports::queues::Message;
use engine::ports::store::StoreError;

use asking::{Outcome, Planned};

/// Plans goals.
pub struct PlannerFunction {
    engine: Engine,
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
        model: Arc<dyn Model>,
        offline: Arc<dyn Model>,
        egress: EgressRule,
    ) -> Self {
        Self {
            engine,
            model,
            offline,
            egress,
        }
    }

    async fn carry_out(&self, delivery: &Delivery) -> Result<Disposition, StoreError> {
        let Message::Plan {
            owner,
            planning: id,
        } = &delivery.message
        else {
            tracing::error!(message = %delivery.message.encode(), "a message of another kind came by the planning queue");
            return Ok(Disposition::Failed);
        };
        let Some(planning) = self.engine.store.planning(owner, id).await? else {
            tracing::warn!(planning.id = %id, "a planning job that does not exist");
            return Ok(Disposition::Done);
        };
        if planning.state != PlanningState::Planning {
            return Ok(Disposition::Done);
        }
        let outcome = match self.ask(&planning.request, delivery.remaining).await {
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
                tracing::error!(%error, message = %delivery.message.encode(), "a goal could not be planned; its message stays");
                Disposition::Failed
            }
        }
    }
}

#[cfg(test)]
mod tests;
