//! A token that was stolen, or given to a program, makes itself more than it is, or locks its owner out.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{Door, Nightdesk, Options};

/// A token of the owner, and where it is found.
struct Token {
    door: Door,
    path: String,
}

/// Makes a token with the owner's first one.
async fn token(nightdesk: &Nightdesk, body: Value) -> Token {
    let made = nightdesk.post("/v1/tokens", body).await;
    Token {
        door: nightdesk.door(made["token"].as_str().unwrap()),
        path: format!("/v1/tokens/{}", made["id"].as_str().unwrap()),
    }
}

/// The present time of the host, and some minutes more.
async fn minutes_from_now(nightdesk: &Nightdesk, minutes: i64) -> String {
    let clock = nightdesk.get("/_local/clock").await;
    let now: jiff::Timestamp = clock["now"].as_str().unwrap().parse().unwrap();
    (now + jiff::SignedDuration::from_mins(minutes)).to_string()
}

/// Where the owner's first token is found.
async fn first_token(nightdesk: &Nightdesk) -> String {
    let tokens = nightdesk.get("/v1/tokens").await;
    let oldest = tokens["tokens"].as_array().unwrap().last().unwrap();
    format!("/v1/tokens/{}", oldest["id"].as_str().unwrap())
}

/// What a call is refused with: its status and its code.
async fn refused(door: &Door, method: Method, path: &str, body: Option<Value>) -> (u16, String) {
    let (status, answer) = door.send(method.clone(), path, body).await.unwrap();
    let code = answer["code"].as_str().unwrap_or_default().to_owned();
    assert!(!status.is_success(), "{method} {path} counted: {answer:#}");
    (status.as_u16(), code)
}

#[tokio::test]
async fn a_token_for_workflows_neither_prolongs_itself_nor_makes_others_nor_locks_its_owner_out() {
    let nightdesk = Nightdesk::start(Options::default()).await;
    let first = first_token(&nightdesk).await;
    let ends = minutes_from_now(&nightdesk, 10).await;
    let thief = token(
        &nightdesk,
        json!({"token_name": "ci", "permissions": ["workflows"], "expires_at": ends}),
    )
    .await;
    let forbidden = (403, "forbidden".to_owned());
    for (method, path, body) in [
        (
            Method::PATCH,
            &thief.path,
            Some(json!({"expires_at": null})),
        ),
        (
            Method::PATCH,
            &thief.path,
            Some(json!({"rate_limit_per_hour": 1})),
        ),
        (
            Method::POST,
            &"/v1/tokens".to_owned(),
            Some(json!({"token_name": "child"})),
        ),
        (
            Method::PATCH,
            &first,
            Some(json!({"permissions": ["workflows"]})),
        ),
        (Method::DELETE, &first, None),
    ] {
        let came = refused(&thief.door, method.clone(), path, body.clone()).await;
        assert_eq!(came, forbidden, "{method} {path} {body:?}");
    }
    nightdesk
        .post("/_local/clock", json!({"advance_seconds": 601}))
        .await;
    let after = refused(&thief.door, Method::GET, "/v1/workflows", None).await;
    assert_eq!(after, (401, "unauthenticated".to_owned()));
    let me = nightdesk.get("/v1/me").await;
    assert!(me["permissions"].as_array().unwrap().len() >= 6, "{me:#}");
}

#[tokio::test]
async fn what_a_token_makes_or_changes_neither_outlives_nor_exceeds_it() {
    let nightdesk = Nightdesk::start(Options::default()).await;
    let first = first_token(&nightdesk).await;
    let ends = minutes_from_now(&nightdesk, 10).await;
    let later = minutes_from_now(&nightdesk, 11).await;
    let keeper = token(
        &nightdesk,
        json!({
            "token_name": "keeper", "permissions": ["read", "tokens"], "expires_at": ends,
            "rate_limit_per_hour": 500,
        }),
    )
    .await;
    for (fields, path) in [
        (json!({"expires_at": later}), "/expires_at"),
        (json!({"expires_at": null}), "/expires_at"),
        (
            json!({"permissions": ["read", "workflows"]}),
            "/permissions/1",
        ),
        (json!({"permissions": ["admin"]}), "/permissions/0"),
        (json!({"rate_limit_per_hour": 501}), "/rate_limit_per_hour"),
    ] {
        for (method, at) in [(Method::POST, "/v1/tokens"), (Method::PATCH, &*keeper.path)] {
            let mut body = fields.clone();
            if method == Method::POST {
                body["token_name"] = json!("child");
            }
            let (status, answer) = keeper
                .door
                .send(method.clone(), at, Some(body))
                .await
                .unwrap();
            assert_eq!(
                (status, &answer["errors"][0]["path"]),
                (StatusCode::UNPROCESSABLE_ENTITY, &json!(path)),
                "{method} {fields}: {answer:#}"
            );
        }
    }
    let (status, child) = keeper
        .door
        .send(
            Method::POST,
            "/v1/tokens",
            Some(json!({"token_name": "child"})),
        )
        .await
        .unwrap();
    assert_eq!(status, StatusCode::CREATED, "{child:#}");
    let moment = |text: &str| text.parse::<jiff::Timestamp>().unwrap();
    assert!(
        moment(child["expires_at"].as_str().unwrap()) <= moment(&ends),
        "{child:#}"
    );
    assert_eq!(
        child["permissions"],
        json!(["read"]),
        "managing tokens is given by name only"
    );
    // What has more is neither changed nor revoked by it.
    for (method, body) in [
        (Method::PATCH, Some(json!({"token_name": "mine"}))),
        (Method::PATCH, Some(json!({"permissions": ["read"]}))),
        (Method::DELETE, None),
    ] {
        let came = refused(&keeper.door, method, &first, body).await;
        assert_eq!(came, (403, "forbidden".to_owned()));
    }
    // What it made lasts as long as it does.
    nightdesk
        .post("/_local/clock", json!({"advance_seconds": 601}))
        .await;
    let child = nightdesk.door(child["token"].as_str().unwrap());
    let came = refused(&child, Method::GET, "/v1/me", None).await;
    assert_eq!(came, (401, "unauthenticated".to_owned()));
}

#[tokio::test]
async fn a_revoked_token_stays_revoked() {
    let nightdesk = Nightdesk::start(Options::default()).await;
    let strong = token(&nightdesk, json!({"token_name": "strong"})).await;
    let owner = nightdesk.owners_door();
    let (status, _) = owner
        .send(Method::DELETE, &strong.path, None)
        .await
        .unwrap();
    assert_eq!(status, StatusCode::NO_CONTENT);
    for body in [
        json!({"is_active": true}),
        json!({"token_name": "again"}),
        json!({"expires_at": null}),
    ] {
        let came = refused(&owner, Method::PATCH, &strong.path, Some(body)).await;
        assert_eq!(came, (409, "invalid_transition".to_owned()));
    }
    let came = refused(&strong.door, Method::GET, "/v1/me", None).await;
    assert_eq!(came, (401, "unauthenticated".to_owned()));
    let (status, _) = owner
        .send(Method::DELETE, &strong.path, None)
        .await
        .unwrap();
    assert_eq!(status, StatusCode::NO_CONTENT, "revoking again is no fault");
}

#[tokio::test]
async fn tokens_can_be_rotated_for_ever_and_the_old_ones_disappear() {
    let nightdesk = Nightdesk::start(Options::default()).await;
    let owner = nightdesk.owners_door();
    for n in 0..230 {
        let (status, made) = owner
            .send(
                Method::POST,
                "/v1/tokens",
                Some(json!({"token_name": format!("n{n}")})),
            )
            .await
            .unwrap();
        assert_eq!(status, StatusCode::CREATED, "rotation {n}: {made:#}");
        let path = format!("/v1/tokens/{}", made["id"].as_str().unwrap());
        let (status, _) = owner.send(Method::DELETE, &path, None).await.unwrap();
        assert_eq!(status, StatusCode::NO_CONTENT);
    }
    let month = 30 * 24 * 3600 + 60;
    nightdesk
        .post(
            "/_local/clock",
            json!({"advance_seconds": month, "sleep": true}),
        )
        .await;
    let tokens = nightdesk.get("/v1/tokens").await;
    assert_eq!(tokens["pagination"]["total"], 1, "{tokens:#}");
}

#[tokio::test]
async fn an_owner_who_lost_every_token_gets_a_new_one_from_who_administers() {
    let nightdesk = Nightdesk::start(Options::default()).await;
    let made = nightdesk
        .post("/_local/owners", json!({"email": "victim@nightdesk.test"}))
        .await;
    let victim = nightdesk.door(made["token"].as_str().unwrap());
    // Whoever had the victim's token has filled the place up.
    let mut last = Value::Null;
    for n in 0..199 {
        let body = json!({"token_name": format!("n{n}"), "permissions": ["read"]});
        let (status, token) = victim
            .send(Method::POST, "/v1/tokens", Some(body))
            .await
            .unwrap();
        assert_eq!(status, StatusCode::CREATED, "{token:#}");
        last = token;
    }
    assert!(last["id"].is_string());
    let full = refused(
        &victim,
        Method::POST,
        "/v1/tokens",
        Some(json!({"token_name": "x"})),
    )
    .await;
    assert_eq!(full, (429, "quota_exceeded".to_owned()));
    let owner = made["owner_id"].as_str().unwrap();
    let path = format!("/v1/owners/{owner}/tokens");
    let answer = nightdesk
        .post(&path, json!({"token_name": "recovered"}))
        .await;
    let recovered = nightdesk.door(answer["token"].as_str().unwrap());
    let (status, me) = recovered.send(Method::GET, "/v1/me", None).await.unwrap();
    assert_eq!(
        (status, &me["email"]),
        (StatusCode::OK, &json!("victim@nightdesk.test"))
    );
    assert_eq!(
        me["permissions"],
        json!(["read", "workflows", "approvals", "sessions", "tokens"])
    );
    // Nobody else may do that, and not for an owner that never was.
    let came = refused(
        &victim,
        Method::POST,
        &path,
        Some(json!({"token_name": "x"})),
    )
    .await;
    assert_eq!(came, (403, "forbidden".to_owned()));
    let never = format!("/v1/owners/own_{}/tokens", "0".repeat(32));
    let came = refused(
        &nightdesk.owners_door(),
        Method::POST,
        &never,
        Some(json!({"token_name": "x"})),
    )
    .await;
    assert_eq!(came, (404, "not_found".to_owned()));
}
