//! What a step costs, on the host's own meter: requests and write units, never seconds.

use serde_json::{Value, json};

use crate::world::{Nightdesk, Options};

/// A chain of steps that only rearrange what the one before made: nothing but the engine is paid for.
fn chain(steps: usize) -> Value {
    let step = |i: usize| match i {
        0 => json!({"id": "s0", "type": "llm_response", "config": {"prompt": "Say hello."}}),
        i => {
            json!({"id": format!("s{i}"), "type": "llm_response", "depends_on": [format!("s{}", i - 1)],
            "config": {"prompt": format!("Say hello after this: ${{steps.s{}.text}}", i - 1)}})
        }
    };
    let steps: Vec<Value> = (0..steps).map(step).collect();
    json!({"name": "chain", "mode": "multi_step", "schedule": "manual", "stop_condition": {"type": "always"}, "steps": steps})
}

/// A chain of searches: each waits for somebody outside.
fn searches(steps: usize) -> Value {
    let step = |i: usize| {
        let needs = i.checked_sub(1).map(|before| format!("s{before}"));
        json!({"id": format!("s{i}"), "type": "search", "depends_on": needs.into_iter().collect::<Vec<_>>(),
            "config": {"query": "prices", "max_results": 1}})
    };
    let steps: Vec<Value> = (0..steps).map(step).collect();
    json!({"name": "searches", "mode": "multi_step", "schedule": "manual", "stop_condition": {"type": "always"}, "steps": steps})
}

struct Cost {
    requests: f64,
    write_units: f64,
    largest_item_kib: f64,
}

/// What a run of a chain costs from the message of its first step to its end: the least of four runs. The first fills the
/// caches of warm processes (plans are read once a process), and into any of them a minute's sweep may fall, which
/// looks at nine places and is no run's.
async fn cost(nightdesk: &Nightdesk, workflow: Value) -> Cost {
    let id = nightdesk.workflow(workflow).await;
    let mut least = measured(nightdesk, &id).await;
    for _ in 0..3 {
        let cost = measured(nightdesk, &id).await;
        if cost.requests < least.requests {
            least = cost;
        }
    }
    least
}

async fn measured(nightdesk: &Nightdesk, workflow: &str) -> Cost {
    nightdesk
        .send(reqwest::Method::DELETE, "/_local/usage", None)
        .await;
    let run = nightdesk.execute(workflow).await;
    nightdesk
        .post("/_local/quiesce", json!({"timeout_ms": 30_000}))
        .await;
    let done = nightdesk.get(&format!("/v1/executions/{run}")).await;
    assert_eq!(done["status"], "completed", "{done:#}");
    let usage = nightdesk.get("/_local/usage").await;
    let sum = |operations: &Value| -> f64 {
        let counts = operations.as_object().unwrap().values();
        counts.filter_map(Value::as_f64).sum()
    };
    Cost {
        requests: sum(&usage["dynamodb"]["operations"]) + sum(&usage["sqs"]["operations"]),
        write_units: usage["dynamodb"]["wru"].as_f64().unwrap(),
        largest_item_kib: (usage["dynamodb"]["largest_item_bytes"].as_f64().unwrap() / 1024.0)
            .ceil(),
    }
}

#[tokio::test]
#[expect(clippy::print_stdout, reason = "the figures of the report")]
async fn a_step_costs_four_requests_and_a_few_write_units() {
    let nightdesk = Nightdesk::start(Options::default()).await;
    let one = cost(&nightdesk, chain(1)).await;
    let ten = cost(&nightdesk, chain(10)).await;
    // Starting and ending a run cost the same however many steps it has.
    let requests = (ten.requests - one.requests) / 9.0;
    let write_units = (ten.write_units - one.write_units) / 9.0;
    let most_units = 6.0 + 8.0 * ten.largest_item_kib;
    println!(
        "a step of ten: {requests:.2} requests, {write_units:.1} write units (at most {most_units}) at {} KiB",
        ten.largest_item_kib
    );
    assert!(requests <= 4.0, "{requests} requests a step");
    assert!(
        write_units <= most_units,
        "{write_units} write units a step"
    );
}

/// One write takes its owner's slot and one gives it back; nothing is read for it.
#[tokio::test]
#[expect(clippy::print_stdout, reason = "the figures of the report")]
async fn a_step_that_waits_for_somebody_outside_costs_two_requests_and_two_write_units_more() {
    let nightdesk = Nightdesk::start(Options::default()).await;
    let per_step = |one: &Cost, ten: &Cost| {
        (
            (ten.requests - one.requests) / 9.0,
            (ten.write_units - one.write_units) / 9.0,
            ten.largest_item_kib,
        )
    };
    let (one, ten) = (
        cost(&nightdesk, searches(1)).await,
        cost(&nightdesk, searches(10)).await,
    );
    let (requests, write_units, kib) = per_step(&one, &ten);
    let most_units = 6.0 + 8.0 * kib + 2.0;
    println!(
        "a search of ten: {requests:.2} requests, {write_units:.1} write units (at most {most_units}) at {kib} KiB"
    );
    assert!(requests <= 6.0, "{requests} requests a step");
    assert!(
        write_units <= most_units,
        "{write_units} write units a step"
    );
}
