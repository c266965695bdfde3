//! Deciding, by the API and by the mailed page.

use domain::approval::code::MailedCode;
use domain::approval::{Approval, ApprovalStatus, Draft};
use domain::digest;
use domain::execution::{Event, Execution};
use domain::ids::{ApprovalId, ExecutionId, WorkflowId};
use engine::advance::{Alongside, SYSTEM};
use engine::approvals::DraftMade;
use engine::memory::at_once;
use engine::ports::store::Link;
use engine::ports::{Store as _, Write};
use serde_json::{Value, json};

use super::world::{Answer, B, World};

const TOKEN: &str = "mFzq3vI2c1hF0eYpVvUQm5oKxk0m8cW2nZ1rT6yB4aE";
const OWN: (&str, &str) = ("origin", "http://127.0.0.1:8787");

struct Asked {
    world: World,
    id: ApprovalId,
    run: ExecutionId,
    workflow: String,
}

/// A run that stands at its gate, with a mailed link.
async fn asked_about(body: &str) -> Asked {
    let world = World::new();
    let steps = json!([{"id": "mail", "type": "send_email", "config": {"to": ["x@elsewhere.test"], "subject": "News", "body": body}}]);
    let workflow = json!({"name": "Weekly <b>news</b>", "mode": "multi_step", "steps": steps, "schedule": "manual", "stop_condition": {"type": "always"}});
    let made = world.post("/v1/workflows", workflow).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let workflow = made.json()["id"].as_str().unwrap().to_owned();
    let started = world
        .post(&format!("/v1/workflows/{workflow}/execute"), json!({}))
        .await
        .json();
    let run = ExecutionId::parse(started["execution"]["id"].as_str().unwrap()).unwrap();
    let owner = World::owner(1);
    let engine = &world.app.engine;
    let claim = Event::StepClaimed {
        step: "mail".into(),
        worker: "w".into(),
    };
    let claimed = engine
        .advance(&owner, &run, &claim, SYSTEM, &Alongside::default())
        .await
        .unwrap();
    let stored = world
        .store
        .workflow(&owner, &WorkflowId::parse(&workflow).unwrap())
        .await
        .unwrap()
        .unwrap();
    let draft = Draft::Email {
        to: vec!["x@elsewhere.test".into()],
        subject: "News".into(),
        body: body.into(),
    };
    let sources = vec![
        "https://example.com/a?b=c".into(),
        "javascript:alert(1)".into(),
    ];
    let made = DraftMade {
        draft,
        output: None,
        credits: 0,
        sources,
    };
    let (gate, alongside) = engine
        .request_approval(&claimed, "mail", &stored.name, &stored.approvals, made)
        .await
        .unwrap();
    let id = gate.approval.clone();
    let parked = Event::StepParked {
        step: "mail".into(),
        fence: 1,
        gate,
    };
    engine
        .advance(&owner, &run, &parked, SYSTEM, &alongside)
        .await
        .unwrap();
    let link = Link {
        owner,
        approval: id.clone(),
        approver: "a@owner.test".into(),
    };
    world.store.plant(&Write::PutLink {
        token_sha256: digest::of_bytes(TOKEN.as_bytes()),
        link,
    });
    Asked {
        world,
        id,
        run,
        workflow,
    }
}

fn nonce(page: &Answer) -> String {
    page.text()
        .split_once("name=\"nonce\" value=\"")
        .unwrap()
        .1
        .split('"')
        .next()
        .unwrap()
        .to_owned()
}

impl Asked {
    fn run(&self) -> Execution {
        let run = at_once(self.world.store.execution(&World::owner(1), &self.run));
        run.unwrap().unwrap()
    }

    fn approval(&self) -> Approval {
        let approval = at_once(self.world.store.approval(&World::owner(1), &self.id));
        approval.unwrap().unwrap()
    }

    /// Changes behind the API's back how many must approve.
    fn require(&self, required: u32) {
        let approval = Approval {
            required,
            ..self.approval()
        };
        self.world.store.plant(&Write::PutApproval { approval });
    }

    /// Changes behind the API's back who is asked.
    fn ask_others(&self, approvers: &[&str]) {
        let approvers = approvers.iter().map(|&one| one.to_owned()).collect();
        let approval = Approval {
            approvers,
            ..self.approval()
        };
        self.world.store.plant(&Write::PutApproval { approval });
    }

    /// Makes the approval a strict one, behind the API's back; the code in its mail.
    fn ask_for_code(&self) -> String {
        let code = MailedCode::of_digest(&[9; 32]);
        let approval = Approval {
            strict: true,
            ..self.approval()
        };
        self.world.store.plant(&Write::PutApproval { approval });
        self.world.store.plant(&Write::PutCode {
            owner: World::owner(1),
            approval: self.id.clone(),
            approver: "a@owner.test".into(),
            proof: code.proof(&self.id, "a@owner.test"),
        });
        code.expose().to_owned()
    }

    fn path(&self) -> String {
        format!("/v1/approvals/{}", self.id)
    }

    async fn page(&self) -> Answer {
        self.world
            .send("GET", &format!("/a/{TOKEN}"), &[], "")
            .await
    }

    /// The status of a form that is sent when there is no page with one any more.
    async fn click_late(&self, form: &str) -> u16 {
        let path = format!("/a/{TOKEN}");
        self.world.form(&path, &[OWN], form).await.status.as_u16()
    }

    async fn click(&self, form: &str) -> Answer {
        let nonce = nonce(&self.page().await);
        self.world
            .form(
                &format!("/a/{TOKEN}"),
                &[OWN],
                &format!("nonce={nonce}&{form}"),
            )
            .await
    }
}

#[tokio::test]
async fn a_draft_can_be_read_while_it_waits_and_after_it_was_rejected() {
    let asked = asked_about("The quay is open.\n").await;
    let output = format!("/v1/executions/{}/outputs/mail", asked.run);
    let draft = asked.world.get(&output).await;
    assert_eq!(draft.status, 200, "{}", draft.text());
    assert_eq!(draft.json()["body"], "The quay is open.\n", "byte for byte");
    let path = format!("{}/reject", asked.path());
    let rejected = asked.world.post(&path, json!({})).await;
    assert_eq!(rejected.status, 200, "{}", rejected.text());
    assert_eq!(asked.run().outcome_reason(), Some("rejected"));
    assert_eq!(asked.world.get(&output).await.json(), draft.json());
}

#[tokio::test]
async fn the_api_shows_and_decides() {
    let asked = asked_about("Hello").await;
    let list = asked.world.get("/v1/approvals?status=pending").await.json();
    assert_eq!(list["approvals"][0]["id"], json!(asked.id));
    assert_eq!(
        asked
            .world
            .get(&format!("/v1/approvals?workflow_id={}", asked.workflow))
            .await
            .json()["pagination"]["total"],
        1
    );
    let shown = asked.world.get(&asked.path()).await.json();
    assert_eq!(
        shown["draft"],
        json!({"kind": "email", "to": ["x@elsewhere.test"], "subject": "News", "body": "Hello"})
    );
    assert_eq!(shown["sha256"], digest::of_json(&shown["draft"]));
    assert_eq!(
        (&shown["approvers"], &shown["generation"], &shown["status"]),
        (
            &json!([{"email": "a@owner.test"}]),
            &json!(1),
            &json!("pending")
        )
    );
    let run = asked
        .world
        .get(&format!("/v1/executions/{}", asked.run))
        .await
        .json();
    assert_eq!(
        (&run["status"], &run["steps"][0]["approval_id"]),
        (&json!("awaiting_approval"), &json!(asked.id))
    );
    asked
        .world
        .get_as(B, &asked.path())
        .await
        .refused(404, "not_found");
    asked
        .world
        .json_as(B, "POST", &format!("{}/approve", asked.path()), &json!({}))
        .await
        .refused(404, "not_found");

    let decide = async |verb: &str, body: Value| {
        asked
            .world
            .post(&format!("{}/{verb}", asked.path()), body)
            .await
    };
    decide("approve", json!({"sha256": "0".repeat(64)}))
        .await
        .refused(409, "draft_changed");
    decide("request_changes", json!({}))
        .await
        .refused(422, "validation_failed");
    asked.require(2);
    let alone = decide("approve", json!({"edited_body": "mine"})).await;
    assert_eq!(
        alone.refused(422, "validation_failed")[0].0,
        "/edited_body",
        "two approve the same bytes"
    );
    asked.require(1);
    let edited = decide(
        "approve",
        json!({"comment": "fine", "edited_body": "Hello you"}),
    )
    .await;
    assert_eq!(edited.status, 200, "{}", edited.text());
    let edited = edited.json();
    assert_eq!(
        (
            &edited["status"],
            &edited["draft"]["body"],
            &edited["original_draft"]["body"]
        ),
        (&json!("approved"), &json!("Hello you"), &json!("Hello"))
    );
    assert_eq!(edited["sha256"], digest::of_json(&edited["draft"]));
    assert_eq!(edited["decisions"][0]["channel"], "api");
    assert_eq!(
        decide("approve", json!({})).await.status,
        200,
        "the same again"
    );
    let lost = decide("reject", json!({})).await;
    lost.refused(409, "already_decided");
    assert_eq!(
        (&lost.json()["decision"], &lost.json()["decided_by"]),
        (&json!("approve"), &json!("a@owner.test"))
    );
}

#[tokio::test]
async fn looking_at_the_link_changes_nothing() {
    let asked = asked_about("Hello").await;
    let commits = asked.world.store.commits();
    for _ in 0..5 {
        assert_eq!(asked.page().await.status, 200);
    }
    let head = asked
        .world
        .send("HEAD", &format!("/a/{TOKEN}"), &[], "")
        .await;
    assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
    let options = asked
        .world
        .send("OPTIONS", &format!("/a/{TOKEN}"), &[], "")
        .await;
    assert_eq!(
        (options.status.as_u16(), options.header("allow")),
        (204, "GET, HEAD, OPTIONS, POST")
    );
    assert_eq!(asked.world.store.commits(), commits);
    for (name, part) in [
        ("content-security-policy", "default-src 'none'"),
        ("content-security-policy", "script-src 'none'"),
        ("content-security-policy", "form-action 'self'"),
        ("content-security-policy", "frame-ancestors 'none'"),
        ("content-security-policy", "base-uri 'none'"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("x-robots-tag", "noindex"),
    ] {
        assert!(
            asked.page().await.header(name).contains(part),
            "{name}: {part}"
        );
    }
}

#[tokio::test]
async fn the_page_shows_everything_as_text() {
    let asked = asked_about("</textarea></pre><script>alert(1)</script>").await;
    let html = asked.page().await.text();
    assert!(!html.contains("<script") && !html.contains("<b>news"));
    for part in [
        "&#60;/textarea&#62;&#60;/pre&#62;&#60;script&#62;alert(1)",
        "Weekly &#60;b&#62;news",
        "x@elsewhere.test",
        "a@owner.test",
        "7 May 2026, 08:00 UTC",
        "href=\"https://example.com/a?b=c\"",
        "value=\"approve\"",
        "value=\"reject\"",
        "value=\"request_changes\"",
    ] {
        assert!(html.contains(part), "{part} is not in\n{html}");
    }
    assert!(!html.contains("href=\"javascript:"));
}

#[tokio::test]
async fn a_strict_link_decides_with_its_code_only() {
    let asked = asked_about("Hello").await;
    assert!(!asked.page().await.text().contains("name=\"code\""));
    let code = asked.ask_for_code();
    let page = asked.page().await.text();
    assert!(page.contains("name=\"code\"") && !page.contains(&code));
    // A form that could not count in any case uses up no try, and neither does one without a code.
    for form in ["decision=approve", "decision=approve&code=+", "code=123456"] {
        for _ in 0..3 {
            let again = asked.click(form).await;
            assert_eq!(again.status, 422, "{form}");
            assert!(again.text().contains("name=\"code\""), "the form again");
        }
    }
    let wrong = asked.click("decision=approve&code=000000&note=fine").await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text().contains("not the code") && wrong.text().contains("fine"));
    assert_eq!(asked.approval().status, ApprovalStatus::Pending);
    let right = asked.click(&format!("decision=reject&code={code}")).await;
    assert_eq!(right.status, 200, "{}", right.text());
    assert_eq!(asked.approval().status, ApprovalStatus::Rejected);
    assert_eq!(asked.click_late("decision=reject").await, 200);
    assert_eq!(asked.click_late("decision=approve").await, 409);
}

#[tokio::test]
async fn a_code_is_guessed_five_times_a_day_by_all_channels_together() {
    let asked = asked_about("Hello").await;
    let code = asked.ask_for_code();
    let path = format!("{}/approve", asked.path());
    for _ in 0..2 {
        let wrong = asked.click("decision=approve&code=000000").await;
        assert_eq!(wrong.status, 422);
    }
    for verb in ["approve", "reject", "request_changes"] {
        let verb = format!("{}/{verb}", asked.path());
        let mut body = json!({"code": "000000"});
        if verb.ends_with("changes") {
            body["note"] = "shorter".into();
        }
        let wrong = asked.world.post(&verb, body).await;
        let paths = wrong.refused(422, "code_required");
        assert_eq!(paths, [("/code".to_owned(), "code_required".to_owned())]);
    }
    let refused = asked.world.post(&path, json!({"code": code})).await;
    refused.refused(429, "too_many_attempts");
    assert_eq!(refused.header("retry-after"), "57600");
    let right = format!("decision=approve&code={code}");
    let refused = asked.click(&right).await;
    assert_eq!(
        (refused.status.as_u16(), refused.header("retry-after")),
        (429, "57600"),
        "until midnight"
    );
    assert!(!refused.text().contains("<form"));
    assert_eq!(asked.approval().status, ApprovalStatus::Pending);
    asked.world.advance_clock(16);
    assert_eq!(
        asked.click("decision=approve&code=000000").await.status,
        422
    );
    asked
        .world
        .post(&path, json!({}))
        .await
        .refused(422, "code_required");
    let right = asked.world.post(&path, json!({"code": code})).await;
    assert_eq!(right.status, 200, "{}", right.text());
}

#[tokio::test]
async fn only_who_was_asked_decides_by_whatever_channel() {
    let asked = asked_about("Hello").await;
    asked.ask_others(&["editor@desk.test", "second@desk.test"]);
    for (verb, body) in [
        ("approve", json!({})),
        ("reject", json!({})),
        ("request_changes", json!({"note": "shorter"})),
        ("approve", json!({"edited_body": "mine"})),
    ] {
        let path = format!("{}/{verb}", asked.path());
        let refused = asked.world.post(&path, body).await;
        refused.refused(403, "forbidden");
        let detail = refused.json()["detail"].clone();
        for approver in ["editor@desk.test", "second@desk.test"] {
            assert!(detail.as_str().unwrap().contains(approver), "{detail}");
        }
    }
    // A link that was made for somebody who is asked no longer shows no form, and decides nothing.
    let page = asked.page().await;
    assert_eq!(page.status, 403, "{}", page.text());
    assert!(!page.text().contains("<form"));
    assert_eq!(asked.approval().decisions, []);
    asked.ask_others(&["A@Owner.TEST"]);
    let path = format!("{}/approve", asked.path());
    let done = asked.world.post(&path, json!({})).await.json();
    assert_eq!(done["decisions"][0]["by"], "A@Owner.TEST");
}

#[tokio::test]
async fn a_click_decides_once() {
    let asked = asked_about("Hello").await;
    let approved = asked.click("decision=approve&note=").await;
    assert_eq!(approved.status, 200, "{}", approved.text());
    assert_eq!(asked.approval().status, ApprovalStatus::Approved);
    let decision = asked.world.get(&asked.path()).await.json()["decisions"][0].clone();
    assert_eq!(
        (&decision["by"], &decision["channel"]),
        (&json!("a@owner.test"), &json!("mail"))
    );
    let page = asked.page().await;
    assert_eq!(page.status, 200);
    assert!(
        page.text()
            .contains("Already approved by a@owner.test at 4 May 2026, 08:00 UTC")
            && !page.text().contains("<form")
    );
    let path = format!("/a/{TOKEN}");
    assert_eq!(
        asked
            .world
            .form(&path, &[OWN], "decision=approve")
            .await
            .status,
        200,
        "the same again"
    );
    let other = asked.world.form(&path, &[OWN], "decision=reject").await;
    assert_eq!(other.status, 409);
    assert!(other.text().contains("Already approved by a@owner.test"));
}

#[tokio::test]
async fn forged_and_undecided_forms_are_refused() {
    let asked = asked_about("Hello").await;
    let commits = asked.world.store.commits();
    let good = nonce(&asked.page().await);
    let path = format!("/a/{TOKEN}");
    let form = format!("decision=approve&nonce={good}");
    for headers in [
        &[("origin", "https://evil.example")][..],
        &[OWN, ("sec-fetch-site", "cross-site")],
    ] {
        assert_eq!(asked.world.form(&path, headers, &form).await.status, 403);
    }
    for other in [
        &form[..form.len() - 1],
        "decision=approve",
        &format!("decision=approve&nonce={}", "A".repeat(43)),
    ] {
        assert_eq!(
            asked.world.form(&path, &[OWN], other).await.status,
            403,
            "{other}"
        );
    }
    for undecided in [
        "",
        "decision=maybe",
        "decision=approve&decision=reject",
        "decision=reject&decision=approve",
        "decision=request_changes&note=+",
    ] {
        let answer = asked.click(undecided).await;
        assert_eq!(answer.status, 422, "{undecided}");
        assert!(answer.text().contains("role=\"alert\""));
    }
    assert_eq!(
        asked
            .world
            .send(
                "POST",
                &path,
                &[OWN, ("content-type", "application/json")],
                "{}"
            )
            .await
            .status,
        415
    );
    let flipped = TOKEN.replace('m', "n");
    for token in [
        &flipped,
        &TOKEN[..42],
        "zz.q3vI2c1hF0eYpVvUQm5oKxk0m8cW2nZ1rT6yB4aE",
        &"a".repeat(5000),
    ] {
        assert_eq!(
            asked
                .world
                .send("GET", &format!("/a/{token}"), &[], "")
                .await
                .status,
            404
        );
        assert_eq!(
            asked
                .world
                .form(&format!("/a/{token}"), &[OWN], &form)
                .await
                .status,
            404
        );
    }
    assert_eq!(asked.world.store.commits(), commits, "nothing has changed");
    assert_eq!(
        asked
            .world
            .form(
                &path,
                &[("origin", "null"), ("sec-fetch-site", "same-origin")],
                &form
            )
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn what_is_over_says_why() {
    let asked = asked_about("Hello").await;
    let late = format!("decision=approve&nonce={}", nonce(&asked.page().await));
    asked.world.advance_clock(73);
    assert_eq!(asked.page().await.status, 410);
    assert_eq!(
        asked
            .world
            .form(&format!("/a/{TOKEN}"), &[OWN], &late)
            .await
            .status,
        410
    );
    asked
        .world
        .post(&format!("{}/approve", asked.path()), json!({}))
        .await
        .refused(410, "approval_gone");

    let asked = asked_about("Hello").await;
    assert_eq!(
        asked
            .click("decision=request_changes&note=shorter")
            .await
            .status,
        200
    );
    let page = asked.page().await;
    assert_eq!(page.status, 410);
    assert!(page.text().contains("superseded") && !page.text().contains("<form"));
    assert_eq!(asked.run().steps[0].note.as_deref(), Some("shorter"));

    let asked = asked_about("Hello").await;
    asked
        .world
        .post(&format!("/v1/executions/{}/cancel", asked.run), json!({}))
        .await;
    assert_eq!(asked.page().await.status, 410);
    asked
        .world
        .post(&format!("{}/reject", asked.path()), json!({}))
        .await
        .refused(410, "approval_gone");
}

#[tokio::test]
async fn deleting_the_workflow_ends_what_it_asked() {
    let asked = asked_about("Hello").await;
    let auth = format!("Bearer {}", super::world::A);
    let deleted = asked
        .world
        .send(
            "DELETE",
            &format!("/v1/workflows/{}", asked.workflow),
            &[("authorization", &auth)],
            "",
        )
        .await;
    assert_eq!(deleted.status, 204, "{}", deleted.text());
    assert_eq!(asked.run().outcome_reason(), Some("workflow_deleted"));
    assert_eq!(asked.page().await.status, 410);
}

#[tokio::test]
async fn the_desk_is_behind_a_sign_in() {
    let asked = asked_about("Hello").await;
    let world = &asked.world;
    let away = world.send("GET", "/", &[], "").await;
    assert_eq!(
        (away.status.as_u16(), away.header("location")),
        (303, "/signin")
    );
    assert_eq!(world.send("GET", "/signin", &[], "").await.status, 200);
    assert_eq!(
        world.form("/signin", &[OWN], "token=nd_wrong").await.status,
        401
    );
    assert_eq!(
        world
            .form(
                "/signin",
                &[("origin", "https://evil.example")],
                &format!("token={}", super::world::A)
            )
            .await
            .status,
        403
    );
    let signed_in = world
        .form("/signin", &[OWN], &format!("token={}", super::world::A))
        .await;
    assert_eq!(
        (signed_in.status.as_u16(), signed_in.header("location")),
        (303, "/")
    );
    let cookie = signed_in
        .header("set-cookie")
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    assert!(
        signed_in
            .header("set-cookie")
            .contains("HttpOnly; SameSite=Lax")
    );
    let get = async |path: &str| world.send("GET", path, &[("cookie", &cookie)], "").await;
    let desk = get("/").await.text();
    assert!(
        desk.contains("One draft waits for you")
            && desk.contains(&format!("/approvals/{}", asked.id))
            && !desk.contains("<b>news"),
        "{desk}"
    );
    for path in [
        format!("/workflows/{}", asked.workflow),
        format!("/executions/{}", asked.run),
    ] {
        assert_eq!(get(&path).await.status, 200, "{path}");
    }
    let path = format!("/approvals/{}", asked.id);
    let nonce = nonce(&get(&path).await);
    let decide = async |form: &str| world.form(&path, &[OWN, ("cookie", &cookie)], form).await;
    assert_eq!(decide("decision=reject").await.status, 403);
    assert_eq!(
        decide(&format!("decision=reject&nonce={nonce}"))
            .await
            .status,
        200
    );
    assert_eq!(asked.run().outcome_reason(), Some("rejected"));
    let other = world.form("/signin", &[OWN], &format!("token={B}")).await;
    let other = other
        .header("set-cookie")
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    assert_eq!(
        world
            .send("GET", &path, &[("cookie", &other)], "")
            .await
            .status,
        404
    );
    world
        .send("GET", "/v1/workflows", &[("cookie", &cookie)], "")
        .await
        .refused(401, "unauthenticated");
    assert!(
        world
            .form("/signout", &[OWN, ("cookie", &cookie)], "")
            .await
            .header("set-cookie")
            .contains("Max-Age=0")
    );
}
