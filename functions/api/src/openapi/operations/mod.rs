//! Every operation, in the order a reader meets them.

mod approvals;
mod executions;
mod notices;
mod owners;
mod planning;
mod sessions;
mod workflows;

use super::operation::{Operation, operation};

pub(super) fn all() -> Vec<Operation> {
    [
        planning::all(),
        workflows::all(),
        executions::all(),
        approvals::all(),
        sessions::all(),
        notices::all(),
        owners::all(),
        service(),
    ]
    .concat()
}

fn service() -> Vec<Operation> {
    vec![
        operation(
            "get",
            "/v1/openapi.json",
            "Service",
            "getOpenapi",
            "This document",
        )
        .open()
        .answers(200, "The document.", "OpenApi"),
        operation(
            "get",
            "/llms.txt",
            "Service",
            "getLlms",
            "The contract in brief, for language models",
        )
        .open()
        .answers(200, "Markdown.", "Text"),
        operation(
            "get",
            "/health",
            "Service",
            "getHealth",
            "Whether the API answers",
        )
        .open()
        .answers(200, "It does.", "Health"),
    ]
}
