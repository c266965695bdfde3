//! Goals in, plans out.

use domain::assessment::NoOpinion;
use domain::egress::EgressRule;
use domain::ids::PlanId;
use domain::plan::Plan;
use domain::planning::{Planner, Planning, PlanningState, Profile, ReviewedPlan};
use engine::ports::assessments::{Assessments as _, Opinion};
use engine::ports::{Message, Write};
use serde_json::{Value, json};

use super::world::{Answer, B, World, simple};

fn reviewed(n: u128) -> ReviewedPlan {
    let steps = json!([{"id": "a", "type": "search", "config": {"query": "x"}}, {"id": "b", "type": "generate_report", "config": {}, "depends_on": ["a"]}]);
    ReviewedPlan {
        id: PlanId::from_uuid(uuid::Uuid::from_u128(n)),
        intent: "watch OpenAI pricing page".to_owned(),
        profile: Profile::PrecisionLinear,
        topology_reason: "one source".to_owned(),
        plan: Plan::read(&steps, "", &EgressRule::public_only()).unwrap(),
        suggested_schedule: Some(json!({"interval": "1 day"})),
        coverage_gaps: vec!["no comparison".to_owned()],
        credits_consumed: 0,
        planner: Planner {
            source: "offline".to_owned(),
            model: None,
            fallback_reason: None,
        },
        created_at: "2026-05-04T08:00:00Z".parse().unwrap(),
    }
}

impl World {
    /// What the planner would do to every open job.
    fn conclude(&self, outcome: &PlanningState) {
        self.store.plant(&Write::PutReviewedPlan {
            owner: Self::owner(1),
            plan: reviewed(1),
        });
        for planning in self.plannings() {
            let planning = Planning {
                state: outcome.clone(),
                ..planning
            };
            self.store.plant(&Write::PutPlanning { planning });
        }
    }
}

#[tokio::test]
async fn asynchronous_planning_ends_in_a_plan() {
    let world = World::new();
    let submitted = world
        .post(
            "/v1/workflows/plan/async",
            json!({"goal": "watch OpenAI pricing page"}),
        )
        .await;
    assert_eq!(submitted.status, 202);
    let poll = submitted.json()["poll_url"].as_str().unwrap().to_owned();
    assert_eq!(submitted.header("location"), poll);
    assert_eq!(world.get(&poll).await.json()["status"], "planning");
    world.get_as(B, &poll).await.refused(404, "not_found");
    world.conclude(&PlanningState::Completed {
        plan: reviewed(1).id,
    });
    let session = world.get(&poll).await.json();
    assert_eq!(
        (&session["status"], &session["progress"]["percent"]),
        (&json!("completed"), &json!(100))
    );
    let plan = &session["plan"];
    for (name, value) in [
        ("planning_profile", json!("precision_linear")),
        ("coverage_score", json!(75)),
        ("depth_score", json!(50)),
        ("planning_quality_score", json!(66)),
        ("estimated_credits_per_execution", json!(2)),
        ("planner", json!({"source": "offline"})),
        ("suggested_schedule", json!({"interval": "1 day"})),
    ] {
        assert_eq!(plan[name], value, "{name}");
    }
    assert_eq!(plan["recommended_steps"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn synchronous_planning_waits_for_the_planner() {
    let world = World::new();
    let planned = async |outcome: PlanningState| {
        let (answer, ()) = tokio::join!(
            world.post(
                "/v1/workflows/plan",
                json!({"intent": "watch OpenAI pricing page"})
            ),
            async {
                tokio::time::sleep(std::time::Duration::from_millis(250)).await;
                world.conclude(&outcome);
            }
        );
        answer
    };
    let plan = planned(PlanningState::Completed {
        plan: reviewed(1).id,
    })
    .await;
    assert_eq!(
        (plan.status.as_u16(), &plan.json()["plan_id"]),
        (200, &json!(reviewed(1).id))
    );
    let vague = planned(PlanningState::TooVague {
        aspects: vec!["what counts".to_owned()],
    })
    .await;
    assert_eq!(vague.refused(422, "intent_too_vague")[0].0, "/intent");
    assert_eq!(vague.json()["vague_aspects"], json!(["what counts"]));
    planned(PlanningState::Failed {
        reason: "secret".to_owned(),
    })
    .await
    .refused(503, "unavailable");
}

fn planned(extra: &Value) -> Value {
    let mut body = simple();
    let fields = body.as_object_mut().unwrap();
    fields.remove("workflow_type");
    fields.remove("operation_config");
    fields.insert("mode".to_owned(), "ai_planned".into());
    fields.extend(extra.as_object().unwrap().clone());
    body
}

#[tokio::test]
async fn a_workflow_adopts_a_reviewed_plan_or_waits_for_one() {
    let world = World::new();
    world.conclude(&PlanningState::Planning);
    let adopted = world
        .post(
            "/v1/workflows",
            planned(&json!({"plan_id": reviewed(1).id})),
        )
        .await;
    assert_eq!(adopted.status, 201, "{}", adopted.text());
    let adopted = adopted.json();
    assert_eq!(
        (
            &adopted["status"],
            &adopted["intent"],
            &adopted["plan_version"]
        ),
        (&json!("active"), &json!(reviewed(1).intent), &json!(1))
    );
    let unknown = world
        .json_as(
            B,
            "POST",
            "/v1/workflows",
            &planned(&json!({"plan_id": reviewed(1).id})),
        )
        .await;
    assert_eq!(unknown.refused(422, "validation_failed")[0].0, "/plan_id");

    let waiting = world
        .post(
            "/v1/workflows",
            planned(&json!({"goal": "watch OpenAI pricing page"})),
        )
        .await;
    assert_eq!(waiting.status, 202, "{}", waiting.text());
    assert_eq!(waiting.json()["status"], "planning");
    assert_eq!(world.queues.sent().len(), 1);
    let planning = world.plannings().remove(0);
    world
        .app
        .engine
        .conclude_planning(&planning, Ok(reviewed(2)))
        .await
        .unwrap();
    let path = format!("/v1/workflows/{}", waiting.json()["id"].as_str().unwrap());
    assert_eq!(world.get(&path).await.json()["status"], "draft");
    world
        .post(&format!("{path}/execute"), json!({}))
        .await
        .refused(409, "workflow_not_active");
    assert_eq!(
        world
            .post(&format!("{path}/plan/approve"), json!({}))
            .await
            .json()["status"],
        "active"
    );
    let again = world
        .json_as(
            super::world::A,
            "PATCH",
            &path,
            &json!({"intent": "watch the Anthropic pricing page"}),
        )
        .await;
    assert_eq!(
        (again.status.as_u16(), &again.json()["status"]),
        (200, &json!("planning"))
    );
    let none = world.post("/v1/workflows", planned(&json!({}))).await;
    assert_eq!(none.refused(422, "validation_failed")[0].0, "/intent");
}

#[tokio::test]
async fn planning_by_a_model_is_paid_for_before_it_is_asked() {
    let world = World::new().with_model();
    world.grant(65);
    let goal = json!({"intent": "watch OpenAI pricing page"});
    let credits = async || {
        let credits = world.get("/v1/credits").await.json();
        [&credits["balance"], &credits["reserved"]].map(|number| number.as_i64().unwrap())
    };
    let submitted = world.post("/v1/workflows/plan/async", goal.clone()).await;
    assert_eq!(submitted.status, 202);
    // A budget is a ceiling, and planning stays within it.
    let within = json!({"intent": "watch OpenAI pricing page", "planning_budget": 29});
    let cheap = world.post("/v1/workflows/plan/async", within).await;
    assert_eq!((cheap.status.as_u16(), credits().await), (202, [65, 40]));
    for path in ["/v1/workflows/plan", "/v1/workflows/plan/async"] {
        let short = world.post(path, goal.clone()).await;
        short.refused(402, "insufficient_credits");
        let told = short.json();
        assert_eq!(
            (&told["required"], &told["available"]),
            (&json!(30), &json!(25))
        );
    }
    let refused = world.post("/v1/workflows", planned(&goal)).await;
    refused.refused(402, "insufficient_credits");
    let listed = world.get("/v1/workflows").await.json();
    assert_eq!(listed["pagination"]["total"], 0);
    assert_eq!(world.plannings().len(), 2, "nothing was submitted");
    let plan = ReviewedPlan {
        credits_consumed: 30,
        ..reviewed(1)
    };
    let planning = world.plannings().remove(0);
    let engine = &world.app.engine;
    engine.conclude_planning(&planning, Ok(plan)).await.unwrap();
    assert_eq!(credits().await, [35, 10]);
    let ledger = world.get("/v1/credits").await.json()["ledger"].clone();
    assert_eq!(
        (&ledger[0]["amount"], &ledger[0]["plan_id"]),
        (&json!(-30), &json!(reviewed(1).id))
    );
}

#[tokio::test]
async fn a_new_goal_that_cannot_be_paid_for_changes_nothing() {
    let world = World::new().with_model();
    world.grant(30);
    let made = world
        .post(
            "/v1/workflows",
            planned(&json!({"goal": "watch the wires"})),
        )
        .await;
    assert_eq!(made.status, 202);
    let path = format!("/v1/workflows/{}", made.json()["id"].as_str().unwrap());
    let before = world.get(&path).await.json();
    let goal = json!({"intent": "watch other wires"});
    let patch = world.json_as(super::world::A, "PATCH", &path, &goal).await;
    patch.refused(402, "insufficient_credits");
    assert_eq!(world.get(&path).await.json(), before);
}

#[tokio::test]
async fn goals_are_assessed_and_tools_and_credits_shown() {
    let world = World::new();
    let assess = async |intent: &str| {
        world
            .post("/v1/workflows/assess-intent", json!({"intent": intent}))
            .await
            .json()
    };
    let specific = assess("watch OpenAI pricing page").await;
    assert_eq!(
        (
            &specific["assessment"],
            &specific["assessment_source"],
            &specific["is_assessed"]
        ),
        (&json!("specific"), &json!("heuristic"), &json!(true))
    );
    assert_eq!(specific.get("vague_aspects"), None);
    let vague = assess("tell me about interesting stuff").await;
    assert_eq!(vague["assessment"], "vague");
    assert!(vague["proposed_intent"].is_string() && vague["what_we_clarified"].is_array());
    assert_eq!(
        world.get("/v1/tools").await.json()["tools"]
            .as_array()
            .unwrap()
            .len(),
        11
    );
    assert_eq!(
        world.get("/v1/credits").await.json(),
        json!({"balance": null, "reserved": 0, "available": null, "ledger": []})
    );
}

/// Answers every question that is put, as the planner would.
async fn answered(world: &World, opinion: Opinion, asking: impl Future<Output = Answer>) -> Answer {
    let planner = async {
        loop {
            for message in world.queues.messages() {
                if let Message::Assess { owner, assessment } = &message
                    && let Ok(Some(_)) = world.assessments.take(owner, assessment).await
                {
                    let told = world.assessments.answer(owner, assessment, &opinion);
                    told.await.unwrap();
                }
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::select! {
        answer = asking => answer,
        () = planner => unreachable!("it goes on until the answer is there"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_goal_is_assessed_by_the_model_ten_times_an_hour() {
    let world = World::new().with_model();
    let goal = json!({"intent": "keep me posted on interesting stuff"});
    let assess = || world.post("/v1/workflows/assess-intent", goal.clone());
    let by_model = crate::assessment::of("watch OpenAI pricing page");
    let told = answered(&world, Ok(by_model), assess()).await.json();
    assert_eq!(
        (
            &told["assessment"],
            &told["assessment_source"],
            &told["is_assessed"]
        ),
        (&json!("specific"), &json!("llm"), &json!(true))
    );
    assert_eq!(told.get("fallback_reason_code"), None);
    for reason in [NoOpinion::ParseError, NoOpinion::ProviderError] {
        let told = answered(&world, Err(reason), assess()).await.json();
        assert_eq!(
            (
                &told["assessment"],
                &told["assessment_source"],
                &told["is_assessed"]
            ),
            (&json!("specific"), &json!("fallback"), &json!(false))
        );
        assert_eq!(told["fallback_reason_code"], reason.as_str());
    }
    // Nobody answers.
    let begun = tokio::time::Instant::now();
    let body = json!({"intent": "watch OpenAI pricing page", "timeout": 1000});
    let told = world.post("/v1/workflows/assess-intent", body).await.json();
    assert_eq!(told["fallback_reason_code"], "timeout");
    assert!(begun.elapsed().as_millis() <= 1000);
    for n in 5..=12 {
        let told = answered(&world, Err(NoOpinion::ParseError), assess()).await;
        let told = told.json();
        let (source, reason) = if n <= 10 {
            ("fallback", "parse_error")
        } else {
            ("heuristic", "rate_limited")
        };
        assert_eq!(told["assessment_source"], source, "{n}");
        assert_eq!(told["fallback_reason_code"], reason, "{n}");
    }
    let asked = world.queues.messages().len();
    assert_eq!(asked, 10, "the model was asked {asked} times");
}
