//! Somebody decides who was not asked: with the owner's token, under two spellings of one name, or by putting
//! themselves in the approver's place.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{Nightdesk, Options, Outside};

async fn stage() -> (Outside, Nightdesk) {
    let outside = Outside::start().await;
    let nightdesk = Nightdesk::start(Options {
        env: vec![("NIGHTDESK_EGRESS_ALLOW", outside.address())],
        ..Options::default()
    })
    .await;
    (outside, nightdesk)
}

/// A workflow that posts a text once `approvals` allow it.
fn posting(outside: &Outside, approvals: &Value) -> Value {
    json!({
        "name": "Weekly report", "mode": "multi_step", "schedule": "manual",
        "stop_condition": {"type": "always"}, "approvals": approvals,
        "steps": [{"id": "post", "type": "post_webhook",
                   "config": {"url": outside.url("/hook"), "body": "the figures of the week"}}],
    })
}

/// Starts a run that waits for its approval; gives the approval.
async fn parked(nightdesk: &Nightdesk, workflow: &str) -> (String, Value) {
    let run = nightdesk.execute(workflow).await;
    nightdesk.run_until(&run, &["awaiting_approval"]).await;
    let approvals = nightdesk
        .get(&format!(
            "/v1/approvals?status=pending&workflow_id={workflow}"
        ))
        .await;
    (run, approvals["approvals"][0].clone())
}

/// A decision with the owner's token.
async fn decide(nightdesk: &Nightdesk, approval: &Value, verb: &str, body: Value) -> (u16, Value) {
    let path = format!("/v1/approvals/{}/{verb}", approval["id"].as_str().unwrap());
    let (status, answer) = nightdesk.send(Method::POST, &path, Some(body)).await;
    (status.as_u16(), answer)
}

/// The mails to one person.
async fn mails_to(nightdesk: &Nightdesk, address: &str, n: usize) -> Vec<Value> {
    for seen in n.. {
        let mut mails = nightdesk.mails(seen).await;
        mails.retain(|mail| mail["to"] == json!([address]));
        if mails.len() >= n {
            return mails;
        }
    }
    unreachable!("mails run out only by patience")
}

/// The digits in the mail of a strict approval.
fn code(mail: &Value) -> String {
    let text = mail["text"].as_str().unwrap();
    let (_, code) = text.split_once("asks for this code:\n").unwrap();
    code.lines().next().unwrap().to_owned()
}

#[tokio::test]
async fn the_owners_token_does_not_decide_what_somebody_else_was_asked() {
    let (outside, nightdesk) = stage().await;
    let policy = json!({"approvers": [{"email": "editor@nightdesk.test"}], "strict": true});
    let workflow = nightdesk.workflow(posting(&outside, &policy)).await;
    let (run, approval) = parked(&nightdesk, &workflow).await;
    for (verb, body) in [
        ("approve", json!({})),
        ("approve", json!({"edited_body": "something else"})),
        ("reject", json!({})),
        ("request_changes", json!({"note": "shorter"})),
    ] {
        let (status, answer) = decide(&nightdesk, &approval, verb, body).await;
        assert_eq!(
            (status, &answer["code"]),
            (403, &json!("forbidden")),
            "{verb}: {answer:#}"
        );
        let detail = answer["detail"].as_str().unwrap();
        assert!(
            detail.contains("editor@nightdesk.test"),
            "it says who may: {detail}"
        );
    }
    assert!(outside.received().is_empty());
    // The editor decides, with the code, and it is the editor's decision.
    let mail = mails_to(&nightdesk, "editor@nightdesk.test", 1)
        .await
        .remove(0);
    let link = nightdesk.link(&mail);
    let form = format!("decision=approve&code={}", code(&mail));
    assert_eq!(nightdesk.fill_in(&link, &form).await, StatusCode::OK);
    let done = nightdesk.run_until(&run, &["completed", "failed"]).await;
    assert_eq!(done["status"], "completed", "{done:#}");
    assert_eq!(outside.received().len(), 1);
}

#[tokio::test]
async fn a_strict_approval_asks_for_the_code_whatever_the_channel() {
    let (outside, nightdesk) = stage().await;
    let workflow = nightdesk
        .workflow(posting(&outside, &json!({"strict": true})))
        .await;
    let (run, approval) = parked(&nightdesk, &workflow).await;
    let mail = mails_to(&nightdesk, "owner@nightdesk.test", 1)
        .await
        .remove(0);
    let right = code(&mail);
    let wrong = if right == "123456" {
        "654321"
    } else {
        "123456"
    };
    for (body, expected) in [
        (json!({}), "code_required"),
        (json!({"code": wrong}), "code_required"),
    ] {
        let (status, answer) = decide(&nightdesk, &approval, "approve", body.clone()).await;
        assert_eq!(
            (status, &answer["code"]),
            (422, &json!(expected)),
            "{body}: {answer:#}"
        );
    }
    assert!(outside.received().is_empty());
    let (status, answer) = decide(&nightdesk, &approval, "approve", json!({"code": right})).await;
    assert_eq!(
        (status, &answer["status"]),
        (200, &json!("approved")),
        "{answer:#}"
    );
    nightdesk.run_until(&run, &["completed"]).await;
}

#[tokio::test]
async fn codes_are_guessed_neither_by_one_channel_nor_by_turns() {
    let (outside, nightdesk) = stage().await;
    let workflow = nightdesk
        .workflow(posting(&outside, &json!({"strict": true})))
        .await;
    let (_, approval) = parked(&nightdesk, &workflow).await;
    let mail = mails_to(&nightdesk, "owner@nightdesk.test", 1)
        .await
        .remove(0);
    let (link, right) = (nightdesk.link(&mail), code(&mail));
    let wrong = if right == "123456" {
        "654321"
    } else {
        "123456"
    };
    let form = format!("decision=approve&code={wrong}");
    for _ in 0..3 {
        let status = nightdesk.fill_in(&link, &form).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    for _ in 0..2 {
        let (status, _) = decide(&nightdesk, &approval, "approve", json!({"code": wrong})).await;
        assert_eq!(status, 422);
    }
    let (status, answer) = decide(&nightdesk, &approval, "approve", json!({"code": right})).await;
    assert_eq!(
        (status, &answer["code"]),
        (429, &json!("too_many_attempts")),
        "{answer:#}"
    );
    let form = format!("decision=approve&code={right}");
    assert_eq!(
        nightdesk.fill_in(&link, &form).await,
        StatusCode::TOO_MANY_REQUESTS
    );
    assert!(outside.received().is_empty());
}

#[tokio::test]
async fn one_person_under_two_spellings_is_one_person() {
    let (outside, nightdesk) = stage().await;
    let policy = json!({
        "approvers": [{"email": "Owner@NightDesk.test"}, {"email": "second@nightdesk.test"}],
        "required": 2,
    });
    let workflow = nightdesk.workflow(posting(&outside, &policy)).await;
    let (run, approval) = parked(&nightdesk, &workflow).await;
    let (status, answer) = decide(&nightdesk, &approval, "approve", json!({})).await;
    assert_eq!(
        (status, &answer["status"]),
        (200, &json!("pending")),
        "{answer:#}"
    );
    let own = mails_to(&nightdesk, "Owner@NightDesk.test", 1)
        .await
        .remove(0);
    let again = nightdesk.decide(&nightdesk.link(&own), "approve").await;
    assert_eq!(again, StatusCode::OK, "the same decision again is no fault");
    let path = format!("/v1/approvals/{}", approval["id"].as_str().unwrap());
    let still = nightdesk.get(&path).await;
    assert_eq!(still["status"], "pending", "{still:#}");
    assert_eq!(still["decisions"].as_array().unwrap().len(), 1, "{still:#}");
    assert!(outside.received().is_empty());
    let other = mails_to(&nightdesk, "second@nightdesk.test", 1)
        .await
        .remove(0);
    let status = nightdesk.decide(&nightdesk.link(&other), "approve").await;
    assert_eq!(status, StatusCode::OK);
    nightdesk.run_until(&run, &["completed"]).await;
}

#[tokio::test]
async fn a_token_for_workflows_does_not_choose_who_approves() {
    let (outside, nightdesk) = stage().await;
    let policy = json!({"approvers": [{"email": "editor@nightdesk.test"}]});
    let workflow = nightdesk.workflow(posting(&outside, &policy)).await;
    let path = format!("/v1/workflows/{workflow}");
    let made = nightdesk
        .post(
            "/v1/tokens",
            json!({"token_name": "ci", "permissions": ["read", "workflows"]}),
        )
        .await;
    let program = nightdesk.door(made["token"].as_str().unwrap());
    let mine = json!({"approvals": {"approvers": [{"email": "mallory@nightdesk.test"}]}});
    for body in [
        mine.clone(),
        json!({"approvals": null}),
        json!({"approvals": {"approvers": [{"email": "editor@nightdesk.test"}], "on_timeout": "skip"}}),
    ] {
        let (status, answer) = program
            .send(Method::PATCH, &path, Some(body))
            .await
            .unwrap();
        assert_eq!(
            (status.as_u16(), &answer["code"]),
            (403, &json!("forbidden")),
            "{answer:#}"
        );
    }
    let own = posting(&outside, &mine["approvals"]);
    let (status, answer) = program
        .send(Method::POST, "/v1/workflows", Some(own))
        .await
        .unwrap();
    assert_eq!(
        (status.as_u16(), &answer["code"]),
        (403, &json!("forbidden")),
        "{answer:#}"
    );
    // What it may change it still may.
    let (status, answer) = program
        .send(
            Method::PATCH,
            &path,
            Some(json!({"name": "Report", "approvals": policy})),
        )
        .await
        .unwrap();
    assert_eq!(status, StatusCode::OK, "{answer:#}");
}

#[tokio::test]
async fn a_change_of_approvers_is_told_to_the_former_ones_and_reaches_no_run_in_flight() {
    let (outside, nightdesk) = stage().await;
    // The first step takes its time: the run is in flight while its workflow is changed.
    let mut slow = posting(
        &outside,
        &json!({"approvers": [{"email": "editor@nightdesk.test"}, {"email": "second@nightdesk.test"}]}),
    );
    slow["steps"] = json!([
        {"id": "read", "type": "crawl", "config": {"urls": [outside.url("/slow/3000/late")]}},
        {"id": "post", "type": "post_webhook", "depends_on": ["read"],
         "config": {"url": outside.url("/hook"), "body": "the figures of the week"}},
    ]);
    let workflow = nightdesk.workflow(slow).await;
    let run = nightdesk.execute(&workflow).await;
    let path = format!("/v1/workflows/{workflow}");
    let changed = json!({"approvals": {"approvers": [{"email": "mallory@nightdesk.test"}]}});
    let (status, answer) = nightdesk.send(Method::PATCH, &path, Some(changed)).await;
    assert_eq!(status, StatusCode::OK, "{answer:#}");
    nightdesk.run_until(&run, &["awaiting_approval"]).await;
    for person in ["editor@nightdesk.test", "second@nightdesk.test"] {
        let mails = mails_to(&nightdesk, person, 2).await;
        let (told, asked): (Vec<_>, Vec<_>) = mails.iter().partition(|mail| {
            mail["text"]
                .as_str()
                .unwrap()
                .contains("mallory@nightdesk.test")
        });
        assert_eq!((told.len(), asked.len()), (1, 1), "{mails:#?}");
        assert!(
            told[0]["text"]
                .as_str()
                .unwrap()
                .contains("owner@nightdesk.test"),
            "who did it"
        );
    }
    let approvals = nightdesk.get("/v1/approvals?status=pending").await;
    let approvers = &approvals["approvals"][0]["approvers"];
    assert_eq!(
        *approvers,
        json!([{"email": "editor@nightdesk.test"}, {"email": "second@nightdesk.test"}])
    );
    let all = nightdesk.mails(1).await;
    assert!(
        all.iter()
            .all(|mail| mail["to"] != json!(["mallory@nightdesk.test"])),
        "mallory is asked by no run that began before"
    );
}
