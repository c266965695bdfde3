//! Single fields of a workflow, read the same way when it is made and when it is changed.
//!
//! A field the contract has and this version does not carry out yet is checked in full and then refused,
//! unless it says no more than its default does: accepting it would promise what does not happen.

use domain::ids::SessionId;
use domain::reader::Object;
use domain::schedule::Every;
use domain::stop_condition::StopCondition;
use domain::workflow::{CatchUp, OverlapPolicy};

use super::Context;

/// The highest count a limit takes.
const MOST: u32 = 1_000_000;
/// The default of `catch_up_window`, in minutes: one day.
const CATCH_UP_WINDOW: u32 = 24 * 60;

/// Says that a valid value cannot be served yet.
pub(super) fn refuse_unavailable(object: &mut Object<'_>, field: &str) {
    object.fault(field, "is not available yet: only its default is");
}

pub(super) fn name(object: &mut Object<'_>) -> Option<String> {
    object.name("name", 1..=255)
}

pub(super) fn description(object: &mut Object<'_>) -> Option<String> {
    object
        .text("description", 0..=2000)
        .filter(|text| !text.is_empty())
}

/// The most tags of a workflow, and of a query.
pub(crate) const MOST_TAGS: usize = 20;
/// The longest tag, in characters.
pub(crate) const LONGEST_TAG: usize = 50;

pub(super) fn tags(object: &mut Object<'_>) -> Option<Vec<String>> {
    object.texts("tags", 0..=MOST_TAGS, 1..=LONGEST_TAG)
}

pub(super) fn stop_condition(object: &mut Object<'_>) -> Option<StopCondition> {
    let value = object.value("stop_condition")?;
    let path = object.path("stop_condition");
    object.take(StopCondition::read(value, &path))
}

pub(super) fn max_executions(object: &mut Object<'_>) -> Option<u32> {
    object.count("max_executions", 1..=MOST)
}

pub(super) fn max_credits(object: &mut Object<'_>) -> Option<u32> {
    object.count("max_credits_per_execution", 1..=MOST)
}

/// What a due run does while another is live. Keeping one back for later is not carried out yet.
pub(super) fn overlap_policy(object: &mut Object<'_>) -> Option<OverlapPolicy> {
    let policy = object.word("overlap_policy", OverlapPolicy::ALL, OverlapPolicy::as_str)?;
    if policy == OverlapPolicy::BufferOne {
        object.fault("overlap_policy", "is not available yet: buffer_one");
        return None;
    }
    Some(policy)
}

/// What happens to due times that were missed: so far the latest one is made up for.
pub(super) fn catch_up(object: &mut Object<'_>) -> Option<CatchUp> {
    let catch_up = object.word("catch_up", CatchUp::ALL, CatchUp::as_str)?;
    if catch_up != CatchUp::Latest {
        refuse_unavailable(object, "catch_up");
        return None;
    }
    Some(catch_up)
}

/// How often a change must be seen before it counts; `default` is 2 for crawls, else 1.
pub(super) fn confirmations(object: &mut Object<'_>, default: u32) -> Option<u32> {
    let count = object.count("confirmations", 1..=5)?;
    if count != 1 && count != default {
        refuse_unavailable(object, "confirmations");
        return None;
    }
    Some(count)
}

/// Fields without a place in the domain yet.
pub(super) fn later(object: &mut Object<'_>) {
    if let Some(window) = duration(object, "catch_up_window")
        && window.minutes() != CATCH_UP_WINDOW
    {
        refuse_unavailable(object, "catch_up_window");
    }
}

/// The session whose memory the runs share; `present` is the one the workflow has already, whatever became of it.
pub(super) fn session(
    object: &mut Object<'_>,
    context: &Context<'_>,
    present: Option<&SessionId>,
) -> Option<SessionId> {
    let sent = object.string("session_id")?;
    if let Some(present) = present.filter(|present| present.as_str() == sent) {
        return Some(present.clone());
    }
    match context.session.filter(|named| named.id.as_str() == sent) {
        None => object.fault("session_id", "names no session of yours"),
        Some(named) if !named.takes_workflows() => {
            object.fault(
                "session_id",
                format!("names a session that is {}", named.status),
            );
        }
        Some(named) => return Some(named.id.clone()),
    }
    None
}

/// A length of time in words, of at least a minute and at most a year.
pub(super) fn duration(object: &mut Object<'_>, field: &'static str) -> Option<Every> {
    let text = object.string(field)?;
    let read = parse_duration(text);
    if read.is_none() {
        object.fault(field, DURATION);
    }
    read
}

/// What a text that is no duration is told.
pub(super) const DURATION: &str =
    "must be a number and minutes, hours, days or weeks, as \"72 hours\", of at most a year";

pub(super) fn parse_duration(text: &str) -> Option<Every> {
    Every::parse(text)
        .filter(|every| (1..=domain::schedule::LONGEST_MINUTES).contains(&every.minutes()))
}
