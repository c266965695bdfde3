//! The HTTP layer itself: methods, media types, bodies, tokens.

use domain::digest;
use domain::owner::{Permission, Token};
use engine::ports::Write;
use serde_json::json;

use super::world::{A, World, simple};

#[tokio::test]
async fn health_needs_no_token_and_everything_else_does() {
    let world = World::new();
    assert_eq!(world.send("GET", "/health", &[], "").await.status, 200);
    let good = format!("Bearer {A}");
    let bent = format!("Bearer {}x", &A[..A.len() - 1]);
    for headers in [
        &[][..],
        &[("authorization", "Bearer ")],
        &[("authorization", &bent)],
        &[("authorization", &good), ("authorization", &good)],
    ] {
        let answer = world
            .send("GET", "/v1/workflows?token=x", headers, "")
            .await;
        answer.refused(401, "unauthenticated");
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
    }
}

#[tokio::test]
async fn a_token_may_do_what_it_may() {
    let world = World::new();
    let reader = "nd_rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr";
    world.token(reader, 1, "a@owner.test", &[Permission::Read]);
    assert_eq!(world.get_as(reader, "/v1/workflows").await.status, 200);
    world
        .json_as(reader, "POST", "/v1/workflows", &simple())
        .await
        .refused(403, "forbidden");
    world
        .json_as(
            reader,
            "POST",
            "/v1/approvals/apr_00000000000000000000000000000001/approve",
            &json!({}),
        )
        .await
        .refused(403, "forbidden");
    let me = world.get_as(reader, "/v1/me").await.json();
    assert_eq!(
        me,
        json!({"owner_id": World::owner(1), "email": "a@owner.test", "team": null, "permissions": ["read"]})
    );
    let expired = "nd_eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee";
    let token = world.token(expired, 1, "a@owner.test", &[Permission::Read]);
    world.store.plant(&Write::PutToken {
        sha256: digest::of_bytes(expired.as_bytes()),
        token: Token {
            revoked_at: Some(token.created_at),
            ..token
        },
    });
    world
        .get_as(expired, "/v1/me")
        .await
        .refused(401, "unauthenticated");
}

#[tokio::test]
async fn an_unknown_address_and_a_wrong_method_are_problems() {
    let world = World::new();
    world.get("/v1/nothing").await.refused(404, "not_found");
    let answer = world.send("PUT", "/v1/workflows", &[], "").await;
    answer.refused(405, "method_not_allowed");
    let mut allowed: Vec<&str> = answer.header("allow").split(',').collect();
    allowed.sort_unstable();
    assert_eq!(allowed, ["GET", "HEAD", "POST"]);
}

#[tokio::test]
async fn bodies_are_judged_before_they_are_read() {
    let world = World::new();
    let auth = ("authorization", &*format!("Bearer {A}"));
    let json_type = ("content-type", "application/json");
    let post = async |headers: &[(&str, &str)], body: &str| {
        world
            .send("POST", "/v1/workflows", headers, body.to_owned())
            .await
    };
    post(&[auth, json_type], "")
        .await
        .refused(400, "malformed_json");
    post(&[auth, json_type], "{\"name\":\"a\",}")
        .await
        .refused(400, "malformed_json");
    post(&[auth, ("content-type", "text/plain")], "{}")
        .await
        .refused(415, "unsupported_media_type");
    post(&[auth], "{}")
        .await
        .refused(415, "unsupported_media_type");
    post(&[auth, json_type, ("content-encoding", "gzip")], "{}")
        .await
        .refused(415, "unsupported_media_type");
    post(
        &[auth, json_type],
        &format!("\"{}\"", "a".repeat(256 * 1024)),
    )
    .await
    .refused(413, "payload_too_large");
    for body in ["[]", "null", "\"x\""] {
        let faults = post(&[auth, json_type], body)
            .await
            .refused(422, "validation_failed");
        assert!(
            faults.iter().any(|(path, _)| path.is_empty()),
            "{body}: {faults:?}"
        );
    }
    let faults = post(
        &[auth, json_type, ("idempotency-key", &"k".repeat(256))],
        "{}",
    )
    .await
    .refused(422, "validation_failed");
    assert_eq!(faults[0].0, "idempotency-key");
    assert_eq!(
        world.store.commits(),
        0,
        "a refused request changes nothing"
    );
}

#[tokio::test]
async fn queries_are_read_strictly() {
    let world = World::new();
    world
        .get("/v1/workflows?search=%zz")
        .await
        .refused(400, "malformed_query");
    for (query, name) in [
        ("limit=0", "limit"),
        ("limit=1&limit=100", "limit"),
        ("scope=everyone", "scope"),
        ("sort_by=owner_id", "sort_by"),
        ("sort_order=up", "sort_order"),
        ("status=running", "status"),
        (&format!("search={}", "a".repeat(201)), "search"),
        ("page=2", "page"),
        ("offset=1&cursor=x", "offset"),
        ("offset=10001", "offset"),
    ] {
        let faults = world
            .get(&format!("/v1/workflows?{query}"))
            .await
            .refused(422, "validation_failed");
        assert_eq!(
            faults,
            [(name.to_owned(), "validation_failed".to_owned())],
            "{query}"
        );
    }
    world
        .get("/v1/workflows?cursor=zzz")
        .await
        .refused(400, "invalid_cursor");
    assert_eq!(
        world.get("/v1/workflows?offset=10000").await.json()["workflows"],
        json!([])
    );
}

#[tokio::test]
async fn an_outage_is_said_without_details() {
    let world = World::new();
    world.store.set_down(true);
    let answer = world.get("/v1/workflows").await;
    answer.refused(503, "unavailable");
    assert!(!answer.text().contains("10.0.0.7"));
    assert!(!answer.header("retry-after").is_empty());
    let link = format!("/a/{}", "A".repeat(43));
    assert_eq!(world.send("GET", &link, &[], "").await.status, 503);
}

#[tokio::test]
async fn what_is_wrong_anywhere_in_a_request_is_said_in_one_answer() {
    let world = World::new();
    let made = world.post("/v1/workflows", simple()).await.json();
    let workflow = format!("/v1/workflows/{}", made["id"].as_str().unwrap());
    for (method, path, body, wrong) in [
        (
            "POST",
            "/v1/workflows?dry_rum=1".to_owned(),
            json!({"name": "", "mode": "simple", "colour": 1}),
            ["dry_rum", "/name", "/colour"].as_slice(),
        ),
        (
            "PATCH",
            format!("{workflow}?x=1"),
            json!({"tags": [""], "colour": 1}),
            &["x", "/tags/0", "/colour"],
        ),
        (
            "POST",
            format!("{workflow}/execute?wait=26&y=1"),
            json!({"dry_run": "yes"}),
            &["wait", "y", "/dry_run"],
        ),
        (
            "POST",
            "/v1/workflows/plan?x=1".to_owned(),
            json!({"gaol": "x"}),
            &["x", "/gaol", "/intent"],
        ),
        (
            "POST",
            format!("{workflow}/plan/approve?x=1"),
            json!({"y": 1}),
            &["x", "/y"],
        ),
    ] {
        let answer = world.json_as(A, method, &path, &body).await;
        let errors = answer.refused(422, "validation_failed");
        let said: Vec<&str> = errors.iter().map(|(path, _)| path.as_str()).collect();
        for path in wrong {
            assert!(said.contains(path), "{path} is not in {said:?}");
        }
    }
}
