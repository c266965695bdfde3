//! Schedule expressions: `at(…)`, `rate(…)`, `cron(…)`.

use jiff::SignedDuration;
use jiff::civil::DateTime;

use super::cron::Cron;

/// A parsed schedule expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expression {
    /// Once, at this time in the schedule's zone.
    At(DateTime),
    /// Every so often; elapsed time, whatever the clocks on the wall do.
    Rate(SignedDuration),
    /// At the times a cron expression matches.
    Cron(Cron),
}

impl Expression {
    /// Parses an expression; the error says what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let inner = |kind: &str| {
            text.strip_prefix(kind)?
                .strip_prefix('(')?
                .strip_suffix(')')
        };
        let parsed = if let Some(time) = inner("at") {
            at(time).map(Self::At)
        } else if let Some(period) = inner("rate") {
            rate(period).map(Self::Rate)
        } else if let Some(fields) = inner("cron") {
            Cron::parse(fields).map(Self::Cron)
        } else {
            Err("it is at(…), rate(…) or cron(…)".to_owned())
        };
        parsed.map_err(|why| format!("Invalid Schedule Expression {text}: {why}"))
    }
}

fn at(text: &str) -> Result<DateTime, String> {
    let form = "yyyy-mm-ddThh:mm:ss";
    let fits = text.len() == form.len()
        && text.bytes().zip(form.bytes()).all(|(b, f)| {
            if f.is_ascii_lowercase() {
                b.is_ascii_digit()
            } else {
                b == f
            }
        });
    text.parse()
        .ok()
        .filter(|_| fits)
        .ok_or_else(|| format!("a time is written {form}"))
}

/// The unit agrees with its number, as the rules of EventBridge ask: `1 hour`, `2 hours`.
fn rate(text: &str) -> Result<SignedDuration, String> {
    let (value, unit) = text.split_once(' ').ok_or("a rate is a value and a unit")?;
    let digits = value.bytes().all(|b| b.is_ascii_digit()) && !value.starts_with('0');
    let value: u32 = value
        .parse()
        .ok()
        .filter(|_| digits)
        .ok_or("the value of a rate is a positive whole number")?;
    let minutes =
        match (value, unit) {
            (1, "minute") | (2.., "minutes") => 1,
            (1, "hour") | (2.., "hours") => 60,
            (1, "day") | (2.., "days") => 24 * 60,
            _ => return Err(
                "the unit of a rate is minute, hour or day, in the plural unless the value is 1"
                    .into(),
            ),
        };
    Ok(SignedDuration::from_mins(i64::from(value) * minutes))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn what_is_understood() {
        assert_eq!(
            Expression::parse("at(2026-11-21T09:30:00)"),
            Ok(Expression::At(date(2026, 11, 21).at(9, 30, 0, 0)))
        );
        assert_eq!(
            Expression::parse("rate(1 hour)"),
            Ok(Expression::Rate(SignedDuration::from_hours(1)))
        );
        assert_eq!(
            Expression::parse("rate(14 days)"),
            Ok(Expression::Rate(SignedDuration::from_hours(14 * 24)))
        );
        assert!(matches!(
            Expression::parse("cron(0 9 ? * MON-FRI *)"),
            Ok(Expression::Cron(_))
        ));
    }

    #[test]
    fn what_is_refused() {
        for text in [
            "",
            "at()",
            "at(2026-11-21)",
            "at(2026-11-21T09:30:00Z)",
            "at(2026-02-30T09:30:00)",
            "at(2026-11-21 09:30:00)",
            "rate(0 minutes)",
            "rate(1 hours)",
            "rate(2 hour)",
            "rate(+5 minutes)",
            "rate(05 minutes)",
            "rate(5 weeks)",
            "rate(5  minutes)",
            "rate(-1 day)",
            "rate(1.5 hours)",
            "Rate(1 hour)",
            "rate(1 hour",
            "every(1 hour)",
            "* * * * *",
        ] {
            assert!(Expression::parse(text).is_err(), "{text}");
        }
    }
}
