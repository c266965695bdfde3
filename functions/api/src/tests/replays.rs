//! Requests that are sent again.

use domain::ids::WorkflowId;
use engine::memory::at_once;
use engine::ports::Store as _;
use engine::ports::replays::{Opened, Opening};
use serde_json::{Value, json};

use super::world::{A, Answer, B, World, simple};

impl World {
    async fn keyed(&self, token: &str, path: &str, key: &str, body: &Value) -> Answer {
        let headers = [
            ("authorization", &*format!("Bearer {token}")),
            ("content-type", "application/json"),
            ("idempotency-key", key),
        ];
        self.send("POST", path, &headers, body.to_string()).await
    }
}

fn manual() -> Value {
    let mut body = simple();
    body["schedule"] = "manual".into();
    body.as_object_mut().unwrap().remove("interval");
    body
}

#[tokio::test]
async fn the_same_request_gets_the_same_answer_and_makes_one_thing() {
    let world = World::new();
    let first = world.keyed(A, "/v1/workflows", "k1", &manual()).await;
    assert_eq!(first.status, 201, "{}", first.text());
    assert_eq!(first.header("idempotent-replayed"), "");
    let again = world.keyed(A, "/v1/workflows", "k1", &manual()).await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    for header in ["location", "etag", "content-type"] {
        assert_eq!(again.header(header), first.header(header), "{header}");
    }
    assert_eq!(
        world.get("/v1/workflows").await.json()["pagination"]["total"],
        1
    );
    // A key is its owner's.
    let others = world.keyed(B, "/v1/workflows", "k1", &manual()).await;
    assert_ne!(others.json()["id"], first.json()["id"]);
    // After a day it is forgotten.
    world.advance_clock(24);
    let next_day = world.keyed(A, "/v1/workflows", "k1", &manual()).await;
    assert_eq!(next_day.header("idempotent-replayed"), "");
}

#[tokio::test]
async fn a_key_belongs_to_one_request() {
    let world = World::new();
    world.keyed(A, "/v1/workflows", "k2", &manual()).await;
    let mut other = manual();
    other["name"] = "another".into();
    world
        .keyed(A, "/v1/workflows", "k2", &other)
        .await
        .refused(422, "idempotency_key_reused");
    world
        .keyed(A, "/v1/workflows?x=1", "k2", &manual())
        .await
        .refused(422, "idempotency_key_reused");
}

#[tokio::test]
async fn a_refusal_frees_the_key_because_it_changed_nothing() {
    let world = World::new();
    world.grant(0);
    let workflow = world.workflow().await;
    let path = format!("/v1/workflows/{workflow}/execute");
    world
        .keyed(A, &path, "k3", &json!({}))
        .await
        .refused(402, "insufficient_credits");
    world.grant(5);
    let started = world.keyed(A, &path, "k3", &json!({})).await;
    assert_eq!(started.status, 202, "{}", started.text());
}

#[tokio::test]
async fn what_a_cut_off_try_has_made_is_found_and_not_made_again() {
    let world = World::new();
    let workflow = world.workflow().await;
    let path = format!("/v1/workflows/{workflow}/execute");
    // The first try has its effect, and its answer is never kept.
    let first = world.keyed(A, &path, "k4", &json!({})).await;
    assert_eq!(first.status, 202, "{}", first.text());
    world.replays.forget_answers();
    // While it may still be running, nobody takes its place.
    world
        .keyed(A, &path, "k4", &json!({}))
        .await
        .refused(409, "idempotency_in_progress");
    world.advance_clock(1);
    let second = world.keyed(A, &path, "k4", &json!({})).await;
    assert_eq!(second.status, 202, "{}", second.text());
    assert_eq!(
        second.json()["execution"]["id"],
        first.json()["execution"]["id"]
    );
    let id = WorkflowId::parse(&workflow).unwrap();
    let stored = at_once(world.store.workflow(&World::owner(1), &id))
        .unwrap()
        .unwrap();
    assert_eq!(stored.execution_count, 1);
}

#[tokio::test]
async fn a_failure_of_ours_is_tried_again_at_once() {
    let world = World::new();
    let workflow = world.workflow().await;
    let path = format!("/v1/workflows/{workflow}/execute");
    world.store.fail_commits(1);
    world
        .keyed(A, &path, "k5", &json!({}))
        .await
        .refused(503, "unavailable");
    let started = world.keyed(A, &path, "k5", &json!({})).await;
    assert_eq!(started.status, 202, "{}", started.text());
}

#[tokio::test]
async fn a_new_token_is_the_same_token_again_and_the_store_cannot_read_it() {
    let world = World::new();
    let body = json!({"token_name": "ci"});
    let first = world.keyed(A, "/v1/tokens", "k6", &body).await;
    let again = world.keyed(A, "/v1/tokens", "k6", &body).await;
    assert_eq!(first.json()["token"], again.json()["token"]);
    let owner = World::owner(1);
    let opened = at_once(engine::ports::Replays::open(
        world.replays.as_ref(),
        Opening {
            owner: &owner,
            key_sha256: &domain::digest::of_bytes(b"k6"),
            request_sha256: "",
            seed: [0; 32],
            now: world.app.engine.now(),
        },
    ));
    assert_eq!(opened, Ok(Opened::Reused));
    let kept = world.replays.kept();
    let secret = first.json()["token"].as_str().unwrap().as_bytes().to_vec();
    assert!(!kept.is_empty());
    assert!(
        kept.iter()
            .all(|bytes| !bytes.windows(secret.len()).any(|part| part == secret))
    );
}
