//! The documents are what the code gives, and the code is what the documents say.
//!
//! `NIGHTDESK_UPDATE=1 cargo test -p nightdesk-api openapi` writes the documents anew.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::document::document;
use super::{operations, texts};
use crate::routes;

/// Compares a checked-in file with what the code gives, or writes it.
#[track_caller]
fn checked_in(name: &str, made: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    if std::env::var_os("NIGHTDESK_UPDATE").is_some() {
        std::fs::write(&file, made).unwrap();
    }
    let stored = std::fs::read_to_string(&file).unwrap();
    assert!(
        stored == made,
        "{name} is not what the code gives: NIGHTDESK_UPDATE=1 cargo test -p nightdesk-api openapi"
    );
}

#[test]
fn the_documents_are_what_the_code_gives() {
    let json = serde_json::to_string_pretty(&document()).unwrap();
    checked_in("openapi.json", &format!("{json}\n"));
    checked_in("llms.txt", &texts::llms());
    checked_in("ERRORS.md", &texts::errors());
}

#[tokio::test]
async fn every_route_is_an_operation_and_every_operation_a_route() {
    let world = crate::tests::world::World::new();
    let mut documented: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for operation in operations::all() {
        let methods = documented.entry(operation.path).or_default();
        methods.insert(operation.method.to_uppercase());
    }
    let served: BTreeSet<&str> = routes::table().iter().map(|(path, _)| *path).collect();
    assert_eq!(served, documented.keys().copied().collect());
    for (path, methods) in documented {
        // No route takes PUT: the refusal lists what it takes.
        let answer = world.send("PUT", path, &[], "").await;
        assert_eq!(answer.status, 405, "{path}");
        let allowed = answer.header("allow").split(',');
        let allowed: BTreeSet<String> = allowed
            .filter(|method| *method != "HEAD")
            .map(str::to_owned)
            .collect();
        assert_eq!(allowed, methods, "{path}");
    }
}

#[test]
fn operations_have_names_of_their_own_and_answers_of_their_own() {
    let document = document();
    let mut names = BTreeSet::new();
    let mut used = BTreeSet::new();
    for methods in document["paths"].as_object().unwrap().values() {
        for operation in methods.as_object().unwrap().values() {
            let name = operation["operationId"].as_str().unwrap();
            assert!(names.insert(name.to_owned()), "two operations {name}");
            collect_references(operation, &mut used);
        }
    }
    for part in ["parameters", "headers", "responses", "schemas"] {
        let component = &document["components"][part];
        collect_references(component, &mut used);
        for name in component.as_object().unwrap().keys() {
            let reference = format!("#/components/{part}/{name}");
            let shared_refusal = reference == "#/components/responses/Problem";
            assert!(
                shared_refusal || used.contains(&reference) || part == "schemas",
                "{reference} is used nowhere"
            );
        }
    }
    for reference in used {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(
            document.pointer(pointer).is_some(),
            "{reference} names nothing"
        );
    }
}

fn collect_references(value: &serde_json::Value, into: &mut BTreeSet<String>) {
    match value {
        serde_json::Value::Object(fields) => {
            for (name, value) in fields {
                match value.as_str() {
                    Some(reference) if name == "$ref" => drop(into.insert(reference.to_owned())),
                    _ => collect_references(value, into),
                }
            }
        }
        serde_json::Value::Array(items) => {
            items.iter().for_each(|item| collect_references(item, into));
        }
        _ => {}
    }
}
