//! The largest run that can be: it fits into an item of the store.

use super::*;
use crate::plan::MOST_STEPS;

/// The most bytes of an item (DynamoDB, "Service, account, and table quotas"), and what is left of it for
/// keys and numbers beside the document.
const LARGEST_ITEM: usize = 400 * 1024;
const RESERVE: usize = 8 * 1024;

/// A plan of the most steps, each with the longest name, that all depend on all before them.
fn largest_plan() -> Plan {
    let name = |i: usize| format!("s{i:02}{}", "x".repeat(61));
    let steps: Vec<serde_json::Value> = (0..MOST_STEPS)
        .map(|i| {
            let needs: Vec<String> = (0..i).map(name).collect();
            json!({
                "id": name(i), "type": "generate_outline", "depends_on": needs, "requires_approval": true,
                "config": if i == 0 { json!({"from": [], "topic": "t"}) } else { json!({"topic": "t"}) },
                "retry": {"max_attempts": 10, "backoff_seconds": 900}, "timeout_seconds": 600,
            })
        })
        .map(|mut step| {
            if step["depends_on"].as_array().unwrap().is_empty() {
                step["type"] = "search".into();
                step["config"] = json!({"query": "x"});
            }
            step
        })
        .collect();
    plan(&json!(steps))
}

/// The longest texts there are: every character four bytes, or escaped.
fn largest_output() -> Output {
    Output {
        sha256: "f".repeat(64),
        bytes: u64::from(u32::MAX),
        inline: Some(json!({ "text": "\"".repeat((Output::MOST_INLINE - 11) / 2) })),
        preview: "\u{1F600}".repeat(Output::PREVIEW) + "…",
    }
}

fn largest_states() -> Vec<StepState> {
    let lease = Lease {
        fence: u64::from(u32::MAX),
        until: at(1),
        worker: "a".repeat(36),
    };
    let gate = Gate {
        output: Some(largest_output()),
        ..gate(u128::MAX >> 8, None)
    };
    let wide = "\u{1F600}".repeat(10_000);
    vec![
        StepState::Running {
            lease: lease.clone(),
        },
        StepState::Performing {
            gate: gate.clone(),
            lease,
        },
        StepState::AwaitingApproval { gate },
        StepState::Completed {
            output: largest_output(),
            credits: 1_000,
            at: at(1),
        },
        StepState::Failed {
            error: StepError::new(ErrorCode::UnsupportedContentType, wide),
            at: at(1),
        },
    ]
}

#[test]
#[expect(clippy::print_stdout, reason = "the figures are what one looks at")]
fn the_largest_run_fits_into_an_item() {
    let (mut run, _) = started(&largest_plan(), true);
    assert_eq!(run.steps.len(), 100);
    let mut largest = 0;
    for state in largest_states() {
        // A step has a cursor and a note only until it has made something.
        let open = matches!(state, StepState::Running { .. });
        for row in &mut run.steps {
            row.state = state.clone();
            row.attempts = 10;
            row.fence = 200_000;
            row.revisions = 10;
            row.started_at = Some(at(1));
            row.cursor = open.then(|| "{\"a\":1234,".repeat(103)[..MOST_CURSOR_BYTES].to_owned());
            row.note = open.then(|| super::super::bounds::note(&"\n".repeat(10_000)));
        }
        let size = serde_json::to_string(&run).unwrap().len();
        println!("a run of 100 steps, each {}: {size} bytes", state.name());
        largest = largest.max(size);
    }
    assert!(
        largest + RESERVE <= LARGEST_ITEM,
        "the largest run has {largest} bytes"
    );
}

#[test]
fn what_strangers_and_people_write_is_bounded_where_it_enters() {
    let endless = "\u{1F600}".repeat(10_000);
    let error = StepError {
        code: ErrorCode::HttpStatus,
        message: endless.clone(),
    };
    let failed = Event::StepFailed {
        step: "find".into(),
        fence: 1,
        error,
        retry_at: None,
    };
    let (run, _) = story(started(&publishing(), false).0, &[claimed("find"), failed]);
    let StepState::Failed { error, .. } = &run.step("find").unwrap().state else {
        panic!()
    };
    assert_eq!(error.message.chars().count(), MOST_MESSAGE_CHARS + 1);
    let changes = Event::ChangesRequested {
        step: "post".into(),
        approval: approval(9),
        note: endless,
    };
    let (run, _) = story(at_the_gate(), &[changes]);
    let note = run.step("write").unwrap().note.clone().unwrap();
    assert!(note.len() <= MOST_NOTE_BYTES && note.ends_with('…'));
}

#[test]
fn a_cursor_that_is_no_reference_fails_its_step() {
    let yielded = Event::StepYielded {
        step: "find".into(),
        fence: 1,
        cursor: "c".repeat(MOST_CURSOR_BYTES + 1),
        resume_at: at(2),
    };
    let (run, _) = story(started(&publishing(), false).0, &[claimed("find"), yielded]);
    assert_eq!(run.step("find").unwrap().state.name(), "failed");
}
