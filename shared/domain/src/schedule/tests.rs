//! The laws of schedules, over random ones.

use jiff::civil::DateTime;
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;

use super::*;

/// An EventBridge cron expression, read by its own documentation and by none of our code.
struct Foreign {
    fields: Vec<String>,
    zone: Zone,
}

impl Foreign {
    fn read(aws: &AwsExpression) -> Self {
        let inner = aws
            .expression
            .strip_prefix("cron(")
            .and_then(|rest| rest.strip_suffix(')'))
            .unwrap();
        let fields: Vec<String> = inner.split(' ').map(str::to_owned).collect();
        assert_eq!(fields.len(), 6, "{inner}");
        assert_eq!(
            fields.iter().filter(|field| *field == "?").count(),
            1,
            "{inner}"
        );
        assert!(aws.expression.len() <= 256, "EventBridge takes no more");
        Self {
            fields,
            zone: Zone::named(&aws.timezone).unwrap(),
        }
    }

    fn admits(field: &str, value: i8) -> bool {
        let number = |text: &str| -> i8 {
            match ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
                .iter()
                .position(|day| *day == text)
            {
                Some(day) => i8::try_from(day).unwrap(),
                None => text.parse().unwrap(),
            }
        };
        field.split(',').any(|item| match item.split_once('-') {
            _ if item == "*" || item == "?" => true,
            Some((from, to)) => (number(from)..=number(to)).contains(&value),
            None => number(item) == value,
        })
    }

    fn fires_at(&self, instant: Timestamp) -> bool {
        let wall: DateTime = self.zone.wall(instant);
        let values = [
            wall.minute(),
            wall.hour(),
            wall.day(),
            wall.month(),
            wall.weekday().to_sunday_zero_offset(),
        ];
        self.fields
            .iter()
            .zip(values)
            .all(|(field, value)| Self::admits(field, value))
    }
}

fn field(low: u8, high: u8) -> impl Strategy<Value = String> {
    let number = low..=high;
    prop_oneof![
        3 => Just("*".to_owned()),
        3 => number.clone().prop_map(|n| n.to_string()),
        1 => (2u8..=5).prop_map(|step| format!("*/{step}")),
        1 => (number.clone(), number.clone()).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b))),
        1 => prop::collection::vec(number, 1..4).prop_map(|list| list.iter().map(u8::to_string).collect::<Vec<_>>().join(",")),
    ]
}

fn expression() -> impl Strategy<Value = String> {
    (
        0u8..60,
        field(0, 23),
        field(1, 31),
        field(1, 12),
        field(0, 7),
    )
        .prop_map(|(minute, hour, day, month, weekday)| {
            format!("{minute} {hour} {day} {month} {weekday}")
        })
}

fn zone() -> impl Strategy<Value = Zone> {
    // Half-hour changes, two-hour changes, the southern hemisphere, none at all.
    prop::sample::select(vec![
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "Antarctica/Troll",
        "Asia/Kolkata",
        "America/Santiago",
    ])
    .prop_map(|name| Zone::named(name).unwrap())
}

/// Any second of 2025 to 2030.
fn instant() -> impl Strategy<Value = Timestamp> {
    (1_735_689_600_i64..1_893_456_000).prop_map(|second| Timestamp::from_second(second).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn occurrences_rise_and_are_recognised(text in expression(), zone in zone(), after in instant()) {
        let schedule = Schedule::cron(&text, zone).unwrap();
        let next = schedule.next_after(after, 20);
        prop_assert!(next.iter().all(|at| *at > after));
        prop_assert!(next.windows(2).all(|pair| pair[0] < pair[1]), "{next:?}");
        for at in &next {
            prop_assert_eq!(schedule.occurrence_at(*at), Some(*at));
            prop_assert_eq!(schedule.occurrence_at(*at + 59.seconds()), Some(*at));
        }
        // Asking from each in turn gives the same list: nothing is skipped and nothing comes twice.
        let mut stepped = Vec::new();
        while let Some(at) = schedule.next_after(stepped.last().copied().unwrap_or(after), 1).first().copied() {
            stepped.push(at);
            if stepped.len() == next.len() { break; }
        }
        prop_assert_eq!(stepped, next);
    }

    #[test]
    fn no_occurrence_is_missed_by_aws_and_an_exact_expression_adds_none(text in expression(), zone in zone(), after in instant()) {
        let schedule = Schedule::cron(&text, zone.clone()).unwrap();
        let next = schedule.next_after(after, 10);
        prop_assume!(!next.is_empty());
        let aws = schedule.to_aws(next[0]);
        let foreign: Vec<Foreign> = aws.iter().map(Foreign::read).collect();
        for at in &next {
            prop_assert!(foreign.iter().any(|foreign| foreign.fires_at(*at)), "{} misses {at}", aws[0].expression);
        }
        if aws.iter().all(|aws| aws.exact) {
            let start = after.as_second().div_euclid(60) * 60;
            for minute in 0..2 * 24 * 60 {
                let at = Timestamp::from_second(start + minute * 60).unwrap();
                // A repeated hour: EventBridge fires the first time only.
                let first_time = zone.instant(zone.wall(at)) == Some(at);
                if first_time && foreign.iter().any(|foreign| foreign.fires_at(at)) {
                    prop_assert!(schedule.is_occurrence(at), "{} adds {at}", aws[0].expression);
                }
            }
        }
    }

    #[test]
    fn intervals_keep_their_distance(minutes in SHORTEST_MINUTES..=LONGEST_MINUTES, began in instant(), after in instant()) {
        let interval = Interval::beginning(began, Every::of_minutes(minutes), None, &Zone::utc());
        let schedule = Schedule { timing: Timing::Interval(interval), timezone: Zone::utc() };
        let next = schedule.next_after(after, 5);
        prop_assert_eq!(next.len(), 5);
        prop_assert!(next[0] > after);
        prop_assert!(next.windows(2).all(|pair| pair[1].as_second() - pair[0].as_second() == i64::from(minutes) * 60));
        prop_assert!(next.iter().all(|at| schedule.occurrence_at(*at + 59.seconds()) == Some(*at)));
        prop_assert!(after < began || next[0].as_second() - after.as_second() <= i64::from(minutes) * 60);
    }

    #[test]
    fn a_gap_called_long_enough_is(text in expression(), extra in 0u8..60, zone in zone(), after in instant()) {
        let (minute, rest) = text.split_once(' ').unwrap();
        let schedule = Schedule::cron(&format!("{minute},{extra} {rest}"), zone.clone()).unwrap();
        let Timing::Cron(cron) = &schedule.timing else { unreachable!() };
        if !cron.ever_closer_than(5, &zone, after) {
            let next = schedule.next_after(after, 200);
            prop_assert!(next.windows(2).all(|pair| pair[1].as_second() - pair[0].as_second() >= 300));
        }
    }
}

#[test]
fn a_single_occurrence_comes_once() {
    let at: Timestamp = "2026-05-01T08:00:00.5Z".parse().unwrap();
    let once = Schedule {
        timing: Timing::Once(at),
        timezone: Zone::utc(),
    };
    assert_eq!(once.next_after(at - 1.second(), 5), [at]);
    assert!(once.next_after(at, 5).is_empty());
    assert_eq!(once.occurrence_at(at + 30.seconds()), Some(at));
    assert_eq!(once.occurrence_at(at + 90.seconds()), None);
}

#[test]
fn a_month_is_counted() {
    let now: Timestamp = "2026-05-01T00:00:00Z".parse().unwrap();
    let count = |text: &str| {
        Schedule::cron(text, Zone::utc())
            .unwrap()
            .occurrences_a_month(now)
    };
    assert_eq!(
        (
            count("0 9 * * *"),
            count("*/5 * * * *"),
            count("0 0 29 2 *")
        ),
        (30, 8640, 0)
    );
    assert_eq!(Schedule::manual().occurrences_a_month(now), 0);
}
