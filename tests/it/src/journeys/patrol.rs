//! A watch on a schedule: it learns a page, stays silent with a reason, and speaks up once.

use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{Nightdesk, Options, Outside};

/// One occurrence of `interval: "6 hours"` and a little, in seconds.
const SIX_HOURS: u64 = 6 * 3600 + 60;

async fn stage() -> (Outside, Nightdesk) {
    let outside = Outside::start().await;
    outside.publish(
        "prices",
        "Prices",
        "The small plan costs 9 euros a month. The large plan costs 29 euros a month.",
    );
    let env = vec![("NIGHTDESK_EGRESS_ALLOW", outside.address())];
    (
        outside,
        Nightdesk::start(Options {
            env,
            ..Options::default()
        })
        .await,
    )
}

fn watch(outside: &Outside, condition: &Value) -> Value {
    json!({
        "name": "Prices",
        "mode": "simple",
        "workflow_type": "crawl",
        "operation_config": {"urls": [outside.url("/pages/prices")], "max_pages": 1},
        "interval": "6 hours",
        "stop_condition": condition,
    })
}

async fn pass(nightdesk: &Nightdesk, seconds: u64) {
    nightdesk
        .post("/_local/clock", json!({"advance_seconds": seconds}))
        .await;
}

/// The runs of a workflow, oldest first, each whole.
async fn runs(nightdesk: &Nightdesk, workflow: &str) -> Vec<Value> {
    let list = nightdesk
        .get(&format!("/v1/workflows/{workflow}/executions?limit=100"))
        .await;
    let mut whole = Vec::new();
    for run in list["executions"].as_array().unwrap().iter().rev() {
        whole.push(
            nightdesk
                .get(&format!("/v1/executions/{}", run["id"].as_str().unwrap()))
                .await,
        );
    }
    whole
}

#[tokio::test]
async fn a_watch_is_silent_with_a_reason_until_something_changes() {
    let (outside, nightdesk) = stage().await;
    let id = nightdesk
        .workflow(watch(&outside, &json!({"type": "always"})))
        .await;
    pass(&nightdesk, 2 * SIX_HOURS).await;
    let seen = runs(&nightdesk, &id).await;
    assert_eq!(seen.len(), 2, "one run for each due time");
    assert_eq!(
        (&seen[0]["signal"]["decision"], &seen[0]["signal"]["reason"]),
        (&json!("baseline"), &json!("first_run"))
    );
    assert_eq!(
        seen[1]["signal"],
        json!({"decision": "suppressed", "reason": "no_change"})
    );
    assert!(
        nightdesk.mails(0).await.is_empty(),
        "nobody is told about nothing"
    );

    outside.publish(
        "prices",
        "Prices",
        "The small plan costs 12 euros a month. The large plan costs 29 euros a month.",
    );
    pass(&nightdesk, SIX_HOURS).await;
    let run = runs(&nightdesk, &id).await.pop().unwrap();
    assert_eq!(run["signal"]["decision"], "signalled", "{run:#}");
    assert_eq!(
        (&run["trigger"], &run["status"]),
        (&json!("schedule"), &json!("completed"))
    );
    let diff = run["result_changes"]["changed"][0].to_string();
    assert!(
        diff.contains("9 euros") && diff.contains("12 euros"),
        "the difference is shown: {diff}"
    );
    let mails = nightdesk.mails(1).await;
    assert_eq!(mails.len(), 1);
    assert!(
        mails[0]["text"].as_str().unwrap().contains("12 euros"),
        "{}",
        mails[0]["text"]
    );
}

#[tokio::test]
async fn a_condition_that_is_met_ends_the_watch_and_its_schedule() {
    let (outside, nightdesk) = stage().await;
    let condition = json!({"type": "result_count", "operator": ">=", "value": 1});
    let id = nightdesk.workflow(watch(&outside, &condition)).await;
    assert_eq!(
        nightdesk.get("/_local/schedules").await["schedules"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    pass(&nightdesk, SIX_HOURS).await;
    let workflow = nightdesk.get(&format!("/v1/workflows/{id}")).await;
    assert_eq!(
        (&workflow["status"], &workflow["next_occurrences"]),
        (&json!("completed"), &json!([]))
    );
    assert!(
        nightdesk.get("/_local/schedules").await["schedules"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    pass(&nightdesk, 4 * SIX_HOURS).await;
    assert_eq!(runs(&nightdesk, &id).await.len(), 1, "it stays over");
    let run = &runs(&nightdesk, &id).await[0];
    assert_eq!(run["condition_met"], true, "{run:#}");
    assert_eq!(
        nightdesk.mails(1).await.len(),
        1,
        "a condition met is told even on the first run"
    );
}

#[tokio::test]
async fn an_outage_never_looks_like_change() {
    let (outside, nightdesk) = stage().await;
    let id = nightdesk
        .workflow(watch(&outside, &json!({"type": "always"})))
        .await;
    pass(&nightdesk, SIX_HOURS).await;
    outside.break_down("prices");
    pass(&nightdesk, SIX_HOURS).await;
    outside.mend("prices");
    pass(&nightdesk, SIX_HOURS).await;
    let seen = runs(&nightdesk, &id).await;
    let words: Vec<(&str, &str)> = seen
        .iter()
        .map(|run| {
            (
                run["status"].as_str().unwrap(),
                run["signal"]["decision"].as_str().unwrap_or("-"),
            )
        })
        .collect();
    assert_eq!(words.len(), 3, "{words:?}");
    assert_eq!(
        (words[1].0, seen[1]["outcome_reason"].as_str()),
        ("failed", Some("source_unavailable"))
    );
    assert_eq!(
        words[2],
        ("completed", "suppressed"),
        "what came back is what was there before"
    );
}

#[tokio::test]
async fn every_form_of_schedule_fires_at_its_times() {
    let (outside, nightdesk) = stage().await;
    let with = |schedule: Value| {
        let mut body = watch(&outside, &json!({"type": "always"}));
        body.as_object_mut().unwrap().remove("interval");
        for (key, value) in schedule.as_object().unwrap() {
            body[key] = value.clone();
        }
        body
    };
    let daily = nightdesk
        .workflow(with(
            json!({"cron_expression": "30 7 * * *", "timezone": "Europe/Berlin"}),
        ))
        .await;
    let either = nightdesk
        .workflow(with(json!({"cron_expression": "0 9 1 * MON"})))
        .await;
    let weekly = nightdesk
        .workflow(with(json!({"interval": "1 week"})))
        .await;
    let anchored = nightdesk
        .workflow(with(json!({"interval": "12 hours", "anchor_minute": 15})))
        .await;
    let clock = nightdesk.get("/_local/clock").await["now"]
        .as_str()
        .unwrap()
        .parse::<jiff::Timestamp>()
        .unwrap();
    let once = clock
        .checked_add(jiff::SignedDuration::from_hours(30))
        .unwrap()
        .to_string();
    let once = nightdesk
        .workflow(with(json!({"scheduled_for": once})))
        .await;
    let due = |workflow: Value| -> Vec<String> {
        workflow["next_occurrences"]
            .as_array()
            .unwrap()
            .iter()
            .map(|at| at.as_str().unwrap().to_owned())
            .collect()
    };
    for (id, what) in [
        (&daily, "daily"),
        (&either, "either"),
        (&weekly, "weekly"),
        (&anchored, "anchored"),
        (&once, "once"),
    ] {
        let promised = due(nightdesk.get(&format!("/v1/workflows/{id}")).await);
        assert!(!promised.is_empty(), "{what}");
    }
    let promised = due(nightdesk.get(&format!("/v1/workflows/{either}")).await);
    pass(&nightdesk, 8 * 86_400).await;
    let fired = |list: Vec<Value>| -> Vec<String> {
        list.iter()
            .map(|run| run["scheduled_for"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(runs(&nightdesk, &daily).await.len(), 8);
    assert_eq!(runs(&nightdesk, &weekly).await.len(), 1);
    assert_eq!(runs(&nightdesk, &anchored).await.len(), 16);
    assert_eq!(runs(&nightdesk, &once).await.len(), 1);
    let both = fired(runs(&nightdesk, &either).await);
    assert!(
        !both.is_empty() && promised.starts_with(&both),
        "{both:?} of {promised:?}"
    );
}

#[tokio::test]
async fn a_paused_watch_does_not_fire_and_goes_on_when_it_may() {
    let (outside, nightdesk) = stage().await;
    let id = nightdesk
        .workflow(watch(&outside, &json!({"type": "always"})))
        .await;
    let path = format!("/v1/workflows/{id}");
    let (status, _) = nightdesk
        .send(Method::PATCH, &path, Some(json!({"status": "paused"})))
        .await;
    assert!(status.is_success());
    pass(&nightdesk, 3 * SIX_HOURS).await;
    assert!(runs(&nightdesk, &id).await.is_empty());
    nightdesk
        .send(Method::PATCH, &path, Some(json!({"status": "active"})))
        .await;
    pass(&nightdesk, SIX_HOURS).await;
    assert_eq!(runs(&nightdesk, &id).await.len(), 1);
}

#[tokio::test]
async fn a_machine_that_slept_catches_up_with_the_latest_only() {
    let (outside, nightdesk) = stage().await;
    let id = nightdesk
        .workflow(watch(&outside, &json!({"type": "always"})))
        .await;
    nightdesk
        .post(
            "/_local/clock",
            json!({"advance_seconds": 4 * SIX_HOURS, "sleep": true}),
        )
        .await;
    let after = runs(&nightdesk, &id).await.len();
    assert!(
        (1..=4).contains(&after),
        "{after} runs after a sleep: never a burst beyond what was due"
    );
    pass(&nightdesk, SIX_HOURS).await;
    assert!(runs(&nightdesk, &id).await.len() > after, "and it goes on");
}

#[tokio::test]
async fn a_page_that_is_gone_twice_running_is_dropped() {
    let (outside, nightdesk) = stage().await;
    outside.publish(
        "terms",
        "Terms",
        "The terms of both plans, which nobody changes.",
    );
    let mut body = watch(&outside, &json!({"type": "always"}));
    body["operation_config"]["urls"] =
        json!([outside.url("/pages/prices"), outside.url("/pages/terms")]);
    body["operation_config"]["max_pages"] = json!(2);
    let id = nightdesk.workflow(body).await;
    pass(&nightdesk, SIX_HOURS).await;
    outside.take_down("terms");
    pass(&nightdesk, 2 * SIX_HOURS).await;
    let seen = runs(&nightdesk, &id).await;
    let dropped: Vec<&Value> = seen
        .iter()
        .map(|run| &run["result_changes"]["dropped_urls"])
        .collect();
    assert_eq!(seen.len(), 3);
    assert_eq!(
        dropped[1],
        &json!([]),
        "once may be a mistake: {:#}",
        seen[1]
    );
    assert_eq!(
        dropped[2],
        &json!([outside.url("/pages/terms")]),
        "{:#}",
        seen[2]
    );
}
