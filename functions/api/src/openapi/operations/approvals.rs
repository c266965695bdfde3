//! What waits for a person.

use domain::approval::ApprovalStatus;
use domain::fault::Code;
use serde_json::json;

use super::{Operation, operation};
use crate::openapi::schemas::words;

const TAG: &str = "Approvals";

const WHO: &str = "Only who was asked decides: the approvers of the approval, compared without regard to upper and lower case, and \
    the owner where the workflow names nobody; anybody else is 403, and is told who may. A person counts once, whatever the \
    channel. A strict approval asks for `code`, from the approver's own mail, on every channel.";

const DECIDING: &str = "What is performed is the draft, byte for byte.\n\nOnly who was asked decides: the approvers of the approval, \
    compared without regard to upper and lower case, and the owner where the workflow names nobody; anybody else is 403, and is \
    told who may. A person counts once, whatever the channel. A strict approval asks for `code`, from the approver's own mail, \
    on every channel.";

pub(super) fn all() -> Vec<Operation> {
    let decision = |path, id, summary| {
        operation("post", path, TAG, id, summary)
            .needs("approvals")
            .revision()
            .answers(200, "The approval as it is now.", "Approval")
            .refuses(&[
                Code::AlreadyDecided,
                Code::DraftChanged,
                Code::ApprovalGone,
                Code::CodeRequired,
                Code::TooManyAttempts,
            ])
    };
    vec![
        operation(
            "get",
            "/v1/approvals",
            TAG,
            "listApprovals",
            "Your approvals, newest first",
        )
        .list()
        .query(
            "status",
            &words(ApprovalStatus::ALL.iter().map(|word| word.as_str())),
            "Only those of this status.",
        )
        .query(
            "workflow_id",
            &json!({"type": "string", "pattern": "^wf_[0-9a-f]{32}$"}),
            "Only those of this workflow.",
        )
        .answers(200, "A page of approvals.", "ApprovalList"),
        operation(
            "get",
            "/v1/approvals/{id}",
            TAG,
            "getApproval",
            "One approval, with its whole draft",
        )
        .revision()
        .answers(200, "The approval.", "Approval"),
        decision(
            "/v1/approvals/{id}/approve",
            "approve",
            "Let it go out, as it is or with an edited body",
        )
        .says(DECIDING)
        .optional_body("Approve"),
        decision(
            "/v1/approvals/{id}/reject",
            "reject",
            "Do not let it go out: the run is cancelled",
        )
        .says(WHO)
        .optional_body("Reject"),
        decision(
            "/v1/approvals/{id}/request_changes",
            "requestChanges",
            "Have it made again, with a note",
        )
        .says(WHO)
        .body("RequestChanges")
        .refuses(&[Code::RevisionsExhausted]),
    ]
}
