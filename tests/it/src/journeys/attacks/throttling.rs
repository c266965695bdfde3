//! Somebody writes so much to a partition that DynamoDB cancels the transactions of others for one of their items.
//!
//! No SDK repeats those. What the victim still gets: the result of a step that is at work is committed as soon as there
//! is room, a step that could not even be begun is back after seconds, and however often it was turned away, its
//! message is no dead letter.

use serde_json::{Value, json};

use crate::world::{Nightdesk, Options, Outside};

async fn stage() -> (Outside, Nightdesk) {
    let outside = Outside::start().await;
    outside.publish("quay", "The quay", "The quay is open from six to ten.");
    let env = vec![("NIGHTDESK_EGRESS_ALLOW", outside.address())];
    let options = Options {
        env,
        ..Options::default()
    };
    (outside, Nightdesk::start(options).await)
}

/// A workflow of one crawl.
async fn workflow(nightdesk: &Nightdesk, url: String, retry: Value) -> String {
    let read = json!({"id": "read", "type": "crawl", "config": {"urls": [url], "max_pages": 1}, "retry": retry});
    let workflow = json!({
        "name": "Quay", "mode": "multi_step", "schedule": "manual", "stop_condition": {"type": "always"},
        "steps": [read],
    });
    nightdesk.workflow(workflow).await
}

async fn transactions(nightdesk: &Nightdesk) -> u64 {
    let usage = nightdesk.get("/_local/usage").await;
    let counted = &usage["dynamodb"]["operations"]["TransactWriteItems"];
    counted.as_u64().unwrap_or_default()
}

/// Has every transaction cancelled for one of its items.
async fn crowd(nightdesk: &Nightdesk) {
    nightdesk
        .send(reqwest::Method::DELETE, "/_local/usage", None)
        .await;
    let faults = json!({"throttle_items": 1.0, "seed": 5});
    nightdesk.post("/_local/faults", faults).await;
}

async fn make_room(nightdesk: &Nightdesk) {
    nightdesk.post("/_local/faults", json!({})).await;
}

async fn pass(nightdesk: &Nightdesk, seconds: u32) {
    let by = json!({"advance_seconds": seconds});
    nightdesk.post("/_local/clock", by).await;
}

#[tokio::test]
async fn the_result_of_a_step_is_committed_when_there_is_room_again() {
    let (outside, nightdesk) = stage().await;
    let url = outside.url("/slow/1500/quay");
    let id = workflow(&nightdesk, url, json!({"max_attempts": 1})).await;
    let run = nightdesk.execute(&id).await;
    nightdesk.run_until(&run, &["running"]).await;
    crowd(&nightdesk).await;
    // As many as a worker used to try before it left the step to its visibility of 63 minutes.
    while transactions(&nightdesk).await < 4 {
        tokio::task::yield_now().await;
    }
    make_room(&nightdesk).await;
    pass(&nightdesk, 30).await;
    let run = nightdesk.get(&format!("/v1/executions/{run}")).await;
    assert_eq!(run["status"], "completed", "{run:#}");
    assert_eq!(run["steps"][0]["attempts"], 1, "the page was read once");
}

#[tokio::test]
async fn a_step_that_cannot_be_begun_is_back_after_seconds_and_never_a_dead_letter() {
    let (outside, nightdesk) = stage().await;
    outside.break_down("quay");
    let retry = json!({"max_attempts": 2, "backoff_seconds": 60});
    let id = workflow(&nightdesk, outside.url("/pages/quay"), retry).await;
    let run = nightdesk.execute(&id).await;
    // Its first attempt fails, and the second waits for a minute.
    nightdesk
        .post("/_local/quiesce", json!({"timeout_ms": 300}))
        .await;
    outside.mend("quay");
    crowd(&nightdesk).await;
    pass(&nightdesk, 180).await;
    let turned_away = transactions(&nightdesk).await;
    assert!(turned_away >= 6, "only {turned_away} transactions");
    make_room(&nightdesk).await;
    pass(&nightdesk, 30).await;
    let run = nightdesk.get(&format!("/v1/executions/{run}")).await;
    assert_eq!(run["status"], "completed", "{run:#}");
    assert_eq!(run["steps"][0]["attempts"], 2, "{run:#}");
}
