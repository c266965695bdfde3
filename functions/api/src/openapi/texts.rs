//! The contract in prose: the introduction, `llms.txt` and the error reference.

use std::fmt::Write as _;

use domain::fault::Code;

use super::operation::Operation;
use super::{codes, operations};
use crate::problem;

pub(super) const INTRODUCTION: &str = "\
A workflow is a saved definition: what to do, when, and when to stop. A run of it (on the wire: execution) carries out a \
frozen plan of steps. Anything that goes out to the world waits for a person's approval.\n\n\
Requests and answers are JSON in UTF-8; times are RFC 3339 in UTC. Unknown fields are refused. Every refusal is an \
RFC 9457 problem document that lists all faults at once and has changed nothing. POSTs take an `Idempotency-Key`; single \
objects carry an `ETag`, and changes honour `If-Match`. What belongs to another owner does not exist for you.";

/// The contract in brief, for language models (<https://llmstxt.org>).
pub(super) fn llms() -> String {
    let mut text = format!("# Nightdesk\n\n> {INTRODUCTION}\n\n");
    text.push_str(
        "Authenticate with one header, `Authorization: Bearer nd_…`. \
         The complete contract is at [/v1/openapi.json](/v1/openapi.json).\n",
    );
    let mut tag = "";
    for operation in operations::all() {
        if operation.tag != tag {
            tag = operation.tag;
            let _ = write!(text, "\n## {tag}\n\n");
        }
        let Operation {
            method,
            path,
            summary,
            ..
        } = &operation;
        let _ = writeln!(text, "- `{} {path}`: {summary}", method.to_uppercase());
    }
    text
}

/// The error reference.
pub(super) fn errors() -> String {
    let mut text = "# Error codes\n\n\
        Every refusal carries one of these as `code`, and so does every entry of its `errors`. The list is closed: a new \
        code is a new version of the contract. This page is made from the code.\n"
        .to_owned();
    for code in Code::ALL {
        let status = problem::status(*code).as_u16();
        let _ = write!(
            text,
            "\n## {code}\n\nHTTP {status}. {}\n",
            codes::paragraph(*code)
        );
    }
    text
}
