//! F08–F12, F14–F16, F18–F20: messages that come twice, late, in the wrong order, unreadable, or not at all.

use domain::execution::Status;
use engine::memory::at_once;
use engine::page::Slice;
use engine::ports::{Message, Store as _};

use super::completes;
use crate::fault::{Fault, Operation, Plan, Rule};
use crate::ground::at;
use crate::person::Temper;
use crate::queue::{MOST_RECEIVES, QueueName};
use crate::story::Story;
use crate::telling::must;
use crate::workflows::{Shape, owner_id, workflow_id};

const SEND: Operation = Operation::Send("step");
const RECEIVE: Operation = Operation::Receive("step");

pub(crate) fn f08_enqueue_acknowledgement_lost() {
    let end = completes(Shape::Linear, &[Rule::first(SEND, Fault::AnswerLost)]);
    assert_eq!((end.claims("note"), end.outside.tasks), (1, 2));
}

pub(crate) fn f09_removal_lost() {
    for fault in [Fault::Refused, Fault::CrashBefore] {
        let rule = Rule::first(Operation::Delete("step"), fault);
        let end = completes(Shape::Linear, &[rule]);
        assert_eq!((end.claims("find"), end.outside.searches), (1, 1));
    }
}

pub(crate) fn f10_duplicate_one_after_the_other() {
    let rules = [1, 2].map(|nth| Rule::first(SEND, Fault::Twice).nth(nth));
    let end = completes(Shape::Linear, &rules);
    assert_eq!(
        (end.claims("note"), end.claims("report"), end.outside.tasks),
        (1, 1, 2)
    );
}

pub(crate) fn f11_duplicate_at_once() {
    for seed in 0..200 {
        let rules = [1, 2, 3].map(|nth| Rule::first(RECEIVE, Fault::Doubled).nth(nth));
        let story = Story {
            seed,
            ..Story::of(Shape::Linear).with(Plan::rules(&rules))
        };
        let end = must(&story);
        assert_eq!(end.counted.faults.get(&Fault::Doubled), Some(&3));
        assert_eq!(
            (end.outside.searches, end.outside.tasks),
            (1, 2),
            "one effect a step"
        );
        assert!(
            end.run().steps.iter().all(|row| row.fence == 1),
            "one lease a step"
        );
    }
}

pub(crate) fn f12_out_of_order() {
    let story = Story {
        early: Some("note"),
        ..Story::of(Shape::Linear)
    };
    let end = must(&story);
    assert_eq!(end.run().status(), Status::Completed);
    assert_eq!((end.claims("note"), end.outside.tasks), (1, 2));
}

/// Everything in the queues is lost, again and again.
pub(crate) fn f14_messages_lost() {
    let story = Story {
        closed_until: 30_000,
        wipes: vec![20_000],
        ..Story::of(Shape::Linear)
    };
    let end = must(&story);
    assert_eq!(end.run().status(), Status::Completed);
    assert!(
        end.counted.faults[&Fault::Dropped] > 0,
        "there was something to lose"
    );
    for nth in 1..=2 {
        completes(Shape::Linear, &[Rule::first(SEND, Fault::Dropped).nth(nth)]);
    }
}

/// A step that fails as often as it may ends its run, with the reason, before the queue gives its message up.
pub(crate) fn f15_last_permitted_failure() {
    let rules = [1, 2, 3].map(|nth| Rule::first(Operation::Search, Fault::Refused).nth(nth));
    let end = must(&Story::of(Shape::Linear).with(Plan::rules(&rules)));
    assert_eq!(end.run().status(), Status::Failed);
    assert_eq!(end.run().outcome_reason(), Some("source_unavailable"));
    let buried = (end.operations.iter()).any(|(_, operation)| *operation == Operation::Bury);
    assert!(!buried, "no message became a dead letter");
}

/// A dead letter is recorded and never executed: here the run was long over.
pub(crate) fn f15_a_dead_letter_is_only_recorded() {
    let nths: Vec<Rule> = (1..=40)
        .map(|nth| Rule::first(Operation::Delete("step"), Fault::Refused).nth(nth))
        .collect();
    let end = must(&Story::of(Shape::Linear).with(Plan::rules(&nths)));
    assert_eq!(end.run().status(), Status::Completed);
    assert_eq!((end.outside.searches, end.outside.tasks), (1, 2));
    assert!(
        end.operations
            .iter()
            .any(|(_, operation)| *operation == Operation::Bury)
    );
}

/// Ten messages at once, one of them unreadable: exactly that one fails, and in the end is dead.
pub(crate) fn f16_one_bad_message_in_a_batch() {
    let good = |n: u64| Message::Start {
        owner: owner_id(),
        workflow: workflow_id(Shape::Linear),
        scheduled_for: at(n * 1000),
    };
    let mut letters: Vec<(QueueName, String)> = (1..10)
        .map(|n| (QueueName::Start, good(n).encode()))
        .collect();
    letters.insert(
        4,
        (QueueName::Start, "{\"v\":1,\"kind\":\"poison\"}".to_owned()),
    );
    let story = Story {
        letters,
        ..Story::of(Shape::Linear)
    };
    let end = must(&story);
    let received = |(_, operation): &&_| *operation == Operation::Receive("start");
    let receives = end.operations.iter().filter(received).count();
    assert_eq!(
        receives,
        MOST_RECEIVES as usize + 1,
        "only the bad one came again"
    );
    let removed = |(_, operation): &&_| *operation == Operation::Delete("start");
    assert_eq!(end.operations.iter().filter(removed).count(), 9);
    let occurrences = at_once(end.ground.store.occurrences(
        &owner_id(),
        &workflow_id(Shape::Linear),
        &Slice::first(100),
    ));
    assert_eq!(occurrences.unwrap().items.len(), 9);
}

/// The function has three seconds left, and the search takes thirty: it gives up in time, itself.
pub(crate) fn f18_too_little_time_left() {
    let rules = [
        Rule::first(RECEIVE, Fault::Hurried),
        Rule::first(Operation::Search, Fault::Slow),
    ];
    let end = completes(Shape::Linear, &rules);
    let took = end
        .run()
        .finished_at()
        .unwrap()
        .duration_since(end.run().created_at);
    assert!(took.as_secs() < 60, "no lease had to run out: {took:#}");
}

/// What newer code wrote is kept for newer code, and what older code wrote is done.
pub(crate) fn f19_a_message_of_another_version() {
    let newer = "{\"v\":2,\"kind\":\"step\",\"owner\":\"x\"}".to_owned();
    let story = Story {
        letters: vec![(QueueName::Step, newer)],
        ..Story::of(Shape::Linear)
    };
    let end = must(&story);
    assert_eq!(end.run().status(), Status::Completed);
    let deletes = |(_, operation): &&_| *operation == Operation::Delete("step");
    assert_eq!(
        end.operations.iter().filter(deletes).count(),
        3,
        "ours, and never the other"
    );
    let receives = |(_, operation): &&_| *operation == RECEIVE;
    let received = end.operations.iter().filter(receives).count();
    assert_eq!(
        received,
        3 + MOST_RECEIVES as usize + 1,
        "it was tried until the queue gave up"
    );
}

/// Two parents finish together, in every order that two hundred seeds give: the join starts, once.
pub(crate) fn f20_parents_finish_together() {
    for seed in 0..200 {
        for shape in [Shape::Diamond, Shape::Wide] {
            let story = Story {
                seed,
                temper: Temper::Absent,
                ..Story::of(shape)
            };
            let end = must(&story);
            assert_eq!(end.run().status(), Status::Completed);
            assert_eq!(end.claims("report"), 1);
        }
    }
}
