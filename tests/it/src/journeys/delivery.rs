//! A watch that tells a webhook instead of a person: signed, once, and listed.

use domain::signature::{SignedHeaders, Unverified, verify};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::world::{Nightdesk, Options, Outside};

const SIX_HOURS: u64 = 6 * 3600 + 60;

#[tokio::test]
async fn a_receiver_hears_of_a_change_signed_with_the_secret_that_was_shown_once() {
    let outside = Outside::start().await;
    outside.publish("prices", "Prices", "The small plan costs 9 euros a month.");
    let env = vec![("NIGHTDESK_EGRESS_ALLOW", outside.address())];
    let options = Options {
        env,
        ..Options::default()
    };
    let nightdesk = Nightdesk::start(options).await;
    let made = nightdesk
        .post(
            "/v1/workflows",
            json!({
                "name": "Prices", "workflow_type": "crawl",
                "operation_config": {"urls": [outside.url("/pages/prices")], "max_pages": 1},
                "interval": "6 hours", "stop_condition": {"type": "always"},
                "deliver": [{"type": "webhook", "url": outside.url("/hook"), "events": ["workflow.signal"]}],
            }),
        )
        .await;
    let secret = made["deliver"][0]["secret"].as_str().unwrap();
    let pass = async || {
        nightdesk
            .post("/_local/clock", json!({"advance_seconds": SIX_HOURS}))
            .await
    };
    pass().await;
    outside.publish("prices", "Prices", "The small plan costs 12 euros a month.");
    pass().await;

    let received = outside.received();
    assert_eq!(received.len(), 1, "{received:?}");
    let [id, timestamp, signature] = &received[0].signed;
    let headers = SignedHeaders {
        id: Some(id),
        timestamp: Some(timestamp),
        signature: Some(signature),
    };
    let now = Timestamp::now().as_second();
    assert_eq!(verify(&[secret], headers, &received[0].body, now), Ok(()));
    assert_eq!(
        verify(&[secret], headers, b"another body", now),
        Err(Unverified::Signature)
    );
    let body: Value = serde_json::from_slice(&received[0].body).unwrap();
    assert_eq!(body["type"], "workflow.signal");
    assert!(
        body["data"]["items"][0]["diff"]
            .to_string()
            .contains("12 euros"),
        "{body:#}"
    );
    assert!(
        nightdesk.mails(0).await.is_empty(),
        "who has a webhook gets no mail"
    );

    let list = nightdesk.get("/v1/deliveries").await;
    let delivery = &list["deliveries"][0];
    assert_eq!(
        (&delivery["id"], &delivery["status"]),
        (&json!(id), &json!("delivered"))
    );
    assert_eq!(delivery["attempts"][0]["status_code"], 204);
    nightdesk
        .post(&format!("/v1/deliveries/{id}/redeliver"), json!({}))
        .await;
    nightdesk
        .post("/_local/clock", json!({"advance_seconds": 60}))
        .await;
    let again = outside.received();
    assert_eq!(again.len(), 2);
    assert_eq!(
        (&again[1].signed[0], &again[1].body),
        (id, &received[0].body)
    );
}

/// Everything that one transaction may hold: the run's end, what it is to its workflow, to its session and to eight
/// destinations that want to hear of everything.
#[tokio::test]
async fn the_fullest_end_of_a_run_is_one_commit() {
    let outside = Outside::start().await;
    let page = |n: usize| outside.publish(&format!("p{n:02}"), "Launch", "a launch");
    (0..6).for_each(page);
    let env = vec![
        ("NIGHTDESK_EGRESS_ALLOW", outside.address()),
        ("NIGHTDESK_SEARCH_PROVIDER", "searxng".to_owned()),
        ("NIGHTDESK_SEARCH_URL", outside.url("")),
    ];
    let options = Options {
        env,
        ..Options::default()
    };
    let nightdesk = Nightdesk::start(options).await;
    let session = nightdesk
        .post("/v1/sessions", json!({"name": "launches"}))
        .await;
    let hooks: Vec<Value> = (0..8)
        .map(|n| json!({"type": "webhook", "url": outside.url(&format!("/hook?n={n}"))}))
        .collect();
    // The second step fails where there are fewer than six results.
    let workflow = nightdesk
        .workflow(json!({
            "name": "Launches", "mode": "multi_step", "schedule": "manual", "session_id": session["id"],
            "description": "d".repeat(2000), "deliver": hooks,
            "stop_condition": {"type": "result_count", "operator": ">", "value": 30},
            "steps": [
                {"id": "find", "type": "search", "config": {"query": "launch", "max_results": 50}},
                {"id": "say", "type": "llm_response", "depends_on": ["find"], "config": {"prompt": "${steps.find.results[5].url}"}},
            ],
        }))
        .await;
    let run = async || {
        let run = nightdesk.execute(&workflow).await;
        nightdesk.run_until(&run, &["completed", "failed"]).await
    };
    assert_eq!(run().await["signal"]["decision"], "baseline");
    outside.take_down("p00");
    for _ in 0..3 {
        assert_eq!(run().await["status"], "failed");
    }
    (0..50).for_each(page);
    let last = run().await;
    assert_eq!(
        (
            &last["status"],
            &last["condition_met"],
            &last["signal"]["decision"]
        ),
        (&json!("completed"), &json!(true), &json!("signalled")),
        "{last:#}"
    );
    let list = nightdesk.get("/v1/deliveries?limit=100").await;
    let mut told: Vec<&str> = list["deliveries"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|delivery| delivery["execution_id"] == last["id"])
        .map(|delivery| delivery["event"].as_str().unwrap())
        .collect();
    assert_eq!(told.len(), 32);
    told.sort_unstable();
    told.dedup();
    assert_eq!(
        told,
        [
            "execution.completed",
            "workflow.completed",
            "workflow.recovered",
            "workflow.signal"
        ]
    );
    let shown = nightdesk
        .get(&format!("/v1/sessions/{}", session["id"].as_str().unwrap()))
        .await;
    assert_eq!(shown["url_count"], 50);
}
