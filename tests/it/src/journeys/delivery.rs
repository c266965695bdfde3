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
