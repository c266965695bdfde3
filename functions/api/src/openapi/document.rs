//! The OpenAPI document put together.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{links, operation, operations, schemas, texts};

/// The document, from the code.
pub(crate) fn document() -> Value {
    let operations = operations::all();
    let mut paths = Map::new();
    for operation in &operations {
        let path = paths
            .entry(operation.path.to_owned())
            .or_insert_with(|| json!({}));
        path[operation.method] = operation.document();
    }
    links::write(&mut paths, &operations);
    let tags: BTreeSet<&str> = operations.iter().map(|operation| operation.tag).collect();
    let tags: Vec<Value> = tags.into_iter().map(|tag| json!({"name": tag})).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Nightdesk",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Goal-driven background workflows that watch, write and wait for your yes.",
            "description": texts::INTRODUCTION,
            "license": {"name": "MIT or Apache-2.0", "identifier": env!("CARGO_PKG_LICENSE")},
        },
        "servers": [{"url": "/", "description": "Where this document is served."}],
        "security": [{"token": []}],
        "tags": tags,
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "`nd_` and at least 32 URL-safe characters."},
            },
            "parameters": operation::parameters(),
            "headers": operation::headers(),
            "responses": operation::refusals(),
            "schemas": schemas::all(),
        },
    })
}
