//! Tokens, owners and grants, and how often a token may be used.

use domain::owner::Permission;
use serde_json::{Value, json};

use super::world::{A, B, World};

const ADMIN: &str = "nd_adminadminadminadminadminadminadminadmin";

#[tokio::test]
async fn a_token_is_shown_once_and_works_until_it_is_revoked() {
    let world = World::new();
    let made = world
        .post(
            "/v1/tokens",
            json!({"token_name": "ci", "permissions": ["read"]}),
        )
        .await;
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!(made.header("etag"), "\"0\"");
    let body = made.json();
    let (id, text) = (
        body["id"].as_str().unwrap(),
        body["token"].as_str().unwrap(),
    );
    assert_eq!(made.header("location"), format!("/v1/tokens/{id}"));
    assert!(text.starts_with(body["token_prefix"].as_str().unwrap()));
    let me = world.get_as(text, "/v1/me").await.json();
    assert_eq!(me["permissions"], json!(["read"]));
    let shown = world.get(&format!("/v1/tokens/{id}")).await;
    assert!(!shown.text().contains(text));
    assert!(shown.json()["last_used_at"].is_string());
    let path = format!("/v1/tokens/{id}");
    let revoked = world.json_as(A, "DELETE", &path, &Value::Null).await;
    assert_eq!(revoked.status, 204);
    world
        .get_as(text, "/v1/me")
        .await
        .refused(401, "unauthenticated");
    assert_eq!(world.get(&path).await.json()["is_active"], false);
    let logs = world.get(&format!("{path}/logs")).await.json();
    let calls: Vec<&str> = logs["logs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|call| call["path"].as_str().unwrap())
        .collect();
    assert_eq!(calls, ["/v1/me"], "a refused token makes no calls");
}

#[tokio::test]
async fn a_token_gives_no_more_than_it_has() {
    let world = World::new();
    let few = "nd_ffffffffffffffffffffffffffffffffffffffff";
    world.token(
        few,
        3,
        "few@owner.test",
        &[Permission::Read, Permission::Workflows, Permission::Tokens],
    );
    let ask = |body: Value| {
        let world = &world;
        async move { world.json_as(few, "POST", "/v1/tokens", &body).await }
    };
    let path = |field: &str| vec![(field.to_owned(), "validation_failed".to_owned())];
    let refused = ask(json!({"token_name": "x", "permissions": ["read", "approvals"]})).await;
    assert_eq!(
        refused.refused(422, "validation_failed"),
        path("/permissions/1")
    );
    let refused = ask(json!({"token_name": "x", "rate_limit_per_hour": 1001})).await;
    assert_eq!(
        refused.refused(422, "validation_failed"),
        path("/rate_limit_per_hour")
    );
    let refused = ask(json!({"token_name": "x", "expires_at": "2020-01-01T00:00:00Z"})).await;
    assert_eq!(
        refused.refused(422, "validation_failed"),
        path("/expires_at")
    );
    let all = ask(json!({"token_name": "x"})).await.json();
    assert_eq!(all["permissions"], json!(["read", "workflows"]));
    let admin = ask(json!({"token_name": "x", "permissions": ["admin"]})).await;
    admin.refused(422, "validation_failed");
}

#[tokio::test]
async fn nobody_locks_themselves_out_and_nobody_overwrites_unseen_changes() {
    let world = World::new();
    let own = world.get("/v1/tokens").await.json()["tokens"][0]["id"].clone();
    let own = format!("/v1/tokens/{}", own.as_str().unwrap());
    world
        .json_as(A, "DELETE", &own, &Value::Null)
        .await
        .refused(409, "cannot_revoke_self");
    world
        .json_as(A, "PATCH", &own, &json!({"is_active": false}))
        .await
        .refused(409, "cannot_revoke_self");
    world
        .json_as(A, "PATCH", &own, &json!({}))
        .await
        .refused(422, "validation_failed");
    let headers = [
        ("authorization", &*format!("Bearer {A}")),
        ("content-type", "application/json"),
        ("if-match", "\"7\""),
    ];
    let renamed = json!({"token_name": "laptop"}).to_string();
    world
        .send("PATCH", &own, &headers, renamed.clone())
        .await
        .refused(412, "stale_etag");
    let changed = world
        .json_as(A, "PATCH", &own, &json!({"token_name": "laptop"}))
        .await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    assert_eq!(changed.header("etag"), "\"1\"");
    assert_eq!(changed.json()["token_name"], "laptop");
    // Another's is nothing.
    world
        .json_as(B, "PATCH", &own, &json!({"token_name": "mine"}))
        .await
        .refused(404, "not_found");
}

#[tokio::test]
async fn a_token_that_was_used_as_often_as_it_may_is_told_when_it_goes_on() {
    let world = World::new();
    let made = world
        .post(
            "/v1/tokens",
            json!({"token_name": "brief", "rate_limit_per_hour": 2}),
        )
        .await
        .json();
    let text = made["token"].as_str().unwrap();
    for left in [1, 0] {
        let answer = world.get_as(text, "/v1/me").await;
        assert_eq!(answer.status, 200);
        assert_eq!(
            answer.header("ratelimit"),
            format!(
                "\"hour\";r={left};t=3600, \"day\";r={};t=57600",
                9998 + left
            )
        );
        assert_eq!(
            answer.header("ratelimit-policy"),
            "\"hour\";q=2;w=3600, \"day\";q=10000;w=86400"
        );
    }
    let refused = world.get_as(text, "/v1/me").await;
    refused.refused(429, "rate_limited");
    assert_eq!(refused.header("retry-after"), "3600");
    world.advance_clock(1);
    assert_eq!(world.get_as(text, "/v1/me").await.status, 200);
}

#[tokio::test]
async fn who_administers_makes_owners_and_grants_credits() {
    let world = World::new();
    let body = json!({"email": "new@owner.test", "team": "desk"});
    world
        .post("/v1/owners", body.clone())
        .await
        .refused(403, "forbidden");
    world.token(ADMIN, 9, "admin@owner.test", &[Permission::Admin]);
    let made = world.json_as(ADMIN, "POST", "/v1/owners", &body).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let made = made.json();
    let text = made["token"].as_str().unwrap();
    let me = world.get_as(text, "/v1/me").await.json();
    assert_eq!(me["team"], "desk");
    assert_eq!(
        me["permissions"],
        json!(["read", "workflows", "approvals", "sessions", "tokens"])
    );
    let credits = world.get_as(text, "/v1/credits").await.json();
    assert_eq!(
        credits["balance"],
        Value::Null,
        "not limited until a grant is made"
    );
    let grant = json!({"owner_id": made["owner_id"], "amount": 40});
    let granted = world
        .json_as(ADMIN, "POST", "/v1/credits/grants", &grant)
        .await;
    assert_eq!(granted.status, 201, "{}", granted.text());
    assert_eq!(granted.json()["available"], 40);
    let nobody = json!({"owner_id": "own_00000000000000000000000000000000", "amount": 0});
    let refused = world
        .json_as(ADMIN, "POST", "/v1/credits/grants", &nobody)
        .await;
    let paths = refused.refused(422, "validation_failed");
    assert_eq!(
        paths,
        [("/amount".to_owned(), "validation_failed".to_owned())]
    );
}

#[tokio::test]
async fn the_installations_own_token_makes_the_first_owner_and_nothing_else() {
    let world = World::new();
    let own = "nd_ooooooooooooooooooooooooooooooooooooooooo";
    let world = world.with_admin_token(own);
    let made = world
        .json_as(
            own,
            "POST",
            "/v1/owners",
            &json!({"email": "first@owner.test"}),
        )
        .await;
    assert_eq!(made.status, 201, "{}", made.text());
    world
        .get_as(own, "/v1/workflows")
        .await
        .refused(403, "forbidden");
    world
        .json_as(own, "POST", "/v1/tokens", &json!({"token_name": "x"}))
        .await
        .refused(403, "forbidden");
}
