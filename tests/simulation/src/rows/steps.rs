//! F01–F06, F13, F34: a worker that dies, stops or is not answered at each place of its work.

use domain::execution::{Status, StepState};

use super::completes;
use crate::fault::{Fault, Operation, Plan, Role, Rule};
use crate::story::{End, Story};
use crate::telling::must;
use crate::workflows::Shape;

const CLAIM: Operation = Operation::Commit("step_claimed");
const COMPLETE: Operation = Operation::Commit("step_completed");
const MINUTE_MS: u64 = 60_000;

/// Nothing was waited for: neither a lease nor a sweep.
fn without_delay(end: &End) {
    assert!(end.lasted_ms < 5_000, "it took {} ms", end.lasted_ms);
}

pub(crate) fn f01_crash_before_claim() {
    for operation in [Operation::Read("execution"), CLAIM] {
        let end = completes(Shape::Linear, &[Rule::first(operation, Fault::CrashBefore)]);
        assert_eq!(end.claims("find"), 1, "the crash left no trace");
        assert_eq!(end.outside.searches, 1);
    }
}

pub(crate) fn f02_crash_after_claim() {
    let end = completes(Shape::Linear, &[Rule::first(CLAIM, Fault::CrashAfter)]);
    assert_eq!(end.claims("find"), 2, "one attempt more, with a new fence");
    assert_eq!(end.outside.searches, 1);
}

pub(crate) fn f03_claim_acknowledgement_lost() {
    let end = completes(Shape::Linear, &[Rule::first(CLAIM, Fault::Repeated)]);
    assert_eq!(end.claims("find"), 1, "the worker knows its own claim");
    without_delay(&end);
}

/// The same, while others change the run: by the time the SDK asks again, the run's last writer is another.
pub(crate) fn f03_claim_acknowledgement_lost_while_others_write() {
    for nth in 2..=7 {
        let rule = Rule::first(CLAIM, Fault::Repeated).nth(nth);
        let end = completes(Shape::Wide, &[rule]);
        let claims: u64 = end.run().steps.iter().map(|row| row.fence).sum();
        assert_eq!(claims, end.steps() as u64, "the worker knows its own claim");
        without_delay(&end);
    }
}

pub(crate) fn f03_start_acknowledgement_lost() {
    let rule =
        Rule::first(Operation::Commit("execution_created"), Fault::Repeated).by(Role::Person);
    let end = completes(Shape::Linear, &[rule]);
    assert_eq!(
        (end.runs.len(), end.acknowledged),
        (1, 1),
        "one start, one run"
    );
}

pub(crate) fn f04_crash_after_effect() {
    let undisturbed = must(&Story::of(Shape::Linear));
    let end = completes(
        Shape::Linear,
        &[Rule::first(Operation::Search, Fault::CrashAfter)],
    );
    assert_eq!(end.outside.searches, 2, "a pure effect is repeated");
    assert_eq!(
        end.run().consumed(),
        undisturbed.run().consumed(),
        "and charged once"
    );
}

pub(crate) fn f04_crash_after_a_post() {
    let end = completes(
        Shape::Webhook,
        &[Rule::first(Operation::Post, Fault::CrashAfter)],
    );
    // That both have one key and the same bytes, the oracle has seen.
    assert_eq!(end.outside.posts.len(), 2);
}

pub(crate) fn f04_crash_after_a_mail() {
    let rule = Rule::first(Operation::Mail, Fault::CrashAfter).nth(2);
    let end = completes(Shape::Email, &[rule]);
    assert_eq!(end.outside.published.len(), 1, "a person was asked instead");
}

pub(crate) fn f05_effect_acknowledgement_lost() {
    let end = completes(
        Shape::Webhook,
        &[Rule::first(Operation::Post, Fault::AnswerLost)],
    );
    assert_eq!(end.outside.posts.len(), 2, "the same key again");
    let rule = Rule::first(Operation::Mail, Fault::AnswerLost).nth(2);
    let end = completes(Shape::Email, &[rule]);
    assert_eq!(end.outside.published.len(), 1, "a person was asked instead");
}

pub(crate) fn f06_commit_acknowledgement_lost() {
    for fault in [Fault::Repeated, Fault::AnswerLost] {
        let end = completes(Shape::Linear, &[Rule::first(COMPLETE, fault)]);
        assert_eq!((end.claims("find"), end.outside.searches), (1, 1));
        without_delay(&end);
    }
}

pub(crate) fn f07_crash_after_commit() {
    let end = completes(Shape::Linear, &[Rule::first(COMPLETE, Fault::CrashAfter)]);
    assert_eq!((end.claims("note"), end.outside.searches), (1, 1));
    let ended = end.run().finished_at().unwrap();
    let took = ended.duration_since(end.run().created_at).as_secs();
    assert!(took < 300, "the sweeper sent the successor after {took} s");
}

pub(crate) fn f13_pause_past_the_lease() {
    let undisturbed = must(&Story::of(Shape::Linear));
    for (operation, fault) in [
        (CLAIM, Fault::PauseAfter),
        (Operation::Search, Fault::PauseBefore),
        (COMPLETE, Fault::PauseBefore),
    ] {
        let end = completes(Shape::Linear, &[Rule::first(operation, fault)]);
        assert_eq!(end.claims("find"), 2, "another worker took it over");
        assert_eq!(end.run().consumed(), undisturbed.run().consumed());
    }
}

pub(crate) fn f13_pause_past_the_lease_while_posting() {
    for fault in [Fault::PauseBefore, Fault::PauseAfter] {
        let end = completes(Shape::Webhook, &[Rule::first(Operation::Post, fault)]);
        assert_eq!(
            end.outside.posts.len(),
            2,
            "with one key, as the oracle saw"
        );
    }
}

pub(crate) fn f13_pause_past_the_lease_while_mailing() {
    for fault in [Fault::PauseBefore, Fault::PauseAfter] {
        let rule = Rule::first(Operation::Mail, fault).nth(2);
        let end = must(&Story::of(Shape::Email).with(Plan::rules(&[rule])));
        assert_eq!(end.outside.published.len(), 1);
        assert!(end.run().status().is_terminal());
    }
}

/// Before a person can say what became of it, the step stands there with an unknown outcome.
pub(crate) fn f13_an_unknown_outcome_waits_for_a_person() {
    let rule = Rule::first(Operation::Mail, Fault::CrashBefore).nth(2);
    let end = must(&Story::of(Shape::Email).with(Plan::rules(&[rule])));
    let row = end.run().step("mail").unwrap();
    // The careful person found that nothing had arrived, and let it be.
    assert!(matches!(
        row.state,
        StepState::Failed { .. } | StepState::Cancelled { .. }
    ));
    assert!(end.outside.published.is_empty());
}

pub(crate) fn f34_crash_between_reserving_and_enqueuing() {
    let rule =
        Rule::first(Operation::Commit("execution_created"), Fault::CrashAfter).by(Role::Person);
    let end = completes(Shape::Linear, &[rule]);
    assert_eq!(end.acknowledged, 0, "nobody was told that it began");
    assert_eq!(
        end.run().status(),
        Status::Completed,
        "the sweeper found it"
    );
    assert!(end.lasted_ms < 5 * MINUTE_MS);
}

/// Promise 4, at the moment of sending: what was changed in the store after it was approved does not go out.
pub(crate) fn a_draft_changed_after_it_was_approved_is_not_sent() {
    for shape in [Shape::Webhook, Shape::Email] {
        let end = must(&Story {
            forger: true,
            ..Story::of(shape)
        });
        assert_eq!(end.run().outcome_reason(), Some("draft_changed"));
        assert!(end.outside.posts.is_empty() && end.outside.published.is_empty());
    }
}

/// A provider that asks to be left alone is.
pub(crate) fn a_retry_after_is_waited_for() {
    let end = must(&Story {
        patient: true,
        ..Story::of(Shape::Busy)
    });
    assert_eq!(
        (end.run().status(), end.outside.searches),
        (Status::Completed, 3)
    );
}
