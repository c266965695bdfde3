//! `deliver[]`: where notices go instead of the owner's mailbox. Slack, feeds and digests are checked in full and
//! refused until they are carried out (see the README's last section).

use domain::delivery::{Address, Destination, EventType, MOST_DESTINATIONS};
use domain::fault::{Code, Fault};
use domain::reader::{Object, pointer};
use domain::sealing::Seal;
use domain::signature::{self, SigningSecret};
use engine::destinations::Wanted;
use serde_json::{Map, Value};
use url::Url;

use super::Context;
use crate::wire::delivery;

/// Reads `deliver`.
pub(super) fn read(object: &mut Object<'_>, context: &Context<'_>) -> Option<Vec<Wanted>> {
    let base = object.path("deliver");
    let list = object.array("deliver", 0..=MOST_DESTINATIONS)?;
    let mut wanted = Vec::with_capacity(list.len());
    for (i, value) in list.iter().enumerate() {
        let one = read_one(value, &pointer(&base, &i.to_string()), context);
        wanted.extend(object.take(one));
    }
    (wanted.len() == list.len()).then_some(wanted)
}

fn read_one(value: &Value, path: &str, context: &Context<'_>) -> Result<Wanted, Vec<Fault>> {
    let mut object = Object::new(value, path);
    let kind = object.string("type");
    let wanted = match object.required("type", kind) {
        Some("webhook") => read_webhook(&mut object, context),
        Some("email") => read_email(&mut object, context),
        Some("slack") => {
            read_url(&mut object, context);
            object.fault("type", "is not available yet: slack");
            None
        }
        Some("feed") => {
            object.fault("type", "is not available yet: feed");
            None
        }
        Some(_) => {
            object.fault("type", "must be one of webhook, email, slack, feed");
            // Which other fields belong here is unknown: only the type is wrong.
            let faults = object.finish::<()>(None).err().unwrap_or_default();
            return Err(faults.into_iter().take(1).collect());
        }
        None => None,
    };
    object.finish(wanted)
}

fn read_webhook(object: &mut Object<'_>, context: &Context<'_>) -> Option<Wanted> {
    let url = read_url(object, context);
    let events = read_events(object);
    let secret = object.string("secret");
    let weak = secret.is_some_and(|secret| !signature::is_strong_secret(secret));
    if weak {
        object.fault_code(
            "secret",
            Code::WeakSecret,
            "must be whsec_ and the base64 of 24 to 64 bytes",
        );
    }
    let (url, events) = url.zip(events)?;
    (!weak).then(|| Wanted::Webhook {
        url,
        events,
        secret: secret.map(|secret| context.seal.close(&SigningSecret::new(secret.to_owned()))),
    })
}

/// A URL by the egress rule, as the connection will be made. Our own address is refused: a notice that starts a run
/// that sends a notice would go on for ever.
fn read_url(object: &mut Object<'_>, context: &Context<'_>) -> Option<String> {
    let sent = object.string("url");
    let url = object.required("url", sent)?;
    match context.settings.egress.check_url(url) {
        Ok(url)
            if context
                .settings
                .base_url
                .as_ref()
                .is_some_and(|own| same_place(own, &url)) =>
        {
            object.fault_code("url", Code::UrlNotAllowed, "is this installation's own");
            None
        }
        Ok(url) => Some(url.to_string()),
        Err(denied) => {
            object.fault_code("url", Code::UrlNotAllowed, denied.reason);
            None
        }
    }
}

fn same_place(own: &Url, url: &Url) -> bool {
    own.host_str() == url.host_str() && own.port_or_known_default() == url.port_or_known_default()
}

/// The event types asked for; all of them is none in particular.
fn read_events(object: &mut Object<'_>) -> Option<Vec<EventType>> {
    if object.value("events").is_none() {
        return Some(Vec::new());
    }
    let sent = object.texts("events", 1..=EventType::SUBSCRIBABLE.len(), 1..=50)?;
    let words = EventType::SUBSCRIBABLE.map(EventType::as_str);
    if sent.iter().any(|word| !words.contains(&word.as_str())) {
        object.fault("events", format!("must be of {}", words.join(", ")));
        return None;
    }
    let wanted = |event: &EventType| sent.iter().any(|word| word == event.as_str());
    Some(EventType::SUBSCRIBABLE.into_iter().filter(wanted).collect())
}

fn read_email(object: &mut Object<'_>, context: &Context<'_>) -> Option<Wanted> {
    let to = object.texts("to", 1..=50, 1..=254);
    let to = object.required("to", to);
    let wrong = to
        .iter()
        .flatten()
        .find_map(|address| context.addresses().fault(address));
    if let Some((code, message)) = wrong {
        object.fault_code("to", code, message);
    }
    match object.string("mode").unwrap_or("immediate") {
        "immediate" => {
            if object.value("digest_at").is_some() {
                object.fault("digest_at", "belongs to the mode digest");
            }
        }
        "digest" => {
            object.string("digest_at");
            object.fault("mode", "is not available yet: digest");
        }
        _ => object.fault("mode", "must be one of immediate, digest"),
    }
    to.map(|to| Wanted::Email { to })
}

/// `deliver[]` as the workflow shows it.
pub(super) fn write(destinations: &[Destination]) -> Value {
    let list = destinations
        .iter()
        .map(|destination| Value::from(delivery::destination(destination)));
    list.collect()
}

/// Shows the secrets of the destinations that were made just now and were not given theirs: in this answer and never
/// again.
pub(crate) fn reveal(
    object: &mut Map<String, Value>,
    destinations: &[Destination],
    before: &[Destination],
    wanted: &[Wanted],
    seal: &Seal,
) {
    let Some(Value::Array(list)) = object.get_mut("deliver") else {
        return;
    };
    for ((shown, destination), wanted) in list.iter_mut().zip(destinations).zip(wanted) {
        let known = before.iter().any(|known| known.id == destination.id);
        let given = matches!(
            wanted,
            Wanted::Webhook {
                secret: Some(_),
                ..
            }
        );
        if let Address::Webhook { secret, .. } = &destination.address
            && !known
            && !given
            && let Some(secret) = seal.open(secret)
        {
            shown["secret"] = secret.expose().into();
        }
    }
}
