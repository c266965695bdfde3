//! Workflows over HTTP, from creation to deletion.

use serde_json::{Value, json};

use super::world::{A, B, World, simple};

#[tokio::test]
async fn a_workflow_is_made_found_changed_and_deleted() {
    let world = World::new();
    let made = world.post("/v1/workflows", simple()).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let body = made.json();
    let path = format!("/v1/workflows/{}", body["id"].as_str().unwrap());
    assert_eq!(made.header("location"), path);
    for (pointer, value) in [
        ("/status", json!("active")),
        ("/mode", json!("simple")),
        ("/workflow_type", json!("search")),
        ("/operation_config/query", json!("rust 2.0 release")),
        ("/operation_config/max_results", json!(10)),
        ("/interval", json!("6 hours")),
        ("/interval_minutes", json!(360)),
        ("/timezone", json!("UTC")),
        ("/next_occurrences/0", json!("2026-05-04T14:00:00.000Z")),
        ("/approvals/deadline", json!("72 hours")),
        ("/approvals/reminders/0", json!("24 hours")),
        ("/overlap_policy", json!("skip")),
        ("/plan_version", json!(1)),
        ("/health", json!("ok")),
        ("/access_level", json!("owner")),
        ("/last_execution", Value::Null),
    ] {
        assert_eq!(body.pointer(pointer), Some(&value), "{pointer}");
    }
    let shown = world.get(&path).await;
    assert_eq!(shown.json()["executions"], json!([]));
    let etag = shown.header("etag").to_owned();

    let bearer = format!("Bearer {A}");
    let patch = async |etag: &str, body: Value| {
        let headers = [
            ("authorization", &*bearer),
            ("content-type", "application/json"),
            ("if-match", etag),
        ];
        world.send("PATCH", &path, &headers, body.to_string()).await
    };
    let changed = patch(
        &etag,
        json!({"name": "x", "cron_expression": "0 9 * * 1", "description": "d"}),
    )
    .await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    assert_eq!(changed.json()["cron_expression"], "0 9 * * 1");
    assert_eq!(changed.json().get("interval"), None);
    assert_eq!(changed.json()["plan_version"], 1);
    patch(&etag, json!({"name": "y"}))
        .await
        .refused(412, "stale_etag");
    let changed = patch(
        "*",
        json!({"description": null, "operation_config": {"query": "rust 3"}}),
    )
    .await
    .json();
    assert_eq!(
        (&changed["description"], &changed["plan_version"]),
        (&Value::Null, &json!(2))
    );
    let plans = world.get(&format!("{path}/plans")).await.json();
    assert_eq!(
        (&plans["plans"][0]["version"], &plans["pagination"]["total"]),
        (&json!(2), &json!(2))
    );
    assert_eq!(
        world.get(&format!("{path}/plans/1")).await.json()["steps"][0]["config"]["query"],
        "rust 2.0 release"
    );
    world
        .get(&format!("{path}/plans/3"))
        .await
        .refused(404, "not_found");
    assert_eq!(
        world.get(&format!("{path}/occurrences")).await.json()["occurrences"],
        json!([])
    );

    let delete = async || {
        world
            .send("DELETE", &path, &[("authorization", &bearer)], "")
            .await
    };
    assert_eq!(delete().await.status, 204);
    delete().await.refused(404, "not_found");
}

#[tokio::test]
async fn the_status_moves_only_where_it_may() {
    let world = World::new();
    let path = format!("/v1/workflows/{}", world.workflow().await);
    let patch = async |body: Value| world.json_as(A, "PATCH", &path, &body).await;
    for _ in 0..2 {
        assert_eq!(
            patch(json!({"status": "paused"})).await.json()["status"],
            "paused"
        );
    }
    world
        .post(&format!("{path}/execute"), json!({}))
        .await
        .refused(409, "workflow_not_active");
    assert_eq!(
        patch(json!({"status": "active"})).await.json()["status"],
        "active"
    );
    patch(json!({"status": "draft"}))
        .await
        .refused(422, "validation_failed");
    world
        .post(&format!("{path}/plan/approve"), json!({}))
        .await
        .refused(409, "invalid_transition");
    world.change_workflows(|workflow| {
        workflow.status = domain::workflow::WorkflowStatus::Failed;
        workflow.failures_in_a_row = 10;
    });
    assert_eq!(
        patch(json!({"status": "active"})).await.json()["health"],
        "ok",
        "a failed workflow starts anew"
    );
    assert_eq!(
        patch(json!({"status": "archived"})).await.json()["status"],
        "archived"
    );
    patch(json!({"status": "active"}))
        .await
        .refused(409, "invalid_transition");
}

#[tokio::test]
async fn a_stranger_sees_what_everybody_sees_of_nothing() {
    let world = World::new();
    let id = world.workflow().await;
    let never = "wf_ffffffffffffffffffffffffffffffff";
    let strip = |text: String| text.split("\"request_id\"").next().unwrap().to_owned();
    for (method, rest) in [
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/execute"),
        ("GET", "/executions"),
        ("GET", "/plans"),
        ("GET", "/plans/1"),
    ] {
        let body = json!({"name": "x"});
        let body = if rest == "/execute" { json!({}) } else { body };
        let theirs = world
            .json_as(B, method, &format!("/v1/workflows/{id}{rest}"), &body)
            .await;
        let nobodys = world
            .json_as(B, method, &format!("/v1/workflows/{never}{rest}"), &body)
            .await;
        theirs.refused(404, "not_found");
        assert_eq!(
            strip(theirs.text()),
            strip(nobodys.text()),
            "{method} {rest}"
        );
    }
    world
        .get("/v1/workflows/'%20OR%201=1")
        .await
        .refused(404, "not_found");
    assert_eq!(
        world.get_as(B, "/v1/workflows").await.json()["pagination"]["total"],
        0
    );
}

#[tokio::test]
async fn lists_are_filtered_sorted_and_paged() {
    let world = World::new();
    for (name, tags) in [
        ("Beta", json!(["x"])),
        ("alpha", json!(["x", "y"])),
        ("gamma", json!([])),
    ] {
        let mut body = simple();
        body["name"] = name.into();
        body["tags"] = tags;
        assert_eq!(world.post("/v1/workflows", body).await.status, 201);
        // What is made in one millisecond has no order.
        world.advance_clock(1);
    }
    let names = async |query: &str| -> Vec<String> {
        let list = world.get(&format!("/v1/workflows?{query}")).await.json();
        list["workflows"]
            .as_array()
            .unwrap()
            .iter()
            .map(|workflow| workflow["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names("").await, ["gamma", "alpha", "Beta"]);
    assert_eq!(names("sort_by=name").await, ["alpha", "Beta", "gamma"]);
    assert_eq!(
        names("sort_by=name&sort_order=desc").await,
        ["gamma", "Beta", "alpha"]
    );
    assert_eq!(names("search=ALPH").await, ["alpha"]);
    assert_eq!(names("tags=x,%20y").await, ["alpha"]);
    assert_eq!(names("scope=shared").await, Vec::<String>::new());
    assert_eq!(names("status=paused").await, Vec::<String>::new());
    let first = world.get("/v1/workflows?limit=2&sort_by=name").await.json();
    let cursor = first["pagination"]["next_cursor"].as_str().unwrap();
    assert_eq!(
        names(&format!("limit=2&sort_by=name&cursor={cursor}")).await,
        ["gamma"]
    );
    world
        .get(&format!(
            "/v1/workflows?limit=2&status=active&cursor={cursor}"
        ))
        .await
        .refused(400, "invalid_cursor");
    world
        .get_as(B, &format!("/v1/workflows?sort_by=name&cursor={cursor}"))
        .await
        .refused(400, "invalid_cursor");
}

#[tokio::test]
async fn the_quota_holds_and_dry_runs_create_nothing() {
    let world = World::new();
    let mut dry = simple();
    dry["dry_run"] = true.into();
    let estimate = world.post("/v1/workflows", dry.clone()).await;
    assert_eq!(estimate.status, 200);
    let estimate = estimate.json();
    assert_eq!(
        (
            &estimate["estimated_credits_per_execution"],
            &estimate["estimated_credits_per_month"]
        ),
        (&json!(1), &json!(120))
    );
    assert_eq!(estimate["next_occurrences"].as_array().unwrap().len(), 5);
    assert_eq!(estimate["plan"]["steps"][0]["type"], "search");
    assert_eq!(world.store.commits(), 0);
    for _ in 0..5 {
        world.workflow().await;
    }
    let full = world.post("/v1/workflows", simple()).await;
    full.refused(429, "quota_exceeded");
    assert_eq!(
        (full.header("retry-after"), full.header("ratelimit-limit")),
        ("3600", "5")
    );
    assert_eq!(world.post("/v1/workflows", dry).await.status, 200);
}

#[tokio::test]
async fn run_immediately_starts_a_run_or_changes_nothing() {
    let world = World::new();
    let mut body = simple();
    body["run_immediately"] = true.into();
    let made = world.post("/v1/workflows", body.clone()).await.json();
    assert_eq!(made["execution_count"], 1);
    let runs = world
        .get(&format!(
            "/v1/executions?workflow_id={}",
            made["id"].as_str().unwrap()
        ))
        .await
        .json();
    assert_eq!(runs["pagination"]["total"], 1);
    // The run above began without a limit and is not counted against one.
    world.grant(0);
    let commits = world.store.commits();
    let short = world.post("/v1/workflows", body).await;
    short.refused(402, "insufficient_credits");
    assert_eq!(
        (&short.json()["required"], &short.json()["available"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(world.store.commits(), commits);
}
