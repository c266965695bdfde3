//! A cron expression in a zone. Three lines: the expression, the zone, the second after which it is asked.

use std::time::Duration;

use domain::fault::Code;
use domain::schedule::{Cron, Schedule, Zone};
use jiff::{SignedDuration, Timestamp};

use super::{crontab, first_line};
use crate::mutation::Mutator;
use crate::target::{Target, shape};

pub(crate) const TARGET: Target = Target {
    name: "cron",
    check,
    mutator: Mutator {
        words: &[
            "*",
            "*/2",
            "*/5",
            "*/15",
            "0",
            "1",
            "5",
            "7",
            "9",
            "12",
            "23",
            "28",
            "29",
            "30",
            "31",
            "59",
            "60",
            "1-5",
            "10-20/5",
            "8/15",
            "MON",
            "SUN",
            "FRI-SUN",
            "sat",
            "JAN",
            "feb",
            "DEC",
            "1,15",
            "0,30",
            "?",
            "L",
            "15W",
            "MON#2",
            "@daily",
            " ",
            "\t",
            ",",
            "-",
            "/",
            "0 9 * * 1",
            "0 0 29 2 *",
            "0 0 31 2 *",
            "* * * * *",
            "30 2 * * *",
            "0 0 13 * 5",
            "*/7 0 */2 * MON",
            "UTC",
            "Europe/Berlin",
            "America/New_York",
            "Australia/Lord_Howe",
            "Asia/Kolkata",
            "Africa/Casablanca",
            "Pacific/Apia",
            "Antarctica/Troll",
            "America/Santiago",
            "1774750000",
            "1792890000",
            "253402207200",
            "-62135596800",
            "\n",
        ],
        most_bytes: 512,
    },
    burst: 500,
    flat: Duration::from_millis(1_500),
    per_kib: Duration::ZERO,
    bombs: &[],
    readers: &[],
};

/// How many occurrences are looked at.
const MOST: usize = 12;

/// How many minutes after the first moment are asked one by one.
const MINUTES: i64 = 180;

fn check(input: &[u8]) -> u64 {
    let (expression, rest) = first_line(input);
    let (zone, rest) = first_line(rest);
    let (after, _) = first_line(rest);
    let zone = Zone::named(zone.trim()).unwrap_or_default();
    let after = after
        .trim()
        .parse()
        .ok()
        .and_then(|second| Timestamp::from_second(second).ok());
    let after = after.unwrap_or_else(|| Timestamp::from_second(1_792_890_000).expect("a constant"));
    let cron = match Cron::parse(&expression) {
        Ok(cron) => cron,
        Err(fault) => {
            let coded = matches!(fault.code, Code::CronInvalid | Code::CronUnsupported);
            assert!(
                coded && !fault.message.is_empty(),
                "a refusal without reason: {fault:?}"
            );
            assert!(
                !fault.message.contains(char::is_control),
                "a reason with control characters: {fault:?}"
            );
            return shape(&[
                0,
                fault.message.len(),
                usize::from(fault.code == Code::CronInvalid),
            ]);
        }
    };
    let text = cron.as_str().to_owned();
    assert_eq!(
        Cron::parse(&text).as_ref(),
        Ok(&cron),
        "an expression is not read as it is kept: {text:?}"
    );
    let schedule = Schedule::cron(&text, zone.clone()).expect("it was accepted a moment ago");
    let next = schedule.next_after(after, MOST);
    let mut before = after;
    for at in &next {
        assert!(
            *at > before,
            "occurrences do not rise: {text:?} in {} after {after}: {next:?}",
            zone.name()
        );
        assert!(
            crontab::fires(&text, zone.wall(*at)),
            "an occurrence is not in the expression: {text:?} at {at}"
        );
        assert_eq!(
            schedule.occurrence_at(*at),
            Some(*at),
            "an occurrence is not known again: {text:?} at {at}"
        );
        before = *at;
    }
    let aws = schedule.to_aws(next.first().copied().unwrap_or(after));
    let exact = aws.iter().all(|aws| aws.exact);
    assert!(
        aws.iter().all(|aws| aws.timezone == zone.name()),
        "another clock is told to AWS: {text:?}"
    );
    let told = |at: Timestamp| {
        aws.iter()
            .any(|aws| crontab::aws_fires(&aws.expression, zone.wall(at)))
    };
    for at in &next {
        assert!(
            told(*at),
            "AWS misses an occurrence: {text:?} at {at}, told {aws:?}"
        );
    }
    // Minute by minute: nothing is left out, nothing is added, and `exact` is true.
    let first = after.as_second().div_euclid(60) * 60;
    let minutes =
        (1..=MINUTES).filter_map(|minute| Timestamp::from_second(first + minute * 60).ok());
    for at in minutes.filter(|at| *at > after) {
        let is_one = schedule.is_occurrence(at);
        if next.len() < MOST || next.last().is_some_and(|last| at <= *last) {
            assert_eq!(
                next.contains(&at),
                is_one,
                "occurrences and their filter differ: {text:?} at {at} in {}",
                zone.name()
            );
        }
        if is_one {
            assert!(
                told(at),
                "AWS misses an occurrence: {text:?} at {at}, told {aws:?}"
            );
        } else if exact && told(at) {
            // Two wall clocks of one name: the second time of a fold is no occurrence, for AWS neither.
            assert!(
                zone.instant(zone.wall(at)) != Some(at),
                "AWS is told too much: {text:?} at {at}, told {aws:?}"
            );
        }
    }
    let gap = next
        .first()
        .map_or(0, |first| first.duration_since(after).as_secs());
    let month = after
        .checked_add(SignedDuration::from_hours(24 * 30))
        .map_or(0, |until| schedule.between(after, until, 50).len());
    shape(&[
        1,
        aws.len(),
        usize::from(exact),
        next.len(),
        usize::try_from(gap).unwrap_or(usize::MAX),
        month,
        text.len(),
    ])
}
