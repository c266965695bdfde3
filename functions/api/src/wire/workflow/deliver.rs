//! `deliver[]`: where signals go besides the owner's mailbox. Checked in full, refused until it is
//! carried out (see the README's last section).

use domain::fault::{Code, Fault};
use domain::reader::{Object, pointer};
use domain::{signature, text};
use serde_json::Value;

use super::fields::refuse_unavailable;

/// The most destinations of a workflow.
const MOST: usize = 20;
/// What a destination may be told (API section 7).
const EVENTS: [&str; 8] = [
    "workflow.signal",
    "workflow.completed",
    "workflow.unhealthy",
    "workflow.recovered",
    "execution.completed",
    "execution.failed",
    "approval.requested",
    "approval.decided",
];

/// Reads `deliver`; anything but an empty list leaves a fault.
pub(super) fn read(object: &mut Object<'_>) {
    let base = object.path("deliver");
    let Some(list) = object.array("deliver", 0..=MOST) else {
        return;
    };
    let mut wrong = Vec::new();
    for (i, value) in list.iter().enumerate() {
        wrong.extend(read_one(value, &pointer(&base, &i.to_string())));
    }
    if !list.is_empty() && wrong.is_empty() {
        refuse_unavailable(object, "deliver");
    }
    object.extend(wrong);
}

/// The faults of one destination.
fn read_one(value: &Value, path: &str) -> Vec<Fault> {
    let mut object = Object::new(value, path);
    let kind = object.string("type");
    match object.required("type", kind) {
        Some("webhook") => {
            read_url(&mut object);
            read_events(&mut object);
            if object
                .string("secret")
                .is_some_and(|secret| !signature::is_strong_secret(secret))
            {
                object.fault_code(
                    "secret",
                    Code::WeakSecret,
                    "must be whsec_ and the base64 of 24 to 64 bytes",
                );
            }
        }
        Some("slack") => read_url(&mut object),
        Some("email") => read_email(&mut object),
        Some("feed") => {}
        Some(_) => {
            object.fault("type", "must be one of webhook, email, slack, feed");
            // Which other fields belong here is unknown: only the type is wrong.
            return object
                .finish::<()>(None)
                .err()
                .unwrap_or_default()
                .into_iter()
                .take(1)
                .collect();
        }
        None => {}
    }
    object.finish(Some(())).err().unwrap_or_default()
}

fn read_url(object: &mut Object<'_>) {
    let sent = object.string("url");
    if let Some(url) = object.required("url", sent)
        && let Err(denied) = domain::egress::check_url(url)
    {
        object.fault_code("url", Code::UrlNotAllowed, denied.reason);
    }
}

fn read_events(object: &mut Object<'_>) {
    let events = object
        .texts("events", 1..=EVENTS.len(), 1..=50)
        .unwrap_or_default();
    if events.iter().any(|event| !EVENTS.contains(&event.as_str())) {
        object.fault("events", format!("must be of {}", EVENTS.join(", ")));
    }
}

fn read_email(object: &mut Object<'_>) {
    let to = object.texts("to", 1..=50, 1..=254);
    for address in object.required("to", to).unwrap_or_default() {
        if !text::is_email(&address) {
            object.fault_code("to", Code::InvalidEmail, "holds what is no e-mail address");
        }
    }
    let mode = object.string("mode").unwrap_or("immediate");
    if !matches!(mode, "immediate" | "digest") {
        object.fault("mode", "must be one of immediate, digest");
    }
    let at = object.string("digest_at");
    if at.is_some() && mode != "digest" {
        object.fault("digest_at", "belongs to the mode digest");
    }
}
