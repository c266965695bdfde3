//! The planner's flows: a model's plan, repairs, and why the offline planner answered.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use domain::assessment::NoOpinion;
use domain::egress::EgressRule;
use domain::planning::{PlanningRequest, PlanningState, Preset};
use engine::Engine;
use engine::consuming::{Consumer, Delivery, Disposition};
use engine::memory::{
    FixedClock, MemoryAssessments, MemoryQueues, MemoryStore, SeededEntropy, at_once,
};
use engine::ports::assessments::{Assessments as _, Opinion};
use engine::ports::model::Answer;
use engine::ports::queues::Message;
use engine::ports::{Model, ModelError, Store as _, Task};
use providers::model::OfflineModel;
use serde_json::json;

use crate::PlannerFunction;
use crate::asking::{Outcome, Planned};

/// A model that answers what a test prepared and remembers the faults it was told.
#[derive(Default)]
struct Scripted {
    answers: Mutex<VecDeque<Result<String, ModelError>>>,
    faults: Mutex<Vec<Vec<String>>>,
}

#[async_trait]
impl Model for Scripted {
    async fn perform(&self, task: &Task, _: Duration) -> Result<Answer, ModelError> {
        let faults = match task {
            Task::Plan { faults, .. } => faults.clone(),
            Task::Assess { .. } => Vec::new(),
            other => panic!("{other:?}"),
        };
        self.faults.lock().unwrap().push(faults);
        let next = self.answers.lock().unwrap().pop_front();
        match next {
            Some(answer) => answer.map(|text| Answer {
                text,
                model: Some("scripted-1".into()),
            }),
            None => std::future::pending().await,
        }
    }
    fn is_model(&self) -> bool {
        true
    }
}

/// An engine that remembers.
fn engine_on(store: &Arc<MemoryStore>) -> Engine {
    Engine {
        store: store.clone(),
        queues: Arc::new(MemoryQueues::default()),
        clock: Arc::new(FixedClock::at("2026-05-04T08:00:00Z".parse().unwrap())),
        entropy: Arc::new(SeededEntropy::default()),
    }
}

const GOAL: &str =
    "Every morning find news about the Rust programming language and write a short report";

fn request(intent: &str) -> PlanningRequest {
    PlanningRequest {
        intent: intent.to_owned(),
        preset: Preset::Standard,
        max_credits_per_execution: None,
    }
}

fn good() -> String {
    json!({"planning_profile": "precision_linear", "topology_reason": "one line", "steps": [{"id": "s", "type": "search", "config": {"query": "rust"}}]}).to_string()
}

fn bad() -> String {
    json!({"steps": [{"id": "s", "type": "shell", "config": {}}]}).to_string()
}

fn planner(model: Arc<dyn Model>) -> PlannerFunction {
    PlannerFunction::new(
        engine_on(&Arc::default()),
        Arc::new(MemoryAssessments::default()),
        model,
        Arc::new(OfflineModel),
        EgressRule::public_only(),
    )
}

#[tokio::test]
async fn a_job_is_carried_out_once_and_a_repetition_changes_nothing() {
    let store = Arc::new(MemoryStore::default());
    let engine = engine_on(&store);
    let owner = domain::ids::OwnerId::from_uuid(uuid::Uuid::from_u128(1));
    let planning = engine
        .submit_planning(&owner, request(GOAL), 0)
        .await
        .unwrap();
    let planner = PlannerFunction::new(
        engine,
        Arc::new(MemoryAssessments::default()),
        Arc::new(OfflineModel),
        Arc::new(OfflineModel),
        EgressRule::public_only(),
    );
    let delivery = Delivery {
        message: Message::Plan {
            owner: owner.clone(),
            planning: planning.id.clone(),
        },
        worker: "w".into(),
        receive_count: 1,
        remaining: Duration::from_secs(100),
    };
    assert_eq!(planner.handle(delivery.clone()).await, Disposition::Done);
    let stored = || at_once(store.planning(&owner, &planning.id)).unwrap();
    let concluded = stored().unwrap();
    let PlanningState::Completed { plan } = &concluded.state else {
        panic!("{concluded:?}")
    };
    assert!(
        at_once(store.reviewed_plan(&owner, plan))
            .unwrap()
            .is_some()
    );
    assert_eq!(planner.handle(delivery).await, Disposition::Done);
    assert_eq!(stored(), Some(concluded));
}

async fn plan_with(
    answers: Vec<Result<String, ModelError>>,
    intent: &str,
) -> (Outcome, Vec<Vec<String>>) {
    let model = Arc::new(Scripted {
        answers: Mutex::new(answers.into()),
        ..Scripted::default()
    });
    let outcome = planner(model.clone())
        .ask(&request(intent), Duration::from_secs(100))
        .await;
    let faults = model.faults.lock().unwrap().clone();
    (outcome, faults)
}

fn planned(outcome: Outcome) -> Planned {
    match outcome {
        Outcome::Planned(planned) => *planned,
        other => panic!("{other:?}"),
    }
}

async fn fallback(answers: Vec<Result<String, ModelError>>) -> (String, u32) {
    let planned = planned(plan_with(answers, GOAL).await.0);
    assert_eq!(planned.planner.source, "offline");
    (planned.planner.fallback_reason.unwrap(), planned.credits)
}

#[tokio::test]
async fn a_models_plan_is_taken_and_costs_its_preset() {
    let (outcome, _) = plan_with(vec![Ok(good())], GOAL).await;
    let planned = planned(outcome);
    assert_eq!(
        (
            planned.planner.source.as_str(),
            planned.planner.model.as_deref()
        ),
        ("llm", Some("scripted-1"))
    );
    assert_eq!(
        (planned.planner.fallback_reason, planned.credits),
        (None, 30)
    );
}

#[tokio::test]
async fn a_bad_plan_is_mended_with_its_faults() {
    let (outcome, faults) =
        plan_with(vec![Ok("no json".into()), Ok(bad()), Ok(good())], GOAL).await;
    assert_eq!(planned(outcome).planner.source, "llm");
    assert!(faults[0].is_empty());
    assert!(faults[1][0].contains("JSON"), "{faults:?}");
    assert!(faults[2][0].starts_with("/steps/0/type"), "{faults:?}");
}

#[tokio::test(start_paused = true)]
async fn when_the_model_fails_the_offline_planner_answers_and_says_why() {
    assert_eq!(
        fallback(vec![Ok(bad()), Ok(bad()), Ok(bad())]).await,
        ("plan_invalid".into(), 0)
    );
    assert_eq!(
        fallback(vec![Ok(bad()), Ok(bad()), Ok("?".into())]).await,
        ("parse_error".into(), 0)
    );
    assert_eq!(
        fallback(vec![Err(ModelError::RateLimited { retry_after: None })])
            .await
            .0,
        "provider_error"
    );
    assert_eq!(
        fallback(vec![Err(ModelError::Unreadable {
            reason: "html".into()
        })])
        .await
        .0,
        "parse_error"
    );
    assert_eq!(fallback(vec![]).await.0, "timeout");
}

#[tokio::test]
async fn without_a_model_the_offline_planner_answers_and_gives_no_reason() {
    let outcome = planner(Arc::new(OfflineModel))
        .ask(&request(GOAL), Duration::from_secs(100))
        .await;
    let planned = planned(outcome);
    assert_eq!(
        (
            planned.planner.source.as_str(),
            planned.planner.fallback_reason,
            planned.credits
        ),
        ("offline", None, 0)
    );
    assert!(planned.proposal.suggested_schedule.is_some());
    assert!(planned.proposal.plan.watches());
}

#[tokio::test]
async fn a_goal_nobody_can_plan_says_what_is_missing() {
    let (outcome, _) = plan_with(
        vec![Ok(json!({"vague_aspects": ["what to watch"]}).to_string())],
        "keep me posted please",
    )
    .await;
    assert_eq!(outcome, Outcome::TooVague(vec!["what to watch".into()]));
}

/// A question about a goal, a model with these answers, and what becomes of its message, delivered twice.
struct Asked {
    model: Arc<Scripted>,
    opinion: Option<Opinion>,
}

async fn asked(answers: Vec<Result<String, ModelError>>, patience: Duration, late: i64) -> Asked {
    let store = Arc::new(MemoryStore::default());
    let queues = Arc::new(MemoryQueues::default());
    let clock = Arc::new(FixedClock::at("2026-05-04T08:00:00Z".parse().unwrap()));
    let engine = Engine {
        queues: queues.clone(),
        clock: clock.clone(),
        ..engine_on(&store)
    };
    let assessments = Arc::new(MemoryAssessments::default());
    let owner = domain::ids::OwnerId::from_uuid(uuid::Uuid::from_u128(1));
    let asking = engine.ask_opinion(&*assessments, &owner, GOAL, patience);
    let id = asking.await.unwrap();
    let model = Arc::new(Scripted {
        answers: Mutex::new(answers.into()),
        ..Scripted::default()
    });
    let planner = PlannerFunction::new(
        engine,
        assessments.clone(),
        model.clone(),
        Arc::new(OfflineModel),
        EgressRule::public_only(),
    );
    clock.advance(jiff::SignedDuration::from_secs(late));
    let message = queues.messages().remove(0);
    for _ in 0..2 {
        let delivery = Delivery {
            message: message.clone(),
            worker: "w".into(),
            receive_count: 1,
            remaining: Duration::from_secs(100),
        };
        assert_eq!(planner.handle(delivery).await, Disposition::Done);
    }
    Asked {
        model,
        opinion: at_once(assessments.opinion(&owner, &id)).unwrap(),
    }
}

const PATIENCE: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_models_opinion_is_asked_for_once() {
    let answer = json!({
        "specificity_score": 8, "reasoning": "It names a language and a rhythm.",
        "inferred": {"trigger_conditions": [], "exclusions": [], "entities": ["Rust"], "source_types": ["news"],
            "suggested_cadence": "daily", "monitoring_type": "topic"},
    });
    let asked = asked(vec![Ok(answer.to_string())], PATIENCE, 1).await;
    assert_eq!(asked.opinion.unwrap().unwrap().score, 8);
    assert_eq!(asked.model.faults.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_model_without_an_opinion_is_told_apart_by_its_reason() {
    let unavailable = ModelError::Unavailable {
        reason: "502".into(),
    };
    for (answers, reason) in [
        (
            vec![Ok("I would rather not.".to_owned())],
            NoOpinion::ParseError,
        ),
        (
            vec![Ok(json!({"specificity_score": 99}).to_string())],
            NoOpinion::ParseError,
        ),
        (vec![Err(unavailable)], NoOpinion::ProviderError),
        (
            vec![Err(ModelError::RateLimited { retry_after: None })],
            NoOpinion::ProviderError,
        ),
        (vec![], NoOpinion::Timeout),
    ] {
        assert_eq!(asked(answers, PATIENCE, 1).await.opinion, Some(Err(reason)));
    }
}

#[tokio::test]
async fn nobody_is_asked_for_somebody_who_has_gone() {
    let asked = asked(vec![Ok("{}".to_owned())], PATIENCE, 11).await;
    assert_eq!(asked.opinion, None);
    assert!(asked.model.faults.lock().unwrap().is_empty());
}
