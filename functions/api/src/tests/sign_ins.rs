//! Browsers: signed in with a token, listed, signed out, and never more than their token.

use domain::owner::Permission;
use domain::quota::Quota;
use serde_json::json;

use super::world::{A, Answer, B, World};

/// The origin of our own pages.
const OWN: (&str, &str) = ("origin", "http://127.0.0.1:8787");

/// A browser's cookie, after it has signed in.
async fn sign_in(world: &World, token: &str, browser: &str) -> String {
    let headers = [OWN, ("user-agent", browser)];
    let answer = world
        .form("/signin", &headers, &format!("token={token}"))
        .await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    cookie(&answer)
}

fn cookie(answer: &Answer) -> String {
    let set = answer.header("set-cookie");
    set.split(';').next().unwrap().to_owned()
}

async fn desk(world: &World, cookie: &str) -> u16 {
    let answer = world.send("GET", "/", &[("cookie", cookie)], "").await;
    answer.status.as_u16()
}

async fn sign_out(world: &World, cookie: &str, form: &str) -> Answer {
    world
        .form("/signout", &[OWN, ("cookie", cookie)], form)
        .await
}

/// What the settings show.
async fn settings(world: &World, cookie: &str) -> String {
    let answer = world
        .send("GET", "/settings", &[("cookie", cookie)], "")
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.text()
}

#[tokio::test]
async fn the_cookie_is_not_the_token_and_opens_pages_only() {
    let world = World::new();
    let cookie = sign_in(&world, A, "Firefox").await;
    let (name, secret) = cookie.split_once('=').unwrap();
    assert_eq!(name, "nightdesk", "without TLS, on this machine");
    assert!(!cookie.contains(A) && secret.starts_with("nds_"));
    assert_eq!(desk(&world, &cookie).await, 200);
    world
        .get_as(secret, "/v1/me")
        .await
        .refused(401, "unauthenticated");
    world
        .send("GET", "/v1/me", &[("cookie", &cookie)], "")
        .await
        .refused(401, "unauthenticated");
    // The token itself is no cookie, and neither is anything made up.
    for other in [A, "nds_0", &format!("nds_{}", "0".repeat(64))] {
        assert_eq!(
            desk(&world, &format!("{name}={other}")).await,
            303,
            "{other}"
        );
    }
}

#[tokio::test]
async fn browsers_are_listed_and_signed_out_one_by_one_or_all() {
    let world = World::new();
    let laptop = sign_in(&world, A, "Laptop <b>").await;
    let phone = sign_in(&world, A, "Phone").await;
    let stranger = sign_in(&world, B, "Stranger").await;
    let shown = settings(&world, &laptop).await;
    assert!(
        shown.contains("Laptop &#60;b&#62;") || shown.contains("Laptop &lt;b&gt;"),
        "{shown}"
    );
    assert!(shown.contains("Phone") && !shown.contains("Stranger") && shown.contains("(this one)"));
    let ids: Vec<&str> = shown
        .split("name=\"id\" value=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    assert_eq!(ids.len(), 2);
    // Another owner's form reaches nothing.
    for id in &ids {
        sign_out(&world, &stranger, &format!("id={id}")).await;
    }
    assert_eq!(desk(&world, &phone).await, 200);
    let elsewhere = [("origin", "https://evil.example"), ("cookie", &*laptop)];
    let refused = world.form("/signout", &elsewhere, "scope=all").await;
    assert_eq!(refused.status, 403);
    let answer = sign_out(&world, &laptop, &format!("id={}", ids[0])).await;
    assert_eq!(
        answer.header("location"),
        "/settings",
        "the newest is the phone"
    );
    assert_eq!(
        (desk(&world, &phone).await, desk(&world, &laptop).await),
        (303, 200)
    );
    let third = sign_in(&world, A, "Third").await;
    assert_eq!(sign_out(&world, &laptop, "scope=some").await.status, 422);
    sign_out(&world, &laptop, "scope=all").await;
    assert_eq!(
        (desk(&world, &third).await, desk(&world, &laptop).await),
        (303, 303)
    );
    assert_eq!(desk(&world, &stranger).await, 200);
}

#[tokio::test]
async fn a_browser_ends_with_its_token_and_after_a_week() {
    let world = World::new();
    let made = world
        .post(
            "/v1/tokens",
            json!({"token_name": "t", "permissions": ["read"]}),
        )
        .await
        .json();
    let (id, text) = (
        made["id"].as_str().unwrap(),
        made["token"].as_str().unwrap(),
    );
    let cookie = sign_in(&world, text, "Browser").await;
    let mine = sign_in(&world, A, "Mine").await;
    assert_eq!(desk(&world, &cookie).await, 200);
    let path = format!("/v1/tokens/{id}");
    let revoked = world.json_as(A, "DELETE", &path, &json!(null)).await;
    assert_eq!(revoked.status, 204);
    assert_eq!(
        (desk(&world, &cookie).await, desk(&world, &mine).await),
        (303, 200)
    );
    world.advance_clock(7 * 24);
    assert_eq!(desk(&world, &mine).await, 303);
}

#[tokio::test]
async fn there_is_room_for_so_many_and_those_that_ended_take_none() {
    let world = World::new();
    for n in 0..Quota::SignIns.most() {
        sign_in(&world, A, &format!("b{n}")).await;
    }
    let refused = world.form("/signin", &[OWN], &format!("token={A}")).await;
    assert_eq!(refused.status, 429, "{}", refused.text());
    assert_eq!(refused.header("set-cookie"), "");
    world.advance_clock(7 * 24);
    sign_in(&world, A, "after a week").await;
}

#[tokio::test]
async fn a_token_that_may_not_read_and_the_installations_own_sign_nobody_in() {
    let own = "nd_ooooooooooooooooooooooooooooooooooooooooo";
    let world = World::new().with_admin_token(own);
    let blind = "nd_bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
    world.token(blind, 3, "c@owner.test", &[Permission::Workflows]);
    for token in [own, blind, "nd_wrong", ""] {
        let refused = world
            .form("/signin", &[OWN], &format!("token={token}"))
            .await;
        assert_eq!(refused.status, 401, "{token}");
    }
}
