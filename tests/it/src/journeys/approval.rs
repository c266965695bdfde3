//! A goal becomes a draft, a person is asked by mail, and what goes out is what was approved.

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::world::{Nightdesk, Options, Outside};

/// A workflow that searches, reads what it found, writes a report and posts it.
fn publishing(outside: &Outside) -> serde_json::Value {
    json!({
        "name": "Weekly harbour report",
        "mode": "multi_step",
        "schedule": "manual",
        "stop_condition": {"type": "always"},
        "steps": [
            {"id": "find", "type": "search", "config": {"query": "harbour", "max_results": 5}},
            {"id": "read", "type": "crawl", "depends_on": ["find"], "config": {"urls": "${steps.find.results[*].url}", "max_pages": 5}},
            {"id": "report", "type": "generate_report", "depends_on": ["read"], "config": {"length_words": 120, "title": "Harbour"}},
            {"id": "post", "type": "post_webhook", "depends_on": ["report"],
             "config": {"url": outside.url("/hook"), "body": {"title": "${steps.report.title}", "text": "${steps.report.text}"}}},
        ],
    })
}

async fn stage() -> (Outside, Nightdesk) {
    let outside = Outside::start().await;
    outside.publish("cranes", "Two new cranes", "The harbour took delivery of two new cranes on Tuesday, and the first container ship was unloaded the same evening.");
    outside.publish("ferries", "Ferries are late", "Ferries across the harbour ran forty minutes late all week because of the tide and the work on the northern quay.");
    let env = vec![
        ("NIGHTDESK_SEARCH_PROVIDER", "searxng".to_owned()),
        ("NIGHTDESK_SEARCH_URL", outside.url("")),
        ("NIGHTDESK_EGRESS_ALLOW", outside.address()),
    ];
    let nightdesk = Nightdesk::start(Options {
        env,
        ..Options::default()
    })
    .await;
    (outside, nightdesk)
}

#[tokio::test]
async fn what_is_approved_by_the_mailed_link_is_published_byte_for_byte() {
    let (outside, nightdesk) = stage().await;
    let workflow = nightdesk.workflow(publishing(&outside)).await;
    let run = nightdesk.execute(&workflow).await;
    let parked = nightdesk
        .run_until(&run, &["awaiting_approval", "failed"])
        .await;
    assert_eq!(parked["status"], "awaiting_approval", "{parked:#}");
    assert_eq!(outside.queries(), ["harbour"]);

    let mails = nightdesk.mails(1).await;
    let mail = &mails[0];
    assert_eq!(mail["to"], json!(["owner@nightdesk.test"]));
    assert!(
        mail["subject"]
            .as_str()
            .unwrap()
            .contains("Weekly harbour report"),
        "{mail:#}"
    );
    assert!(
        mail["text"].as_str().unwrap().contains("cranes"),
        "the mail shows the draft"
    );
    let link = nightdesk.link(mail);

    for _ in 0..20 {
        let page = nightdesk.browser(Method::GET, &link).send().await.unwrap();
        assert_eq!(page.status(), StatusCode::OK);
    }
    assert_eq!(
        nightdesk
            .browser(Method::HEAD, &link)
            .send()
            .await
            .unwrap()
            .status(),
        StatusCode::OK
    );
    let still = nightdesk.get(&format!("/v1/executions/{run}")).await;
    assert_eq!(
        (&still["status"], &still["revision"]),
        (&parked["status"], &parked["revision"]),
        "looking changes nothing"
    );
    assert!(outside.received().is_empty(), "nothing goes out unapproved");

    let approvals = nightdesk.get("/v1/approvals?status=pending").await;
    let approval = approvals["approvals"][0].clone();
    assert_eq!(nightdesk.decide(&link, "approve").await, StatusCode::OK);
    let done = nightdesk.run_until(&run, &["completed", "failed"]).await;
    assert_eq!(done["status"], "completed", "{done:#}");

    let received = outside.received();
    assert_eq!(received.len(), 1);
    let approved = approval["draft"]["body"].to_string().into_bytes();
    assert_eq!(
        received[0].body, approved,
        "byte for byte what was approved"
    );
    assert!(received[0].content_type.starts_with("application/json"));
    assert!(!received[0].key.is_empty());

    let page = nightdesk.browser(Method::GET, &link).send().await.unwrap();
    assert_eq!(page.status(), StatusCode::OK);
    assert!(
        page.text()
            .await
            .unwrap()
            .contains("Already approved by owner@nightdesk.test")
    );
    let again = nightdesk
        .get(&format!(
            "/v1/approvals/{}",
            approval["id"].as_str().unwrap()
        ))
        .await;
    assert_eq!(again["status"], "approved");
    assert_eq!(again["decisions"][0]["channel"], "mail");
}

#[tokio::test]
async fn a_strict_approval_takes_the_link_and_the_code_of_its_mail() {
    let (outside, nightdesk) = stage().await;
    let mut strict = publishing(&outside);
    strict["approvals"] = json!({"strict": true});
    let workflow = nightdesk.workflow(strict).await;
    let run = nightdesk.execute(&workflow).await;
    nightdesk.run_until(&run, &["awaiting_approval"]).await;
    let mail = nightdesk.mails(1).await.remove(0);
    let link = nightdesk.link(&mail);
    let text = mail["text"].as_str().unwrap();
    let (_, code) = text.split_once("asks for this code:\n").unwrap();
    let code = code.lines().next().unwrap();
    assert_eq!(code.len(), 6, "{text}");
    assert!(!mail["subject"].as_str().unwrap().contains(code));

    let refused = nightdesk.decide(&link, "approve").await;
    assert_eq!(refused, StatusCode::UNPROCESSABLE_ENTITY);
    let other = if code == "123456" { "654321" } else { "123456" };
    let wrong = format!("decision=approve&code={other}");
    let refused = nightdesk.fill_in(&link, &wrong).await;
    assert_eq!(refused, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(outside.received().is_empty());
    let right = format!("decision=approve&code={code}");
    assert_eq!(nightdesk.fill_in(&link, &right).await, StatusCode::OK);
    let done = nightdesk.run_until(&run, &["completed", "failed"]).await;
    assert_eq!(done["status"], "completed", "{done:#}");
    assert_eq!(outside.received().len(), 1);
}

#[tokio::test]
async fn a_rejected_draft_ends_the_run_and_nothing_goes_out() {
    let (outside, nightdesk) = stage().await;
    let workflow = nightdesk.workflow(publishing(&outside)).await;
    let run = nightdesk.execute(&workflow).await;
    nightdesk.run_until(&run, &["awaiting_approval"]).await;
    let link = nightdesk.link(&nightdesk.mails(1).await[0]);
    assert_eq!(nightdesk.decide(&link, "reject").await, StatusCode::OK);
    let done = nightdesk
        .run_until(&run, &["cancelled", "completed", "failed"])
        .await;
    assert_eq!(
        (&done["status"], &done["outcome_reason"]),
        (&json!("cancelled"), &json!("rejected"))
    );
    assert!(outside.received().is_empty());
}

#[tokio::test]
async fn requested_changes_bring_a_new_draft_and_close_the_old_link() {
    let (outside, nightdesk) = stage().await;
    let workflow = nightdesk.workflow(publishing(&outside)).await;
    let run = nightdesk.execute(&workflow).await;
    nightdesk.run_until(&run, &["awaiting_approval"]).await;
    let first = nightdesk.get("/v1/approvals?status=pending").await["approvals"][0].clone();
    let old_link = nightdesk.link(&nightdesk.mails(1).await[0]);
    let id = first["id"].as_str().unwrap();
    nightdesk
        .post(
            &format!("/v1/approvals/{id}/request_changes"),
            json!({"note": "name the quay"}),
        )
        .await;
    let mails = nightdesk.mails(2).await;
    nightdesk.run_until(&run, &["awaiting_approval"]).await;
    let second = nightdesk.get("/v1/approvals?status=pending").await["approvals"][0].clone();
    assert_eq!(
        (&second["generation"], &second["step"]),
        (&json!(2), &json!("post"))
    );
    assert_ne!(second["id"], first["id"]);
    assert_ne!(nightdesk.link(&mails[1]), old_link);
    let old = nightdesk
        .browser(Method::GET, &old_link)
        .send()
        .await
        .unwrap();
    assert!(matches!(old.status(), StatusCode::OK | StatusCode::GONE));
    assert!(
        !old.text().await.unwrap().contains("name=\"nonce\""),
        "the old link has no form"
    );
}

#[tokio::test]
async fn a_crash_while_a_person_decides_loses_nothing() {
    let (outside, mut nightdesk) = stage().await;
    let workflow = nightdesk.workflow(publishing(&outside)).await;
    let run = nightdesk.execute(&workflow).await;
    nightdesk.run_until(&run, &["awaiting_approval"]).await;
    let link = nightdesk.link(&nightdesk.mails(1).await[0]);
    nightdesk.kill_and_restart();
    assert_eq!(nightdesk.decide(&link, "approve").await, StatusCode::OK);
    nightdesk.kill_and_restart();
    let done = nightdesk.run_until(&run, &["completed", "failed"]).await;
    assert_eq!(done["status"], "completed", "{done:#}");
    let keys: std::collections::BTreeSet<String> = outside
        .received()
        .into_iter()
        .map(|received| received.key)
        .collect();
    assert_eq!(keys.len(), 1, "however often it was sent, it was one post");
}

#[tokio::test]
async fn an_approver_whose_mail_bounces_is_named_on_the_approval_and_another_still_decides() {
    let (outside, nightdesk) = stage().await;
    let mut body = publishing(&outside);
    body["approvals"] = json!({"approvers": [
        {"email": "bounce+editor@simulator.amazonses.com"}, {"email": "owner@nightdesk.test"},
    ]});
    let workflow = nightdesk.workflow(body).await;
    let run = nightdesk.execute(&workflow).await;
    nightdesk
        .run_until(&run, &["awaiting_approval", "failed"])
        .await;
    nightdesk.mails(2).await;
    nightdesk
        .post("/_local/quiesce", json!({"timeout_ms": 10_000}))
        .await;
    let approval = nightdesk.get("/v1/approvals?status=pending").await["approvals"][0].clone();
    let error = approval["notification_error"].as_str().unwrap_or_default();
    assert!(
        error.contains("bounce+editor@simulator.amazonses.com") && error.contains("user unknown"),
        "{approval:#}"
    );
    nightdesk
        .post(
            &format!("/v1/approvals/{}/approve", approval["id"].as_str().unwrap()),
            json!({}),
        )
        .await;
    let done = nightdesk.run_until(&run, &["completed", "failed"]).await;
    assert_eq!(done["status"], "completed", "{done:#}");
}
