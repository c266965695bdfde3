//! One key, many requests: one thing is made (promise 6).

use futures::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::world::{Nightdesk, Options};

const REQUESTS: usize = 100;

#[tokio::test]
async fn a_hundred_posts_with_one_key_make_one_workflow() {
    let nightdesk = Nightdesk::start(Options::default()).await;
    let body = json!({
        "name": "once", "workflow_type": "search", "operation_config": {"query": "prices"}, "schedule": "manual",
        "stop_condition": {"type": "always"},
    });
    let post = || {
        nightdesk
            .browser(Method::POST, "/v1/workflows")
            .bearer_auth(nightdesk.token())
            .header("idempotency-key", "order-1")
            .json(&body)
    };
    let answers = join_all((0..REQUESTS).map(|_| async {
        let answer = post().send().await.unwrap();
        let status = answer.status();
        let replayed = answer.headers().contains_key("idempotent-replayed");
        (status, replayed, answer.text().await.unwrap())
    }))
    .await;
    let first = answers
        .iter()
        .filter(|(status, replayed, _)| *status == StatusCode::CREATED && !replayed);
    assert_eq!(first.count(), 1, "one request is carried out");
    for (status, replayed, text) in &answers {
        let as_promised = match *status {
            StatusCode::CREATED => true,
            StatusCode::CONFLICT => !replayed && text.contains("idempotency_in_progress"),
            _ => false,
        };
        assert!(as_promised, "{status} {text}");
    }
    let again = post().send().await.unwrap();
    assert_eq!(again.headers()["idempotent-replayed"], "true");
    let list = nightdesk.get("/v1/workflows").await;
    assert_eq!(list["pagination"]["total"], 1, "{list:#}");
}
