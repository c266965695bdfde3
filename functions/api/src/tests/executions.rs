//! Starting, watching and stopping runs over HTTP.

use serde_json::json;

use super::world::{B, World};

#[tokio::test]
async fn a_run_is_started_watched_held_and_stopped() {
    let world = World::new();
    let id = world.workflow().await;
    let execute = format!("/v1/workflows/{id}/execute");
    let dry = world.post(&execute, json!({"dry_run": true})).await;
    assert_eq!(
        (dry.status.as_u16(), &dry.json()["estimated_credits"]),
        (200, &json!(1))
    );
    assert_eq!(
        world
            .post(&execute, json!({"dry_run": "yes"}))
            .await
            .refused(422, "validation_failed")[0]
            .0,
        "/dry_run"
    );
    let started = world.post(&execute, json!({})).await;
    assert_eq!(started.status, 202);
    let run = started.json()["execution"].clone();
    assert_eq!(
        (&run["status"], &run["trigger"], &run["signal"]["decision"]),
        (&json!("pending"), &json!("manual"), &json!("none"))
    );
    let path = format!("/v1/executions/{}", run["id"].as_str().unwrap());
    assert_eq!(started.header("location"), path);
    let busy = world.post(&execute, json!({})).await;
    busy.refused(409, "execution_in_progress");
    assert_eq!(busy.json()["execution_id"], run["id"]);

    assert_eq!(
        world.get(&path).await.json()["steps"][0]["status"],
        "pending"
    );
    world.get_as(B, &path).await.refused(404, "not_found");
    world
        .get(&format!("{path}?wait=26"))
        .await
        .refused(422, "validation_failed");
    assert_eq!(
        world.get(&format!("{path}?wait=1")).await.json()["status"],
        "pending"
    );
    assert_eq!(
        world.post(&format!("{path}/pause"), json!({})).await.json()["status"],
        "paused"
    );
    assert_eq!(
        world.get(&format!("{path}?wait=25&after=0")).await.json()["revision"],
        1,
        "it has changed since: no wait"
    );
    world
        .post(&format!("{path}/pause"), json!({}))
        .await
        .refused(409, "invalid_transition");
    assert_eq!(
        world
            .post(&format!("{path}/resume"), json!({}))
            .await
            .json()["status"],
        "pending"
    );
    world
        .post(&format!("{path}/resume"), json!({"x": 1}))
        .await
        .refused(422, "validation_failed");
    let faults = world
        .post(&format!("{path}/resolve"), json!({"outcome": "maybe"}))
        .await
        .refused(422, "validation_failed");
    assert_eq!(
        faults
            .iter()
            .map(|(path, _)| path.as_str())
            .collect::<Vec<_>>(),
        ["/step", "/outcome"]
    );
    world
        .post(
            &format!("{path}/resolve"),
            json!({"step": "search", "outcome": "retry"}),
        )
        .await
        .refused(409, "invalid_transition");
    assert_eq!(
        world
            .post(
                &format!("{path}/resolve"),
                json!({"step": "nope", "outcome": "fail"})
            )
            .await
            .refused(422, "validation_failed")[0]
            .0,
        "/step"
    );
    let cancelled = world
        .post(&format!("{path}/cancel"), json!({}))
        .await
        .json();
    assert_eq!(
        (&cancelled["status"], &cancelled["outcome_reason"]),
        (&json!("cancelled"), &json!("cancelled_by_owner"))
    );
    world
        .post(&format!("{path}/cancel"), json!({}))
        .await
        .refused(409, "invalid_transition");

    let events = world.get(&format!("{path}/events")).await.json();
    let types: Vec<&str> = events["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect();
    assert_eq!(types, ["paused", "resumed", "cancelled"]);
    assert_eq!(events["events"][0]["actor"], "a@owner.test");
    world
        .get(&format!("{path}/outputs/search"))
        .await
        .refused(404, "not_found");
    let list = world.get("/v1/executions?status=cancelled").await.json();
    assert_eq!(list["pagination"]["total"], 1);
    assert_eq!(
        world
            .get(&format!("/v1/workflows/{id}/executions?limit=1"))
            .await
            .json()["executions"][0]["id"],
        run["id"]
    );
    world
        .get("/v1/executions?workflow_id=nope")
        .await
        .refused(422, "validation_failed");
}

#[tokio::test]
async fn a_body_is_not_needed_to_start_a_run() {
    let world = World::new();
    let id = world.workflow().await;
    let auth = format!("Bearer {}", super::world::A);
    let answer = world
        .send(
            "POST",
            &format!("/v1/workflows/{id}/execute"),
            &[
                ("authorization", &auth),
                ("x-http-method-override", "DELETE"),
            ],
            "",
        )
        .await;
    assert_eq!(answer.status, 202);
    assert_eq!(world.get(&format!("/v1/workflows/{id}")).await.status, 200);
}

#[tokio::test]
async fn limits_and_credits_stop_a_start() {
    let world = World::new();
    let id = world.workflow().await;
    let execute = format!("/v1/workflows/{id}/execute");
    world.grant(0);
    world
        .post(&execute, json!({}))
        .await
        .refused(402, "insufficient_credits");
    world.grant(100);
    world.change_workflows(|workflow| {
        workflow.max_executions = Some(1);
        workflow.execution_count = 1;
    });
    world
        .post(&execute, json!({}))
        .await
        .refused(409, "max_executions_reached");
    let patch = world
        .json_as(
            super::world::A,
            "PATCH",
            &format!("/v1/workflows/{id}"),
            &json!({"max_executions": 1}),
        )
        .await;
    assert_eq!(patch.status, 200, "{}", patch.text());
    world.change_workflows(|workflow| workflow.execution_count = 5);
    let patch = world
        .json_as(
            super::world::A,
            "PATCH",
            &format!("/v1/workflows/{id}"),
            &json!({"max_executions": 1}),
        )
        .await;
    assert_eq!(
        patch.refused(422, "validation_failed")[0].0,
        "/max_executions"
    );
}

/// The last run in the list of `path`.
fn id_of(answer: &super::world::Answer) -> String {
    let id = &answer.json()["execution"]["id"];
    id.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_ended_run_is_retried_and_an_open_one_is_not() {
    let world = World::new();
    let workflow = world.workflow().await;
    let execute = format!("/v1/workflows/{workflow}/execute");
    let first = id_of(&world.post(&execute, json!({})).await);
    let retry = format!("/v1/executions/{first}/retry");
    let busy = world.post(&retry, json!({})).await;
    busy.refused(409, "execution_in_progress");
    assert_eq!(busy.json()["execution_id"], first);
    let cancel = format!("/v1/executions/{first}/cancel");
    assert_eq!(world.post(&cancel, json!({})).await.status, 200);

    for (body, path) in [
        (json!({"from_step": "nope"}), "/from_step"),
        (json!({"from_step": 7}), "/from_step"),
        (json!({"from": "search"}), "/from"),
    ] {
        let faults = world.post(&retry, body).await;
        assert_eq!(faults.refused(422, "validation_failed")[0].0, path);
    }
    world
        .json_as(B, "POST", &retry, &json!({}))
        .await
        .refused(404, "not_found");
    let missing = format!("/v1/executions/exe_{}/retry", "0".repeat(32));
    world
        .post(&missing, json!({}))
        .await
        .refused(404, "not_found");

    let answer = world.post(&retry, json!({"from_step": "search"})).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    let run = answer.json()["execution"].clone();
    assert_eq!(
        (&run["trigger"], &run["status"], &run["from_execution"]),
        (&json!("retry"), &json!("pending"), &json!(first))
    );
    let second = id_of(&answer);
    assert_eq!(
        answer.header("location"),
        format!("/v1/executions/{second}")
    );
    // One live run at a time, also of retries.
    let third = world.post(&retry, json!({})).await;
    third.refused(409, "execution_in_progress");
    assert_eq!(third.json()["execution_id"], second);

    let cancel = format!("/v1/executions/{second}/cancel");
    world.post(&cancel, json!({})).await;
    world.change_workflows(|workflow| workflow.status = domain::workflow::WorkflowStatus::Paused);
    world
        .post(&retry, json!({}))
        .await
        .refused(409, "workflow_not_active");
    world.change_workflows(|workflow| workflow.status = domain::workflow::WorkflowStatus::Active);
    world.grant(0);
    world
        .post(&retry, json!({}))
        .await
        .refused(402, "insufficient_credits");
}

#[tokio::test]
async fn a_run_may_begin_from_an_earlier_one() {
    let world = World::new();
    let workflow = world.workflow().await;
    let execute = format!("/v1/workflows/{workflow}/execute");
    let first = id_of(&world.post(&execute, json!({})).await);
    let cancel = format!("/v1/executions/{first}/cancel");
    world.post(&cancel, json!({})).await;
    let stranger = format!("exe_{}", "0".repeat(32));
    for (body, path) in [
        (json!({"from_execution": "nope"}), "/from_execution"),
        (json!({"from_execution": stranger}), "/from_execution"),
        (json!({"from_step": "search"}), "/from_step"),
        (
            json!({"from_execution": first, "from_step": "nope"}),
            "/from_step",
        ),
    ] {
        let faults = world.post(&execute, body).await;
        assert_eq!(faults.refused(422, "validation_failed")[0].0, path);
    }
    let answer = world.post(&execute, json!({"from_execution": first})).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    assert_eq!(answer.json()["execution"]["from_execution"], first);
}

#[tokio::test]
async fn the_log_is_paged_without_gap_or_overlap() {
    let world = World::new();
    let workflow = world.workflow().await;
    let execute = format!("/v1/workflows/{workflow}/execute");
    let run = id_of(&world.post(&execute, json!({})).await);
    let path = format!("/v1/executions/{run}");
    for verb in ["pause", "resume", "pause", "resume", "cancel"] {
        let answer = world.post(&format!("{path}/{verb}"), json!({})).await;
        assert_eq!(answer.status, 200);
    }
    let mut revisions = Vec::new();
    let mut next = format!("{path}/events?limit=2");
    loop {
        let page = world.get(&next).await.json();
        assert_eq!(page["pagination"]["total"], 5);
        let events = page["events"].as_array().unwrap();
        revisions.extend(
            events
                .iter()
                .map(|event| event["revision"].as_u64().unwrap()),
        );
        match page["pagination"]["next_cursor"].as_str() {
            Some(cursor) => next = format!("{path}/events?limit=2&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(revisions, [1, 2, 3, 4, 5]);
    let page = world.get(&format!("{path}/events?offset=3")).await.json();
    assert_eq!(page["events"][0]["revision"], 4);
    let page = world.get(&format!("{path}/events?offset=9")).await.json();
    assert_eq!(page["events"], json!([]));
}
