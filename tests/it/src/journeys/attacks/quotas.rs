//! Many requests at once, each of which sees room for one more.

use futures::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{Door, Nightdesk, Options};

/// Sends `n` of one request at once; gives how many were granted, and checks that the others were told why.
async fn at_once(door: &Door, n: usize, path: &str, body: impl Fn(usize) -> Value) -> usize {
    let calls = (0..n).map(|i| {
        let body = body(i);
        async move { door.send(Method::POST, path, Some(body)).await.unwrap() }
    });
    let answers = join_all(calls).await;
    let granted = answers
        .iter()
        .filter(|(status, _)| *status == StatusCode::CREATED);
    let granted = granted.count();
    for (status, answer) in &answers {
        if *status != StatusCode::CREATED {
            assert_eq!(
                (status.as_u16(), &answer["code"]),
                (429, &json!("quota_exceeded")),
                "{answer:#}"
            );
        }
    }
    granted
}

async fn total(nightdesk: &Nightdesk, list: &str) -> u64 {
    let answer = nightdesk.get(&format!("/v1/{list}")).await;
    answer["pagination"]["total"].as_u64().unwrap()
}

#[tokio::test]
async fn thirty_workflows_at_once_are_as_many_as_there_is_room_for() {
    let nightdesk = Nightdesk::start(Options {
        env: vec![("NIGHTDESK_MAX_WORKFLOWS", "5".to_owned())],
        ..Options::default()
    })
    .await;
    let door = nightdesk.owners_door();
    let body = |i| {
        json!({
            "name": format!("w{i}"), "workflow_type": "search", "operation_config": {"query": "x"},
            "schedule": "manual", "stop_condition": {"type": "always"},
        })
    };
    assert_eq!(at_once(&door, 30, "/v1/workflows", body).await, 5);
    assert_eq!(total(&nightdesk, "workflows").await, 5);
    // One that goes makes room for one.
    let workflows = nightdesk.get("/v1/workflows").await;
    let path = format!(
        "/v1/workflows/{}",
        workflows["workflows"][0]["id"].as_str().unwrap()
    );
    door.send(Method::DELETE, &path, None).await.unwrap();
    assert_eq!(at_once(&door, 10, "/v1/workflows", body).await, 1);
}

#[tokio::test]
async fn thirty_tokens_at_once_are_as_many_as_there_is_room_for() {
    let nightdesk = Nightdesk::start(Options::default()).await;
    let door = nightdesk.owners_door();
    let body = |i| json!({"token_name": format!("t{i}")});
    // The first token is one of the 200.
    assert_eq!(at_once(&door, 100, "/v1/tokens", body).await, 100);
    assert_eq!(at_once(&door, 90, "/v1/tokens", body).await, 90);
    assert_eq!(at_once(&door, 30, "/v1/tokens", body).await, 9);
    assert_eq!(total(&nightdesk, "tokens").await, 200);
}

#[tokio::test]
async fn thirty_sessions_at_once_are_as_many_as_there_is_room_for() {
    let nightdesk = Nightdesk::start(Options::default()).await;
    let door = nightdesk.owners_door();
    let body = |i| json!({"name": format!("s{i}")});
    assert_eq!(at_once(&door, 90, "/v1/sessions", body).await, 90);
    assert_eq!(at_once(&door, 30, "/v1/sessions", body).await, 10);
    assert_eq!(total(&nightdesk, "sessions").await, 100);
}
