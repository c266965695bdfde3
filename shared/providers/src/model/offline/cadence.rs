//! How often a goal wants to be run: "every weekday at 7:30", "hourly", "twice a day".

use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::{Value, json};

use super::lexicon::{NUMBER, number};

/// The hour at which something daily runs when no time is given: before the working day.
const MORNING: u32 = 8;
const NOON: u32 = 12;
const EVENING: u32 = 18;
const NIGHT: u32 = 22;

/// The shortest interval the contract allows, in minutes.
const SHORTEST_MINUTES: u32 = 5;

/// How often, as said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cadence {
    /// `N unit`, as the contract's `interval`.
    Interval { count: u32, unit: &'static str },
    /// Five fields.
    Cron {
        minute: u32,
        hour: u32,
        day_of_month: &'static str,
        days: String,
    },
}

impl Cadence {
    /// As fields of a request that creates a workflow.
    pub(super) fn to_json(&self) -> Value {
        match self {
            Self::Interval { count, unit } => {
                let plural = if *count == 1 { "" } else { "s" };
                json!({ "interval": format!("{count} {unit}{plural}") })
            }
            Self::Cron {
                minute,
                hour,
                day_of_month,
                days,
            } => {
                json!({ "cron_expression": format!("{minute} {hour} {day_of_month} * {days}") })
            }
        }
    }
}

/// Takes the cadence out of `text`; what is left has a blank in its place.
pub(super) fn take(text: &mut String) -> Option<Cadence> {
    type Reader = fn(&Captures<'_>) -> Option<Cadence>;
    static RULES: LazyLock<Vec<(Regex, Reader)>> = LazyLock::new(|| {
        let time = r"(?:,?\s+(?:at|by|around)\s+(?P<hour>\d{1,2})(?::(?P<minute>\d{2}))?\s*(?P<half>a\.?m\.?|p\.?m\.?)?(?:\s*o.clock)?)?";
        let day = r"(?:mon|tues|wednes|thurs|fri|satur|sun)days?";
        let part = r"(?:\s+(?P<part>morning|noon|afternoon|evening|night)s?)?";
        let rule = |pattern: &str, reader: Reader| {
            (
                Regex::new(&format!("(?i){pattern}"))
                    .expect("the pattern is a constant of this crate"),
                reader,
            )
        };
        vec![
            rule(
                &format!(r"\bevery\s+(?P<count>{NUMBER})\s+(?P<unit>minute|hour|day|week)s?\b"),
                interval,
            ),
            rule(
                r"\bevery\s+(?P<other>other|second)\s+(?P<unit>hour|day|week)\b",
                interval,
            ),
            rule(
                r"\b(?P<times>once|twice|three times|four times)\s+(?:a|per|each|every)\s+(?P<unit>hour|day|week|month)\b",
                times,
            ),
            rule(
                &format!(
                    r"\b(?:every|each|on)\s+(?P<days>{day}(?:(?:\s*,\s*|\s+and\s+|\s*,\s*and\s+){day})*){part}\b{time}"
                ),
                weekdays,
            ),
            rule(
                &format!(
                    r"\b(?:every|each|on)\s+(?P<days>weekday|workday|working day|business day|weekend)s?{part}\b{time}"
                ),
                weekdays,
            ),
            rule(
                &format!(
                    r"\b(?:every|each)\s+(?P<part>morning|noon|afternoon|evening|night)\b{time}"
                ),
                daily,
            ),
            rule(r"\b(?:hourly|(?:every|each)\s+hour)\b", |_| {
                Some(Cadence::Interval {
                    count: 1,
                    unit: "hour",
                })
            }),
            rule(
                &format!(
                    r"\b(?:nightly(?P<part>)|daily|(?:every|each)\s+day){part2}\b{time}",
                    part2 = ""
                ),
                daily,
            ),
            rule(
                &format!(r"\b(?:weekly|(?:every|each)\s+week)\b{time}"),
                |found| at(found, MORNING, "*", "MON".to_owned()),
            ),
            rule(
                &format!(r"\b(?:monthly|(?:every|each)\s+month)\b{time}"),
                |found| at(found, MORNING, "1", "*".to_owned()),
            ),
        ]
    });
    for (pattern, reader) in RULES.iter() {
        let Some(found) = pattern.captures(text) else {
            continue;
        };
        let Some(cadence) = reader(&found) else {
            continue;
        };
        let range = found.get(0).map(|whole| whole.range())?;
        text.replace_range(range, " ");
        return Some(cadence);
    }
    None
}

fn interval(found: &Captures<'_>) -> Option<Cadence> {
    let count = found
        .name("count")
        .and_then(|count| number(count.as_str()))
        .unwrap_or(2);
    let unit = match found.name("unit")?.as_str().to_ascii_lowercase().as_str() {
        "minute" => "minute",
        "hour" => "hour",
        "day" => "day",
        _ => "week",
    };
    let count = if unit == "minute" {
        count.max(SHORTEST_MINUTES)
    } else {
        count
    };
    // The longest interval is a year.
    let most = match unit {
        "minute" => 60 * 24 * 365,
        "hour" => 24 * 365,
        "day" => 365,
        _ => 52,
    };
    (1..=most)
        .contains(&count)
        .then_some(Cadence::Interval { count, unit })
}

fn times(found: &Captures<'_>) -> Option<Cadence> {
    let times = match found.name("times")?.as_str().to_ascii_lowercase().as_str() {
        "once" => 1,
        "twice" => 2,
        "three times" => 3,
        _ => 4,
    };
    match found.name("unit")?.as_str().to_ascii_lowercase().as_str() {
        "hour" => Some(Cadence::Interval {
            count: 60 / times,
            unit: "minute",
        }),
        "day" if times == 1 => Some(cron(0, MORNING, "*", "*".to_owned())),
        "day" => Some(Cadence::Interval {
            count: 24 / times,
            unit: "hour",
        }),
        "week" => Some(cron(
            0,
            MORNING,
            "*",
            ["MON", "MON,THU", "MON,WED,FRI", "MON,TUE,THU,FRI"]
                .get(times as usize - 1)?
                .to_string(),
        )),
        _ => Some(cron(
            0,
            MORNING,
            ["1", "1,15", "1,11,21", "1,8,15,22"].get(times as usize - 1)?,
            "*".to_owned(),
        )),
    }
}

fn weekdays(found: &Captures<'_>) -> Option<Cadence> {
    let said = found.name("days")?.as_str().to_ascii_lowercase();
    let names = [
        ("mon", "MON"),
        ("tues", "TUE"),
        ("wednes", "WED"),
        ("thurs", "THU"),
        ("fri", "FRI"),
        ("satur", "SAT"),
        ("sun", "SUN"),
    ];
    let days = if said.starts_with("weekend") {
        "SAT,SUN".to_owned()
    } else if said.starts_with("week") || said.starts_with("work") || said.starts_with("business") {
        "MON-FRI".to_owned()
    } else {
        let named: Vec<&str> = names
            .iter()
            .filter(|(start, _)| said.contains(&format!("{start}day")))
            .map(|(_, name)| *name)
            .collect();
        named.join(",")
    };
    at(found, part(found), "*", days)
}

fn daily(found: &Captures<'_>) -> Option<Cadence> {
    let hour = if found
        .get(0)?
        .as_str()
        .to_ascii_lowercase()
        .starts_with("nightly")
    {
        NIGHT
    } else {
        part(found)
    };
    at(found, hour, "*", "*".to_owned())
}

/// The hour of a part of the day.
fn part(found: &Captures<'_>) -> u32 {
    match found
        .name("part")
        .map(|part| part.as_str().to_ascii_lowercase())
        .as_deref()
    {
        Some("noon" | "afternoon") => NOON,
        Some("evening") => EVENING,
        Some("night") => NIGHT,
        _ => MORNING,
    }
}

/// A cron cadence at the time that was said, else at `hour`.
fn at(
    found: &Captures<'_>,
    hour: u32,
    day_of_month: &'static str,
    days: String,
) -> Option<Cadence> {
    let said: Option<u32> = found
        .name("hour")
        .and_then(|hour| hour.as_str().parse().ok());
    let minute = found
        .name("minute")
        .and_then(|minute| minute.as_str().parse().ok())
        .unwrap_or(0);
    let half = found
        .name("half")
        .map(|half| half.as_str().to_ascii_lowercase());
    let hour = match (said, half.as_deref()) {
        (None, _) => hour,
        (Some(12), Some(half)) if half.starts_with('a') => 0,
        (Some(said), Some(half)) if half.starts_with('p') && said < 12 => said + 12,
        (Some(said), _) => said,
    };
    (hour < 24 && minute < 60).then(|| cron(minute, hour, day_of_month, days))
}

fn cron(minute: u32, hour: u32, day_of_month: &'static str, days: String) -> Cadence {
    Cadence::Cron {
        minute,
        hour,
        day_of_month,
        days,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Option<String>, String) {
        let mut rest = text.to_owned();
        let cadence = take(&mut rest).map(|cadence| {
            let json = cadence.to_json();
            json["interval"]
                .as_str()
                .or(json["cron_expression"].as_str())
                .unwrap()
                .to_owned()
        });
        (
            cadence,
            rest.split_whitespace().collect::<Vec<_>>().join(" "),
        )
    }

    #[test]
    fn reads_how_often() {
        for (text, expected, rest) in [
            ("every morning find news", "0 8 * * *", "find news"),
            (
                "find news every evening at 19:30",
                "30 19 * * *",
                "find news",
            ),
            ("daily at 6pm, news", "0 18 * * *", ", news"),
            ("nightly news", "0 22 * * *", "news"),
            ("a weekly newsletter", "0 8 * * MON", "a newsletter"),
            ("every weekday at 7:15 am news", "15 7 * * MON-FRI", "news"),
            (
                "every Monday and Thursday morning news",
                "0 8 * * MON,THU",
                "news",
            ),
            ("on Fridays at 4 pm news", "0 16 * * FRI", "news"),
            ("monthly report", "0 8 1 * *", "report"),
            ("check every 6 hours", "6 hours", "check"),
            ("check every two days", "2 days", "check"),
            ("check every 1 minute", "5 minutes", "check"),
            ("check every other day", "2 days", "check"),
            ("check hourly", "1 hour", "check"),
            ("check twice a day", "12 hours", "check"),
            ("check three times a week", "0 8 * * MON,WED,FRI", "check"),
            ("each weekend, recipes", "0 8 * * SAT,SUN", ", recipes"),
        ] {
            assert_eq!(
                read(text),
                (Some(expected.to_owned()), rest.to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn leaves_what_is_no_cadence() {
        for text in [
            "every product launch",
            "the daylight hours",
            "top 5 at 3 companies",
            "every 0 hours",
            "Monday's news",
        ] {
            assert_eq!(read(text).0, None, "{text}");
        }
    }
}
