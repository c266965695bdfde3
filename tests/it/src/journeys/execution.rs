//! Runs: branches side by side, waits that hold nobody up, endings that tell the truth.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{Nightdesk, Options, Outside};

async fn with_outside() -> (Outside, Nightdesk) {
    let outside = Outside::start().await;
    let env = vec![("NIGHTDESK_EGRESS_ALLOW", outside.address())];
    let nightdesk = Nightdesk::start(Options {
        env,
        ..Options::default()
    })
    .await;
    (outside, nightdesk)
}

fn workflow(steps: &Value) -> Value {
    json!({"name": "w", "mode": "multi_step", "schedule": "manual", "stop_condition": {"type": "always"}, "steps": steps})
}

#[tokio::test]
async fn ten_slow_steps_that_do_not_wait_for_each_other_run_side_by_side() {
    let (outside, nightdesk) = with_outside().await;
    let slow = |i: usize| json!({"id": format!("s{i}"), "type": "crawl", "config": {"urls": [outside.url(&format!("/slow/2000/p{i}"))], "max_pages": 1}});
    let steps: Vec<Value> = (0..10).map(slow).collect();
    let id = nightdesk.workflow(workflow(&Value::Array(steps))).await;
    let begun = Instant::now();
    let run = nightdesk.execute(&id).await;
    let done = nightdesk.run_until(&run, &["completed", "failed"]).await;
    assert_eq!(done["status"], "completed", "{done:#}");
    // One after another they would take twenty seconds; the bound is the contract's, not a benchmark.
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn a_call_that_waits_does_not_hold_up_another() {
    let (outside, nightdesk) = with_outside().await;
    let steps = json!([{"id": "s", "type": "crawl", "config": {"urls": [outside.url("/slow/4000/p")], "max_pages": 1}}]);
    let id = nightdesk.workflow(workflow(&steps)).await;
    let run = nightdesk.execute(&id).await;
    let path = format!("/v1/executions/{run}?wait=25");
    let waiting = nightdesk.get(&path);
    let other = async {
        let begun = Instant::now();
        nightdesk.get("/v1/workflows").await;
        begun.elapsed()
    };
    let (waited, other) = tokio::join!(waiting, other);
    assert_eq!(waited["status"], "completed", "{waited:#}");
    assert!(other < Duration::from_secs(3), "{other:?}");
}

#[tokio::test]
async fn a_chain_of_forty_steps_is_no_recursive_loop() {
    let (_outside, nightdesk) = with_outside().await;
    let step = |i: usize| {
        let needs = if i == 0 {
            json!([])
        } else {
            json!([format!("s{}", i - 1)])
        };
        json!({"id": format!("s{i}"), "type": "llm_response", "config": {"prompt": format!("Say {i}.")}, "depends_on": needs})
    };
    let steps: Vec<Value> = (0..40).map(step).collect();
    let id = nightdesk.workflow(workflow(&Value::Array(steps))).await;
    let run = nightdesk.execute(&id).await;
    let done = nightdesk.run_until(&run, &["completed", "failed"]).await;
    assert_eq!(done["status"], "completed", "{done:#}");
    let events = nightdesk
        .get(&format!("/v1/executions/{run}/events?limit=100"))
        .await;
    let revisions: Vec<u64> = events["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["revision"].as_u64().unwrap())
        .collect();
    assert_eq!(
        revisions,
        (1..=done["revision"].as_u64().unwrap()).collect::<Vec<_>>(),
        "the log has no gaps"
    );
}

/// Three rows of thirty between a first step and a last, and eight that join the rows.
#[tokio::test]
async fn a_hundred_steps_thirty_wide_run_to_their_end() {
    let (_outside, nightdesk) = with_outside().await;
    let say = |i: usize, needs: Vec<usize>| {
        let needs: Vec<String> = needs.into_iter().map(|need| format!("s{need}")).collect();
        json!({"id": format!("s{i}"), "type": "llm_response", "config": {"prompt": format!("Say {i}.")}, "depends_on": needs})
    };
    let mut steps = vec![say(0, vec![])];
    for i in 1..=90 {
        steps.push(say(i, vec![i.saturating_sub(30)]));
    }
    for i in 91..=98 {
        steps.push(say(i, (61..=90).collect()));
    }
    steps.push(say(99, (91..=98).collect()));
    let id = nightdesk.workflow(workflow(&Value::Array(steps))).await;
    let run = nightdesk.execute(&id).await;
    let done = nightdesk.run_until(&run, &["completed", "failed"]).await;
    assert_eq!(done["status"], "completed", "{done:#}");
    let steps = done["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 100);
    assert!(steps.iter().all(|step| step["attempts"] == 1), "{done:#}");
}

#[tokio::test]
async fn a_page_that_cannot_be_read_fails_the_run_truthfully_and_costs_nothing() {
    let (outside, nightdesk) = with_outside().await;
    outside.break_down("down");
    let steps = json!([{"id": "s", "type": "crawl", "config": {"urls": [outside.url("/pages/down")], "max_pages": 1}, "retry": {"max_attempts": 1}}]);
    let id = nightdesk.workflow(workflow(&steps)).await;
    let run = nightdesk.execute(&id).await;
    let done = nightdesk.run_until(&run, &["completed", "failed"]).await;
    assert_eq!(
        (&done["status"], &done["outcome_reason"]),
        (&json!("failed"), &json!("source_unavailable")),
        "{done:#}"
    );
    assert_eq!(done["steps"][0]["error"]["code"], "http_status");
    assert_eq!(done["credits"], json!({"reserved": 0, "consumed": 0}));
}

#[tokio::test]
async fn a_goal_becomes_a_plan_that_a_person_reviews_and_runs() {
    let (_outside, nightdesk) = with_outside().await;
    let plan = |goal: &'static str| {
        let nightdesk = &nightdesk;
        async move {
            nightdesk
                .post("/v1/workflows/plan", json!({"intent": goal}))
                .await
        }
    };
    let launches =
        plan("Find this week's top 3 AI product launches and draft a LinkedIn update").await;
    let brief = plan("Summarise the latest news about solar energy in a 150 word report").await;
    let kinds = |plan: &Value| -> Vec<String> {
        plan["recommended_steps"]
            .as_array()
            .unwrap()
            .iter()
            .map(|step| step["type"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_ne!(
        kinds(&launches),
        kinds(&brief),
        "different goals, different plans"
    );
    let id = nightdesk
        .workflow(json!({"name": "Launches", "mode": "ai_planned", "plan_id": launches["plan_id"], "schedule": "manual", "stop_condition": {"type": "always"}}))
        .await;
    let run = nightdesk.execute(&id).await;
    let parked = nightdesk
        .run_until(&run, &["awaiting_approval", "completed", "failed"])
        .await;
    assert_eq!(parked["status"], "awaiting_approval", "{parked:#}");
    let approval = nightdesk.get("/v1/approvals?status=pending").await["approvals"][0].clone();
    assert_eq!(approval["draft"]["kind"], "content");
    nightdesk
        .post(
            &format!("/v1/approvals/{}/approve", approval["id"].as_str().unwrap()),
            json!({"sha256": approval["sha256"]}),
        )
        .await;
    let done = nightdesk.run_until(&run, &["completed", "failed"]).await;
    assert_eq!(done["status"], "completed", "{done:#}");
}

#[tokio::test]
async fn a_cancelled_run_stops_and_stays_stopped() {
    let (outside, nightdesk) = with_outside().await;
    let steps = json!([{"id": "s", "type": "crawl", "config": {"urls": [outside.url("/slow/3000/p")], "max_pages": 1}}]);
    let id = nightdesk.workflow(workflow(&steps)).await;
    let run = nightdesk.execute(&id).await;
    let cancelled = nightdesk
        .post(&format!("/v1/executions/{run}/cancel"), json!({}))
        .await;
    assert_eq!(cancelled["status"], "cancelled");
    let (status, body) = nightdesk
        .send(
            Method::POST,
            &format!("/v1/executions/{run}/cancel"),
            Some(json!({})),
        )
        .await;
    assert_eq!(
        (status.as_u16(), &body["code"]),
        (409, &json!("invalid_transition"))
    );
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(
        nightdesk.get(&format!("/v1/executions/{run}")).await["status"],
        "cancelled"
    );
}
