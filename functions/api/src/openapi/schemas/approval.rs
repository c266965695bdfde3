//! Approvals, drafts and decisions.

use domain::approval::ApprovalStatus;
use serde_json::{Value, json};

use crate::wire::approval::LONGEST_CODE;

use super::{Group, answer, count, id, page, request, some_text, text, texts, time, whole, words};

fn draft() -> Value {
    let kind = |name: &str, mut properties: Value| {
        properties["kind"] = json!({"const": name});
        answer(&properties, &[])
    };
    json!({"oneOf": [
        kind("email", json!({"to": {"type": "array", "items": {"type": "string"}}, "subject": {"type": "string"}, "body": {"type": "string"}})),
        kind("webhook", json!({"url": {"type": "string"}, "body": {}})),
        kind("content", json!({"body": {"type": "string"}})),
        kind("image", json!({"sha256": {"type": "string"}, "alt": {"type": "string"}})),
    ]})
}

fn code() -> Value {
    json!({
        "type": "string",
        "maxLength": LONGEST_CODE,
        "description": "The six digits in the approver's mail, of a strict approval.",
    })
}

pub(super) fn all() -> Group {
    let decision = answer(
        &json!({
            "by": {"type": "string"},
            "decision": words(["approve", "reject", "request_changes"]),
            "comment": {"type": "string"},
            "at": time(),
            "channel": {"type": "string"},
        }),
        &["comment"],
    );
    let asked = answer(
        &json!({
            "email": {"type": "string"},
            "status": words(["waiting", "asked", "refused"]),
            "at": time(),
            "next_try_at": time(),
            "reason": {"type": "string"},
        }),
        &["at", "next_try_at", "reason"],
    );
    let approval = answer(
        &json!({
            "id": id("apr_"),
            "execution_id": id("exe_"),
            "workflow_id": id("wf_"),
            "step": {"type": "string"},
            "generation": count(),
            "status": words(ApprovalStatus::ALL.iter().map(|status| status.as_str())),
            "draft": draft(),
            "original_draft": draft(),
            "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
            "preview": {"type": "string"},
            "required": whole(1, 20),
            "strict": {"type": "boolean", "description": "Whether deciding asks for the code in the approver's mail."},
            "decisions": {"type": "array", "items": decision},
            "approvers": {"type": "array", "items": answer(&json!({"email": {"type": "string"}}), &[])},
            "sources": texts(),
            "deadline": time(),
            "created_at": time(),
            "asked": {"type": "array", "items": asked, "description": "Whether each approver has been asked by mail."},
            "notification_error": {"type": "string", "description": "Which addresses do not take the mail that asks, and why."},
        }),
        &["original_draft", "notification_error"],
    );
    let approve = request(
        &json!({
            "comment": text(2000),
            "sha256": {"type": "string", "pattern": "^[0-9a-fA-F]{64}$", "description": "Of the draft you have seen."},
            "edited_body": {"type": "string", "minLength": 1, "maxLength": 100_000, "description": "Instead of the draft's body."},
            "code": code(),
        }),
        &[],
    );
    vec![
        ("Approval", approval),
        ("ApprovalList", page("approvals", "Approval")),
        ("Approve", approve),
        (
            "Reject",
            request(&json!({"reason": text(2000), "code": code()}), &[]),
        ),
        (
            "RequestChanges",
            request(&json!({"note": some_text(2000), "code": code()}), &["note"]),
        ),
    ]
}
