//! The request's schedule fields: what is read, what is refused and where, what a change does.

use super::*;
use serde_json::json;

fn now() -> Timestamp {
    "2026-05-01T08:10:00Z".parse().unwrap()
}

fn read(body: &Value) -> Result<Schedule, Vec<(String, Code)>> {
    let mut object = Object::new(body, "");
    let schedule = Schedule::read(&mut object, now());
    object.finish(schedule).map_err(|faults| {
        faults
            .into_iter()
            .map(|fault| (fault.path, fault.code))
            .collect()
    })
}

fn amend(before: &Schedule, body: &Value) -> Result<Schedule, Vec<(String, Code)>> {
    let mut object = Object::new(body, "");
    let later = "2026-05-02T00:00:00Z".parse().unwrap();
    let schedule = before.amend(&mut object, later);
    object.finish(schedule).map_err(|faults| {
        faults
            .into_iter()
            .map(|fault| (fault.path, fault.code))
            .collect()
    })
}

fn written(schedule: &Schedule) -> Value {
    let mut fields = Map::new();
    schedule.write(&mut fields);
    Value::Object(fields)
}

#[test]
fn what_is_written_reads_back_the_same() {
    for body in [
        json!({"schedule": "manual", "timezone": "UTC"}),
        json!({"interval": "90 minutes", "interval_minutes": 90, "timezone": "UTC"}),
        json!({"interval": "7 days", "interval_minutes": 10_080, "anchor_minute": 0, "timezone": "Asia/Kolkata"}),
        json!({"cron_expression": "0 9 1 * MON", "timezone": "Europe/Berlin"}),
        json!({"scheduled_for": "2099-01-01T00:00:00Z", "timezone": "UTC"}),
    ] {
        let schedule = read(&body).unwrap();
        assert_eq!(written(&schedule), body);
        let stored = serde_json::to_string(&schedule).unwrap();
        assert_eq!(
            serde_json::from_str::<Schedule>(&stored).unwrap(),
            schedule,
            "{stored}"
        );
    }
}

#[test]
fn interval_minutes_wins() {
    let schedule = read(&json!({"interval": "6 hours", "interval_minutes": 60})).unwrap();
    assert_eq!(
        written(&schedule),
        json!({"interval": "1 hour", "interval_minutes": 60, "timezone": "UTC"})
    );
}

#[test]
fn every_fault_has_its_code_and_place() {
    use Code::{
        CronInvalid, CronNeverFires, CronUnsupported, IntervalTooShort, TimezoneUnknown,
        ValidationFailed,
    };
    for (body, path, code) in [
        (json!({}), "/schedule", ValidationFailed),
        (
            json!({"schedule": null, "interval": null}),
            "/schedule",
            ValidationFailed,
        ),
        (json!({"schedule": "weekly"}), "/schedule", ValidationFailed),
        (
            json!({"schedule": "manual", "interval": "1 day"}),
            "/schedule",
            ValidationFailed,
        ),
        (
            json!({"cron_expression": "0 9 * * *", "scheduled_for": "2099-01-01T00:00:00Z"}),
            "/schedule",
            ValidationFailed,
        ),
        (json!({"interval": "soon"}), "/interval", ValidationFailed),
        (json!({"interval": 6}), "/interval", ValidationFailed),
        (
            json!({"interval": "soon", "interval_minutes": 60}),
            "/interval",
            ValidationFailed,
        ),
        (
            json!({"interval": "0 minutes"}),
            "/interval",
            IntervalTooShort,
        ),
        (
            json!({"interval": "4 minutes"}),
            "/interval",
            IntervalTooShort,
        ),
        (
            json!({"interval": "53 weeks"}),
            "/interval",
            ValidationFailed,
        ),
        (
            json!({"interval_minutes": 1}),
            "/interval_minutes",
            IntervalTooShort,
        ),
        (
            json!({"interval_minutes": 525_601}),
            "/interval_minutes",
            ValidationFailed,
        ),
        (
            json!({"interval_minutes": 9_223_372_036_854_775_808_u64}),
            "/interval_minutes",
            ValidationFailed,
        ),
        (
            json!({"interval_minutes": 7.5}),
            "/interval_minutes",
            ValidationFailed,
        ),
        (
            json!({"cron_expression": "0 9 * *"}),
            "/cron_expression",
            CronInvalid,
        ),
        (
            json!({"cron_expression": 9}),
            "/cron_expression",
            ValidationFailed,
        ),
        (
            json!({"cron_expression": "0 9 L * *"}),
            "/cron_expression",
            CronUnsupported,
        ),
        (
            json!({"cron_expression": "0 9 31 2 *"}),
            "/cron_expression",
            CronNeverFires,
        ),
        (
            json!({"cron_expression": "* * * * *"}),
            "/cron_expression",
            IntervalTooShort,
        ),
        (
            json!({"scheduled_for": "2020-01-01T00:00:00Z"}),
            "/scheduled_for",
            ValidationFailed,
        ),
        (
            json!({"scheduled_for": "2099-01-01T00:00:00"}),
            "/scheduled_for",
            ValidationFailed,
        ),
        (
            json!({"scheduled_for": "2099-06-30T23:59:60Z"}),
            "/scheduled_for",
            ValidationFailed,
        ),
        (
            json!({"scheduled_for": "2099-02-30T00:00:00Z"}),
            "/scheduled_for",
            ValidationFailed,
        ),
        (
            json!({"scheduled_for": "2099-01-01T00:00:00+02:00[Europe/Berlin]"}),
            "/scheduled_for",
            ValidationFailed,
        ),
        (
            json!({"interval": "1 day", "anchor_minute": 60}),
            "/anchor_minute",
            ValidationFailed,
        ),
        (
            json!({"interval": "1 day", "anchor_minute": -1}),
            "/anchor_minute",
            ValidationFailed,
        ),
        (
            json!({"interval": "90 minutes", "anchor_minute": 5}),
            "/anchor_minute",
            ValidationFailed,
        ),
        (
            json!({"cron_expression": "0 9 * * *", "anchor_minute": 5}),
            "/anchor_minute",
            ValidationFailed,
        ),
        (
            json!({"interval": "1 day", "timezone": "america/new_york"}),
            "/timezone",
            TimezoneUnknown,
        ),
        (
            json!({"interval": "1 day", "timezone": 1}),
            "/timezone",
            ValidationFailed,
        ),
        (
            json!({"interval": "1 day", "cron_expresion": "0 9 * * *"}),
            "/cron_expresion",
            ValidationFailed,
        ),
    ] {
        assert_eq!(read(&body), Err(vec![(path.to_owned(), code)]), "{body}");
    }
}

#[test]
fn faults_of_different_fields_come_together() {
    let faults =
        read(&json!({"cron_expression": "61 * * * *", "timezone": "Mars/Olympus"})).unwrap_err();
    assert_eq!(
        faults,
        [
            ("/timezone".to_owned(), Code::TimezoneUnknown),
            ("/cron_expression".to_owned(), Code::CronInvalid)
        ]
    );
}

#[test]
fn a_change_replaces_the_kind_or_adjusts_it() {
    let hourly = read(&json!({"interval": "1 hour", "timezone": "Asia/Kolkata"})).unwrap();
    let cron = amend(&hourly, &json!({"cron_expression": "0 9 * * *"})).unwrap();
    assert_eq!(
        written(&cron),
        json!({"cron_expression": "0 9 * * *", "timezone": "Asia/Kolkata"})
    );
    let moved = amend(&cron, &json!({"timezone": "Europe/Berlin"})).unwrap();
    assert_eq!(
        written(&moved),
        json!({"cron_expression": "0 9 * * *", "timezone": "Europe/Berlin"})
    );
    let swapped = amend(
        &cron,
        &json!({"cron_expression": null, "schedule": "manual", "timezone": null}),
    )
    .unwrap();
    assert_eq!(
        written(&swapped),
        json!({"schedule": "manual", "timezone": "UTC"})
    );
    assert_eq!(
        amend(&cron, &json!({"cron_expression": null})),
        Err(vec![("/schedule".to_owned(), Code::ValidationFailed)])
    );
    assert_eq!(
        amend(&cron, &json!({"anchor_minute": 3})),
        Err(vec![("/anchor_minute".to_owned(), Code::ValidationFailed)])
    );
}

#[test]
fn the_same_interval_again_keeps_its_rhythm() {
    let hourly = read(&json!({"interval": "1 hour"})).unwrap();
    assert_eq!(
        amend(&hourly, &json!({"interval": "1 hour"})).unwrap(),
        hourly
    );
    assert_eq!(
        amend(&hourly, &json!({"interval_minutes": 60})).unwrap(),
        hourly
    );
    let anchored = amend(&hourly, &json!({"anchor_minute": 30})).unwrap();
    assert_eq!(
        anchored.next_after("2026-05-02T00:00:00Z".parse().unwrap(), 1)[0].to_string(),
        "2026-05-02T00:30:00Z"
    );
}
