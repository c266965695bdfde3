//! Two tenants: whatever the contract lists, the other's objects are not there (promise 12).
//!
//! The walk takes its routes from the served document, so a new route is in it by being documented; one whose
//! path the walk cannot fill fails it.

use std::collections::BTreeMap;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{Door, Nightdesk, Options, Outside};

/// What `{id}` and its like stand for under each collection, as one owner has them.
struct Objects(BTreeMap<&'static str, String>);

impl Objects {
    /// One of everything.
    async fn made_by(nightdesk: &Nightdesk, outside: &Outside) -> Self {
        let webhook = json!({
            "id": "publish", "type": "post_webhook",
            "config": {"url": outside.url("/hook"), "body": "hello"},
        });
        let workflow = nightdesk
            .workflow(json!({
                "name": "mine", "mode": "multi_step", "steps": [webhook], "schedule": "manual",
                "stop_condition": {"type": "always"},
            }))
            .await;
        let run = nightdesk.execute(&workflow).await;
        nightdesk.run_until(&run, &["awaiting_approval"]).await;
        let approvals = nightdesk.get("/v1/approvals").await;
        let planning = nightdesk
            .post(
                "/v1/workflows/plan/async",
                json!({"intent": "tell me when the prices at example.com change"}),
            )
            .await;
        let token = nightdesk
            .post("/v1/tokens", json!({"token_name": "mine"}))
            .await;
        let session = nightdesk
            .post("/v1/sessions", json!({"name": "mine"}))
            .await;
        let me = nightdesk.get("/v1/me").await;
        let id = |value: &Value| value.as_str().unwrap().to_owned();
        outside.publish("mine", "Mine", "A page that is watched by its owner alone.");
        let watch = nightdesk
            .workflow(json!({
                "name": "watch", "workflow_type": "crawl", "schedule": "manual",
                "operation_config": {"urls": [outside.url("/pages/mine")]},
                "stop_condition": {"type": "always"},
                "deliver": [{"type": "webhook", "url": outside.url("/hook")}],
            }))
            .await;
        let watched = nightdesk.execute(&watch).await;
        nightdesk.run_until(&watched, &["completed"]).await;
        let signals = nightdesk
            .get(&format!("/v1/workflows/{watch}/signals"))
            .await;
        let deliveries = nightdesk.get("/v1/deliveries").await;
        let watch = nightdesk.get(&format!("/v1/workflows/{watch}")).await;
        Self(BTreeMap::from([
            (
                "/v1/workflows/plan/async/{session_id}",
                id(&planning["session_id"]),
            ),
            ("/v1/workflows/{id}", workflow),
            ("/v1/executions/{id}", run),
            ("/v1/approvals/{id}", id(&approvals["approvals"][0]["id"])),
            ("/v1/tokens/{id}", id(&token["id"])),
            ("/v1/owners/{id}", id(&me["owner_id"])),
            ("/v1/sessions/{id}", id(&session["id"])),
            ("/v1/signals/{id}", id(&signals["signals"][0]["id"])),
            (
                "/v1/deliveries/{id}",
                id(&deliveries["deliveries"][0]["id"]),
            ),
            ("/v1/destinations/{id}", id(&watch["deliver"][0]["id"])),
        ]))
    }

    /// The path with this owner's ids, and the same with ids that never were.
    fn paths(&self, template: &str) -> (String, String) {
        let known = self
            .0
            .iter()
            .filter(|(collection, _)| template.starts_with(*collection))
            .max_by_key(|(collection, _)| collection.len());
        let (collection, id) =
            known.unwrap_or_else(|| panic!("the walk knows no object for {template}"));
        let rest = template[collection.len()..]
            .replace("{key}", "publish")
            .replace("{version}", "1")
            .replace("{before}", id);
        assert!(!rest.contains('{'), "the walk cannot fill {template}");
        let (beginning, _) = collection.rsplit_once('/').unwrap();
        let prefix = id.split('_').next().unwrap();
        let never = format!("{prefix}_{}", "0".repeat(32));
        (
            format!("{beginning}/{id}{rest}"),
            format!("{beginning}/{never}{rest}"),
        )
    }
}

/// A body that the operation would accept.
fn body(method: &str, template: &str) -> Option<Value> {
    let last = template.rsplit('/').next().unwrap_or_default();
    match (method, last) {
        ("patch", _) if template.starts_with("/v1/tokens") => Some(json!({"token_name": "x"})),
        ("patch", _) => Some(json!({"name": "x"})),
        ("post", "resolve") => Some(json!({"step": "publish", "outcome": "fail"})),
        ("post", "request_changes") => Some(json!({"note": "shorter"})),
        ("post", _) => Some(json!({})),
        _ => None,
    }
}

/// An answer without the one thing that is different in every answer.
async fn ask(door: &Door, method: &str, path: &str, body: Option<Value>) -> (StatusCode, Value) {
    let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
    let (status, mut answer) = door.send(method, path, body).await.unwrap();
    if let Some(fields) = answer.as_object_mut() {
        assert!(fields.remove("request_id").is_some(), "{path}: {fields:?}");
    }
    (status, answer)
}

#[tokio::test]
async fn the_other_tenants_objects_are_not_there_whatever_the_route() {
    let outside = Outside::start().await;
    let nightdesk = Nightdesk::start(Options {
        env: vec![("NIGHTDESK_EGRESS_ALLOW", outside.address())],
        ..Options::default()
    })
    .await;
    let mine = Objects::made_by(&nightdesk, &outside).await;
    let other = nightdesk
        .post("/_local/owners", json!({"email": "other@nightdesk.test"}))
        .await;
    let other = nightdesk.door(other["token"].as_str().unwrap());
    let document = nightdesk.get("/v1/openapi.json").await;
    let mut walked = 0;
    for (template, methods) in document["paths"].as_object().unwrap() {
        if !template.contains('{') {
            continue;
        }
        let (theirs, never) = mine.paths(template);
        for method in methods.as_object().unwrap().keys() {
            let body = body(method, template);
            let found = ask(&other, method, &theirs, body.clone()).await;
            // Who does not administer is told so before anything is looked for.
            let expected = if template.starts_with("/v1/owners/") {
                StatusCode::FORBIDDEN
            } else {
                StatusCode::NOT_FOUND
            };
            assert_eq!(found.0, expected, "{method} {theirs}: {}", found.1);
            let nothing = ask(&other, method, &never, body).await;
            assert_eq!(found, nothing, "{method} {template} tells the two apart");
            walked += 1;
        }
    }
    assert!(walked >= 25, "{walked} operations have an id in their path");
    for list in ["workflows", "executions", "approvals"] {
        let (_, answer) = ask_list(&other, list).await;
        assert_eq!(answer["pagination"]["total"], 0, "{list}: {answer:#}");
    }
}

async fn ask_list(door: &Door, list: &str) -> (StatusCode, Value) {
    door.send(Method::GET, &format!("/v1/{list}"), None)
        .await
        .unwrap()
}
