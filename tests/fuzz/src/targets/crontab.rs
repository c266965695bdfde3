//! Cron expressions read a second time, by the manuals (crontab(5); "Schedule types on EventBridge
//! Scheduler") and by none of the code under test: slow, plain, and only for what that code accepted.

use jiff::civil::DateTime;

const MONTHS: [&str; 12] = [
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

fn number(text: &str) -> i8 {
    let text = text.to_ascii_uppercase();
    let named = |names: &[&str], first: i8| {
        let at = names.iter().position(|name| *name == text)?;
        Some(i8::try_from(at).unwrap_or_default() + first)
    };
    named(&MONTHS, 1)
        .or_else(|| named(&WEEKDAYS, 0))
        .unwrap_or_else(|| {
            text.parse()
                .unwrap_or_else(|_| panic!("accepted a number that is none: {text:?}"))
        })
}

/// Whether a field names `value`. `last` is the greatest number that means something of its own.
fn names(field: &str, value: i8, last: i8) -> bool {
    field.split(',').any(|item| {
        let (range, step) = item
            .split_once('/')
            .map_or((item, None), |(range, step)| (range, Some(step)));
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (i8::MIN, i8::MAX),
            // FRI-SUN ends with the Sunday that is 7.
            Some((from, to)) => match (number(from), number(to)) {
                (from, 0) if last == 6 && from > 0 => (from, 7),
                range => range,
            },
            None if step.is_some() => (number(range), last.max(number(range))),
            None => (number(range), number(range)),
        };
        let within = (from..=to).contains(&value);
        within
            && step.is_none_or(|step| {
                // `*/2` of days and months counts from the first of them.
                let first = if from == i8::MIN {
                    i8::from(matches!(last, 31 | 12))
                } else {
                    from
                };
                (i16::from(value) - i16::from(first)) % i16::from(number(step)) == 0
            })
    })
}

/// Whether the five fields fire at this minute of the clock.
pub(super) fn fires(expression: &str, wall: DateTime) -> bool {
    let fields: Vec<&str> = expression.split(' ').collect();
    let &[minute, hour, day, month, weekday] = fields.as_slice() else {
        panic!("accepted without five fields: {expression:?}");
    };
    let by_day = names(day, wall.day(), 31);
    let today = wall.weekday().to_sunday_zero_offset();
    let by_weekday = names(weekday, today, 6) || (today == 0 && names(weekday, 7, 6));
    let day_fits = if day.starts_with('*') || weekday.starts_with('*') {
        by_day && by_weekday
    } else {
        by_day || by_weekday
    };
    names(minute, wall.minute(), 59)
        && names(hour, wall.hour(), 23)
        && names(month, wall.month(), 12)
        && day_fits
}

/// Whether an expression of EventBridge, `cron(…)`, fires at this minute of the clock.
pub(super) fn aws_fires(expression: &str, wall: DateTime) -> bool {
    let inner = expression
        .strip_prefix("cron(")
        .and_then(|rest| rest.strip_suffix(')'));
    let fields: Vec<&str> = inner.unwrap_or_default().split(' ').collect();
    let &[minute, hour, day, month, weekday, "*"] = fields.as_slice() else {
        panic!("no expression of six fields: {expression:?}");
    };
    assert_eq!(
        usize::from(day == "?") + usize::from(weekday == "?"),
        1,
        "no single question mark: {expression:?}"
    );
    assert!(
        expression.len() <= 256,
        "longer than EventBridge takes: {expression:?}"
    );
    let day_fits = if day == "?" {
        names(weekday, wall.weekday().to_sunday_zero_offset(), 6)
    } else {
        names(day, wall.day(), 31)
    };
    names(minute, wall.minute(), 59)
        && names(hour, wall.hour(), 23)
        && names(month, wall.month(), 12)
        && day_fits
}
