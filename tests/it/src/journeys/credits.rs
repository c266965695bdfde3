//! A balance, and more runs and plans at once than it pays for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{Door, Manner, ModelStub, Nightdesk, Options};

const BALANCE: usize = 50;
const STARTS: usize = 100;
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// Looks at an owner's credits: at no look may more be spoken for than there is.
async fn credits(door: &Door) -> Value {
    let (status, credits) = door.send(Method::GET, "/v1/credits", None).await.unwrap();
    assert_eq!(status, StatusCode::OK, "{credits:#}");
    let number = |name: &str| credits[name].as_i64().unwrap();
    let available = number("balance") - number("reserved");
    assert!(number("reserved") >= 0 && available >= 0, "{credits:#}");
    assert_eq!(number("available"), available);
    credits
}

#[tokio::test]
async fn a_balance_of_50_pays_for_50_of_100_starts_at_once() {
    let nightdesk = Nightdesk::start(Options::default()).await;
    let owner = nightdesk
        .post(
            "/_local/owners",
            json!({"email": "fifty@nightdesk.test", "credits": BALANCE}),
        )
        .await;
    let door = nightdesk.door(owner["token"].as_str().unwrap());
    let body = json!({"name": "w", "mode": "simple", "workflow_type": "search", "operation_config": {"query": "prices"},
        "schedule": "manual", "overlap_policy": "allow", "stop_condition": {"type": "always"}});
    let (status, workflow) = door
        .send(Method::POST, "/v1/workflows", Some(body))
        .await
        .unwrap();
    assert_eq!(status, StatusCode::CREATED, "{workflow:#}");
    let path = format!("/v1/workflows/{}/execute", workflow["id"].as_str().unwrap());

    let over = Arc::new(AtomicBool::new(false));
    let watcher = tokio::spawn({
        let (door, over) = (door.clone(), Arc::clone(&over));
        async move {
            let mut looks = 0;
            while !over.load(Ordering::Relaxed) {
                credits(&door).await;
                looks += 1;
                tokio::time::sleep(BETWEEN_LOOKS).await;
            }
            looks
        }
    });
    let starts = (0..STARTS).map(|_| door.send(Method::POST, &path, Some(json!({}))));
    let answers: Vec<(StatusCode, Value)> = join_all(starts)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    nightdesk
        .post("/_local/quiesce", json!({"timeout_ms": 60_000}))
        .await;
    over.store(true, Ordering::Relaxed);
    assert!(watcher.await.unwrap() > 0);

    let of = |status| answers.iter().filter(move |answer| answer.0 == status);
    assert_eq!(
        (
            of(StatusCode::ACCEPTED).count(),
            of(StatusCode::PAYMENT_REQUIRED).count()
        ),
        (BALANCE, STARTS - BALANCE),
        "{answers:#?}"
    );
    for (_, refusal) in of(StatusCode::PAYMENT_REQUIRED) {
        assert_eq!(
            (
                &refusal["code"],
                &refusal["required"],
                &refusal["available"]
            ),
            (&json!("insufficient_credits"), &json!(1), &json!(0)),
            "{refusal:#}"
        );
    }
    let after = credits(&door).await;
    assert_eq!(
        (&after["balance"], &after["reserved"]),
        (&json!(0), &json!(0))
    );
    let ledger = after["ledger"].as_array().unwrap().iter();
    let sum: i64 = ledger.map(|entry| entry["amount"].as_i64().unwrap()).sum();
    assert_eq!(sum, 0, "the ledger sums to the balance");
    let charges = after["ledger"].as_array().unwrap().iter();
    assert_eq!(
        charges.filter(|entry| entry["kind"] == "charge").count(),
        BALANCE
    );
}

#[tokio::test]
async fn a_model_that_plans_is_paid_once_and_one_that_fails_is_not() {
    let model = ModelStub::start().await;
    let nightdesk = Nightdesk::start(Options {
        env: model.environment(),
        ..Options::default()
    })
    .await;
    // Every message of the planner comes twice.
    nightdesk
        .post("/_local/faults", json!({"duplicate_deliveries": true}))
        .await;
    let owner = nightdesk
        .post(
            "/_local/owners",
            json!({"email": "planner@nightdesk.test", "credits": 70}),
        )
        .await;
    let door = nightdesk.door(owner["token"].as_str().unwrap());
    let goal = json!({"intent": "watch OpenAI pricing page"});
    let plan = || door.send(Method::POST, "/v1/workflows/plan", Some(goal.clone()));

    let plans = join_all((0..3).map(|_| plan())).await;
    let (made, refused): (Vec<_>, Vec<_>) = plans
        .into_iter()
        .map(Result::unwrap)
        .partition(|answer| answer.0 == StatusCode::OK);
    assert_eq!(
        (made.len(), refused.len()),
        (2, 1),
        "{made:#?} {refused:#?}"
    );
    assert_eq!(refused[0].0, StatusCode::PAYMENT_REQUIRED);
    assert_eq!(
        (&refused[0].1["required"], &refused[0].1["available"]),
        (&json!(30), &json!(10))
    );
    for (_, plan) in &made {
        assert_eq!(plan["credits_consumed"], 30, "{plan:#}");
    }
    nightdesk
        .post("/_local/quiesce", json!({"timeout_ms": 60_000}))
        .await;
    let after = credits(&door).await;
    assert_eq!(
        (&after["balance"], &after["reserved"]),
        (&json!(10), &json!(0))
    );
    let ledger = after["ledger"].as_array().unwrap();
    let sum: i64 = ledger.iter().map(|e| e["amount"].as_i64().unwrap()).sum();
    assert_eq!(sum, 10, "the ledger sums to the balance");
    for (_, plan) in &made {
        let paid = ledger.iter().filter(|e| e["plan_id"] == plan["plan_id"]);
        assert_eq!(paid.count(), 1, "{after:#}");
    }

    // A preset that ten credits pay for, and a model that says nothing of use.
    model.behave(Manner::Garbage);
    let quick = json!({"intent": "watch OpenAI pricing page", "preset": "quick"});
    let (status, offline) = door
        .send(Method::POST, "/v1/workflows/plan", Some(quick))
        .await
        .unwrap();
    assert_eq!(status, StatusCode::OK, "{offline:#}");
    assert_eq!(offline["planner"]["fallback_reason"], "parse_error");
    assert_eq!(offline["credits_consumed"], 0);
    let free = credits(&door).await;
    assert_eq!(
        (&free["balance"], &free["reserved"]),
        (&json!(10), &json!(0))
    );
}
