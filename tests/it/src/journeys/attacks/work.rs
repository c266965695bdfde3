//! Work that nobody pays for: requests without a token, requests of one too many, and requests that only wait.
//!
//! What a refusal costs is read off the host's own meter; who is held up by whom is told by what they are answered.

use std::time::{Duration, Instant};

use futures::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{Door, Manner, ModelStub, Nightdesk, Options, SlowSide};

/// How many waits of an owner wait (functions/api/README.md).
const WAITS: usize = 8;
/// What is answered at once is answered within this: the machine may be busy with the other waits.
const AT_ONCE: Duration = Duration::from_secs(5);
/// How long those wait that do.
const WAIT: Duration = Duration::from_secs(12);

async fn forget_usage(nightdesk: &Nightdesk) {
    nightdesk.send(Method::DELETE, "/_local/usage", None).await;
}

async fn another_owner(nightdesk: &Nightdesk, email: &str) -> Door {
    let owner = nightdesk
        .post("/_local/owners", json!({"email": email}))
        .await;
    nightdesk.door(owner["token"].as_str().unwrap())
}

#[tokio::test]
async fn a_request_of_one_too_many_costs_no_write() {
    let nightdesk = Nightdesk::start(Options {
        env: vec![("NIGHTDESK_LIMITS", "on".to_owned())],
        ..Options::default()
    })
    .await;
    let token = json!({"token_name": "loud", "permissions": ["read"], "rate_limit_per_hour": 5});
    let token = nightdesk.post("/v1/tokens", token).await;
    let loud = nightdesk.door(token["token"].as_str().unwrap());
    let ask = || loud.send(Method::GET, "/v1/me", None);
    for _ in 0..6 {
        ask().await.unwrap();
    }
    assert_eq!(ask().await.unwrap().0, StatusCode::TOO_MANY_REQUESTS);

    forget_usage(&nightdesk).await;
    for refused in join_all((0..60).map(|_| ask())).await {
        let (status, problem) = refused.unwrap();
        assert_eq!(status, StatusCode::TOO_MANY_REQUESTS, "{problem:#}");
        assert_eq!(problem["code"], "rate_limited");
    }
    let usage = nightdesk.get("/_local/usage").await;
    assert_eq!(usage["dynamodb"]["wru"], 0.0, "{usage:#}");
    // The hour over, it is as good as before.
    nightdesk
        .post("/_local/clock", json!({"advance_seconds": 3_600}))
        .await;
    assert_eq!(ask().await.unwrap().0, StatusCode::OK);
}

#[tokio::test]
async fn whoever_has_no_token_has_nothing_read() {
    let nightdesk = Nightdesk::start(Options::default()).await;
    let long = format!("nd_{}", "a".repeat(4_000));
    let bearers = [
        "",
        "x",
        "nd_",
        "nd_short",
        "nd_with spaces and more of them than a token has",
        "eyJhbGciOiJub25lIn0.e30.",
        long.as_str(),
    ];
    let link = "A".repeat(43);
    let links = [
        "x".to_owned(),
        "a".repeat(42),
        "a".repeat(44),
        "a".repeat(200),
        format!("{}%00", "a".repeat(42)),
        format!("{}!", "a".repeat(42)),
        format!("{}%C3%A9", "a".repeat(41)),
        // 43 characters that no 32 bytes are written as.
        format!("{}B", &link[1..]),
    ];
    forget_usage(&nightdesk).await;
    for bearer in bearers {
        for (method, path) in [
            (Method::GET, "/v1/workflows"),
            (
                Method::GET,
                "/v1/executions/exe_00000000000000000000000000000001?wait=25",
            ),
            (Method::POST, "/v1/workflows/plan"),
            (
                Method::POST,
                "/v1/approvals/apr_00000000000000000000000000000001/approve",
            ),
            (Method::GET, "/v1/nothing"),
        ] {
            let request = nightdesk
                .browser(method, path)
                .header("authorization", format!("Bearer {bearer}"));
            let status = request.send().await.unwrap().status();
            assert!(status.is_client_error(), "{bearer} {path}: {status}");
        }
        let pages = ["/", "/approvals/apr_00000000000000000000000000000001"];
        for path in pages {
            let request = nightdesk
                .browser(Method::GET, path)
                .header("cookie", format!("nightdesk={}", bearer.replace(' ', "!")));
            let answer = request.send().await.unwrap();
            assert!(
                answer.url().path() == "/signin",
                "{bearer} {path}: {answer:?}"
            );
        }
        let form = nightdesk
            .browser(Method::POST, "/signin")
            .header("origin", nightdesk.base())
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!("token={}", bearer.replace(' ', "+")));
        assert_eq!(
            form.send().await.unwrap().status(),
            StatusCode::UNAUTHORIZED
        );
    }
    for link in &links {
        for (method, path) in [
            (Method::GET, format!("/a/{link}")),
            (Method::POST, format!("/a/{link}")),
            (Method::GET, format!("/a/{link}/image")),
        ] {
            let request = nightdesk
                .browser(method, &path)
                .header("origin", nightdesk.base())
                .header("content-type", "application/x-www-form-urlencoded")
                .body("decision=approve");
            let status = request.send().await.unwrap().status();
            assert!(status.is_client_error(), "{path}: {status}");
        }
    }
    let usage = nightdesk.get("/_local/usage").await;
    // Nothing is looked up by anybody's hash; the sweeper, whose minute it may be, looks into its index.
    let read = &usage["dynamodb"]["operations"]["GetItem"];
    assert!(read.is_null(), "{usage:#}");
    assert_eq!(usage["dynamodb"]["wru"], 0.0, "{usage:#}");
}

/// Sends `n` requests at once, and says of each what it was answered and how long it took.
async fn at_once(
    door: &Door,
    n: usize,
    method: &Method,
    path: &str,
    body: Option<&Value>,
) -> Vec<(StatusCode, Value, Duration)> {
    let ask = |_| async move {
        let begun = Instant::now();
        let (status, answer) = door
            .send(method.clone(), path, body.cloned())
            .await
            .unwrap();
        (status, answer, begun.elapsed())
    };
    join_all((0..n).map(ask)).await
}

#[tokio::test]
async fn an_owner_that_only_waits_holds_up_nobody() {
    let slow = SlowSide::start().await;
    let env = vec![("NIGHTDESK_EGRESS_ALLOW", slow.address())];
    let nightdesk = Nightdesk::start(Options {
        env,
        ..Options::default()
    })
    .await;
    let waiter = another_owner(&nightdesk, "waiter@nightdesk.test").await;
    let crawl = json!({"name": "w", "mode": "multi_step", "schedule": "manual", "stop_condition": {"type": "always"},
        "steps": [{"id": "read", "type": "crawl", "config": {"urls": [slow.url("/silent/1")], "max_pages": 1}}]});
    let (_, workflow) = waiter
        .send(Method::POST, "/v1/workflows", Some(crawl))
        .await
        .unwrap();
    let path = format!("/v1/workflows/{}/execute", workflow["id"].as_str().unwrap());
    let (_, started) = waiter
        .send(Method::POST, &path, Some(json!({})))
        .await
        .unwrap();
    let run = started["execution"]["id"].as_str().unwrap();
    slow.until_busy_and_settled(1).await;

    let path = format!("/v1/executions/{run}?wait={}", WAIT.as_secs());
    let waits = at_once(&waiter, 3 * WAITS, &Method::GET, &path, None);
    let other = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let begun = Instant::now();
        nightdesk.get("/v1/workflows").await;
        begun.elapsed()
    };
    let (waits, other) = tokio::join!(waits, other);
    assert!(other < AT_ONCE, "another owner's list took {other:?}");
    for (status, run, _) in &waits {
        assert_eq!(
            (*status, &run["status"]),
            (StatusCode::OK, &json!("running")),
            "{run:#}"
        );
    }
    let waited = waits.iter().filter(|(_, _, took)| *took > WAIT / 2).count();
    assert_eq!(
        waited,
        WAITS,
        "{:?}",
        waits.iter().map(|wait| wait.2).collect::<Vec<_>>()
    );
    // The waits over, there is place for others.
    let again = at_once(
        &waiter,
        1,
        &Method::GET,
        &format!("/v1/executions/{run}?wait=1"),
        None,
    )
    .await;
    assert!(again[0].2 > Duration::from_millis(700), "{again:?}");
}

#[tokio::test]
async fn plans_and_opinions_that_take_long_are_waited_for_by_so_many_only() {
    let model = ModelStub::start().await;
    model.behave(Manner::Never);
    let nightdesk = Nightdesk::start(Options {
        env: model.environment(),
        ..Options::default()
    })
    .await;
    let waiter = another_owner(&nightdesk, "waiter@nightdesk.test").await;
    let goal = json!({"intent": "watch OpenAI pricing page", "preset": "quick"});
    let plans = at_once(
        &waiter,
        2 * WAITS,
        &Method::POST,
        "/v1/workflows/plan",
        Some(&goal),
    );
    let other = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let begun = Instant::now();
        nightdesk.get("/v1/workflows").await;
        begun.elapsed()
    };
    let (plans, other) = tokio::join!(plans, other);
    assert!(other < AT_ONCE, "another owner's list took {other:?}");
    for (status, plan, _) in &plans {
        assert_eq!(
            (*status, &plan["status"]),
            (StatusCode::ACCEPTED, &json!("planning")),
            "{plan:#}"
        );
    }
    let waited = plans.iter().filter(|(_, _, took)| *took > WAIT).count();
    assert!(waited <= WAITS, "{waited} plans were waited for");

    let goal = json!({"intent": "watch OpenAI pricing page", "timeout": WAIT.as_millis() as u64});
    let opinions = at_once(
        &waiter,
        10,
        &Method::POST,
        "/v1/workflows/assess-intent",
        Some(&goal),
    )
    .await;
    for (status, opinion, _) in &opinions {
        assert_eq!(*status, StatusCode::OK, "{opinion:#}");
        let reason = &opinion["fallback_reason_code"];
        let said = (&opinion["assessment_source"], reason);
        let waited = (&json!("fallback"), &json!("timeout"));
        let not_waited = (&json!("heuristic"), &json!("rate_limited"));
        assert!(said == waited || said == not_waited, "{opinion:#}");
    }
    let waited = opinions
        .iter()
        .filter(|(_, _, took)| *took > WAIT / 2)
        .count();
    assert!(waited <= WAITS, "{waited} opinions were waited for");
}
