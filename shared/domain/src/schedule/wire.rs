//! A schedule in the words of the request: seven flat fields of the workflow.
//!
//! Exactly one kind must be given. In a change (PATCH), a kind that is given replaces the old one whole;
//! `timezone` and `anchor_minute` alone adjust the kind there is; `null` takes a field away.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::cron::Cron;
use super::interval::{Every, Interval, LONGEST_MINUTES, SHORTEST_MINUTES};
use super::zone::Zone;
use super::{Schedule, Timing};
use crate::fault::Code;
use crate::reader::Object;

/// The fields of a request that speak of its schedule.
pub const FIELDS: [&str; 7] = [
    "schedule",
    "interval",
    "interval_minutes",
    "cron_expression",
    "scheduled_for",
    "anchor_minute",
    "timezone",
];

/// What of a schedule stays as it was when a workflow is changed.
struct Given {
    timezone: Zone,
    timezone_given: bool,
    anchor: Option<u8>,
    anchor_given: bool,
    /// Whether one of the two was given and wrong; its fault is recorded already.
    wrong: bool,
}

impl Schedule {
    /// Reads the schedule of a new workflow made at `now`. Faults are left with `object`.
    pub fn read(object: &mut Object<'_>, now: Timestamp) -> Option<Self> {
        let given = Given::read(object, None);
        match read_kind(object, now, &given) {
            Kinds::One(timing) => timing.filter(|_| !given.wrong).map(|timing| Self {
                timing,
                timezone: given.timezone,
            }),
            Kinds::None => {
                missing(object);
                None
            }
            Kinds::Several => None,
        }
    }

    /// Reads a change of this schedule made at `now`: the schedule as it will be. `None` with faults left
    /// in `object`, or without any when no schedule field is there.
    pub fn amend(&self, object: &mut Object<'_>, now: Timestamp) -> Option<Self> {
        if !FIELDS.iter().any(|field| object.has(field)) {
            return None;
        }
        let given = Given::read(object, Some(self));
        let timing = match read_kind(object, now, &given) {
            Kinds::One(timing) => timing?,
            Kinds::Several => return None,
            Kinds::None if self.kind_fields().iter().any(|field| object.is_null(field)) => {
                missing(object);
                return None;
            }
            Kinds::None => self.adjusted(object, now, &given)?,
        };
        if given.wrong {
            return None;
        }
        // The same interval again keeps its rhythm: a repeated PATCH changes nothing.
        let timing = match (timing, &self.timing) {
            (Timing::Interval(new), Timing::Interval(old))
                if new.every() == old.every()
                    && new.anchor_minute() == old.anchor_minute()
                    && (new.anchor_minute().is_none() || given.timezone == self.timezone) =>
            {
                Timing::Interval(old.clone())
            }
            (timing, _) => timing,
        };
        Some(Self {
            timing,
            timezone: given.timezone,
        })
    }

    /// The schedule with only its zone or anchor changed.
    fn adjusted(&self, object: &mut Object<'_>, now: Timestamp, given: &Given) -> Option<Timing> {
        match &self.timing {
            Timing::Interval(interval) => {
                let anchor = if given.anchor_given {
                    given.anchor
                } else {
                    interval.anchor_minute()
                };
                anchored(object, now, interval.every(), anchor, &given.timezone)
                    .map(Timing::Interval)
            }
            Timing::Cron(cron) => {
                refuse_anchor(object, given);
                judged(object, cron.clone(), &given.timezone, now).map(Timing::Cron)
            }
            Timing::Manual | Timing::Once(_) => {
                refuse_anchor(object, given);
                Some(self.timing.clone())
            }
        }
    }

    /// The fields that hold this schedule's kind.
    fn kind_fields(&self) -> &'static [&'static str] {
        match self.timing {
            Timing::Manual => &["schedule"],
            Timing::Interval(_) => &["interval", "interval_minutes"],
            Timing::Cron(_) => &["cron_expression"],
            Timing::Once(_) => &["scheduled_for"],
        }
    }

    /// Writes the fields of the contract into `object`.
    pub fn write(&self, object: &mut Map<String, Value>) {
        match &self.timing {
            Timing::Manual => {
                object.insert("schedule".to_owned(), Value::from("manual"));
            }
            Timing::Interval(interval) => {
                object.insert(
                    "interval".to_owned(),
                    Value::from(interval.every().to_string()),
                );
                object.insert(
                    "interval_minutes".to_owned(),
                    Value::from(interval.every().minutes()),
                );
                if let Some(minute) = interval.anchor_minute() {
                    object.insert("anchor_minute".to_owned(), Value::from(minute));
                }
            }
            Timing::Cron(cron) => {
                object.insert("cron_expression".to_owned(), Value::from(cron.as_str()));
            }
            Timing::Once(at) => {
                object.insert("scheduled_for".to_owned(), Value::from(at.to_string()));
            }
        }
        object.insert("timezone".to_owned(), Value::from(self.timezone.name()));
    }
}

impl Given {
    fn read(object: &mut Object<'_>, before: Option<&Schedule>) -> Self {
        let mut given = Self {
            timezone: before.map_or_else(Zone::utc, |schedule| schedule.timezone.clone()),
            timezone_given: object.has("timezone"),
            anchor: None,
            anchor_given: object.has("anchor_minute"),
            wrong: false,
        };
        if object.is_null("timezone") {
            given.timezone = Zone::utc();
        }
        if object.value("timezone").is_some() {
            match object.string("timezone").map(Zone::named) {
                Some(Ok(zone)) => given.timezone = zone,
                Some(Err(unknown)) => {
                    object.fault_code("timezone", Code::TimezoneUnknown, unknown.to_string());
                    given.wrong = true;
                }
                None => given.wrong = true,
            }
        }
        if object.value("anchor_minute").is_some() {
            given.anchor = object
                .count("anchor_minute", 0..=59)
                .and_then(|minute| u8::try_from(minute).ok());
            given.wrong |= given.anchor.is_none();
        }
        given
    }
}

/// How many kinds of schedule the request names; a single one with its value, unless that is wrong.
enum Kinds {
    None,
    One(Option<Timing>),
    Several,
}

fn read_kind(object: &mut Object<'_>, now: Timestamp, given: &Given) -> Kinds {
    let manual = object.value("schedule").is_some();
    let interval = [object.value("interval"), object.value("interval_minutes")]
        .iter()
        .any(Option::is_some);
    let cron = object.value("cron_expression").is_some();
    let once = object.value("scheduled_for").is_some();
    match [manual, interval, cron, once]
        .iter()
        .filter(|kind| **kind)
        .count()
    {
        0 => return Kinds::None,
        1 => {}
        _ => {
            object.fault("schedule", "only one of interval (or interval_minutes), cron_expression, scheduled_for and schedule may be given");
            return Kinds::Several;
        }
    }
    if !interval {
        refuse_anchor(object, given);
    }
    Kinds::One(if manual {
        read_manual(object)
    } else if interval {
        read_every(object)
            .and_then(|every| anchored(object, now, every, given.anchor, &given.timezone))
            .map(Timing::Interval)
    } else if cron {
        read_cron(object, given, now).map(Timing::Cron)
    } else {
        read_once(object, now).map(Timing::Once)
    })
}

fn missing(object: &mut Object<'_>) {
    object.fault("schedule", "one of interval (or interval_minutes), cron_expression, scheduled_for and schedule: \"manual\" is required");
}

fn refuse_anchor(object: &mut Object<'_>, given: &Given) {
    if given.anchor.is_some() {
        object.fault("anchor_minute", "belongs to an interval only");
    }
}

fn read_manual(object: &mut Object<'_>) -> Option<Timing> {
    let word = object.string("schedule")?;
    if word == "manual" {
        return Some(Timing::Manual);
    }
    object.fault(
        "schedule",
        "must be \"manual\"; other schedules have fields of their own",
    );
    None
}

/// The interval asked for. `interval_minutes` wins, but a text beside it must still be an interval.
fn read_every(object: &mut Object<'_>) -> Option<Every> {
    let mut spelt = None;
    if let Some(text) = object.string("interval") {
        spelt = Every::parse(text);
        if spelt.is_none() {
            object.fault(
                "interval",
                "must be a whole number and minutes, hours, days or weeks, as \"6 hours\"",
            );
            return None;
        }
    } else if object.value("interval").is_some() {
        return None;
    }
    if object.value("interval_minutes").is_none() {
        return spelt.filter(|every| within(object, "interval", every.minutes()));
    }
    let minutes = object.count("interval_minutes", 0..=LONGEST_MINUTES)?;
    let every = spelt
        .filter(|every| every.minutes() == minutes)
        .unwrap_or_else(|| Every::of_minutes(minutes));
    within(object, "interval_minutes", minutes).then_some(every)
}

fn within(object: &mut Object<'_>, field: &str, minutes: u32) -> bool {
    if minutes < SHORTEST_MINUTES {
        object.fault_code(
            field,
            Code::IntervalTooShort,
            format!("must be at least {SHORTEST_MINUTES} minutes"),
        );
    } else if minutes > LONGEST_MINUTES {
        object.fault(field, "must be at most one year (365 days)");
    }
    (SHORTEST_MINUTES..=LONGEST_MINUTES).contains(&minutes)
}

fn anchored(
    object: &mut Object<'_>,
    now: Timestamp,
    every: Every,
    anchor: Option<u8>,
    zone: &Zone,
) -> Option<Interval> {
    if anchor.is_some() && !every.minutes().is_multiple_of(60) {
        object.fault("anchor_minute", "needs an interval of whole hours");
        return None;
    }
    Some(Interval::beginning(now, every, anchor, zone))
}

fn read_cron(object: &mut Object<'_>, given: &Given, now: Timestamp) -> Option<Cron> {
    let text = object.string("cron_expression")?;
    match Cron::parse(text) {
        // With an unknown zone there is no telling when it fires; that fault is recorded.
        Ok(cron) if given.wrong && given.timezone_given => Some(cron),
        Ok(cron) => judged(object, cron, &given.timezone, now),
        Err(fault) => {
            object.fault_code("cron_expression", fault.code, fault.message);
            None
        }
    }
}

/// What is wrong with an expression that never fires.
pub const NEVER_FIRES: &str = "names a date that no calendar has";

/// Refuses an expression that never fires, or too often, in `zone`.
fn judged(object: &mut Object<'_>, cron: Cron, zone: &Zone, now: Timestamp) -> Option<Cron> {
    if cron.occurrences(zone, now).next().is_none() {
        object.fault_code("cron_expression", Code::CronNeverFires, NEVER_FIRES);
        return None;
    }
    if cron.ever_closer_than(SHORTEST_MINUTES, zone, now) {
        let message = format!("has occurrences less than {SHORTEST_MINUTES} minutes apart");
        object.fault_code("cron_expression", Code::IntervalTooShort, message);
        return None;
    }
    Some(cron)
}

fn read_once(object: &mut Object<'_>, now: Timestamp) -> Option<Timestamp> {
    let text = object.string("scheduled_for")?;
    let Some(at) = parse_rfc3339(text) else {
        object.fault("scheduled_for", "must be an RFC 3339 time with its offset, as 2026-05-01T08:00:00Z, without a leap second");
        return None;
    };
    if at <= now {
        object.fault("scheduled_for", "must be in the future");
        return None;
    }
    Some(at)
}

/// RFC 3339 and no more: the calendar library also reads leap seconds, bracketed zones and shorter forms.
fn parse_rfc3339(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    let digits = |range: std::ops::Range<usize>| {
        bytes
            .get(range)
            .is_some_and(|part| part.iter().all(u8::is_ascii_digit))
    };
    let stands = |at: usize, wanted: &[u8]| bytes.get(at).is_some_and(|byte| wanted.contains(byte));
    let shaped = digits(0..4)
        && stands(4, b"-")
        && digits(5..7)
        && stands(7, b"-")
        && digits(8..10)
        && stands(10, b"Tt")
        && digits(11..13)
        && stands(13, b":")
        && digits(14..16)
        && stands(16, b":")
        && digits(17..19);
    let rest = text.get(19..)?;
    let offset = match rest.strip_prefix('.') {
        Some(fraction) => fraction.trim_start_matches(|c: char| c.is_ascii_digit()),
        None => rest,
    };
    let offset_shaped = matches!(offset, "Z" | "z")
        || (offset.len() == 6
            && offset.starts_with(['+', '-'])
            && offset.as_bytes().get(3) == Some(&b':'));
    (shaped && offset_shaped && text.get(17..19) != Some("60"))
        .then(|| text.parse().ok())
        .flatten()
}

#[cfg(test)]
mod tests;
