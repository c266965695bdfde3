//! The whole host in one process, but for the functions.

use axum::http::{Method, StatusCode};
use reqwest::Response;
use serde_json::{Value, json};

use super::*;

/// A host whose functions cannot start: what is tested here is everything around them.
async fn host(data: Option<&std::path::Path>) -> Host {
    let settings = Settings::from_environment(0, data.map(Into::into)).unwrap();
    let settings = Settings {
        executable: "/nonexistent/nightdesk".into(),
        token: None,
        ..settings
    };
    Host::start(Settings {
        base_url: None,
        ..settings
    })
    .await
    .unwrap()
}

async fn ask(host: &Host, method: Method, path: &str, body: Value) -> Response {
    let request = serving::client()
        .request(method, format!("{}{path}", host.base_url()))
        .json(&body);
    request.send().await.unwrap()
}

async fn problem(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    assert_eq!(
        response.headers()["content-type"],
        "application/problem+json"
    );
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["status"], status);
    (status, body["code"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn the_local_endpoints_follow_the_conventions() {
    let host = host(None).await;
    let cases = [
        (
            Method::POST,
            "/_local/clock",
            json!({ "advance_second": 1 }),
            (422, "validation_failed"),
        ),
        (
            Method::POST,
            "/_local/clock",
            json!({ "advance_seconds": -1 }),
            (422, "validation_failed"),
        ),
        (
            Method::POST,
            "/_local/faults",
            json!({ "throttle": 2 }),
            (422, "validation_failed"),
        ),
        (
            Method::PUT,
            "/_local/mail",
            json!({}),
            (405, "method_not_allowed"),
        ),
        (
            Method::GET,
            "/_local/nothing",
            json!({}),
            (404, "not_found"),
        ),
        // No function answers: the gateway says so, and no more.
        (
            Method::GET,
            "/v1/workflows",
            json!({}),
            (503, "unavailable"),
        ),
    ];
    for (method, path, body, (status, code)) in cases {
        let answer = problem(ask(&host, method, path, body).await).await;
        assert_eq!(answer, (status, code.to_owned()), "{path}");
    }
    let plain = serving::client()
        .post(format!("{}/_local/clock", host.base_url()))
        .body("{}")
        .send()
        .await
        .unwrap();
    assert_eq!(
        problem(plain).await,
        (415, "unsupported_media_type".to_owned())
    );
    let page = serving::client()
        .get(format!("{}/_local/mail", host.base_url()))
        .header("Accept", "text/html");
    let page = page.send().await.unwrap();
    assert!(
        page.headers()["content-security-policy"]
            .to_str()
            .unwrap()
            .starts_with("default-src 'none'")
    );
    host.stop().await;
}

#[tokio::test]
async fn owners_are_made_and_kept_apart() {
    let host = host(None).await;
    let path = "/_local/owners";
    let mut seen = Vec::new();
    for _ in 0..2 {
        let made = ask(
            &host,
            Method::POST,
            path,
            json!({ "email": "second@nightdesk.test", "team": "desk" }),
        )
        .await;
        assert_eq!(made.status(), StatusCode::CREATED);
        let made: Value = made.json().await.unwrap();
        assert!(made["token"].as_str().unwrap().starts_with("nd_"));
        seen.push((made["owner_id"].clone(), made["token"].clone()));
    }
    assert_ne!(seen[0], seen[1]);
    let refused = problem(ask(&host, Method::POST, path, json!({ "email": "nobody" })).await).await;
    assert_eq!(refused, (422, "invalid_email".to_owned()));
}

#[tokio::test]
async fn a_foreign_name_reaches_nothing() {
    let host = host(None).await;
    for path in ["/", "/_local/mail", "/v1/workflows"] {
        let request = serving::client()
            .get(format!("{}{path}", host.base_url()))
            .header("Host", "nightdesk.example");
        let answer = problem(request.send().await.unwrap()).await;
        assert_eq!(answer, (421, "misdirected_request".to_owned()));
    }
}

#[tokio::test]
async fn the_clock_jumps_far_in_no_time_and_the_jump_survives() {
    let folder = tempfile::tempdir().unwrap();
    let first = host(Some(folder.path())).await;
    let month = 30 * 86_400;
    let token = first.token().to_owned();
    assert!(first.is_first_start());
    let moved = ask(
        &first,
        Method::POST,
        "/_local/clock",
        json!({ "advance_seconds": month }),
    )
    .await;
    assert_eq!(moved.status(), StatusCode::OK);
    assert_eq!(
        moved.json::<Value>().await.unwrap()["offset_seconds"],
        month
    );
    let quiet = ask(&first, Method::POST, "/_local/quiesce", json!({})).await;
    assert_eq!(quiet.status(), StatusCode::OK);
    first.stop().await;

    let second = host(Some(folder.path())).await;
    let clock: Value = ask(&second, Method::GET, "/_local/clock", json!({}))
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(clock["offset_seconds"], month);
    assert!(!second.is_first_start());
    assert_eq!(second.token(), token);
}

#[tokio::test]
async fn a_message_nobody_can_handle_ends_among_the_dead_letters() {
    let host = host(None).await;
    host.system
        .sqs
        .send("nightdesk-NoticeQueue", "{}", 0)
        .unwrap();
    let loud = ask(
        &host,
        Method::POST,
        "/_local/quiesce",
        json!({ "timeout_ms": 200 }),
    )
    .await;
    assert_eq!(problem(loud).await, (504, "unavailable".to_owned()));
    // Five receives, 180 s apart, and the one that buries it.
    ask(
        &host,
        Method::POST,
        "/_local/clock",
        json!({ "advance_seconds": 1_000 }),
    )
    .await;
    let dead = host.system.sqs.counts("nightdesk-DeadLetterQueue").unwrap();
    assert_eq!(dead.visible, 1);
    host.stop().await;
}
