//! Bodies of workflows, and where the faults in them are said to be.

use domain::fault::Fault;
use domain::ids::OwnerId;
use domain::sealing::RootKeys;
use serde_json::{Value, json};

use super::*;

fn settings() -> Settings {
    Settings::read(|name| (name == "NIGHTDESK_MAIL_DOMAINS").then(|| "desk.test".to_owned()))
        .unwrap()
}

fn seal() -> Seal {
    RootKeys::read("root")
        .unwrap()
        .seal(&OwnerId::from_uuid(uuid::Uuid::nil()))
}

fn read(body: &Value) -> Result<NewWorkflow, Vec<Fault>> {
    let settings = settings();
    let now = "2026-05-04T08:00:00Z".parse().unwrap();
    create(
        body,
        &Context {
            now,
            settings: &settings,
            seal: &seal(),
            email: "me@owner.test",
            reviewed: None,
            session: None,
        },
    )
}

/// A body that can be saved, with fields changed; `null` takes one away.
fn with(mode: &str, changes: &Value) -> Value {
    let mut body = match mode {
        "simple" => {
            json!({"workflow_type": "search", "operation_config": {"query": "x"}, "interval": "6 hours"})
        }
        "crawl" => {
            json!({"workflow_type": "crawl", "operation_config": {"urls": ["https://example.com/"]}, "schedule": "manual"})
        }
        "multi" => {
            json!({"mode": "multi_step", "steps": [{"id": "a", "type": "search", "config": {"query": "x"}}], "interval": "6 hours"})
        }
        _ => {
            json!({"mode": "ai_planned", "intent": "watch OpenAI pricing page", "interval": "1 day"})
        }
    };
    body["name"] = "w".into();
    body["stop_condition"] = json!({"type": "always"});
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            body.as_object_mut().unwrap().remove(name);
        } else {
            body[name] = value.clone();
        }
    }
    body
}

#[test]
fn bad_bodies() {
    let two_families = "👨‍👩‍👧".repeat(52);
    for (mode, changes, path, code) in [
        (
            "simple",
            json!({"name": null}),
            "/name",
            "validation_failed",
        ),
        ("simple", json!({"name": ""}), "/name", "validation_failed"),
        (
            "simple",
            json!({"name": "a".repeat(256)}),
            "/name",
            "validation_failed",
        ),
        (
            "simple",
            json!({"name": two_families}),
            "/name",
            "validation_failed",
        ),
        (
            "simple",
            json!({"name": "Weekly\r\nBcc: victim@example.com"}),
            "/name",
            "validation_failed",
        ),
        (
            "simple",
            json!({"name": "invoice\u{202e}gpj.exe"}),
            "/name",
            "validation_failed",
        ),
        (
            "simple",
            json!({"owner_id": "own_x"}),
            "/owner_id",
            "validation_failed",
        ),
        (
            "simple",
            json!({"cron_expresion": "0 9 * * *"}),
            "/cron_expresion",
            "validation_failed",
        ),
        (
            "simple",
            json!({"mode": "turbo"}),
            "/mode",
            "validation_failed",
        ),
        (
            "simple",
            json!({"mode": "multi_step", "workflow_type": null, "operation_config": null}),
            "/steps",
            "validation_failed",
        ),
        (
            "simple",
            json!({"steps": []}),
            "/steps",
            "validation_failed",
        ),
        (
            "multi",
            json!({"plan_id": "pln_x"}),
            "/plan_id",
            "validation_failed",
        ),
        (
            "simple",
            json!({"stop_condition": null}),
            "/stop_condition",
            "validation_failed",
        ),
        (
            "simple",
            json!({"workflow_type": "email"}),
            "/workflow_type",
            "validation_failed",
        ),
        (
            "simple",
            json!({"operation_config": null}),
            "/operation_config",
            "validation_failed",
        ),
        (
            "simple",
            json!({"operation_config": {"query": "é".repeat(2000)}}),
            "/operation_config/query",
            "validation_failed",
        ),
        (
            "simple",
            json!({"operation_config": {"query": "x", "max_results": 0}}),
            "/operation_config/max_results",
            "validation_failed",
        ),
        (
            "simple",
            json!({"operation_config": {"query": "${steps.a.text}"}}),
            "/operation_config/query",
            "plan_invalid",
        ),
        (
            "crawl",
            json!({"operation_config": {"urls": ["http://169.254.169.254/"]}}),
            "/operation_config/urls/0",
            "url_not_allowed",
        ),
        (
            "crawl",
            json!({"operation_config": {"urls": ["https://example.com/"], "max_pages": -1}}),
            "/operation_config/max_pages",
            "validation_failed",
        ),
        ("multi", json!({"steps": []}), "/steps", "validation_failed"),
        (
            "ai",
            json!({"intent": null}),
            "/intent",
            "validation_failed",
        ),
        (
            "ai",
            json!({"intent": "short int"}),
            "/intent",
            "validation_failed",
        ),
        (
            "ai",
            json!({"goal": "watch OpenAI pricing page"}),
            "/goal",
            "validation_failed",
        ),
        (
            "ai",
            json!({"plan_id": "pln_00000000000000000000000000000001"}),
            "/plan_id",
            "validation_failed",
        ),
        (
            "ai",
            json!({"max_credits_per_execution": -5}),
            "/max_credits_per_execution",
            "validation_failed",
        ),
        (
            "ai",
            json!({"run_immediately": true}),
            "/run_immediately",
            "validation_failed",
        ),
        (
            "simple",
            json!({"dry_run": "true"}),
            "/dry_run",
            "validation_failed",
        ),
        (
            "simple",
            json!({"interval": null}),
            "/schedule",
            "validation_failed",
        ),
        (
            "simple",
            json!({"cron_expression": "0 9 * * *"}),
            "/schedule",
            "validation_failed",
        ),
        (
            "simple",
            json!({"interval": "1 minute"}),
            "/interval",
            "interval_too_short",
        ),
        (
            "simple",
            json!({"timezone": "Mars/Olympus"}),
            "/timezone",
            "timezone_unknown",
        ),
        (
            "simple",
            json!({"tags": vec!["a"; 21]}),
            "/tags",
            "validation_failed",
        ),
        (
            "simple",
            json!({"tags": ["a".repeat(51)]}),
            "/tags/0",
            "validation_failed",
        ),
        (
            "simple",
            json!({"overlap_policy": "queue"}),
            "/overlap_policy",
            "validation_failed",
        ),
        (
            "simple",
            json!({"catch_up": "some"}),
            "/catch_up",
            "validation_failed",
        ),
        (
            "simple",
            json!({"max_executions": 0}),
            "/max_executions",
            "validation_failed",
        ),
        (
            "simple",
            json!({"confirmations": 6}),
            "/confirmations",
            "validation_failed",
        ),
        (
            "simple",
            json!({"approvals": {"approvers": [{"email": "x"}]}}),
            "/approvals/approvers/0/email",
            "invalid_email",
        ),
        (
            "simple",
            json!({"approvals": {"approvers": [{"email": "x@elsewhere.test"}]}}),
            "/approvals/approvers/0/email",
            "email_not_verified",
        ),
        (
            "simple",
            json!({"approvals": {"approvers": [{"email": "x@desk.test"}, {"email": "X@desk.test"}]}}),
            "/approvals/approvers",
            "validation_failed",
        ),
        (
            "simple",
            json!({"approvals": {"required": 2}}),
            "/approvals/required",
            "validation_failed",
        ),
        (
            "simple",
            json!({"approvals": {"deadline": "soon"}}),
            "/approvals/deadline",
            "validation_failed",
        ),
        (
            "simple",
            json!({"approvals": {"on_timeout": "approve"}}),
            "/approvals/on_timeout",
            "validation_failed",
        ),
        (
            "simple",
            json!({"approvals": {"max_revisions": 11}}),
            "/approvals/max_revisions",
            "validation_failed",
        ),
        (
            "simple",
            json!({"approvals": {"reminders": ["soon"]}}),
            "/approvals/reminders/0",
            "validation_failed",
        ),
        (
            "simple",
            json!({"approvals": {"escalate_to": [{"email": "x@desk.test"}]}}),
            "/approvals/escalate_to/0/after",
            "validation_failed",
        ),
        (
            "simple",
            json!({"approvals": {"approver": []}}),
            "/approvals/approver",
            "validation_failed",
        ),
        (
            "simple",
            json!({"deliver": [{"type": "pigeon"}]}),
            "/deliver/0/type",
            "validation_failed",
        ),
        (
            "simple",
            json!({"deliver": [{"type": "webhook", "url": "http://10.0.0.1/"}]}),
            "/deliver/0/url",
            "url_not_allowed",
        ),
        (
            "simple",
            json!({"deliver": [{"type": "webhook", "url": "https://example.com/", "secret": "abc"}]}),
            "/deliver/0/secret",
            "weak_secret",
        ),
        (
            "simple",
            json!({"deliver": [{"type": "email", "to": ["nobody"]}]}),
            "/deliver/0/to",
            "invalid_email",
        ),
        (
            "simple",
            json!({"catch_up_window": "never"}),
            "/catch_up_window",
            "validation_failed",
        ),
    ] {
        let body = with(mode, &changes);
        let faults = read(&body)
            .err()
            .unwrap_or_else(|| panic!("accepted: {body}"));
        let found: Vec<(&str, &str)> = faults
            .iter()
            .map(|fault| (fault.path.as_str(), fault.code.as_str()))
            .collect();
        assert_eq!(found, [(path, code)], "{body}");
    }
}

/// What is valid and cannot be served yet is refused, except where it says no more than the default.
#[test]
fn what_is_not_available_yet_is_never_silently_accepted() {
    for (changes, path) in [
        (json!({"deliver": [{"type": "feed"}]}), "/deliver/0/type"),
        (
            json!({"deliver": [{"type": "slack", "url": "https://hooks.example.com/"}]}),
            "/deliver/0/type",
        ),
        (
            json!({"deliver": [{"type": "email", "to": ["me@owner.test"], "mode": "digest"}]}),
            "/deliver/0/mode",
        ),
        (json!({"confirmations": 3}), "/confirmations"),
        (json!({"catch_up": "all"}), "/catch_up"),
        (json!({"overlap_policy": "buffer_one"}), "/overlap_policy"),
        (json!({"catch_up_window": "2 days"}), "/catch_up_window"),
        (
            json!({"approvals": {"reminders": ["2 hours"]}}),
            "/approvals/reminders",
        ),
        (
            json!({"approvals": {"reminders": []}}),
            "/approvals/reminders",
        ),
        (
            json!({"approvals": {"escalate_to": [{"email": "x@desk.test", "after": "1 day"}]}}),
            "/approvals/escalate_to",
        ),
    ] {
        let faults = read(&with("simple", &changes)).unwrap_err();
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert_eq!(faults[0].path, path);
        assert!(
            faults[0].message.contains("not available yet"),
            "{faults:?}"
        );
    }
    let defaults = json!({
        "deliver": [], "confirmations": 1, "catch_up_window": "1 day",
        "approvals": {"reminders": ["24 hours"], "escalate_to": [], "strict": false},
    });
    assert!(read(&with("simple", &defaults)).is_ok());
    let strict = read(&with("simple", &json!({"approvals": {"strict": true}})));
    assert!(strict.unwrap().approvals.strict);
    assert_eq!(read(&with("crawl", &json!({}))).unwrap().confirmations, 2);
    assert!(read(&with("crawl", &json!({"confirmations": 2}))).is_ok());
}

#[test]
fn all_faults_come_in_one_answer() {
    let changes =
        json!({"name": "", "mode": "multi_step", "dry_run": 1, "timezone": "x", "typo": 1});
    let faults = read(&with("simple", &changes)).unwrap_err();
    let paths: Vec<&str> = faults.iter().map(|fault| fault.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "/name",
            "/workflow_type",
            "/operation_config",
            "/steps",
            "/timezone",
            "/dry_run",
            "/typo"
        ]
    );
}

#[test]
fn a_price_above_the_limit_is_refused_before_it_is_saved() {
    let plan = json!({"operation_config": {"urls": ["https://example.com/"], "max_pages": 1000}, "max_credits_per_execution": 1});
    assert!(
        read(&with("crawl", &plan)).is_ok(),
        "a simple run is always 1"
    );
    let steps = json!([{"id": "a", "type": "crawl", "config": {"urls": ["https://example.com/"], "max_pages": 100}}]);
    let faults = read(&with(
        "multi",
        &json!({"steps": steps, "max_credits_per_execution": 9}),
    ))
    .unwrap_err();
    assert_eq!(faults[0].path, "/max_credits_per_execution");
    let judged = json!({"max_credits_per_execution": 1, "stop_condition": {"type": "natural_language", "description": "it rains"}});
    assert_eq!(
        read(&with("simple", &judged)).unwrap_err()[0].path,
        "/max_credits_per_execution"
    );
}

#[test]
fn changes() {
    let settings = settings();
    let now = "2026-05-04T08:00:00Z".parse().unwrap();
    let context = Context {
        now,
        settings: &settings,
        seal: &seal(),
        email: "me@owner.test",
        reviewed: None,
        session: None,
    };
    let new = read(&with("simple", &json!({"description": "d"}))).unwrap();
    let plan = new.work.plan().unwrap().clone();
    let before = stored(new, now);
    let paths = |body: Value| match change(&body, &before, Some(&plan), &context) {
        Err(CannotChange::Faults(faults)) => faults
            .into_iter()
            .map(|fault| fault.path)
            .collect::<Vec<_>>(),
        other => panic!("{body}: {other:?}"),
    };
    assert_eq!(paths(json!({})), [""]);
    assert_eq!(paths(json!([])), [""]);
    assert_eq!(paths(json!({"mode": "simple"})), ["/mode"]);
    assert_eq!(
        paths(json!({"name": null, "stop_condition": null, "status": null})),
        ["/name", "/stop_condition", "/status"]
    );
    assert_eq!(paths(json!({"interval": null})), ["/schedule"]);
    assert_eq!(
        paths(json!({"operation_config": null})),
        ["/operation_config"]
    );
    assert_eq!(
        paths(json!({"workflow_type": "crawl"})),
        ["/operation_config"]
    );
    assert_eq!(
        paths(json!({"session_id": "x", "steps": []})),
        ["/session_id", "/steps"]
    );
    assert_eq!(paths(json!({"max_executions": 2})), ["/max_executions"]);
    assert_eq!(
        paths(json!({"status": "paused", "run_immediately": true})),
        ["/run_immediately"]
    );
    assert_eq!(paths(json!({"id": "wf_x"})), ["/id"]);
    let same = change(
        &json!({"operation_config": {"query": "x"}}),
        &before,
        Some(&plan),
        &context,
    )
    .unwrap();
    assert_eq!(
        (same.plan, &same.workflow),
        (None, &before),
        "nothing new is no new version"
    );
    let other = change(
        &json!({"operation_config": {"query": "y"}, "description": null}),
        &before,
        Some(&plan),
        &context,
    )
    .unwrap();
    assert!(other.plan.is_some() && other.workflow.description.is_none());
}

/// A saved workflow that has run five times.
fn stored(new: NewWorkflow, now: Timestamp) -> domain::workflow::Workflow {
    domain::workflow::Workflow {
        id: domain::ids::WorkflowId::from_uuid(uuid::Uuid::from_u128(1)),
        owner: domain::ids::OwnerId::from_uuid(uuid::Uuid::from_u128(1)),
        name: new.name,
        description: new.description,
        tags: new.tags,
        mode: new.mode,
        intent: new.intent,
        plan_id: None,
        auto_activate: false,
        status: domain::workflow::WorkflowStatus::Active,
        schedule: new.schedule,
        stop_condition: new.stop_condition,
        overlap_policy: new.overlap_policy,
        catch_up: new.catch_up,
        approvals: new.approvals,
        deliver: vec![],
        include_baseline: new.include_baseline,
        session: new.session,
        confirmations: new.confirmations,
        max_executions: new.max_executions,
        max_credits_per_execution: new.max_credits_per_execution,
        plan_version: 1,
        planning_id: None,
        execution_count: 5,
        live: vec![],
        failures_in_a_row: 0,
        last_execution: None,
        scheduled_from: now,
        schedule_synced: true,
        nudge_at: now,
        created_at: now,
        updated_at: now,
        revision: 3,
    }
}
