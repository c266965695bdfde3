//! One owner fills the queue with work that takes as long as it may; another one works as on any other day.
//!
//! The attacker has 64 runs whose steps meet a server that drips a body, never answers, or has hundreds of slow pages;
//! a search server that is slow for them; a receiver that takes their webhooks and says nothing. The victim searches,
//! has a webhook approved, and reads a page of their own. What is asked of the host is a time, so these figures are
//! taken by the clock on the wall.

use std::time::{Duration, Instant};

use futures::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{Door, Nightdesk, Options, SlowSide};

/// How many runs the attacker starts.
const RUNS: usize = 64;
/// Within what another owner's search ends, and an approved webhook.
const SEARCH_WITHIN: Duration = Duration::from_secs(2);
const WEBHOOK_WITHIN: Duration = Duration::from_secs(5);
/// How long a story waits for anything else before it has failed.
const PATIENCE: Duration = Duration::from_secs(150);

async fn stage() -> (SlowSide, Nightdesk) {
    let slow = SlowSide::start().await;
    let env = vec![
        ("NIGHTDESK_SEARCH_PROVIDER", "searxng".to_owned()),
        ("NIGHTDESK_SEARCH_URL", slow.url("")),
        ("NIGHTDESK_EGRESS_ALLOW", slow.address()),
    ];
    let nightdesk = Nightdesk::start(Options {
        env,
        ..Options::default()
    })
    .await;
    (slow, nightdesk)
}

fn one_step(step: &Value) -> Value {
    json!({"name": "w", "mode": "multi_step", "schedule": "manual", "overlap_policy": "allow",
        "stop_condition": {"type": "always"}, "steps": [step]})
}

async fn another_owner(nightdesk: &Nightdesk, email: &str) -> Door {
    let owner = nightdesk
        .post("/_local/owners", json!({"email": email}))
        .await;
    nightdesk.door(owner["token"].as_str().unwrap())
}

async fn made(door: &Door, path: &str, body: Value) -> Value {
    let (status, answer) = door.send(Method::POST, path, Some(body)).await.unwrap();
    assert!(status.is_success(), "POST {path}: {status} {answer:#}");
    answer
}

async fn got(door: &Door, path: &str) -> Value {
    let (status, answer) = door.send(Method::GET, path, None).await.unwrap();
    assert_eq!(status, StatusCode::OK, "GET {path}: {answer:#}");
    answer
}

/// Starts `n` runs of one workflow, and gives their ids.
async fn flood(door: &Door, step: &Value, n: usize) -> Vec<String> {
    let workflow = made(door, "/v1/workflows", one_step(step)).await;
    let path = format!("/v1/workflows/{}/execute", workflow["id"].as_str().unwrap());
    let starts = join_all((0..n).map(|_| made(door, &path, json!({})))).await;
    starts
        .iter()
        .map(|answer| answer["execution"]["id"].as_str().unwrap().to_owned())
        .collect()
}

/// Follows a run until it has one of these statuses, or the time is over, and says how it stands then.
async fn follow(door: &Door, run: &str, statuses: &[&str], within: Duration) -> Value {
    let begun = Instant::now();
    let mut revision = 0;
    loop {
        let run = got(
            door,
            &format!("/v1/executions/{run}?wait=1&after={revision}"),
        )
        .await;
        if statuses.contains(&run["status"].as_str().unwrap()) || begun.elapsed() > within {
            return run;
        }
        revision = run["revision"].as_u64().unwrap();
    }
}

/// What the victim gets while somebody else fills the queues: how long a search took, and a webhook from its approval.
#[expect(clippy::print_stdout, reason = "the figures of the report")]
async fn the_victim_is_served(slow: &SlowSide, nightdesk: &Nightdesk, attack: &str) {
    let victim = nightdesk.owners_door();
    let search = json!({"id": "find", "type": "search", "config": {"query": "harbour"}});
    let search = made(&victim, "/v1/workflows", one_step(&search)).await;
    let post = json!({"id": "post", "type": "post_webhook", "config": {"url": slow.url("/hook/quick"), "body": "hello"}});
    let post = made(&victim, "/v1/workflows", one_step(&post)).await;
    let path =
        |workflow: &Value| format!("/v1/workflows/{}/execute", workflow["id"].as_str().unwrap());

    let begun = Instant::now();
    let started = made(&victim, &path(&search), json!({})).await;
    let run = started["execution"]["id"].as_str().unwrap();
    let searched = follow(&victim, run, &["completed", "failed"], PATIENCE / 5).await;
    let search_took = begun.elapsed();
    println!(
        "{attack}: another owner's search is {} after {search_took:.2?}",
        searched["status"]
    );

    let begun = Instant::now();
    let started = made(&victim, &path(&post), json!({})).await;
    let run = started["execution"]["id"].as_str().unwrap();
    let parked = follow(&victim, run, &["awaiting_approval"], PATIENCE / 5).await;
    println!(
        "{attack}: another owner's webhook is {} after {:.2?}",
        parked["status"],
        begun.elapsed()
    );
    let approvals = got(&victim, "/v1/approvals?status=pending").await;
    let mut posted = parked.clone();
    let begun = Instant::now();
    if let Some(approval) = approvals["approvals"][0]["id"].as_str() {
        let decide = format!("/v1/approvals/{approval}/approve");
        made(&victim, &decide, json!({})).await;
        posted = follow(&victim, run, &["completed", "failed"], PATIENCE / 5).await;
    }
    let post_took = begun.elapsed();
    println!(
        "{attack}: approved, it is {} after {post_took:.2?}",
        posted["status"]
    );

    assert_eq!(searched["status"], "completed", "{attack}: {searched:#}");
    assert!(search_took < SEARCH_WITHIN, "{attack}: {search_took:?}");
    assert_eq!(posted["status"], "completed", "{attack}: {posted:#}");
    assert!(post_took < WEBHOOK_WITHIN, "{attack}: {post_took:?}");
}

/// No run of the attacker has failed for having waited: it may be slow, and it is neither refused nor dead.
async fn nobody_is_punished(door: &Door, runs: &[String]) {
    for run in runs {
        let run = got(door, &format!("/v1/executions/{run}")).await;
        let step = &run["steps"][0];
        assert_ne!(run["status"], "failed", "{run:#}");
        assert!(
            step["attempts"].as_u64().unwrap_or_default() <= 1,
            "{run:#}"
        );
    }
}

async fn sixty_four_crawls(kind: &str, at_least: usize) {
    let (slow, nightdesk) = stage().await;
    let attacker = another_owner(&nightdesk, "attacker@nightdesk.test").await;
    let urls: Vec<String> = (0..100)
        .map(|i| slow.url(&format!("/{kind}/{i}")))
        .collect();
    let crawl = json!({"id": "read", "type": "crawl", "timeout_seconds": 600,
        "config": {"urls": urls, "max_pages": 100}});
    let runs = flood(&attacker, &crawl, RUNS).await;
    // Every slot the attacker can have is theirs by now: pages are being read, and no more than before.
    slow.until_busy_and_settled(at_least).await;
    the_victim_is_served(&slow, &nightdesk, &format!("{RUNS} crawls of {kind} pages")).await;
    nobody_is_punished(&attacker, &runs).await;

    // And a crawl of the victim's own goes on beside them.
    let victim = nightdesk.owners_door();
    let own = json!({"id": "read", "type": "crawl", "config": {"urls": [slow.url("/quick/own")], "max_pages": 1}});
    let own = flood(&victim, &own, 1).await;
    let read = follow(&victim, &own[0], &["completed", "failed"], PATIENCE).await;
    assert_eq!(read["status"], "completed", "{read:#}");
}

#[tokio::test]
async fn crawls_of_a_server_that_drips_leave_others_their_search_and_their_webhook() {
    sixty_four_crawls("drip", 12).await;
}

#[tokio::test]
async fn crawls_of_a_server_that_never_answers_leave_others_their_search_and_their_webhook() {
    sixty_four_crawls("silent", 12).await;
}

#[tokio::test]
async fn crawls_of_hundreds_of_slow_pages_leave_others_their_search_and_their_webhook() {
    // A page a second is asked for, and each takes five.
    sixty_four_crawls("slow", 4).await;
}

#[tokio::test]
async fn slow_searches_leave_others_their_search_and_their_webhook() {
    let (slow, nightdesk) = stage().await;
    let attacker = another_owner(&nightdesk, "attacker@nightdesk.test").await;
    let search = json!({"id": "find", "type": "search", "timeout_seconds": 600, "config": {"query": "silence"}});
    flood(&attacker, &search, RUNS).await;
    slow.until_busy_and_settled(4).await;
    the_victim_is_served(&slow, &nightdesk, &format!("{RUNS} slow searches")).await;
}

#[tokio::test]
async fn approved_webhooks_to_a_slow_receiver_leave_others_their_search_and_their_webhook() {
    let (slow, nightdesk) = stage().await;
    let attacker = another_owner(&nightdesk, "attacker@nightdesk.test").await;
    let post = json!({"id": "post", "type": "post_webhook", "config": {"url": slow.url("/hook/silent"), "body": "x"}});
    for run in flood(&attacker, &post, RUNS).await {
        follow(&attacker, &run, &["awaiting_approval"], PATIENCE).await;
    }
    let pending = got(&attacker, "/v1/approvals?status=pending&limit=100").await;
    let pending = pending["approvals"].as_array().unwrap().clone();
    assert_eq!(pending.len(), RUNS);
    let decide = pending.iter().map(|approval| {
        let path = format!("/v1/approvals/{}/approve", approval["id"].as_str().unwrap());
        let attacker = &attacker;
        async move { made(attacker, &path, json!({})).await }
    });
    join_all(decide).await;
    slow.until_busy_and_settled(4).await;
    the_victim_is_served(
        &slow,
        &nightdesk,
        &format!("{RUNS} webhooks to a slow receiver"),
    )
    .await;
}

/// More crawls than one owner may have at once: each has its turn, none is tried twice, none is lost.
#[tokio::test]
async fn an_owners_own_crawls_wait_for_each_other_and_all_end() {
    let (slow, nightdesk) = stage().await;
    let owner = another_owner(&nightdesk, "busy@nightdesk.test").await;
    let crawl = json!({"id": "read", "type": "crawl", "config": {"urls": [slow.url("/long/1")], "max_pages": 1}});
    let runs = flood(&owner, &crawl, 20).await;
    for run in &runs {
        let done = follow(&owner, run, &["completed", "failed"], PATIENCE).await;
        assert_eq!(done["status"], "completed", "{done:#}");
        assert_eq!(done["steps"][0]["attempts"], 1, "{done:#}");
    }
    // A page a second is asked for, and each takes twelve: without a limit there would be twelve at once.
    let most = slow.most_at_once();
    assert!(
        (4..=8).contains(&most),
        "{most} crawls of one owner at once"
    );
}
