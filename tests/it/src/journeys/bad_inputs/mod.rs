//! The table of bad inputs (`bad_inputs.json`), played against a running host.
//!
//! Every HTTP case is sent as it stands there and must get exactly the answer the table says, and a refused
//! request must leave the table's items, the queues, the schedules and the mailbox as they were. All
//! complaints come together at the end, by the ids of their cases. What is not so is in `exceptions`, with
//! the reason; an exception that no longer is one is a complaint too.

mod beyond;
mod case;
mod exceptions;
mod stage;
mod verdict;

use std::collections::BTreeSet;

use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use self::beyond::Before;
use self::case::{Case, Ready, Table};
use self::exceptions::{ELSEWHERE, OTHERWISE, UNPLAYED};
use self::stage::{Answer, Props, Stage};
use crate::world::{Manner, probe};

#[tokio::test]
async fn every_bad_request_gets_the_answer_of_the_table_and_changes_nothing() {
    let table = Table::read();
    let stage = Stage::start(&[]).await;
    let mut complaints = Vec::new();
    for case in &table.cases {
        let plain = |request: &&Value| variables(request).is_empty() && is_http(case);
        if let Some(request) = case.request.as_ref().filter(plain) {
            let wrong = play(&table, &stage, case, request).await;
            complaints.extend(unexpected(case, wrong));
        }
    }
    report(&complaints);
}

#[tokio::test]
async fn bad_requests_to_hosts_with_other_settings_are_refused_as_well() {
    let table = Table::read();
    let mut complaints = Vec::new();
    for case in &table.cases {
        let special = |request: &&Value| !variables(request).is_empty() && is_http(case);
        if let Some(request) = case.request.as_ref().filter(special) {
            let stage = Stage::start(&variables(request)).await;
            let wrong = play(&table, &stage, case, request).await;
            complaints.extend(unexpected(case, wrong));
        }
    }
    report(&complaints);
}

#[test]
fn conditions_are_judged_as_the_table_says() {
    let table: Value = serde_json::from_str(include_str!("../../../bad_inputs.json")).unwrap();
    let mut played = 0;
    for case in table["cases"].as_array().unwrap() {
        let input = &case["input"];
        if !case["expect"]["match"].is_boolean() || !input["condition"].is_object() {
            continue;
        }
        let seen = probe("condition", input);
        assert_eq!(
            seen["met"], case["expect"]["match"],
            "{}: {seen}",
            case["id"]
        );
        played += 1;
    }
    assert_eq!(played, 3);
}

#[test]
fn no_case_is_forgotten() {
    let table = Table::read();
    let ids: BTreeSet<&str> = table.cases.iter().map(|case| case.id.as_str()).collect();
    let listed = OTHERWISE
        .iter()
        .map(|(id, _)| id)
        .chain(UNPLAYED.iter().map(|(id, _)| id))
        .chain(ELSEWHERE.iter().map(|(id, _, _)| id));
    let mut seen = BTreeSet::new();
    for id in listed {
        assert!(ids.contains(id), "{id} is no case");
        assert!(seen.insert(*id), "{id} is listed twice");
    }
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for (id, file, test) in ELSEWHERE {
        let source = std::fs::read_to_string(root.join(file)).unwrap_or_default();
        assert!(
            source.contains(&format!("fn {test}(")),
            "{id}: {file} has no test {test}"
        );
    }
    let forgotten: Vec<&Case> = table
        .cases
        .iter()
        .filter(|case| !is_http(case) && !case.expect["match"].is_boolean())
        .filter(|case| !seen.contains(case.id.as_str()))
        .collect();
    assert!(forgotten.is_empty(), "{forgotten:#?}");
}

/// Whether a case is played over HTTP.
fn is_http(case: &Case) -> bool {
    let elsewhere = ELSEWHERE.iter().any(|(id, _, _)| *id == case.id);
    case.request.is_some() && !elsewhere
}

/// The variables a case starts its host with.
fn variables(request: &Value) -> Vec<(&'static str, String)> {
    let mut variables = Vec::new();
    for name in ["NIGHTDESK_LIMITS", "NIGHTDESK_MAIL_DOMAINS"] {
        if let Some(value) = request["env"][name].as_str() {
            variables.push((name, value.to_owned()));
        }
    }
    if request["tenant"] == "at_workflow_quota" {
        variables.push(("NIGHTDESK_MAX_WORKFLOWS", "2".to_owned()));
    }
    variables
}

/// Plays one case; what was wrong.
async fn play(table: &Table, stage: &Stage, case: &Case, request: &Value) -> Vec<String> {
    let props = match stage.props(request).await {
        Ok(props) => props,
        Err(lack) => return vec![lack],
    };
    let ready = table.requests(request, stage.nightdesk.base());
    let sent: Vec<Ready> = ready.iter().map(|ready| props.fill(ready)).collect();
    let before = Before::of(stage, &props).await;
    if let Some(name) = request["llm_stub"].as_str() {
        let manner = Manner::named(name).unwrap_or_else(|| panic!("no model is {name}"));
        stage.model.behave(manner);
    }
    let held = stage.holdings().await;
    let answers = answers(stage, request, &sent).await;
    stage.model.behave(Manner::Well);
    let mut wrong = verdict::complaints(case, &sent, &answers, stage, &props);
    let only_looks = request["method"] == "GET" || request["body"]["dry_run"] == true;
    // Where time passes meanwhile, what it brings is no change by the request.
    let time_stands_still = request.get("race").is_none();
    let refused = answers.iter().all(|answer| answer.status >= 400);
    if time_stands_still && (only_looks || refused) {
        let changes = held.changes(&stage.holdings().await);
        wrong.extend(
            changes
                .into_iter()
                .map(|change| format!("changed: {change}")),
        );
    }
    if case.expect.get("assert_").is_some()
        && let Err(other) = beyond::check(&case.id, stage, &props, before, &answers).await
    {
        wrong.push(other);
    }
    strike(stage, &props, &answers).await;
    wrong
}

/// Sends what a case sends, one after the other or all at once.
async fn answers(stage: &Stage, request: &Value, sent: &[Ready]) -> Vec<Answer> {
    if request.get("concurrent").is_some() || request.get("concurrent_paths").is_some() {
        return join_all(sent.iter().map(|ready| stage.send(ready))).await;
    }
    if request.get("race").is_some() {
        // The deadline passes while the answer is on its way.
        let (answer, ()) = tokio::join!(stage.send(&sent[0]), stage.advance(15 * 60));
        return vec![answer];
    }
    if request["fault"] == "ddb_down_first" {
        let faults = async |faults: Value| stage.nightdesk.post("/_local/faults", faults).await;
        faults(json!({"throttle": 1.0})).await;
        let first = stage.send(&sent[0]).await;
        faults(json!({})).await;
        return vec![first, stage.send(&sent[0]).await];
    }
    let mut answers = Vec::new();
    for ready in sent {
        answers.push(stage.send(ready).await);
    }
    answers
}

/// Takes the workflows of a case away again, so that no case sees those of another.
async fn strike(stage: &Stage, props: &Props, answers: &[Answer]) {
    let made = answers
        .iter()
        .filter(|answer| answer.status == 201)
        .filter_map(|answer| answer.body["id"].as_str().map(str::to_owned));
    let own = props.workflow.clone().into_iter();
    let waiting = props.waiting.iter().map(|waiting| waiting.workflow.clone());
    let ids: Vec<String> = made.chain(own).chain(waiting).collect();
    for id in &ids {
        let path = format!("/v1/workflows/{id}");
        let key = if props.key.is_empty() {
            stage.nightdesk.token()
        } else {
            &props.key
        };
        // It may be gone already.
        let _ = stage.call(key, Method::DELETE, &path, None).await;
    }
    if !ids.is_empty() {
        // A run that was stopped may have messages under way, which would count as changes of the next case.
        stage.quiesce().await;
    }
}

/// The complaints of a case, in the light of the exceptions.
fn unexpected(case: &Case, wrong: Vec<String>) -> Option<String> {
    let excuse = OTHERWISE.iter().find(|(id, _)| *id == case.id);
    match (wrong.is_empty(), excuse) {
        (true, None) | (false, Some(_)) => None,
        (true, Some((_, reason))) => Some(format!(
            "{}: gets the answer of the table now, and is listed as an exception ({reason})",
            case.id
        )),
        (false, None) => Some(format!(
            "{} ({}):\n    {}",
            case.id,
            case.why,
            wrong.join("\n    ")
        )),
    }
}

fn report(complaints: &[String]) {
    assert!(
        complaints.is_empty(),
        "{} cases:\n{}",
        complaints.len(),
        complaints.join("\n")
    );
}
