//! The life of a run, told in events.

mod budgets;
mod ending;
mod every_event;
mod gates;
mod mails;
mod reusing;
mod sizes;

use serde_json::json;

use super::*;
use crate::egress::EgressRule;
use crate::ids::ApprovalId;
use crate::workflow::OnTimeout;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_780_000_000 + seconds).unwrap()
}

fn plan(steps: &serde_json::Value) -> Plan {
    Plan::read(steps, "/steps", &EgressRule::public_only()).unwrap()
}

fn started(plan: &Plan, judged: bool) -> (Execution, Vec<Effect>) {
    let new = NewExecution {
        id: ExecutionId::from_uuid(uuid::Uuid::from_u128(1)),
        owner: OwnerId::from_uuid(uuid::Uuid::from_u128(2)),
        workflow: WorkflowId::from_uuid(uuid::Uuid::from_u128(3)),
        plan,
        plan_version: 1,
        policy: crate::workflow::ApprovalPolicy::default(),
        trigger: Trigger::Manual,
        scheduled_for: None,
        reserved: plan.most_credits(),
        judged,
    };
    Execution::create(new, at(0))
}

fn approval(n: u128) -> ApprovalId {
    ApprovalId::from_uuid(uuid::Uuid::from_u128(n))
}

fn gate(n: u128, output: Option<Output>) -> Gate {
    Gate {
        approval: approval(n),
        sha256: "a".repeat(64),
        deadline: at(72 * 3600),
        on_timeout: OnTimeout::Reject,
        output,
        credits: 0,
    }
}

fn output(preview: &str) -> Output {
    Output {
        sha256: "b".repeat(64),
        bytes: 2,
        inline: Some(json!({})),
        preview: preview.to_owned(),
    }
}

fn claimed(step: &str) -> Event {
    Event::StepClaimed {
        step: step.into(),
        worker: "w".into(),
    }
}

fn completed(step: &str, fence: u64) -> Event {
    Event::StepCompleted {
        step: step.into(),
        fence,
        output: output(step),
        credits: 1,
    }
}

fn failed(step: &str, fence: u64, retry_at: Option<Timestamp>) -> Event {
    Event::StepFailed {
        step: step.into(),
        fence,
        error: StepError::new(ErrorCode::ProviderError, "no"),
        retry_at,
    }
}

/// Applies events, one each second of the run's life, and gives the run and the effects of the last.
fn story(mut run: Execution, events: &[Event]) -> (Execution, Vec<Effect>) {
    let mut effects = Vec::new();
    for event in events {
        let now = at(i64::try_from(run.revision).unwrap() + 1);
        (run, effects) =
            apply(&run, event, now).unwrap_or_else(|refused| panic!("{event:?}: {refused}"));
    }
    (run, effects)
}

fn enqueued(effects: &[Effect]) -> Vec<&str> {
    effects
        .iter()
        .filter_map(|effect| {
            if let Effect::EnqueueStep { step, .. } = effect {
                Some(step.as_str())
            } else {
                None
            }
        })
        .collect()
}

fn search(id: &str, needs: &[&str]) -> serde_json::Value {
    json!({"id": id, "type": "search", "config": {"query": "x"}, "depends_on": needs})
}

fn publishing() -> Plan {
    plan(&json!([
        search("find", &[]),
        {"id": "write", "type": "generate_report", "config": {}, "depends_on": ["find"]},
        {"id": "post", "type": "post_webhook", "config": {"url": "https://example.com/", "body": "${steps.write.text}"}, "depends_on": ["write"]},
    ]))
}

/// A publishing run that stands at its gate.
fn at_the_gate() -> Execution {
    let events = [
        claimed("find"),
        completed("find", 1),
        claimed("write"),
        completed("write", 1),
        claimed("post"),
        Event::StepParked {
            step: "post".into(),
            fence: 1,
            gate: gate(9, None),
        },
    ];
    story(started(&publishing(), false).0, &events).0
}

fn approved() -> Event {
    Event::Approved {
        step: "post".into(),
        approval: approval(9),
        sha256: "c".repeat(64),
        output: None,
    }
}

#[test]
fn a_diamond_runs_its_branches_at_once_and_its_join_once() {
    let diamond = plan(&json!([
        search("a", &[]),
        search("b", &["a"]),
        search("c", &["a"]),
        search("d", &["b", "c"])
    ]));
    let (run, effects) = started(&diamond, true);
    assert_eq!(enqueued(&effects), ["a"]);
    let (run, effects) = story(run, &[claimed("a"), completed("a", 1)]);
    assert_eq!(enqueued(&effects), ["b", "c"]);
    let (run, effects) = story(run, &[claimed("b"), claimed("c"), completed("c", 1)]);
    assert_eq!(enqueued(&effects), Vec::<&str>::new());
    let (run, effects) = story(run, &[completed("b", 1)]);
    assert_eq!(enqueued(&effects), ["d"]);
    let (run, effects) = story(run, &[claimed("d"), completed("d", 1)]);
    assert_eq!(effects, [Effect::EnqueueJudging]);
    let (run, effects) = story(
        run,
        &[Event::Judged {
            conclusion: Conclusion::default(),
        }],
    );
    assert_eq!((run.status(), run.consumed()), (Status::Completed, 4));
    assert_eq!(effects, [Effect::End]);
    assert_eq!(run.due_at(), None);
}

#[test]
fn a_worker_that_was_given_up_does_not_count() {
    let (run, _) = story(started(&publishing(), false).0, &[claimed("find")]);
    let later = at(1 + 75 + 1);
    let (run, effects) = apply(
        &run,
        &Event::LeaseExpired {
            step: "find".into(),
            fence: 1,
        },
        later,
    )
    .unwrap();
    assert_eq!(enqueued(&effects), ["find"]);
    let (run, _) = apply(&run, &claimed("find"), later).unwrap();
    assert_eq!(
        apply(&run, &completed("find", 1), later),
        Err(Refused::StaleFence {
            given: 1,
            current: 2
        })
    );
    assert!(apply(&run, &completed("find", 2), later).is_ok());
}

#[test]
fn a_held_step_is_not_taken_twice_and_a_lease_is_not_cut_short() {
    let (run, _) = story(started(&publishing(), false).0, &[claimed("find")]);
    assert_eq!(
        apply(&run, &claimed("find"), at(2)),
        Err(Refused::Held { until: at(1 + 75) })
    );
    assert_eq!(
        apply(
            &run,
            &Event::LeaseExpired {
                step: "find".into(),
                fence: 1
            },
            at(10)
        ),
        Err(Refused::Held { until: at(76) })
    );
}

#[test]
fn retries_wait_their_time_and_end() {
    let (run, effects) = story(
        started(&publishing(), false).0,
        &[claimed("find"), failed("find", 1, Some(at(30)))],
    );
    assert_eq!(
        effects,
        [Effect::EnqueueStep {
            step: "find".into(),
            not_before: at(30)
        }]
    );
    assert_eq!(
        apply(&run, &claimed("find"), at(29)),
        Err(Refused::NotYet { due_at: at(30) })
    );
    let mut run = run;
    for (i, fence) in [(40, 2), (80, 3)] {
        (run, _) = apply(&run, &claimed("find"), at(i)).unwrap();
        (run, _) = apply(&run, &failed("find", fence, Some(at(i + 20))), at(i + 1)).unwrap();
    }
    assert_eq!(
        (run.status(), run.outcome_reason()),
        (Status::Failed, Some("source_unavailable"))
    );
    assert_eq!(run.consumed(), 0, "a run that failed by us is free");
}

#[test]
fn an_outage_of_one_source_makes_a_run_incomplete_not_failed() {
    let two = plan(
        &json!([search("a", &[]), search("b", &[]), {"id": "m", "type": "aggregate", "config": {"aggregation_type": "merge"}, "depends_on": ["a", "b"]}]),
    );
    let (run, _) = story(
        started(&two, true).0,
        &[
            claimed("a"),
            failed("a", 1, None),
            claimed("b"),
            completed("b", 1),
        ],
    );
    assert!(matches!(
        run.step("m").unwrap().state,
        StepState::Ready { .. }
    ));
    let (run, _) = story(
        started(&two, true).0,
        &[
            claimed("a"),
            failed("a", 1, None),
            claimed("b"),
            failed("b", 1, None),
        ],
    );
    assert_eq!(
        (run.status(), run.outcome_reason()),
        (Status::Failed, Some("source_unavailable"))
    );
}

#[test]
fn what_depends_only_on_skipped_steps_is_skipped() {
    let chain = plan(&json!([
        search("z", &[]),
        search("a", &[]),
        search("b", &["a"]),
        search("c", &["b"]),
        search("d", &["b", "z"])
    ]));
    let (run, _) = story(
        started(&chain, true).0,
        &[
            claimed("a"),
            Event::StepSkipped {
                step: "a".into(),
                fence: 1,
            },
        ],
    );
    assert_eq!(run.step("c").unwrap().state.status(), "skipped");
    let (run, effects) = story(run, &[claimed("z"), completed("z", 1)]);
    assert_eq!(enqueued(&effects), ["d"], "one of its sources did run");
    assert_eq!(run.status(), Status::Running);
}

#[test]
fn a_held_run_starts_nothing_and_goes_on_where_it_was() {
    let (run, _) = story(
        started(&publishing(), false).0,
        &[claimed("find"), Event::Paused],
    );
    let (run, effects) = story(run, &[completed("find", 1)]);
    assert_eq!((run.status(), enqueued(&effects)), (Status::Paused, vec![]));
    assert_eq!(apply(&run, &claimed("write"), at(5)), Err(Refused::OnHold));
    let (run, effects) = story(run, &[Event::Resumed]);
    assert_eq!(
        (run.status(), enqueued(&effects)),
        (Status::Running, vec!["write"])
    );
}

#[test]
fn the_sweeper_finds_what_is_stuck() {
    let (run, _) = started(&publishing(), false);
    assert_eq!(overdue(&run, at(119)), []);
    assert_eq!(
        overdue(&run, at(120)),
        [Event::StepNudged {
            step: "find".into()
        }]
    );
    let (run, effects) = apply(
        &run,
        &Event::StepNudged {
            step: "find".into(),
        },
        at(120),
    )
    .unwrap();
    assert_eq!(enqueued(&effects), ["find"]);
    assert_eq!(overdue(&run, at(121)), [], "a slow queue is not flooded");
    let expired = overdue(&at_the_gate(), at(72 * 3600));
    assert_eq!(
        expired,
        [Event::ApprovalExpired {
            step: "post".into(),
            approval: approval(9)
        }]
    );
}

#[test]
fn a_dead_letter_does_not_take_work_out_of_good_hands() {
    let (run, _) = story(started(&publishing(), false).0, &[claimed("find")]);
    let dead = Event::StepDeadLettered {
        step: "find".into(),
        reason: "lost".into(),
    };
    assert_eq!(
        apply(&run, &dead, at(2)),
        Err(Refused::Held { until: at(76) })
    );
    let (run, _) = apply(&run, &dead, at(76)).unwrap();
    assert_eq!(
        (run.status(), run.outcome_reason()),
        (Status::Failed, Some("source_unavailable"))
    );
}

#[test]
fn a_long_step_goes_on_where_it_was_however_often() {
    let (mut run, _) = started(&publishing(), false);
    for i in 0..20_u64 {
        let now = at(i64::try_from(i).unwrap() * 100);
        (run, _) = apply(&run, &claimed("find"), now).unwrap();
        let yielded = Event::StepYielded {
            step: "find".into(),
            fence: i + 1,
            cursor: i.to_string(),
            resume_at: now,
        };
        (run, _) = apply(&run, &yielded, now).unwrap();
    }
    assert_eq!(run.step("find").unwrap().cursor.as_deref(), Some("19"));
}
