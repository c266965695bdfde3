//! `approvals`: who decides, how many of them, and until when.

use domain::fault::Fault;
use domain::reader::{Object, pointer};
use domain::text;
use domain::workflow::{ApprovalPolicy, OnTimeout};
use serde_json::{Value, json};

use super::fields::{DURATION, duration, parse_duration, refuse_unavailable};
use crate::wire::address::Addresses;

/// The most approvers of a workflow, and the most addresses it escalates to.
const MOST_PEOPLE: u32 = 20;
/// The default of `reminders`, in minutes: one after a day.
const REMINDER: u32 = 24 * 60;

/// Reads `approvals`; an empty object means the defaults.
pub(super) fn read(object: &mut Object<'_>, addresses: Addresses<'_>) -> Option<ApprovalPolicy> {
    let value = object.value("approvals")?;
    let path = object.path("approvals");
    object.take(read_policy(value, &path, addresses))
}

fn read_policy(
    value: &Value,
    path: &str,
    addresses: Addresses<'_>,
) -> Result<ApprovalPolicy, Vec<Fault>> {
    let mut object = Object::new(value, path);
    let defaults = ApprovalPolicy::default();
    let approvers = people(&mut object, "approvers", addresses, |_| {}).unwrap_or_default();
    if has_duplicates(&approvers) {
        object.fault("approvers", "names a person twice");
    }
    let required = object
        .count("required", 1..=MOST_PEOPLE)
        .unwrap_or(defaults.required);
    // Without approvers the owner decides, alone.
    let most = approvers.len().max(1);
    if required as usize > most {
        object.fault(
            "required",
            format!("cannot be more than there are approvers ({most})"),
        );
    }
    let deadline_seconds = duration(&mut object, "deadline")
        .map_or(defaults.deadline_seconds, |every| {
            i64::from(every.minutes()) * 60
        });
    let on_timeout = object
        .word("on_timeout", OnTimeout::ALL, OnTimeout::as_str)
        .unwrap_or(defaults.on_timeout);
    let max_revisions = object
        .count("max_revisions", 1..=10)
        .unwrap_or(defaults.max_revisions);
    let strict = object.boolean("strict").unwrap_or(defaults.strict);
    later(&mut object, addresses);
    object.finish(Some(ApprovalPolicy {
        approvers,
        required,
        deadline_seconds,
        on_timeout,
        max_revisions,
        strict,
    }))
}

/// Fields without a place in the domain yet.
fn later(object: &mut Object<'_>, addresses: Addresses<'_>) {
    if let Some(list) = object.array("reminders", 0..=10) {
        let base = object.path("reminders");
        let read: Vec<_> = list
            .iter()
            .map(|value| value.as_str().and_then(parse_duration))
            .collect();
        let wrong = read.iter().enumerate().filter(|(_, every)| every.is_none());
        let wrong: Vec<Fault> = wrong
            .map(|(i, _)| Fault::invalid(format!("{base}/{i}"), DURATION))
            .collect();
        let all_read = wrong.is_empty();
        object.extend(wrong);
        if all_read && !matches!(read.as_slice(), [Some(only)] if only.minutes() == REMINDER) {
            refuse_unavailable(object, "reminders");
        }
    }
    let escalations = people(object, "escalate_to", addresses, |person| {
        let after = duration(person, "after");
        person.required("after", after);
    });
    if escalations.is_some_and(|people| !people.is_empty()) {
        refuse_unavailable(object, "escalate_to");
    }
}

/// A list of people by their addresses; `more` reads what else is said of each.
fn people(
    object: &mut Object<'_>,
    field: &'static str,
    addresses: Addresses<'_>,
    more: impl Fn(&mut Object<'_>),
) -> Option<Vec<String>> {
    let base = object.path(field);
    let list = object.array(field, 0..=MOST_PEOPLE as usize)?;
    let mut people = Vec::with_capacity(list.len());
    for (i, value) in list.iter().enumerate() {
        let mut person = Object::new(value, &pointer(&base, &i.to_string()));
        let address = addresses.read(&mut person);
        more(&mut person);
        people.extend(object.take(person.finish(address)));
    }
    (people.len() == list.len()).then_some(people)
}

fn has_duplicates(addresses: &[String]) -> bool {
    let mut names: Vec<String> = addresses
        .iter()
        .map(|address| text::folded_address(address))
        .collect();
    names.sort_unstable();
    names.windows(2).any(|pair| pair[0] == pair[1])
}

/// The policy as the contract shows it.
pub(super) fn write(policy: &ApprovalPolicy) -> Value {
    let minutes = policy.deadline_seconds / 60;
    let deadline = if minutes % 60 == 0 {
        format!("{} hours", minutes / 60)
    } else {
        format!("{minutes} minutes")
    };
    json!({
        "approvers": policy.approvers.iter().map(|email| json!({"email": email})).collect::<Vec<_>>(),
        "required": policy.required,
        "deadline": deadline,
        "reminders": ["24 hours"],
        "on_timeout": policy.on_timeout,
        "escalate_to": [],
        "max_revisions": policy.max_revisions,
        "strict": policy.strict,
    })
}
