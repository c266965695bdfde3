//! Whether answers are what a case expects, and what holds of every answer besides.

use domain::fault::Code;
use serde_json::Value;

use super::case::{Case, Ready, text};
use super::stage::{Answer, Props, Stage};
use crate::world::probe;

/// Everything that is wrong with the answers to a case.
pub(super) fn complaints(
    case: &Case,
    sent: &[Ready],
    answers: &[Answer],
    stage: &Stage,
    props: &Props,
) -> Vec<String> {
    let mut wrong = Vec::new();
    statuses(case, answers, &mut wrong);
    for (ready, answer) in sent.iter().zip(answers) {
        form(ready, answer, &mut wrong);
        for secret in [props.key.as_str(), stage.nightdesk.token(), &stage.key_b] {
            if !secret.is_empty() && answer.status >= 400 && answer.text.contains(secret) {
                wrong.push("the answer repeats a token".to_owned());
            }
        }
    }
    let is_page = sent.iter().all(|ready| ready.path.starts_with("/a/"));
    if !is_page {
        codes(case, answers, &mut wrong);
        fields(case, answers, &mut wrong);
    }
    let Some(last) = answers.last() else {
        return vec!["nothing was sent".to_owned()];
    };
    for (pointer, value) in case.expect["body"].as_object().into_iter().flatten() {
        let found = last.body.pointer(pointer).unwrap_or(&Value::Null);
        if found != value {
            wrong.push(format!("{pointer} is {found}, not {value}"));
        }
    }
    headers(case, last, &mut wrong);
    if let Some(canonical) = case.expect.get("normalised") {
        let body: Value =
            serde_json::from_slice(sent[0].body.as_deref().unwrap_or_default()).unwrap_or_default();
        let seen = probe(
            "url",
            &serde_json::json!({"url": body["operation_config"]["urls"][0]}),
        );
        if seen["canonical"] != *canonical {
            wrong.push(format!("its canonical form is {}", seen["canonical"]));
        }
    }
    wrong.dedup();
    wrong
}

fn statuses(case: &Case, answers: &[Answer], wrong: &mut Vec<String>) {
    let expect = &case.expect;
    let mut got: Vec<u64> = answers
        .iter()
        .map(|answer| u64::from(answer.status))
        .collect();
    let numbers = |value: &Value| -> Vec<u64> {
        match value.as_array() {
            Some(list) => list.iter().filter_map(Value::as_u64).collect(),
            None => value.as_u64().into_iter().collect(),
        }
    };
    let mut may_fail = false;
    let fits = if let Some(allowed) = expect.get("status").map(numbers) {
        may_fail = allowed.iter().any(|status| *status >= 500);
        got.iter().all(|status| allowed.contains(status))
    } else if let Some(sequence) = expect.get("sequence").map(numbers) {
        may_fail = sequence.iter().any(|status| *status >= 500);
        got == sequence
    } else if let Some(multiset) = expect.get("multiset") {
        let mut sets: Vec<Vec<u64>> = match multiset[0].is_array() {
            true => multiset.as_array().unwrap().iter().map(numbers).collect(),
            false => vec![numbers(multiset)],
        };
        sets.iter_mut().for_each(|set| set.sort_unstable());
        got.sort_unstable();
        sets.contains(&got)
    } else {
        true
    };
    if !fits || (!may_fail && got.iter().any(|status| *status >= 500)) {
        let mut told: Vec<String> = answers.iter().map(summary).collect();
        told.dedup();
        told.truncate(4);
        wrong.push(format!("answered {}", told.join(", then ")));
    }
}

/// An answer in a line.
fn summary(answer: &Answer) -> String {
    let detail: String = match answer.body.get("code") {
        Some(code) => format!("{} {}", text(code), answer.body["detail"]),
        None => answer.text.chars().take(200).collect(),
    };
    format!("{} {detail}", answer.status)
}

/// What every answer has, whatever it says.
fn form(ready: &Ready, answer: &Answer, wrong: &mut Vec<String>) {
    let header = |name: &str| {
        answer
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let content_type = header("content-type");
    if ready.path.starts_with("/a/") {
        if !content_type.starts_with("text/html") {
            wrong.push(format!("a page is {content_type}"));
        }
        return;
    }
    if answer.status < 400 {
        return;
    }
    if content_type != "application/problem+json" {
        wrong.push(format!("a problem is {content_type}"));
    }
    let body = &answer.body;
    for member in ["type", "title", "detail", "code", "request_id"] {
        if body[member].as_str().is_none_or(str::is_empty) {
            wrong.push(format!("a problem has no {member}"));
        }
    }
    if body["status"] != answer.status {
        wrong.push(format!("the problem says status {}", body["status"]));
    }
    // What the local host itself refuses has no request behind it in AWS.
    let id = header("x-request-id");
    if answer.status != 421 && (id.is_empty() || body["request_id"] != id) {
        wrong.push("the request's id is not the one in X-Request-Id".to_owned());
    }
    for error in body["errors"].as_array().into_iter().flatten() {
        if ["path", "code", "message"]
            .iter()
            .any(|name| !error[*name].is_string())
        {
            wrong.push(format!("an error is {error}"));
        }
    }
    for code in codes_of(body) {
        if !Code::ALL.iter().any(|known| known.as_str() == code) {
            wrong.push(format!("{code} is no code of the contract"));
        }
    }
    if matches!(answer.status, 429 | 503) && header("retry-after").is_empty() {
        wrong.push(format!("{} without Retry-After", answer.status));
    }
}

fn codes_of(problem: &Value) -> Vec<&str> {
    let errors = problem["errors"].as_array().into_iter().flatten();
    std::iter::once(&problem["code"])
        .chain(errors.map(|error| &error["code"]))
        .filter_map(Value::as_str)
        .collect()
}

/// One text, or any of a list.
fn any_of(value: &Value) -> Vec<String> {
    match value.as_array() {
        Some(list) => list.iter().map(text).collect(),
        None => vec![text(value)],
    }
}

fn codes(case: &Case, answers: &[Answer], wrong: &mut Vec<String>) {
    let Some(expected) = case.expect.get("code").map(any_of) else {
        return;
    };
    for answer in answers.iter().filter(|answer| answer.status >= 400) {
        let codes = codes_of(&answer.body);
        if !codes
            .iter()
            .any(|code| expected.iter().any(|one| one == code))
        {
            wrong.push(format!("its codes are {codes:?}, not {expected:?}"));
        }
    }
}

fn fields(case: &Case, answers: &[Answer], wrong: &mut Vec<String>) {
    let Some(expected) = case.expect.get("field").map(any_of) else {
        return;
    };
    for answer in answers.iter().filter(|answer| answer.status >= 400) {
        let errors = answer.body["errors"].as_array().into_iter().flatten();
        let paths: Vec<&str> = errors.filter_map(|error| error["path"].as_str()).collect();
        let found = paths.iter().any(|path| {
            expected.iter().any(|field| {
                path == field || (!field.is_empty() && path.starts_with(&format!("{field}/")))
            })
        });
        if !found {
            wrong.push(format!("it names {paths:?}, not {expected:?}"));
        }
    }
}

fn headers(case: &Case, answer: &Answer, wrong: &mut Vec<String>) {
    for (name, value) in case.expect["headers"].as_object().into_iter().flatten() {
        let found = answer
            .headers
            .get(name)
            .map(|found| found.to_str().unwrap_or_default());
        let fits = match (found, value) {
            (None, _) => false,
            (Some(_), Value::Null) => true,
            (Some(found), Value::Array(parts)) => parts
                .iter()
                .all(|part| found.contains(part.as_str().unwrap_or_default())),
            (Some(found), exact) => exact == found,
        };
        if !fits {
            wrong.push(format!("the header {name} is {found:?}, not {value}"));
        }
    }
}
