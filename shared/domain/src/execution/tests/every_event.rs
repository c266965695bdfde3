//! Every event, in every state and in any order; and the tables of states, events and errors, held against the README.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;

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
        Event::StepPostponed {
            step: step(),
            fence,
            error: StepError::new(ErrorCode::RateLimited, "later"),
            until: at(2_000),
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
        StepState::cancelled(at(0)),
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
    fn promises_hold_under_any_history(picks in prop::collection::vec((0_usize..3, 0_usize..25, 1_u64..4, 0_i64..400), 0..80)) {
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
            let event = &events[if pick >= events.len() { pick % 17 } else { pick }];
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
