//! Where the ids in paths come from: OpenAPI links from the answer that shows an id to every operation that takes it, for
//! clients that follow them and fuzzers that need objects which exist.

use serde_json::{Map, Value, json};

use super::operation::Operation;

/// An answer that shows an id.
struct Source {
    method: &'static str,
    path: &'static str,
    status: u16,
    /// Where in the answer, as a JSON pointer.
    pointer: &'static str,
    /// The object it is the id of.
    object: &'static str,
}

const SOURCES: [Source; 10] = [
    Source {
        method: "post",
        path: "/v1/workflows",
        status: 201,
        pointer: "/id",
        object: "/v1/workflows/{id}",
    },
    Source {
        method: "post",
        path: "/v1/workflows/plan/async",
        status: 202,
        pointer: "/session_id",
        object: "/v1/workflows/plan/async/{session_id}",
    },
    Source {
        method: "post",
        path: "/v1/workflows/{id}/execute",
        status: 202,
        pointer: "/execution/id",
        object: "/v1/executions/{id}",
    },
    Source {
        method: "post",
        path: "/v1/sessions",
        status: 201,
        pointer: "/id",
        object: "/v1/sessions/{id}",
    },
    Source {
        method: "post",
        path: "/v1/tokens",
        status: 201,
        pointer: "/id",
        object: "/v1/tokens/{id}",
    },
    Source {
        method: "post",
        path: "/v1/owners",
        status: 201,
        pointer: "/owner_id",
        object: "/v1/owners/{id}",
    },
    Source {
        method: "get",
        path: "/v1/approvals",
        status: 200,
        pointer: "/approvals/0/id",
        object: "/v1/approvals/{id}",
    },
    Source {
        method: "get",
        path: "/v1/workflows/{id}/signals",
        status: 200,
        pointer: "/signals/0/id",
        object: "/v1/signals/{id}",
    },
    Source {
        method: "get",
        path: "/v1/deliveries",
        status: 200,
        pointer: "/deliveries/0/id",
        object: "/v1/deliveries/{id}",
    },
    Source {
        method: "get",
        path: "/v1/workflows/{id}",
        status: 200,
        pointer: "/deliver/0/id",
        object: "/v1/destinations/{id}",
    },
];

/// Writes the links into the answers of `paths`.
pub(super) fn write(paths: &mut Map<String, Value>, operations: &[Operation]) {
    for source in &SOURCES {
        let (_, name) = source.object.rsplit_once('/').unwrap_or_default();
        let name = name.trim_matches(['{', '}']);
        let links: Map<String, Value> = operations
            .iter()
            .filter(|operation| is_of(operation.path, source.object))
            .map(|operation| {
                let link = json!({
                    "operationId": operation.id,
                    "parameters": {name: format!("$response.body#{}", source.pointer)},
                });
                (operation.id.to_owned(), link)
            })
            .collect();
        let answer = &mut paths[source.path][source.method]["responses"][source.status.to_string()];
        answer["links"] = links.into();
    }
}

/// Whether the path is that of the object or of something of it, and takes no other id.
fn is_of(path: &str, object: &str) -> bool {
    path.strip_prefix(object)
        .is_some_and(|rest| (rest.is_empty() || rest.starts_with('/')) && !rest.contains('{'))
}
