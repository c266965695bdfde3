//! When a cron expression fires, and what AWS is told about it.

use domain::fault::Code;
use domain::schedule::{NEVER_FIRES, Schedule, Zone};
use serde_json::{Value, json};

use super::{Fault, request};

/// The most occurrences answered, and how many without a `count`.
const MOST: u64 = 1_000;
const USUAL: u64 = 5;

/// `{expression, timezone, after, count}` → `{next, aws, exact}`: the next instants, the expressions
/// that together miss none of them, and whether these add none either.
pub(super) fn answer(request: &Value) -> Result<Value, Fault> {
    let expression = request::text(request, "expression")?;
    let zone = match request::optional_text(request, "timezone")? {
        Some(name) => Zone::named(name)
            .map_err(|error| Fault::new("timezone_unknown", format!("/timezone: {error}")))?,
        None => Zone::utc(),
    };
    let after = request::instant(request, "after")?;
    let count = match request.get("count") {
        None | Some(Value::Null) => USUAL,
        Some(count) => count
            .as_u64()
            .filter(|count| (1..=MOST).contains(count))
            .ok_or_else(|| Fault::invalid(format!("/count: is a number from 1 to {MOST}")))?,
    };
    let schedule = Schedule::cron(expression, zone).map_err(|fault| {
        Fault::new(
            fault.code.as_str(),
            format!("/expression: {}", fault.message),
        )
    })?;
    let next = schedule.next_after(after, usize::try_from(count).unwrap_or(usize::MAX));
    let Some(first) = next.first() else {
        let message = format!("/expression: {NEVER_FIRES}");
        return Err(Fault::new(Code::CronNeverFires.as_str(), message));
    };
    let aws = schedule.to_aws(*first);
    let instants: Vec<String> = next.iter().map(ToString::to_string).collect();
    Ok(json!({
        "next": instants,
        "aws": aws.iter().map(|aws| aws.expression.as_str()).collect::<Vec<_>>(),
        "exact": aws.iter().all(|aws| aws.exact),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn occurrences_and_expressions() {
        let found = answer(&json!({
            "expression": "30 2 * * *", "timezone": "Europe/Berlin", "after": "2026-03-28T00:00:00Z", "count": 2
        }))
        .unwrap();
        // On the 29th the clock jumps over half past two.
        assert_eq!(
            found["next"],
            json!(["2026-03-28T01:30:00Z", "2026-03-30T00:30:00Z"])
        );
        assert_eq!(
            (&found["aws"][0], &found["exact"]),
            (&json!("cron(30 2 * * ? *)"), &json!(true))
        );
        let either =
            answer(&json!({"expression": "0 9 1 * MON", "after": "2026-01-01T00:00:00Z"})).unwrap();
        assert_eq!(
            (
                either["next"].as_array().unwrap().len(),
                either["aws"].as_array().unwrap().len()
            ),
            (5, 2)
        );
    }

    #[test]
    fn each_mistake_has_its_code() {
        let after = "2026-01-01T00:00:00Z";
        for (request, code) in [
            (
                json!({"expression": "0 9 * *", "after": after}),
                "cron_invalid",
            ),
            (
                json!({"expression": "@daily", "after": after}),
                "cron_unsupported",
            ),
            (
                json!({"expression": "0 0 30 2 *", "after": after}),
                "cron_never_fires",
            ),
            (
                json!({"expression": "0 9 * * *", "timezone": "Mars/Base", "after": after}),
                "timezone_unknown",
            ),
            (
                json!({"expression": "0 9 * * *", "after": "today"}),
                "validation_failed",
            ),
            (json!({"expression": "0 9 * * *"}), "validation_failed"),
            (
                json!({"expression": "0 9 * * *", "after": after, "count": 0}),
                "validation_failed",
            ),
            (json!({"after": after}), "validation_failed"),
        ] {
            assert_eq!(answer(&request).unwrap_err().code, code, "{request}");
        }
    }
}
