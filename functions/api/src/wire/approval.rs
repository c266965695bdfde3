//! Approvals and decisions (API section 6).

use domain::approval::asking::{Question, QuestionState};
use domain::approval::{Approval, Choice, Decision, DecisionChannel, Draft, Verdict};
use domain::fault::Fault;
use domain::reader::Object;
use domain::text;
use serde_json::{Map, Value, json};

use crate::wire::moment::moment;

/// The longest comment, reason or note, in characters.
pub(crate) const LONGEST_NOTE: usize = 2000;
/// The longest body a person may put in the draft's place, in characters.
const LONGEST_BODY: usize = 100_000;
/// The longest code that is read, blanks included, in characters.
pub(crate) const LONGEST_CODE: usize = 20;
/// How much of a draft `preview` shows, in characters.
const PREVIEW: usize = 160;

/// An approval with its draft.
pub(crate) fn object(approval: &Approval, draft: &Draft) -> Map<String, Value> {
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
    put("id", approval.id.as_str().into());
    put("execution_id", approval.execution.as_str().into());
    put("workflow_id", approval.workflow.as_str().into());
    put("step", approval.step.clone().into());
    put("generation", approval.generation.into());
    put("status", approval.status.as_str().into());
    put("draft", json!(draft));
    put("sha256", approval.sha256.clone().into());
    put("preview", text::preview(&draft.text(), PREVIEW).into());
    put("required", approval.required.into());
    put("strict", approval.strict.into());
    put(
        "decisions",
        approval.decisions.iter().map(decision).collect(),
    );
    put(
        "approvers",
        approval
            .approvers
            .iter()
            .map(|email| json!({"email": email}))
            .collect(),
    );
    put("sources", json!(approval.sources));
    put("deadline", moment(approval.deadline));
    put("created_at", moment(approval.created_at));
    put(
        "asked",
        approval.asking.questions().iter().map(asked).collect(),
    );
    if let Some(reason) = approval.asking.error() {
        put("notification_error", reason.into());
    }
    object
}

/// As [`object`], with the draft as it was before a person edited it.
pub(crate) fn with_original(
    mut object: Map<String, Value>,
    original: &Value,
) -> Map<String, Value> {
    object.insert("original_draft".to_owned(), original.clone());
    object
}

/// Whether one approver has been asked by mail.
fn asked(question: &Question) -> Value {
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
    put("email", question.approver.clone().into());
    put("status", question.state.status().into());
    match &question.state {
        QuestionState::ToAsk { next_try, .. } => put("next_try_at", moment(*next_try)),
        QuestionState::Asked { at, .. } => put("at", json!(at)),
        QuestionState::Refused { at, reason } => {
            put("at", json!(at));
            put("reason", reason.clone().into())
        }
    };
    object.into()
}

fn decision(decision: &Decision) -> Value {
    json!(decision)
}

/// A decision as a request makes it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Said {
    pub(crate) verdict: Verdict,
    /// What the draft's body is to be instead.
    pub(crate) edited_body: Option<String>,
    /// The code from the mail of a strict approval.
    pub(crate) code: Option<String>,
}

/// Reads the body of `/approve`, `/reject` or `/request_changes`.
///
/// # Errors
/// Every fault.
pub(crate) fn said(body: &Value, choice: Choice, by: &str) -> Result<Said, Vec<Fault>> {
    let mut object = Object::new(body, "");
    let mut seen_sha256 = None;
    let mut edited_body = None;
    let comment = match choice {
        Choice::Approve => {
            seen_sha256 = sha256(&mut object);
            edited_body = edited(&mut object);
            object.text("comment", 0..=LONGEST_NOTE)
        }
        Choice::Reject => object.text("reason", 0..=LONGEST_NOTE),
        Choice::RequestChanges => {
            let note = object.text("note", 1..=LONGEST_NOTE);
            object.required("note", note)
        }
    };
    let comment = comment.filter(|comment| !comment.is_empty());
    let code = object.text("code", 0..=LONGEST_CODE);
    let verdict = Verdict {
        by: by.to_owned(),
        choice,
        comment,
        channel: DecisionChannel::Api,
        seen_sha256,
        has_code: false,
    };
    object.finish(Some(Said {
        verdict,
        edited_body,
        code,
    }))
}

fn sha256(object: &mut Object<'_>) -> Option<String> {
    let sent = object.string("sha256")?;
    if sent.len() != 64 || !sent.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        object.fault("sha256", "must be 64 hexadecimal digits");
        return None;
    }
    Some(sent.to_ascii_lowercase())
}

/// The edited body exactly as it was sent: what is approved is bytes, not a tidied text.
fn edited(object: &mut Object<'_>) -> Option<String> {
    let sent = object.string("edited_body")?;
    if !(1..=LONGEST_BODY).contains(&sent.chars().count()) {
        object.fault(
            "edited_body",
            format!("must have from 1 to {LONGEST_BODY} characters"),
        );
        return None;
    }
    if let Some(c) = sent.chars().find(|c| !text::allowed_in_text(*c)) {
        object.fault(
            "edited_body",
            format!("must not contain the character U+{:04X}", u32::from(c)),
        );
        return None;
    }
    Some(sent.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(body: &Value, choice: Choice) -> Vec<String> {
        said(body, choice, "a@x.test")
            .err()
            .unwrap_or_default()
            .into_iter()
            .map(|fault| fault.path)
            .collect()
    }

    #[test]
    fn each_decision_has_its_own_words() {
        use Choice::{Approve, Reject, RequestChanges};
        let sha256 = "a".repeat(64);
        assert!(faults(&json!({}), Approve).is_empty());
        assert!(
            faults(
                &json!({"comment": "fine", "sha256": sha256, "edited_body": " x \n"}),
                Approve
            )
            .is_empty()
        );
        assert_eq!(
            faults(
                &json!({"sha256": "abc", "edited_body": "", "reason": "x"}),
                Approve
            ),
            ["/sha256", "/edited_body", "/reason"]
        );
        assert_eq!(
            faults(&json!({"edited_body": "a\u{0}"}), Approve),
            ["/edited_body"]
        );
        assert!(faults(&json!({"reason": null}), Reject).is_empty());
        assert_eq!(faults(&json!({}), RequestChanges), ["/note"]);
        assert_eq!(faults(&json!({"note": "  "}), RequestChanges), ["/note"]);
        let edited = said(&json!({"edited_body": " x \n"}), Approve, "a@x.test")
            .unwrap()
            .edited_body;
        assert_eq!(edited.as_deref(), Some(" x \n"));
    }
}
