//! Mail that comes nineteen times, mail without an end, and mail that came back and nobody was told: a busy mail
//! service must cost people nothing but time.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{Nightdesk, Options, Outside};

/// How many recipients a day an owner's approved mails may have (API section 2).
const A_DAY: usize = 500;

/// How many mails each address has been sent.
async fn mails_by_address(nightdesk: &Nightdesk) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    let mails = nightdesk.get("/_local/mail").await;
    for mail in mails["messages"].as_array().unwrap() {
        for to in mail["to"].as_array().unwrap() {
            *counts.entry(to.as_str().unwrap().to_owned()).or_default() += 1;
        }
    }
    counts
}

/// Sets how unkind the services are; `{}` is kind again.
async fn faults(nightdesk: &Nightdesk, faults: Value) {
    nightdesk.post("/_local/faults", faults).await;
}

async fn advance(nightdesk: &Nightdesk, seconds: i64) {
    nightdesk
        .post("/_local/clock", json!({"advance_seconds": seconds}))
        .await;
}

/// How many seconds are left of the present UTC day.
async fn left_of_day(nightdesk: &Nightdesk) -> i64 {
    let clock = nightdesk.get("/_local/clock").await;
    let now: jiff::Timestamp = clock["now"].as_str().unwrap().parse().unwrap();
    86_400 - now.as_second().rem_euclid(86_400)
}

fn step<'a>(run: &'a Value, id: &str) -> &'a Value {
    let steps = run["steps"].as_array().unwrap();
    steps.iter().find(|step| step["id"] == id).unwrap()
}

/// Approves whatever waits.
async fn approve_all(nightdesk: &Nightdesk) {
    let list = nightdesk
        .get("/v1/approvals?status=pending&limit=100")
        .await;
    for approval in list["approvals"].as_array().unwrap() {
        let path = format!("/v1/approvals/{}/approve", approval["id"].as_str().unwrap());
        nightdesk.post(&path, json!({})).await;
    }
}

#[tokio::test]
async fn twenty_approvers_are_asked_once_each_while_a_quarter_of_the_calls_is_throttled() {
    let outside = Outside::start().await;
    let nightdesk = Nightdesk::start(Options {
        env: vec![("NIGHTDESK_EGRESS_ALLOW", outside.address())],
        ..Options::default()
    })
    .await;
    let people: Vec<String> = (0..20)
        .map(|n| format!("editor{n:02}@nightdesk.test"))
        .collect();
    let approvers: Vec<Value> = people.iter().map(|email| json!({"email": email})).collect();
    // The first step takes its time, so that the faults begin before anybody is asked.
    let workflow = nightdesk
        .workflow(json!({
            "name": "Weekly report", "mode": "multi_step", "schedule": "manual",
            "stop_condition": {"type": "always"}, "approvals": {"approvers": approvers},
            "steps": [
                {"id": "read", "type": "crawl", "config": {"urls": [outside.url("/slow/2000/late")]}},
                {"id": "post", "type": "post_webhook", "depends_on": ["read"],
                 "config": {"url": outside.url("/hook"), "body": "the figures of the week"}},
            ],
        }))
        .await;
    let run = nightdesk.execute(&workflow).await;
    faults(
        &nightdesk,
        json!({"throttle": 0.25, "duplicate_deliveries": true, "seed": 7}),
    )
    .await;
    for _ in 0..15 {
        advance(&nightdesk, 60).await;
    }
    faults(&nightdesk, json!({})).await;
    advance(&nightdesk, 900).await;
    nightdesk.run_until(&run, &["awaiting_approval"]).await;

    let counts = mails_by_address(&nightdesk).await;
    let all: usize = counts.values().sum();
    let most = counts.values().max().copied().unwrap_or_default();
    let expected: BTreeMap<String, usize> = people.iter().map(|to| (to.clone(), 1)).collect();
    assert_eq!(
        counts, expected,
        "{all} mails, up to {most} a person: everybody is asked once"
    );
    let list = nightdesk.get("/v1/approvals?status=pending").await;
    let approval = &list["approvals"][0];
    assert_eq!(
        approval.get("notification_error"),
        None,
        "a busy mail service is nobody's fault: {approval:#}"
    );
    let asked = approval["asked"].as_array().unwrap();
    assert_eq!(asked.len(), 20);
    for one in asked {
        assert_eq!(one["status"], "asked", "{one:#}");
        assert!(one["at"].is_string(), "{one:#}");
    }
}

#[tokio::test]
async fn one_address_that_is_refused_keeps_nobody_else_waiting() {
    let nightdesk = Nightdesk::start(Options::default()).await;
    let approvers = json!([
        {"email": "suppressionlist@simulator.amazonses.com"},
        {"email": "second@nightdesk.test"},
    ]);
    let workflow = nightdesk
        .workflow(json!({
            "name": "Weekly report", "mode": "multi_step", "schedule": "manual",
            "stop_condition": {"type": "always"}, "approvals": {"approvers": approvers},
            "steps": [{"id": "mail", "type": "send_email",
                       "config": {"to": ["reader@nightdesk.test"], "subject": "News", "body": "All is well."}}],
        }))
        .await;
    let run = nightdesk.execute(&workflow).await;
    nightdesk.run_until(&run, &["awaiting_approval"]).await;
    nightdesk.mails(2).await;
    nightdesk
        .post("/_local/quiesce", json!({"timeout_ms": 10_000}))
        .await;
    advance(&nightdesk, 900).await;
    let counts = mails_by_address(&nightdesk).await;
    assert_eq!(counts["second@nightdesk.test"], 1, "{counts:?}");
    let list = nightdesk.get("/v1/approvals?status=pending").await;
    let approval = &list["approvals"][0];
    let asked = approval["asked"].as_array().unwrap();
    assert_eq!(asked[0]["status"], "refused", "{approval:#}");
    assert!(asked[0]["reason"].is_string(), "{approval:#}");
    assert_eq!(asked[1]["status"], "asked", "{approval:#}");
}

#[tokio::test]
async fn five_hundred_and_fifty_recipients_are_five_hundred_today_and_fifty_tomorrow() {
    let nightdesk = Nightdesk::start(Options::default()).await;
    // The day must not turn while the story is told.
    if left_of_day(&nightdesk).await < 1_800 {
        advance(&nightdesk, 1_800).await;
    }
    let steps: Vec<Value> = (0..11)
        .map(|step| {
            let to: Vec<String> = (0..50)
                .map(|n| format!("reader{step:02}.{n:02}@nightdesk.test"))
                .collect();
            json!({"id": format!("mail{step:02}"), "type": "send_email",
                   "retry": {"max_attempts": 1},
                   "config": {"to": to, "subject": "News", "body": "All is well."}})
        })
        .collect();
    let workflow = nightdesk
        .workflow(json!({
            "name": "Newsletter", "mode": "multi_step", "schedule": "manual",
            "stop_condition": {"type": "always"}, "steps": steps,
        }))
        .await;
    let run = nightdesk.execute(&workflow).await;
    nightdesk.run_until(&run, &["awaiting_approval"]).await;
    nightdesk
        .post("/_local/quiesce", json!({"timeout_ms": 60_000}))
        .await;
    nightdesk.send(Method::DELETE, "/_local/mail", None).await;
    approve_all(&nightdesk).await;
    advance(&nightdesk, 60).await;
    let counts = mails_by_address(&nightdesk).await;
    let readers = |counts: &BTreeMap<String, usize>| {
        counts.keys().filter(|to| to.starts_with("reader")).count()
    };
    assert_eq!(readers(&counts), A_DAY, "recipients today");

    let held = nightdesk.get(&format!("/v1/executions/{run}")).await;
    assert_eq!(held["status"], "running", "{held:#}");
    let waiting: Vec<&Value> = held["steps"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|step| step["status"] != "completed")
        .collect();
    assert_eq!(waiting.len(), 1, "{held:#}");
    let waiting = waiting[0];
    assert_eq!(waiting["status"], "running", "{waiting:#}");
    assert_eq!(waiting["error"]["code"], "rate_limited", "{waiting:#}");
    let message = waiting["error"]["message"].as_str().unwrap();
    assert!(
        message.contains("T00:00:00") && message.contains("500"),
        "it says when it goes on: {message}"
    );
    assert!(waiting["attempts"].as_u64().unwrap() <= 1, "{waiting:#}");

    let left = left_of_day(&nightdesk).await;
    advance(&nightdesk, left + 180).await;
    let done = nightdesk.run_until(&run, &["completed", "failed"]).await;
    assert_eq!(done["status"], "completed", "{done:#}");
    let counts = mails_by_address(&nightdesk).await;
    assert_eq!(readers(&counts), 550);
    assert!(counts.values().all(|n| *n == 1), "{counts:?}");
    let approvals = nightdesk.get("/v1/approvals").await;
    assert_eq!(
        approvals["pagination"]["total"], 11,
        "nobody is asked again"
    );
}

#[tokio::test]
async fn a_throttled_mail_goes_out_later_without_using_up_its_attempts() {
    let nightdesk = Nightdesk::start(Options::default()).await;
    let workflow = nightdesk
        .workflow(json!({
            "name": "Newsletter", "mode": "multi_step", "schedule": "manual",
            "stop_condition": {"type": "always"},
            "steps": [{"id": "mail", "type": "send_email", "retry": {"max_attempts": 1},
                       "config": {"to": ["reader@nightdesk.test"], "subject": "News", "body": "All is well."}}],
        }))
        .await;
    let run = nightdesk.execute(&workflow).await;
    nightdesk.run_until(&run, &["awaiting_approval"]).await;
    nightdesk.mails(1).await;
    faults(&nightdesk, json!({"throttle_mail": 1.0})).await;
    approve_all(&nightdesk).await;
    for _ in 0..10 {
        advance(&nightdesk, 60).await;
    }
    let held = nightdesk.get(&format!("/v1/executions/{run}")).await;
    let waiting = step(&held, "mail");
    assert_eq!(waiting["status"], "running", "{held:#}");
    assert_eq!(waiting["error"]["code"], "rate_limited", "{held:#}");
    faults(&nightdesk, json!({})).await;
    advance(&nightdesk, 900).await;
    let done = nightdesk
        .run_until(&run, &["completed", "failed", "cancelled"])
        .await;
    assert_eq!(done["status"], "completed", "{done:#}");
    assert_eq!(
        mails_by_address(&nightdesk).await["reader@nightdesk.test"],
        1
    );
}

#[tokio::test]
async fn a_mail_that_comes_back_is_seen_on_its_run_and_in_its_events() {
    let nightdesk = Nightdesk::start(Options::default()).await;
    let to = json!([
        "reader@nightdesk.test",
        "bounce+reader@simulator.amazonses.com",
        "complaint@simulator.amazonses.com",
    ]);
    let workflow = nightdesk
        .workflow(json!({
            "name": "Newsletter", "mode": "multi_step", "schedule": "manual",
            "stop_condition": {"type": "always"},
            "steps": [{"id": "mail", "type": "send_email",
                       "config": {"to": to, "subject": "News", "body": "All is well."}}],
        }))
        .await;
    let run = nightdesk.execute(&workflow).await;
    nightdesk.run_until(&run, &["awaiting_approval"]).await;
    // What comes back may be told twice.
    faults(&nightdesk, json!({"duplicate_deliveries": true})).await;
    approve_all(&nightdesk).await;
    let ended = nightdesk.run_until(&run, &["completed", "failed"]).await;
    assert_eq!(ended["status"], "completed", "{ended:#}");
    advance(&nightdesk, 120).await;

    let run = nightdesk.get(&format!("/v1/executions/{run}")).await;
    for unchanged in ["status", "finished_at", "credits", "signal"] {
        assert_eq!(run[unchanged], ended[unchanged], "an end is an end");
    }
    let returned = step(&run, "mail")["returned_mails"].as_array().unwrap();
    let mut seen: Vec<(&str, &str)> = returned
        .iter()
        .map(|one| {
            (
                one["email"].as_str().unwrap(),
                one["reason"].as_str().unwrap(),
            )
        })
        .collect();
    seen.sort_unstable();
    assert_eq!(seen.len(), 2, "{run:#}");
    assert_eq!(seen[0].0, "bounce+reader@simulator.amazonses.com");
    assert!(seen[0].1.contains("user unknown"), "{seen:?}");
    assert_eq!(seen[1].0, "complaint@simulator.amazonses.com");
    assert!(returned.iter().all(|one| one["at"].is_string()), "{run:#}");

    let path = format!(
        "/v1/executions/{}/events?limit=100",
        run["id"].as_str().unwrap()
    );
    let events = nightdesk.get(&path).await;
    let events = events["events"].as_array().unwrap();
    let revisions: Vec<u64> = events
        .iter()
        .map(|event| event["revision"].as_u64().unwrap())
        .collect();
    let expected: Vec<u64> = (1..=run["revision"].as_u64().unwrap()).collect();
    assert_eq!(revisions, expected, "the log has no gap");
    let told: Vec<&Value> = events
        .iter()
        .filter(|event| event["type"] == "mail_returned")
        .collect();
    assert_eq!(told.len(), 2, "{events:#?}");
    assert!(
        told.iter().all(|event| event["data"]["step"] == "mail"),
        "{told:#?}"
    );
}
