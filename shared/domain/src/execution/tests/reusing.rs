//! Retries: what an ended run hands on, and what is never done again.

use super::*;

fn new_run(plan: &Plan, n: u128) -> NewExecution<'_> {
    NewExecution {
        id: ExecutionId::from_uuid(uuid::Uuid::from_u128(n)),
        owner: OwnerId::from_uuid(uuid::Uuid::from_u128(2)),
        workflow: WorkflowId::from_uuid(uuid::Uuid::from_u128(3)),
        plan,
        plan_version: 1,
        policy: crate::workflow::ApprovalPolicy::default(),
        trigger: Trigger::Retry,
        scheduled_for: None,
        reserved: 5,
        judged: false,
    }
}

/// The run after `earlier`, of the same plan.
fn retried(earlier: &Execution, plan: &Plan, from_step: Option<&str>) -> (Execution, Vec<String>) {
    let reuse = Reuse::of(earlier, plan, plan, from_step).unwrap();
    let (run, effects) = Execution::create_reusing(new_run(plan, 77), reuse, at(9_000));
    let sent = enqueued(&effects).into_iter().map(str::to_owned).collect();
    (run, sent)
}

fn states(run: &Execution) -> Vec<&'static str> {
    run.steps.iter().map(|row| row.state.name()).collect()
}

fn ended(run: Execution) -> Execution {
    story(run, &[Event::Cancelled { reason: "r".into() }]).0
}

/// A run whose post has gone out.
fn published() -> Execution {
    story(
        at_the_gate(),
        &[approved(), claimed("post"), completed("post", 2)],
    )
    .0
}

#[test]
fn a_retry_begins_where_the_run_failed() {
    let (failed_run, _) = story(
        started(&publishing(), false).0,
        &[
            claimed("find"),
            completed("find", 1),
            claimed("write"),
            failed("write", 1, None),
        ],
    );
    let (run, sent) = retried(&failed_run, &publishing(), None);
    assert_eq!(states(&run), ["completed", "ready", "waiting"]);
    assert_eq!(sent, ["write"]);
    let origin = run.origin.clone().unwrap();
    assert_eq!(
        (&origin.execution, &origin.root),
        (&failed_run.id, &failed_run.id)
    );
    assert_eq!(run.consumed(), 0, "what is taken over costs nothing again");
    let reuse = Reuse::of(&failed_run, &publishing(), &publishing(), None).unwrap();
    assert_eq!(reuse.most_credits(&publishing()), 1);
    // The line goes on: a retry of the retry has the same root.
    let (again, _) = retried(&ended(run), &publishing(), None);
    assert_eq!(again.origin.unwrap().root, failed_run.id);
}

#[test]
fn an_effect_that_happened_is_never_repeated_wherever_one_begins() {
    for from_step in [None, Some("find"), Some("write"), Some("post")] {
        let (run, _) = retried(&published(), &publishing(), from_step);
        assert_eq!(
            run.step("post").unwrap().state.name(),
            "completed",
            "{from_step:?}"
        );
        assert!(apply(&run, &claimed("post"), at(9_001)).is_err());
    }
    let (run, sent) = retried(&published(), &publishing(), Some("write"));
    assert_eq!(states(&run), ["completed", "ready", "completed"]);
    assert_eq!(sent, ["write"]);
}

#[test]
fn an_effect_of_which_nobody_knows_waits_for_a_person_in_the_retry() {
    let (lost, _) = story(
        at_the_gate(),
        &[
            approved(),
            claimed("post"),
            Event::OutcomeLost {
                step: "post".into(),
                fence: 2,
            },
        ],
    );
    let (run, sent) = retried(&ended(lost), &publishing(), Some("find"));
    assert_eq!(
        states(&run),
        ["ready", "waiting", "outcome_unknown"],
        "{sent:?}"
    );
    let (run, effects) = story(
        run,
        &[Event::Resolved {
            step: "post".into(),
            outcome: Resolution::Retry,
        }],
    );
    assert_eq!(enqueued(&effects), ["post"]);
    let StepState::Approved { gate, .. } = &run.step("post").unwrap().state else {
        panic!("{run:?}")
    };
    assert_eq!(gate.approval, approval(9), "under its own approval");
}

#[test]
fn an_approval_whose_effect_has_not_begun_is_asked_for_again() {
    let (approved_run, _) = story(at_the_gate(), &[approved()]);
    let (run, sent) = retried(&ended(approved_run), &publishing(), None);
    assert_eq!(states(&run), ["completed", "completed", "ready"]);
    assert_eq!(sent, ["post"]);
    let StepState::Ready { .. } = run.step("post").unwrap().state else {
        panic!("it is prepared anew, and stands before a person anew")
    };
}

#[test]
fn what_rests_on_what_is_made_again_is_made_again() {
    let two = plan(&json!([
        {"id": "m", "type": "aggregate", "config": {"aggregation_type": "merge"}, "depends_on": ["a", "b"]},
        search("a", &[]), search("b", &[]),
        {"id": "t", "type": "transform", "config": {"from": "a", "select": "$.count"}, "depends_on": ["a"]},
        {"id": "w", "type": "generate_report", "config": {}, "depends_on": ["m"]},
    ]));
    let (run, _) = story(
        started(&two, false).0,
        &[
            claimed("a"),
            completed("a", 1),
            claimed("b"),
            failed("b", 1, None),
            claimed("m"),
            completed("m", 1),
            claimed("t"),
            completed("t", 1),
            claimed("w"),
            failed("w", 1, None),
        ],
    );
    let (again, sent) = retried(&run, &two, None);
    assert_eq!(
        states(&again),
        ["waiting", "completed", "ready", "completed", "waiting"],
        "the merge saw one source too few"
    );
    assert_eq!(sent, ["b"]);
    let (again, _) = retried(&run, &two, Some("a"));
    assert_eq!(states(&again)[3], "waiting");
}

#[test]
fn an_edited_plan_takes_over_what_it_has_in_common() {
    let old = publishing();
    let edited = |query: &str, url: &str| {
        plan(&json!([
            {"id": "find", "type": "search", "config": {"query": query}},
            {"id": "write", "type": "generate_report", "config": {}, "depends_on": ["find"], "timeout_seconds": 99},
            {"id": "post", "type": "post_webhook", "config": {"url": url, "body": "${steps.write.text}"}, "depends_on": ["write"]},
        ]))
    };
    let begin = |plan: &Plan| {
        let reuse = Reuse::of(&published(), &old, plan, None).unwrap();
        Execution::create_reusing(new_run(plan, 5), reuse, at(9_000)).0
    };
    let other_limit = begin(&edited("x", "https://example.com/"));
    assert_eq!(
        states(&other_limit),
        ["completed", "completed", "completed"]
    );
    let other_query = begin(&edited("y", "https://example.com/"));
    assert_eq!(states(&other_query), ["ready", "waiting", "completed"]);
    let other_place = begin(&edited("x", "https://example.org/"));
    assert_eq!(
        states(&other_place),
        ["completed", "completed", "ready"],
        "another address is another effect, and asks again"
    );
}

#[test]
fn a_skip_is_taken_over_only_when_a_condition_made_it() {
    let chain = plan(&json!([
        search("z", &[]),
        {"id": "a", "type": "search", "config": {"query": "x"}, "depends_on": ["z"],
         "cascade_condition": {"step": "z", "field": "count", "operator": ">", "value": 3}},
        search("d", &["a", "z"]),
        {"id": "post", "type": "post_webhook", "config": {"url": "https://example.com/", "body": "b"}, "depends_on": ["d"]},
    ]));
    let parked = Event::StepParked {
        step: "post".into(),
        fence: 1,
        gate: Gate {
            on_timeout: OnTimeout::Skip,
            ..gate(9, None)
        },
    };
    let (run, _) = story(
        started(&chain, false).0,
        &[
            claimed("z"),
            completed("z", 1),
            claimed("a"),
            Event::StepSkipped {
                step: "a".into(),
                fence: 1,
            },
            claimed("d"),
            completed("d", 1),
            claimed("post"),
            parked,
            Event::ApprovalExpired {
                step: "post".into(),
                approval: approval(9),
            },
        ],
    );
    assert_eq!(run.status(), Status::Completed);
    let (again, sent) = retried(&run, &chain, None);
    assert_eq!(
        states(&again),
        ["completed", "skipped", "completed", "ready"]
    );
    assert_eq!(sent, ["post"], "nobody had answered: they are asked again");
}

#[test]
fn a_run_that_takes_everything_over_is_judged_and_one_that_lives_is_not_retried() {
    let (run, _) = retried(&published(), &publishing(), None);
    assert!(
        matches!(run.phase, Phase::Judging { .. }),
        "{:?}",
        run.phase
    );
    let plan = publishing();
    assert_eq!(
        Reuse::of(&at_the_gate(), &plan, &plan, None),
        Err(CannotReuse::NotEnded)
    );
    assert_eq!(
        Reuse::of(&published(), &plan, &plan, Some("nope")),
        Err(CannotReuse::UnknownStep("nope".into()))
    );
}
