//! Sessions and what they remember.

use domain::session::SessionStatus;
use serde_json::{Value, json};

use super::{Group, answer, count, id, nullable, page, request, some_text, text, time, words};

fn statuses() -> Value {
    words(SessionStatus::ALL.iter().map(|status| status.as_str()))
}

pub(super) fn all() -> Group {
    let given = json!({"name": some_text(255), "description": nullable(&text(2000))});
    let mut create = request(&given, &["name"]);
    create["examples"] = json!([{"name": "AI product launches"}]);
    let mut change = given;
    change["status"] = statuses();
    let mut change = request(&change, &[]);
    change["minProperties"] = json!(1);
    let session = answer(
        &json!({
            "id": id("ses_"),
            "name": some_text(255),
            "description": nullable(&text(2000)),
            "status": statuses(),
            "url_count": count(),
            "created_at": time(),
            "updated_at": time(),
        }),
        &[],
    );
    let url = answer(
        &json!({
            "url": {"type": "string"},
            "title": {"type": "string"},
            "first_seen": time(),
            "workflow_id": id("wf_"),
            "execution_id": id("exe_"),
        }),
        &[],
    );
    let addition = answer(
        &json!({
            "at": time(),
            "workflow_id": id("wf_"),
            "execution_id": id("exe_"),
            "url_count": {"type": "integer", "minimum": 1},
        }),
        &[],
    );
    vec![
        ("Session", session),
        ("SessionCreate", create),
        ("SessionChange", change),
        ("SessionList", page("sessions", "Session")),
        ("SessionUrl", url),
        ("SessionUrlList", page("urls", "SessionUrl")),
        ("SessionAddition", addition),
        ("SessionTimeline", page("timeline", "SessionAddition")),
    ]
}
