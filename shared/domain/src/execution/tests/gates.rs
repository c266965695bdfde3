//! What goes out: it waits for a person, is performed as they saw it, and is never performed twice.

use super::*;

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
    let refused = run.step("post").unwrap();
    assert_eq!(refused.state.status(), "cancelled");
    let gate = refused.state.gate().expect("what was refused can be read");
    assert_eq!(gate.approval, approval(9));
}

#[test]
fn what_a_gated_step_has_cost_is_charged_when_its_output_is_approved() {
    let urls: Vec<String> = (0..10).map(|n| format!("https://a.example/{n}")).collect();
    let plan = plan(&json!([{
        "id": "read", "type": "crawl", "config": {"urls": urls, "max_pages": 100}, "requires_approval": true,
    }]));
    let parked = Event::StepParked {
        step: "read".into(),
        fence: 1,
        gate: Gate {
            credits: 10,
            ..gate(9, Some(output("read")))
        },
    };
    let (run, _) = story(started(&plan, false).0, &[claimed("read"), parked]);
    assert_eq!(run.consumed(), 0, "nothing is charged for what waits");
    let approved = Event::Approved {
        step: "read".into(),
        approval: approval(9),
        sha256: "a".repeat(64),
        output: None,
    };
    let (run, _) = story(run, &[approved]);
    assert_eq!((run.status(), run.consumed()), (Status::Completed, 10));
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
