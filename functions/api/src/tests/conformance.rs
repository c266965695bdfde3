//! Every answer that any test gets is held to the document: its status is one the operation names, and its body fits
//! the schema and has no field that the schema does not name.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

use jsonschema::Validator;
use serde_json::{Value, json};

use super::world::Answer;
use crate::openapi;

/// The document, with every object of an answer closed.
static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let mut document = openapi::document();
    close(&mut document["components"]["schemas"]);
    document
});

/// Validators by the schema's name.
static VALIDATORS: LazyLock<Mutex<HashMap<String, &'static Validator>>> =
    LazyLock::new(Mutex::default);

/// Lets no object have a field that its schema does not name, unless it says that it may.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if fields.get("type") == Some(&json!("object")) && fields.contains_key("properties") {
                fields
                    .entry("additionalProperties")
                    .or_insert(Value::Bool(false));
            }
            fields.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn validator(reference: &str) -> &'static Validator {
    let mut validators = VALIDATORS.lock().unwrap();
    validators.entry(reference.to_owned()).or_insert_with(|| {
        let schema = json!({"$ref": reference, "components": DOCUMENT["components"]});
        let built = jsonschema::options()
            .with_draft(jsonschema::Draft::Draft202012)
            .build(&schema);
        Box::leak(Box::new(built.unwrap()))
    })
}

/// The documented path that `path` is an instance of; literal parts win.
fn template(path: &str) -> Option<&'static str> {
    let path = path.split('?').next().unwrap_or_default();
    let parts: Vec<&str> = path.split('/').collect();
    let fits = |template: &&&String| {
        let wanted: Vec<&str> = template.split('/').collect();
        wanted.len() == parts.len()
            && wanted
                .iter()
                .zip(&parts)
                .all(|(wanted, part)| wanted.starts_with('{') || wanted == part)
    };
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let mut found: Vec<&String> = paths.keys().filter(|template| fits(&template)).collect();
    found.sort_by_key(|template| template.matches('{').count());
    found.first().map(|template| template.as_str())
}

/// Holds an answer to the document.
#[track_caller]
pub(super) fn check(method: &str, path: &str, answer: &Answer) {
    let Some(template) = template(path) else {
        return;
    };
    let Some(operation) = DOCUMENT["paths"][template].get(method.to_lowercase()) else {
        return;
    };
    let status = answer.status.as_u16().to_string();
    let response = &operation["responses"][&status];
    assert!(
        response.is_object(),
        "{method} {template}: {status} is not documented: {}",
        answer.text()
    );
    let media = answer.header("content-type");
    let media = media.split(';').next().unwrap_or_default();
    let Some(content) = response.get("content") else {
        assert!(
            answer.body.is_empty(),
            "{method} {template}: {status} has no body"
        );
        return;
    };
    assert!(
        content.get(media).is_some(),
        "{method} {template}: {status} is no {media:?}"
    );
    let Some(reference) = content[media]["schema"]["$ref"].as_str() else {
        return;
    };
    let body = answer.json();
    let wrong: Vec<String> = validator(reference)
        .iter_errors(&body)
        .map(|error| format!("{} at {}", error, error.instance_path()))
        .collect();
    assert!(
        wrong.is_empty(),
        "{method} {template}: {status} does not fit {reference}:\n{}\n{body:#}",
        wrong.join("\n")
    );
}
