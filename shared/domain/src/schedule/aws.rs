//! A schedule in EventBridge Scheduler's words.
//!
//! Its cron has six fields, wants `?` in one of the two day fields, and counts weekdays from 1 = Sunday,
//! so days are always named. It cannot say "either day field" in one expression (we make two schedules,
//! which may both fire: one execution per scheduled time) and cannot say "both" at all (we make the
//! tighter of the two and let [`Schedule::occurrence_at`] refuse what is too much). A rate without a start
//! fires at once and knows no weeks, so it gets our next occurrence as its start, and days.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::cron::{Cron, Days};
use super::cron_field::{Numbers, WEEKDAYS};
use super::{Schedule, Timing};

/// One EventBridge schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsExpression {
    /// `ScheduleExpression`: `cron(…)`, `rate(…)` or `at(…)`.
    pub expression: String,
    /// `ScheduleExpressionTimezone`.
    pub timezone: String,
    /// Whether it fires at occurrences only. Otherwise each firing must be checked when it comes.
    pub exact: bool,
    /// `StartDate`, in whole seconds; only a rate needs one.
    pub start_date: Option<Timestamp>,
}

impl Schedule {
    /// The EventBridge schedules that together fire at every occurrence from `next`, the next one, on.
    /// None for a manual schedule.
    #[must_use]
    pub fn to_aws(&self, next: Timestamp) -> Vec<AwsExpression> {
        match &self.timing {
            Timing::Manual => Vec::new(),
            Timing::Interval(interval) => vec![AwsExpression {
                expression: rate(interval.every().minutes()),
                timezone: "UTC".to_owned(),
                exact: true,
                start_date: Some(next),
            }],
            Timing::Once(at) => {
                // A fraction of a second goes up: never earlier than asked for.
                let whole = if at.subsec_nanosecond() > 0 {
                    at.as_second() + 1
                } else {
                    at.as_second()
                };
                let wall = TimeZone::UTC.to_datetime(Timestamp::from_second(whole).unwrap_or(*at));
                vec![AwsExpression {
                    expression: format!("at({})", wall.strftime("%Y-%m-%dT%H:%M:%S")),
                    timezone: "UTC".to_owned(),
                    exact: true,
                    start_date: None,
                }]
            }
            Timing::Cron(cron) => day_fields(cron)
                .into_iter()
                .map(|(days, exact)| AwsExpression {
                    expression: format!(
                        "cron({} {} {days} *)",
                        numbers(cron.minutes, 60, None),
                        numbers(cron.hours, 24, None),
                    ),
                    timezone: self.timezone.name().to_owned(),
                    exact,
                    start_date: None,
                })
                .collect(),
        }
    }
}

fn rate(minutes: u32) -> String {
    let (count, unit) = match minutes {
        m if m.is_multiple_of(24 * 60) => (m / (24 * 60), "day"),
        m if m.is_multiple_of(60) => (m / 60, "hour"),
        m => (m, "minute"),
    };
    format!("rate({count} {unit}{})", if count == 1 { "" } else { "s" })
}

/// Day of month, month and day of week of each schedule, and whether it is exact.
fn day_fields(cron: &Cron) -> Vec<(String, bool)> {
    let months = numbers(cron.months, 12, None);
    let of_month = || format!("{} {months} ?", numbers(cron.days_of_month, 31, None));
    let of_week = || format!("? {months} {}", numbers(cron.weekdays, 7, Some(&WEEKDAYS)));
    match cron.days {
        Days::All => vec![(format!("* {months} ?"), true)],
        Days::OfMonth => vec![(of_month(), true)],
        Days::OfWeek => vec![(of_week(), true)],
        // A date no month has would make an expression that never fires, which may be refused.
        Days::Either if cron.has_days_of_month() => vec![(of_month(), true), (of_week(), true)],
        Days::Either => vec![(of_week(), true)],
        Days::Both => {
            let (dates, weekdays) = cron.share_of_days();
            vec![(
                if dates < weekdays {
                    of_month()
                } else {
                    of_week()
                },
                false,
            )]
        }
    }
}

/// A field's numbers: `*` for all `size` of them, otherwise a list with runs of three or more as ranges.
fn numbers(set: Numbers, size: usize, names: Option<&[&str]>) -> String {
    if set.len() == size {
        return "*".to_owned();
    }
    let name = |n: u8| {
        names
            .and_then(|names| names.get(usize::from(n)))
            .map_or_else(|| n.to_string(), ToString::to_string)
    };
    let mut runs: Vec<(u8, u8)> = Vec::new();
    for n in set.iter() {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == n => *last = n,
            _ => runs.push((n, n)),
        }
    }
    let said: Vec<String> = runs
        .into_iter()
        .map(|(first, last)| match last - first {
            0 => name(first),
            1 => format!("{},{}", name(first), name(last)),
            _ => format!("{}-{}", name(first), name(last)),
        })
        .collect();
    said.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::Zone;
    use crate::schedule::interval::{Every, Interval};

    fn said(text: &str) -> Vec<(String, bool)> {
        let schedule = Schedule {
            timing: Timing::Cron(Cron::parse(text).unwrap()),
            timezone: Zone::named("Europe/Berlin").unwrap(),
        };
        schedule
            .to_aws(Timestamp::UNIX_EPOCH)
            .into_iter()
            .map(|aws| (aws.expression, aws.exact))
            .collect()
    }

    fn exactly(expressions: &[&str]) -> Vec<(String, bool)> {
        expressions
            .iter()
            .map(|expression| ((*expression).to_owned(), true))
            .collect()
    }

    #[test]
    fn weekdays_are_named_and_one_day_field_is_a_question_mark() {
        assert_eq!(said("0 9 * * 1"), exactly(&["cron(0 9 ? * MON *)"]));
        assert_eq!(
            said("*/15 8-18 * * 1-5"),
            exactly(&["cron(0,15,30,45 8-18 ? * MON-FRI *)"])
        );
        assert_eq!(said("0 9 * * 6,7"), exactly(&["cron(0 9 ? * SUN,SAT *)"]));
        assert_eq!(said("0 9 1,15 * *"), exactly(&["cron(0 9 1,15 * ? *)"]));
        assert_eq!(said("0 9 * jan *"), exactly(&["cron(0 9 * 1 ? *)"]));
    }

    #[test]
    fn either_day_field_makes_two_schedules_and_both_makes_one_that_is_too_wide() {
        assert_eq!(
            said("0 9 1 * MON"),
            exactly(&["cron(0 9 1 * ? *)", "cron(0 9 ? * MON *)"])
        );
        assert_eq!(said("0 9 31 2 MON"), exactly(&["cron(0 9 ? 2 MON *)"]));
        assert_eq!(
            said("0 9 */2 * MON"),
            [("cron(0 9 ? * MON *)".to_owned(), false)]
        );
        assert_eq!(
            said("0 9 1 * */2"),
            [("cron(0 9 1 * ? *)".to_owned(), false)]
        );
    }

    #[test]
    fn a_rate_starts_at_our_next_occurrence_and_knows_no_weeks() {
        let now: Timestamp = "2026-05-01T08:00:00Z".parse().unwrap();
        let rates = |minutes| {
            let timing = Timing::Interval(Interval::beginning(
                now,
                Every::of_minutes(minutes),
                None,
                &Zone::utc(),
            ));
            let schedule = Schedule {
                timing,
                timezone: Zone::named("Europe/Berlin").unwrap(),
            };
            let next = schedule.next_after(now, 1)[0];
            let aws = schedule.to_aws(next).remove(0);
            assert_eq!(aws.start_date, Some(next));
            assert_eq!(aws.timezone, "UTC", "elapsed time has no clock");
            aws.expression
        };
        assert_eq!(
            [rates(5), rates(60), rates(90), rates(1440), rates(20_160)],
            [
                "rate(5 minutes)",
                "rate(1 hour)",
                "rate(90 minutes)",
                "rate(1 day)",
                "rate(14 days)"
            ]
        );
    }

    #[test]
    fn once_is_said_in_utc_and_never_early() {
        let once = |text: &str| {
            Schedule {
                timing: Timing::Once(text.parse().unwrap()),
                timezone: Zone::utc(),
            }
            .to_aws(Timestamp::MIN)
            .remove(0)
            .expression
        };
        assert_eq!(once("2026-05-01T10:00:00+02:00"), "at(2026-05-01T08:00:00)");
        assert_eq!(once("2026-05-01T08:00:00.25Z"), "at(2026-05-01T08:00:01)");
    }
}
