//! Stopping, holding and letting go: what becomes of work that is in flight.

use super::*;

fn performing() -> Execution {
    story(at_the_gate(), &[approved(), claimed("post")]).0
}

fn cancelled() -> Event {
    Event::Cancelled {
        reason: "cancelled_by_owner".into(),
    }
}

fn step_of(run: &Execution, id: &str) -> &'static str {
    run.step(id).unwrap().state.name()
}

#[test]
fn a_run_that_is_stopped_waits_for_the_effect_in_flight() {
    let (stopping, effects) = story(performing(), &[cancelled()]);
    assert_eq!(effects, [], "nothing has ended yet");
    assert_eq!(
        (stopping.status(), stopping.outcome_reason()),
        (Status::Running, Some("cancelled_by_owner"))
    );
    let until = stopping.step("post").unwrap().state.due_at();
    assert_eq!(stopping.due_at(), until, "the lease is its bound");
    for late in [Event::Paused, Event::Resumed, cancelled()] {
        assert!(matches!(
            apply(&stopping, &late, at(20)),
            Err(Refused::NotNow { .. })
        ));
    }
    let now = at(30);
    let (done, effects) = apply(&stopping, &completed("post", 2), now).unwrap();
    assert_eq!(effects, [Effect::End]);
    assert_eq!(
        (done.status(), step_of(&done, "post")),
        (Status::Cancelled, "completed"),
        "it is cancelled, and what went out is recorded"
    );
    // A refused or failed effect is not tried again, whatever its class.
    let (failed, _) = apply(&stopping, &failed("post", 2, Some(at(40))), now).unwrap();
    assert_eq!(
        (failed.status(), step_of(&failed, "post")),
        (Status::Cancelled, "failed")
    );
    // A worker that looks again before it sends, and gives the step back.
    let released = Event::StepReleased {
        step: "post".into(),
        fence: 2,
    };
    let (released, _) = apply(&stopping, &released, now).unwrap();
    assert_eq!(
        (released.status(), step_of(&released, "post")),
        (Status::Cancelled, "cancelled")
    );
    // A worker that is never heard of again.
    let (lost, _) = apply(
        &stopping,
        &Event::LeaseExpired {
            step: "post".into(),
            fence: 2,
        },
        until.unwrap(),
    )
    .unwrap();
    assert_eq!(
        (lost.status(), step_of(&lost, "post")),
        (Status::Cancelled, "outcome_unknown")
    );
    assert_eq!(lost.due_at(), None);
}

#[test]
fn a_run_that_fails_elsewhere_waits_for_the_effect_in_flight_too() {
    let plan = plan(&json!([
        search("find", &[]),
        {"id": "write", "type": "generate_report", "config": {}, "depends_on": ["find"]},
        {"id": "post", "type": "post_webhook", "config": {"url": "https://example.com/", "body": "b"}},
    ]));
    let parked = Event::StepParked {
        step: "post".into(),
        fence: 1,
        gate: gate(9, None),
    };
    let (run, _) = story(
        started(&plan, false).0,
        &[
            claimed("post"),
            parked,
            approved(),
            claimed("post"),
            claimed("find"),
            completed("find", 1),
            claimed("write"),
            failed("write", 1, None),
        ],
    );
    assert_eq!(
        (run.status(), run.outcome_reason()),
        (Status::Running, Some("provider_error"))
    );
    let (run, _) = story(run, &[completed("post", 2)]);
    assert_eq!(
        (run.status(), run.outcome_reason(), step_of(&run, "post")),
        (Status::Failed, Some("provider_error"), "completed")
    );
}

#[test]
fn a_step_that_is_given_back_has_made_no_attempt() {
    let (run, _) = story(started(&publishing(), false).0, &[claimed("find")]);
    let released = |fence| Event::StepReleased {
        step: "find".into(),
        fence,
    };
    let (run, effects) = story(run, &[released(1)]);
    let row = run.step("find").unwrap();
    assert_eq!((row.state.name(), row.attempts, row.fence), ("ready", 0, 1));
    assert_eq!(enqueued(&effects), ["find"]);
    let (run, _) = story(run, &[claimed("find")]);
    assert_eq!(
        apply(&run, &released(1), at(9)),
        Err(Refused::StaleFence {
            given: 1,
            current: 2
        })
    );
    // In a held run it waits for the person.
    let (run, effects) = story(performing(), &[Event::Paused]);
    assert_eq!(enqueued(&effects), Vec::<&str>::new());
    let back = Event::StepReleased {
        step: "post".into(),
        fence: 2,
    };
    let (run, effects) = story(run, &[back]);
    assert_eq!(
        (step_of(&run, "post"), enqueued(&effects)),
        ("approved", vec![])
    );
    let (_, effects) = story(run, &[Event::Resumed]);
    assert_eq!(enqueued(&effects), ["post"]);
}

#[test]
fn what_nobody_knows_stays_unknown_when_its_run_ends() {
    let lost = Event::OutcomeLost {
        step: "post".into(),
        fence: 2,
    };
    let (run, effects) = story(performing(), &[lost, cancelled()]);
    assert_eq!(
        (run.status(), step_of(&run, "post")),
        (Status::Cancelled, "outcome_unknown")
    );
    assert_eq!(effects, [Effect::End]);
}

/// Two searches, one of which fails; what needs the other goes on, what needs the failed one never begins.
#[test]
fn a_step_that_could_not_begin_is_cancelled_and_says_why() {
    let both = plan(&json!([
        search("news", &[]),
        search("prices", &[]),
        search("details", &["news"]),
    ]));
    let events = [
        claimed("news"),
        failed("news", 1, None),
        claimed("prices"),
        completed("prices", 1),
    ];
    let (run, _) = story(started(&both, true).0, &events);
    let step = run.step("details").unwrap();
    assert_eq!((step.state.status(), step.attempts), ("cancelled", 0));
    let error = step.state.error().expect("a reason");
    assert_eq!(error.code, ErrorCode::SourceUnavailable);
    assert_eq!(run.outcome_reason(), None, "the run goes on to be judged");

    let chain = plan(&json!([
        search("find", &[]),
        {"id": "write", "type": "generate_report", "config": {}, "depends_on": ["find"]},
        {"id": "again", "type": "generate_report", "config": {}, "depends_on": ["write"]},
    ]));
    let (run, _) = story(
        started(&chain, false).0,
        &[claimed("find"), failed("find", 1, None)],
    );
    assert_eq!(run.outcome_reason(), Some("source_unavailable"));
    for id in ["write", "again"] {
        assert_eq!(step_of(&run, id), "cancelled");
    }
}

#[test]
fn judging_a_condition_by_a_model_is_charged_beside_the_steps() {
    let plan = plan(&json!([search("find", &[])]));
    let judged = |credits| Event::Judged {
        conclusion: Conclusion {
            complete: true,
            credits,
            ..Conclusion::default()
        },
    };
    for (reserved, credits, consumed) in [(1, 0, 1), (2, 1, 2), (1, 1, 1)] {
        let mut run = started(&plan, true).0;
        run.reserved = reserved;
        let events = [claimed("find"), completed("find", 1), judged(credits)];
        let (run, _) = story(run, &events);
        assert_eq!(run.consumed(), consumed, "{reserved} set aside");
    }
}
