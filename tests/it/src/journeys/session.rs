//! Several watches with one memory: what one of them has told of is news to none of the others.

use std::collections::BTreeMap;

use futures::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{Nightdesk, Options, Outside};

async fn stage() -> (Outside, Nightdesk) {
    let outside = Outside::start().await;
    let env = vec![
        ("NIGHTDESK_EGRESS_ALLOW", outside.address()),
        ("NIGHTDESK_SEARCH_PROVIDER", "searxng".to_owned()),
        ("NIGHTDESK_SEARCH_URL", outside.url("")),
    ];
    let options = Options {
        env,
        ..Options::default()
    };
    (outside, Nightdesk::start(options).await)
}

async fn session(nightdesk: &Nightdesk) -> String {
    let body = json!({"name": "launches"});
    let session = nightdesk.post("/v1/sessions", body).await;
    session["id"].as_str().unwrap().to_owned()
}

fn watch(query: &str, session: &str) -> Value {
    json!({
        "name": query, "workflow_type": "search", "operation_config": {"query": query, "max_results": 50},
        "schedule": "manual", "stop_condition": {"type": "always"}, "session_id": session,
    })
}

async fn run(nightdesk: &Nightdesk, workflow: &str) -> Value {
    let run = nightdesk.execute(workflow).await;
    nightdesk.run_until(&run, &["completed"]).await
}

fn new_urls(run: &Value) -> Vec<&str> {
    let news = run["result_changes"]["net_new_urls"].as_array().unwrap();
    news.iter().map(|it| it["url"].as_str().unwrap()).collect()
}

/// Promise 10, with the runs of ten watches ending at once.
#[tokio::test]
async fn a_url_is_new_once_in_a_session_whatever_runs_at_the_same_time() {
    let (outside, nightdesk) = stage().await;
    for n in 0..30 {
        outside.publish(
            &format!("p{n:02}"),
            "Launch",
            &format!("launch number{}", n % 10),
        );
    }
    let session = session(&nightdesk).await;
    // Each finds all thirty, or the three of its own number, which others find as well.
    let queries = (0..10).map(|n| {
        if n % 2 == 0 {
            "launch".to_owned()
        } else {
            format!("number{n}")
        }
    });
    let watches: Vec<Value> = queries.map(|query| watch(&query, &session)).collect();
    let workflows = join_all(watches.into_iter().map(|watch| nightdesk.workflow(watch))).await;
    let runs = join_all(workflows.iter().map(|workflow| run(&nightdesk, workflow))).await;
    let mut times_new: BTreeMap<&str, usize> = BTreeMap::new();
    for url in runs.iter().flat_map(new_urls) {
        *times_new.entry(url).or_default() += 1;
    }
    assert_eq!(
        times_new.len(),
        30,
        "every URL was new to somebody: {times_new:#?}"
    );
    assert!(
        times_new.values().all(|times| *times == 1),
        "{times_new:#?}"
    );

    let path = format!("/v1/sessions/{session}");
    let shown = nightdesk.get(&path).await;
    assert_eq!(shown["url_count"], 30);
    let mut listed = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = nightdesk.get(&format!("{path}/urls?limit=7{cursor}")).await;
        assert_eq!(page["pagination"]["total"], 30);
        listed.extend(page["urls"].as_array().unwrap().clone());
        match page["pagination"]["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let mut urls: Vec<&str> = listed
        .iter()
        .map(|it| it["url"].as_str().unwrap())
        .collect();
    urls.sort_unstable();
    assert_eq!(urls, times_new.keys().copied().collect::<Vec<_>>());
    let skipped = nightdesk
        .get(&format!("{path}/urls?limit=100&offset=12"))
        .await;
    assert_eq!(skipped["urls"].as_array().unwrap()[..], listed[12..]);
    let timeline = nightdesk.get(&format!("{path}/timeline?limit=100")).await;
    let entries = timeline["timeline"].as_array().unwrap();
    for entry in entries {
        let added = runs.iter().find(|run| run["id"] == entry["execution_id"]);
        let added = added.unwrap()["result_changes"]["net_new_count"].clone();
        assert_eq!(entry["url_count"], added);
    }
    let told: Vec<&Value> = runs
        .iter()
        .filter(|run| !new_urls(run).is_empty())
        .collect();
    assert_eq!(entries.len(), told.len());
}

#[tokio::test]
async fn a_watch_that_joins_later_knows_what_the_others_have_told() {
    let (outside, nightdesk) = stage().await;
    outside.publish("one", "One", "harbour news");
    let session = session(&nightdesk).await;
    let first = nightdesk.workflow(watch("harbour", &session)).await;
    assert_eq!(new_urls(&run(&nightdesk, &first).await).len(), 1);
    let second = nightdesk.workflow(watch("news", &session)).await;
    let seen = run(&nightdesk, &second).await;
    assert!(new_urls(&seen).is_empty(), "{seen:#}");

    // What the second finds next, it tells; the first, which finds it too, does not.
    outside.publish("two", "Two", "harbour news");
    let told = run(&nightdesk, &second).await;
    assert_eq!(
        (new_urls(&told).len(), &told["signal"]["decision"]),
        (1, &json!("signalled"))
    );
    let silent = run(&nightdesk, &first).await;
    assert_eq!(
        silent["signal"],
        json!({"decision": "suppressed", "reason": "no_change"})
    );

    // One that leaves goes by its own memory again, and one that comes brings along what it has seen.
    let alone = json!({"name": "alone", "workflow_type": "search", "operation_config": {"query": "quay"}, "schedule": "manual", "stop_condition": {"type": "always"}});
    outside.publish("three", "Three", "quay");
    let alone = nightdesk.workflow(alone).await;
    assert_eq!(new_urls(&run(&nightdesk, &alone).await).len(), 1);
    let path = format!("/v1/workflows/{alone}");
    let join = json!({"session_id": session});
    let (status, joined) = nightdesk.send(Method::PATCH, &path, Some(join)).await;
    assert_eq!(
        (status, &joined["session_id"]),
        (StatusCode::OK, &json!(session))
    );
    run(&nightdesk, &alone).await;
    let shown = nightdesk.get(&format!("/v1/sessions/{session}")).await;
    assert_eq!(shown["url_count"], 3);
    let quay = nightdesk.workflow(watch("quay", &session)).await;
    assert!(new_urls(&run(&nightdesk, &quay).await).is_empty());
}
