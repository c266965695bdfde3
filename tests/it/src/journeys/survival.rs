//! Unkind infrastructure: everything twice, some of it lost, and a host that dies in the middle.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::world::{Nightdesk, Options, Outside};

fn workflow(outside: &Outside) -> Value {
    json!({
        "name": "Harbour",
        "mode": "multi_step",
        "schedule": "manual",
        "stop_condition": {"type": "always"},
        "overlap_policy": "allow",
        "steps": [
            {"id": "read", "type": "crawl", "config": {"urls": [outside.url("/pages/cranes"), outside.url("/pages/ferries")], "max_pages": 2}},
            {"id": "report", "type": "generate_report", "depends_on": ["read"], "config": {"length_words": 80}},
            {"id": "post", "type": "post_webhook", "depends_on": ["report"], "config": {"url": outside.url("/hook"), "body": "${steps.report.text}"}},
        ],
    })
}

async fn stage() -> (Outside, Nightdesk) {
    let outside = Outside::start().await;
    outside.publish(
        "cranes",
        "Two new cranes",
        "The harbour took delivery of two new cranes on Tuesday, and they work well.",
    );
    outside.publish(
        "ferries",
        "Ferries are late",
        "Ferries across the harbour ran forty minutes late all week because of the tide.",
    );
    let env = vec![("NIGHTDESK_EGRESS_ALLOW", outside.address())];
    (
        outside,
        Nightdesk::start(Options {
            env,
            ..Options::default()
        })
        .await,
    )
}

#[tokio::test]
async fn duplicates_and_a_kill_in_the_middle_publish_one_thing_once() {
    let (outside, mut nightdesk) = stage().await;
    nightdesk
        .post(
            "/_local/faults",
            json!({"duplicate_deliveries": true, "seed": 7}),
        )
        .await;
    let id = nightdesk.workflow(workflow(&outside)).await;
    let run = nightdesk.execute(&id).await;
    nightdesk.kill_and_restart();
    nightdesk
        .post(
            "/_local/faults",
            json!({"duplicate_deliveries": true, "seed": 8}),
        )
        .await;
    // What the dead host's workers held is theirs until its lease ends.
    nightdesk
        .post("/_local/clock", json!({"advance_seconds": 300}))
        .await;
    let parked = nightdesk
        .run_until(&run, &["awaiting_approval", "failed"])
        .await;
    assert_eq!(parked["status"], "awaiting_approval", "{parked:#}");
    let approval = nightdesk.get("/v1/approvals?status=pending").await["approvals"][0].clone();
    nightdesk
        .post(
            &format!("/v1/approvals/{}/approve", approval["id"].as_str().unwrap()),
            json!({}),
        )
        .await;
    nightdesk.kill_and_restart();
    nightdesk
        .post("/_local/clock", json!({"advance_seconds": 300}))
        .await;
    let done = nightdesk.run_until(&run, &["completed", "failed"]).await;
    assert_eq!(done["status"], "completed", "{done:#}");

    let received = outside.received();
    let keys: BTreeSet<&str> = received.iter().map(|post| post.key.as_str()).collect();
    let bodies: BTreeSet<&[u8]> = received.iter().map(|post| post.body.as_slice()).collect();
    assert_eq!(
        (keys.len(), bodies.len()),
        (1, 1),
        "one distinct key and identical bytes, in {} posts",
        received.len()
    );
    assert_eq!(
        received[0].body,
        approval["draft"]["body"].as_str().unwrap().as_bytes()
    );
}

#[tokio::test]
async fn lost_sends_and_lost_answers_cost_minutes_and_no_run() {
    let (outside, nightdesk) = stage().await;
    let id = nightdesk.workflow(workflow(&outside)).await;
    nightdesk
        .post(
            "/_local/faults",
            json!({"duplicate_deliveries": true, "drop_sends": 0.2, "lost_acks": 0.1, "seed": 11}),
        )
        .await;
    let mut runs = Vec::new();
    while runs.len() < 5 {
        // A start whose answer is lost is an error to the client; the run may exist all the same.
        let (status, answer) = nightdesk
            .send(
                reqwest::Method::POST,
                &format!("/v1/workflows/{id}/execute"),
                Some(json!({})),
            )
            .await;
        if status.is_success() {
            runs.push(answer["execution"]["id"].as_str().unwrap().to_owned());
        }
    }
    // Sweeps come once a minute of virtual time, with the infrastructure as unkind as before.
    for _ in 0..30 {
        nightdesk
            .post("/_local/clock", json!({"advance_seconds": 60}))
            .await;
    }
    nightdesk.post("/_local/faults", json!({})).await;
    nightdesk
        .post("/_local/clock", json!({"advance_seconds": 600}))
        .await;
    for run in &runs {
        let parked = nightdesk.get(&format!("/v1/executions/{run}")).await;
        assert_eq!(parked["status"], "awaiting_approval", "{parked:#}");
    }
    assert!(
        outside.received().is_empty(),
        "nothing goes out unapproved, whatever is lost"
    );
}
