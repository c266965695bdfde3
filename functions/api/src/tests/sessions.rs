//! Sessions, and the workflows that use one.

use serde_json::{Value, json};

use super::world::{A, B, World};

async fn create(world: &World) -> (String, Value) {
    let made = world
        .post(
            "/v1/sessions",
            json!({"name": "launches", "description": "what came out"}),
        )
        .await;
    assert_eq!(made.status, 201, "{}", made.text());
    let session = made.json();
    let path = format!("/v1/sessions/{}", session["id"].as_str().unwrap());
    assert_eq!(made.header("location"), path);
    assert_eq!(made.header("etag"), "\"0\"");
    (path, session)
}

fn watch(session: &Value) -> Value {
    json!({
        "name": "w", "workflow_type": "search", "operation_config": {"query": "x"}, "schedule": "manual",
        "stop_condition": {"type": "always"}, "session_id": session,
    })
}

#[tokio::test]
async fn a_session_is_made_changed_completed_and_deleted() {
    let world = World::new();
    let (path, made) = create(&world).await;
    assert_eq!(world.get(&path).await.json(), made);
    let change = json!({"name": "releases", "description": null});
    let changed = world.json_as(A, "PATCH", &path, &change).await;
    assert_eq!(changed.header("etag"), "\"1\"");
    let changed = changed.json();
    assert_eq!(
        (&changed["name"], &changed["description"]),
        (&json!("releases"), &Value::Null)
    );
    let post = |verb: &str| {
        let path = format!("{path}/{verb}");
        let world = &world;
        async move { world.post(&path, json!({})).await }
    };
    assert_eq!(post("complete").await.json()["status"], "completed");
    let listed = world.get("/v1/sessions?status=completed").await.json();
    assert_eq!(listed["pagination"]["total"], 1);
    let listed = world.get("/v1/sessions?status=active").await.json();
    assert_eq!(listed["sessions"], json!([]));
    assert_eq!(post("archive").await.json()["status"], "archived");
    post("complete").await.refused(409, "invalid_transition");
    let reopened = world
        .json_as(A, "PATCH", &path, &json!({"status": "active"}))
        .await;
    assert_eq!(reopened.json()["status"], "active");
    let deleted = world.json_as(A, "DELETE", &path, &Value::Null).await;
    assert_eq!(deleted.status, 204);
    world.get(&path).await.refused(404, "not_found");
}

#[tokio::test]
async fn what_nobody_has_seen_is_not_overwritten() {
    let world = World::new();
    let (path, _) = create(&world).await;
    let headers = [
        ("authorization", &*format!("Bearer {A}")),
        ("content-type", "application/json"),
        ("if-match", "\"7\""),
    ];
    let renamed = json!({"name": "x"}).to_string();
    let refused = world.send("PATCH", &path, &headers, renamed).await;
    refused.refused(412, "stale_etag");
    let refused = world.send("DELETE", &path, &headers, String::new()).await;
    refused.refused(412, "stale_etag");
}

#[tokio::test]
async fn a_workflow_joins_an_active_session_of_its_owner_only() {
    let world = World::new();
    let (path, session) = create(&world).await;
    let at = |answer: &super::world::Answer| answer.refused(422, "validation_failed")[0].0.clone();
    let theirs = world
        .json_as(B, "POST", "/v1/workflows", &watch(&session["id"]))
        .await;
    assert_eq!(at(&theirs), "/session_id");
    let nonsense = world.post("/v1/workflows", watch(&json!("ses_1"))).await;
    assert_eq!(at(&nonsense), "/session_id");
    let joined = world
        .post("/v1/workflows", watch(&session["id"]))
        .await
        .json();
    assert_eq!(joined["session_id"], session["id"]);
    world.post(&format!("{path}/complete"), json!({})).await;
    let late = world.post("/v1/workflows", watch(&session["id"])).await;
    assert_eq!(at(&late), "/session_id");
    // The one that uses it already may say so again, and may leave.
    let workflow = format!("/v1/workflows/{}", joined["id"].as_str().unwrap());
    let same = json!({"session_id": session["id"], "description": "d"});
    assert_eq!(
        world.json_as(A, "PATCH", &workflow, &same).await.status,
        200
    );
    let left = world
        .json_as(A, "PATCH", &workflow, &json!({"session_id": null}))
        .await;
    assert_eq!(left.json()["session_id"], Value::Null);
}

#[tokio::test]
async fn there_are_at_most_a_hundred() {
    let world = World::new();
    for n in 0..100 {
        let made = world
            .post("/v1/sessions", json!({"name": format!("s{n}")}))
            .await;
        assert_eq!(made.status, 201, "{}", made.text());
    }
    let refused = world
        .post("/v1/sessions", json!({"name": "one more"}))
        .await;
    refused.refused(429, "quota_exceeded");
    let page = world.get("/v1/sessions?limit=30").await.json();
    assert_eq!(page["sessions"][0]["name"], "s99");
    let next = page["pagination"]["next_cursor"].as_str().unwrap();
    let page = world
        .get(&format!("/v1/sessions?limit=30&cursor={next}"))
        .await
        .json();
    assert_eq!(page["sessions"][0]["name"], "s69");
}

#[tokio::test]
async fn a_session_that_nobody_added_to_has_empty_lists() {
    let world = World::new();
    let (path, _) = create(&world).await;
    for (list, name) in [("urls", "urls"), ("timeline", "timeline")] {
        let page = world.get(&format!("{path}/{list}")).await.json();
        assert_eq!(page[name], json!([]));
        assert_eq!(
            page["pagination"],
            json!({"limit": 20, "offset": 0, "total": 0, "next_cursor": null})
        );
    }
}
