//! Who is asked, how often, and when the offline planner answers instead.

use std::time::Duration;

use domain::planning::{Planner, PlanningRequest};
use engine::ports::{Model, ModelError, Task};
use tokio::time::Instant;

use crate::PlannerFunction;
use crate::reply::{Proposal, Rejected, Reply, read};

/// How often a model may mend its plan.
const MOST_REPAIRS: usize = 2;
/// The longest one call of a model may take: three of them fit into an invocation.
const CALL_LIMIT: Duration = Duration::from_secs(35);
/// What is kept of the invocation for the offline planner and for committing.
pub(crate) const RESERVE: Duration = Duration::from_secs(5);

/// A plan and who made it.
#[derive(Debug, PartialEq)]
pub(crate) struct Planned {
    pub(crate) proposal: Proposal,
    pub(crate) planner: Planner,
    pub(crate) credits: u32,
}

/// What planning came to.
#[derive(Debug, PartialEq)]
pub(crate) enum Outcome {
    Planned(Box<Planned>),
    /// What the goal must still say.
    TooVague(Vec<String>),
    /// Why nobody has a plan: a fault of ours.
    Failed(String),
}

/// Why the model's word was not taken: the contract's `fallback_reason`.
type FallbackReason = &'static str;

impl PlannerFunction {
    pub(crate) async fn ask(&self, request: &PlanningRequest, remaining: Duration) -> Outcome {
        let budget = budget(request);
        let fallback_reason = if self.model.is_model() {
            let until = Instant::now() + remaining.saturating_sub(RESERVE);
            match self.ask_model(request, budget, until).await {
                Ok(outcome) => return outcome,
                Err(reason) => Some(reason),
            }
        } else {
            None
        };
        self.ask_offline(request, budget, fallback_reason).await
    }

    async fn ask_model(
        &self,
        request: &PlanningRequest,
        budget: u32,
        until: Instant,
    ) -> Result<Outcome, FallbackReason> {
        let mut faults = Vec::new();
        let mut reason = "plan_invalid";
        for attempt in 0..=MOST_REPAIRS {
            let limit = CALL_LIMIT.min(until.saturating_duration_since(Instant::now()));
            let task = Task::Plan {
                intent: request.intent.clone(),
                budget,
                faults: std::mem::take(&mut faults),
            };
            let answer = match perform(&*self.model, &task, limit).await {
                Ok(answer) => answer,
                Err(error) => {
                    tracing::warn!(%error, attempt, "the model did not plan");
                    return Err(match error {
                        ModelError::Timeout => "timeout",
                        ModelError::Unreadable { .. } => "parse_error",
                        ModelError::RateLimited { .. }
                        | ModelError::Unavailable { .. }
                        | ModelError::Refused { .. } => "provider_error",
                    });
                }
            };
            match read(
                &answer.text,
                &request.intent,
                budget,
                &self.egress,
                self.engine.now(),
            ) {
                Ok(Reply::Plan(proposal)) => {
                    let planner = Planner {
                        source: "llm".to_owned(),
                        model: answer.model,
                        fallback_reason: None,
                    };
                    return Ok(Outcome::Planned(Box::new(Planned {
                        proposal: *proposal,
                        planner,
                        credits: request.preset.credits(),
                    })));
                }
                Ok(Reply::Vague(aspects)) => return Ok(Outcome::TooVague(aspects)),
                Err(Rejected::Unreadable(why)) => {
                    reason = "parse_error";
                    faults = vec![why];
                }
                Err(Rejected::Invalid(found)) => {
                    reason = "plan_invalid";
                    faults = found.iter().map(ToString::to_string).collect();
                }
            }
            tracing::info!(
                attempt,
                faults = faults.len(),
                reason,
                "the model's plan is not usable"
            );
        }
        Err(reason)
    }

    async fn ask_offline(
        &self,
        request: &PlanningRequest,
        budget: u32,
        fallback_reason: Option<FallbackReason>,
    ) -> Outcome {
        let task = Task::Plan {
            intent: request.intent.clone(),
            budget,
            faults: Vec::new(),
        };
        let answer = match perform(&*self.offline, &task, CALL_LIMIT).await {
            Ok(answer) => answer,
            Err(error) => return Outcome::Failed(format!("the offline planner failed: {error}")),
        };
        match read(
            &answer.text,
            &request.intent,
            budget,
            &self.egress,
            self.engine.now(),
        ) {
            Ok(Reply::Plan(proposal)) => {
                let fallback_reason = fallback_reason.map(str::to_owned);
                let planner = Planner {
                    source: "offline".to_owned(),
                    model: None,
                    fallback_reason,
                };
                Outcome::Planned(Box::new(Planned {
                    proposal: *proposal,
                    planner,
                    credits: 0,
                }))
            }
            Ok(Reply::Vague(aspects)) => Outcome::TooVague(aspects),
            Err(Rejected::Unreadable(why)) => Outcome::Failed(format!(
                "the offline planner's answer cannot be read: {why}"
            )),
            Err(Rejected::Invalid(faults)) => {
                let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
                tracing::error!(
                    faults = faults.join("; "),
                    "the offline planner made a plan that cannot be used"
                );
                Outcome::Failed(format!("plan_invalid: {}", faults.join("; ")))
            }
        }
    }
}

/// What a run may cost: what the owner says, else as much as the preset allows for planning.
fn budget(request: &PlanningRequest) -> u32 {
    request
        .max_credits_per_execution
        .unwrap_or_else(|| request.preset.credits())
}

/// One call, cut off even when the model port does not keep its limit.
pub(crate) async fn perform(
    model: &dyn Model,
    task: &Task,
    limit: Duration,
) -> Result<engine::ports::Answer, ModelError> {
    if limit.is_zero() {
        return Err(ModelError::Timeout);
    }
    let grace = Duration::from_millis(500);
    tokio::time::timeout(limit + grace, model.perform(task, limit))
        .await
        .unwrap_or(Err(ModelError::Timeout))
}
