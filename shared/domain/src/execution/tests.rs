//! The life of a run, told in events; and the tables of states, events and errors, held against the README.

mod budgets;
mod ending;
mod reusing;
mod sizes;

use std::fmt::Write as _;

use proptest::prelude::*;
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
fn what_goes_out_waits_for_a_person_and_is_then_performed() {
    let run = at_the_gate();
    assert_eq!(run.status(), Status::AwaitingApproval);
    assert_eq!(run.due_at(), Some(at(72 * 3600)));
    let (run, effects) = story(run, &[approved()]);
    assert_eq!(enqueued(&effects), ["post"]);
    let (run, _) = story(run, &[claimed("post")]);
    let StepState::Performing { gate, lease } = &run.step("post").unwrap().state else {
        panic!()
    };
    assert_eq!(
        (gate.sha256.as_str(), lease.fence),
        ("c".repeat(64).as_str(), 2)
    );
    let (run, _) = story(run, &[completed("post", 2)]);
    assert_eq!(run.status(), Status::Completed);
}

#[test]
fn a_gated_step_never_completes_without_a_decision() {
    let events = [
        claimed("find"),
        completed("find", 1),
        claimed("write"),
        completed("write", 1),
        claimed("post"),
    ];
    let (run, _) = story(started(&publishing(), false).0, &events);
    assert!(matches!(
        apply(&run, &completed("post", 1), at(9)),
        Err(Refused::NotNow { .. })
    ));
}

#[test]
fn a_rejection_ends_the_run_and_its_other_gates() {
    let (run, effects) = story(
        at_the_gate(),
        &[Event::Rejected {
            step: "post".into(),
            approval: approval(9),
        }],
    );
    assert_eq!(
        (run.status(), run.outcome_reason()),
        (Status::Cancelled, Some("rejected"))
    );
    assert_eq!(effects, [Effect::End]);
    assert_eq!(run.consumed(), 2, "finished steps stay charged");
}

#[test]
fn requested_changes_make_the_writing_step_again_with_the_note() {
    let event = Event::ChangesRequested {
        step: "post".into(),
        approval: approval(9),
        note: "shorter".into(),
    };
    let (run, effects) = story(at_the_gate(), &[event]);
    assert_eq!(enqueued(&effects), ["write"]);
    let write = run.step("write").unwrap();
    assert_eq!(write.note.as_deref(), Some("shorter"));
    assert_eq!(run.step("post").unwrap().state, StepState::Waiting);
    assert_eq!(run.step("post").unwrap().revisions, 1);
    assert!(effects.contains(&Effect::CloseApproval {
        approval: approval(9),
        because: Closing::Superseded
    }));
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
fn a_mail_that_may_have_gone_out_is_never_sent_again_by_itself() {
    let mail = plan(
        &json!([{"id": "m", "type": "send_email", "config": {"to": ["a@example.com"], "subject": "s", "body": "b"}}]),
    );
    let parked = Event::StepParked {
        step: "m".into(),
        fence: 1,
        gate: gate(5, None),
    };
    let yes = Event::Approved {
        step: "m".into(),
        approval: approval(5),
        sha256: "a".repeat(64),
        output: None,
    };
    let (run, _) = story(
        started(&mail, false).0,
        &[claimed("m"), parked, yes, claimed("m")],
    );
    let (run, effects) = apply(
        &run,
        &Event::LeaseExpired {
            step: "m".into(),
            fence: 2,
        },
        at(500),
    )
    .unwrap();
    assert_eq!(run.step("m").unwrap().state.status(), "outcome_unknown");
    assert_eq!(enqueued(&effects), Vec::<&str>::new());
    assert!(
        overdue(&run, at(1_000_000)).is_empty(),
        "it waits for a person"
    );
    let (run, _) = apply(
        &run,
        &Event::Resolved {
            step: "m".into(),
            outcome: Resolution::Happened,
        },
        at(600),
    )
    .unwrap();
    assert_eq!(run.status(), Status::Completed);
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
fn an_approval_nobody_decides_ends_the_run_or_skips_its_step() {
    let expired = Event::ApprovalExpired {
        step: "post".into(),
        approval: approval(9),
    };
    let (run, _) = story(at_the_gate(), std::slice::from_ref(&expired));
    assert_eq!(
        (run.status(), run.outcome_reason()),
        (Status::Cancelled, Some("approval_expired"))
    );
    let mut lenient = at_the_gate();
    if let StepState::AwaitingApproval { gate } = &mut lenient.steps[2].state {
        gate.on_timeout = OnTimeout::Skip;
    }
    let (run, _) = story(lenient, &[expired]);
    assert_eq!(
        (run.status(), run.steps[2].state.status()),
        (Status::Completed, "skipped")
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

/// Every event about a step, with the fence a current worker would have.
fn every_event(step: &str, fence: u64) -> Vec<Event> {
    let step = || step.to_owned();
    vec![
        claimed(&step()),
        Event::StepYielded {
            step: step(),
            fence,
            cursor: "c".into(),
            resume_at: at(0),
        },
        completed(&step(), fence),
        Event::StepParked {
            step: step(),
            fence,
            gate: gate(9, None),
        },
        failed(&step(), fence, Some(at(10_000_000))),
        Event::StepReleased {
            step: step(),
            fence,
        },
        Event::StepSkipped {
            step: step(),
            fence,
        },
        Event::OutcomeLost {
            step: step(),
            fence,
        },
        Event::LeaseExpired {
            step: step(),
            fence,
        },
        Event::StepNudged { step: step() },
        Event::StepDeadLettered {
            step: step(),
            reason: "lost".into(),
        },
        Event::Approved {
            step: step(),
            approval: approval(9),
            sha256: "a".repeat(64),
            output: None,
        },
        Event::Rejected {
            step: step(),
            approval: approval(9),
        },
        Event::ChangesRequested {
            step: step(),
            approval: approval(9),
            note: "n".into(),
        },
        Event::ApprovalExpired {
            step: step(),
            approval: approval(9),
        },
        Event::Resolved {
            step: step(),
            outcome: Resolution::Happened,
        },
    ]
}

/// A run whose second step stands in `state`, and whose first keeps it from ending.
fn with_state(state: StepState) -> Execution {
    let two = plan(&json!([
        search("other", &[]),
        {"id": "post", "type": "post_webhook", "config": {"url": "https://example.com/", "body": "b"}},
        search("first", &[]),
    ]));
    let (mut run, _) = started(&two, true);
    run.steps[1].state = state;
    run.steps[1].fence = 1;
    run.steps[1].attempts = 1;
    if run.steps[1].state == StepState::Waiting {
        run.steps[1].needs = vec![0];
    }
    run
}

fn every_state() -> Vec<StepState> {
    let lease = Lease {
        fence: 1,
        until: at(100),
        worker: "w".into(),
    };
    vec![
        StepState::Waiting,
        StepState::Ready {
            due_at: at(0),
            nudge_at: at(0),
        },
        StepState::Running {
            lease: lease.clone(),
        },
        StepState::AwaitingApproval {
            gate: gate(9, None),
        },
        StepState::Approved {
            gate: gate(9, None),
            due_at: at(0),
            nudge_at: at(0),
        },
        StepState::Performing {
            gate: gate(9, None),
            lease,
        },
        StepState::OutcomeUnknown {
            gate: gate(9, None),
        },
        StepState::Completed {
            output: output("o"),
            credits: 0,
            at: at(0),
        },
        StepState::Failed {
            error: StepError::new(ErrorCode::Timeout, "t"),
            at: at(0),
        },
        StepState::Skipped { at: at(0) },
        StepState::Cancelled { at: at(0) },
    ]
}

/// A name as the README writes it.
fn word(name: &str) -> String {
    if name.contains('_') {
        format!("`{name}`")
    } else {
        name.to_owned()
    }
}

/// The README's table: for each state and event the state that follows, or `·` where it is refused.
fn table() -> String {
    let events = every_event("post", 1);
    let mut text = String::from("| event \\ state |");
    for state in every_state() {
        let _ = write!(text, " {} |", word(state.name()));
    }
    text.push_str("\n|---|");
    text.push_str(&"---|".repeat(every_state().len()));
    text.push('\n');
    for event in events {
        let _ = write!(text, "| {} |", word(event.name()));
        for state in every_state() {
            let settled = state.is_settled();
            let run = with_state(state);
            let cell = match apply(&run, &event, at(1000)) {
                Ok((next, _)) if matches!(next.phase, Phase::Ended { .. }) => "run ends".to_owned(),
                Ok((next, _)) => next.steps[1].state.name().to_owned(),
                Err(_) => "·".to_owned(),
            };
            assert!(
                !settled || cell == "·" || cell == "run ends",
                "a settled step is never moved: {event:?}"
            );
            let _ = write!(text, " {} |", word(&cell));
        }
        text.push('\n');
    }
    text
}

#[test]
fn the_readme_shows_the_table_of_states_and_events() {
    held_against_the_readme("states and events", &table());
}

/// What each error calls for, and what a cut-off effect means, by tool.
fn classes() -> String {
    let mut text = String::from("| error | calls for |\n|---|---|\n");
    for code in ErrorCode::ALL {
        let (code, class) = (word(code.as_str()), word(code.class().as_str()));
        let _ = writeln!(text, "| {code} | {class} |");
    }
    text.push_str("\n| tool | effect | when it is cut off in the middle |\n|---|---|---|\n");
    for kind in ToolKind::ALL {
        let (effect, class) = (kind.effect().as_str(), kind.when_cut_off().as_str());
        let _ = writeln!(
            text,
            "| {} | {} | {} |",
            word(kind.as_str()),
            word(effect),
            word(class)
        );
    }
    text
}

#[test]
fn the_readme_shows_what_each_error_calls_for() {
    held_against_the_readme("errors", &classes());
}

/// Holds a table against its place in the README, or writes it there with `UPDATE_README=1`.
fn held_against_the_readme(name: &str, table: &str) {
    const END: &str = "<!-- end of table -->";
    let begin = format!("<!-- table of {name}: written by the test of the same name -->\n");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let (before, rest) = readme
        .split_once(begin.as_str())
        .expect("the README has a place for the table");
    let (shown, after) = rest.split_once(END).expect("the README's table ends");
    let table = format!("\n{table}\n");
    if shown != table && std::env::var_os("UPDATE_README").is_some() {
        std::fs::write(path, format!("{before}{begin}{table}{END}{after}")).unwrap();
        return;
    }
    assert_eq!(
        shown, table,
        "run this test with UPDATE_README=1 and read the difference"
    );
}

proptest! {
    /// Whatever happens in whatever order: the revision grows by one with each event, an ended run absorbs,
    /// an open one is due, the cost stays within what was reserved, and nothing gated completes unapproved.
    #[test]
    fn promises_hold_under_any_history(picks in prop::collection::vec((0_usize..3, 0_usize..24, 1_u64..4, 0_i64..400), 0..80)) {
        let (mut run, _) = started(&publishing(), true);
        let ids = ["find", "write", "post"];
        let mut now = 0;
        let mut was_approved = false;
        let (first, mut log) = (run.clone(), Vec::new());
        for (step, pick, fence, wait) in picks {
            now += wait;
            let mut events = every_event(ids[step], fence);
            events.extend([
                Event::Paused,
                Event::Resumed,
                Event::JudgingNudged,
                Event::Judged { conclusion: Conclusion::default() },
                Event::BudgetExhausted { budget: Budget::WorkTime },
                Event::Cancelled { reason: "r".into() },
            ]);
            // Endings are rare, so that histories are long.
            let event = &events[if pick >= events.len() { pick % 16 } else { pick }];
            let Ok((next, effects)) = apply(&run, event, at(now)) else { continue };
            let was_ended = matches!(run.phase, Phase::Ended { .. });
            prop_assert!(!was_ended);
            prop_assert_eq!(next.revision, run.revision + 1);
            was_approved |= matches!(event, Event::Approved { .. });
            if matches!(next.step("post").unwrap().state, StepState::Performing { .. } | StepState::Completed { .. }) {
                prop_assert!(was_approved);
            }
            let ended = matches!(next.phase, Phase::Ended { .. });
            prop_assert_eq!(ended, next.due_at().is_none());
            prop_assert_eq!(ended, effects.contains(&Effect::End));
            prop_assert!(next.consumed() <= next.reserved.max(1));
            // No effect is in flight when a run has ended, and nothing is begun in one that is ending.
            let in_flight = next.steps.iter().any(|row| matches!(row.state, StepState::Performing { .. }));
            prop_assert!(!(ended && in_flight));
            prop_assert!(next.ending.is_none() || in_flight);
            let begun = matches!(event, Event::StepClaimed { .. });
            prop_assert!(run.ending.is_none() || !begun);
            if let Some(due_at) = next.due_at() {
                prop_assert!(!overdue(&next, due_at).is_empty(), "a look at {} is in vain: {:?}", due_at, next);
            }
            log.push((next.revision, at(now), event.clone()));
            let again: Execution = serde_json::from_value(serde_json::to_value(&next).unwrap()).unwrap();
            prop_assert_eq!(&again, &next);
            run = next;
        }
        let told = log.iter().map(|(revision, at, event)| (*revision, *at, event));
        prop_assert_eq!(replay(first, told), Ok(run), "the log tells the run again");
    }
}
