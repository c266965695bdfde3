//! One mechanism taken away at a time: what the others still promise, and what they do not.

use domain::execution::Status;

use crate::fault::{Fault, Operation, Plan, Role};
use crate::story::Story;
use crate::telling::{must, told};
use crate::workflows::Shape;

/// Every worker's point of a story with those of its faults that `wanted` names.
fn each_point(story: &Story, wanted: impl Fn(Operation, Fault) -> bool) -> Vec<Plan> {
    let mut plans = Vec::new();
    for (n, (role, operation)) in (0..).zip(&must(story).operations) {
        if *role == Role::Worker {
            let faults = operation.faults().iter();
            plans.extend(
                faults
                    .filter(|fault| wanted(*operation, **fault))
                    .map(|fault| Plan::at(&[(n, *fault)])),
            );
        }
    }
    plans
}

fn completes(story: &Story) {
    match told(story) {
        Ok(end) => {
            for run in &end.runs {
                assert!(
                    run.status().is_terminal(),
                    "{:?}: {:?}",
                    story.plan,
                    run.status()
                );
            }
        }
        Err(broken) => panic!("{:?}, {:?}:\n  {broken}", story.shapes, story.plan),
    }
}

/// Without the sweeper, redelivery alone brings to its end whatever was enqueued, however late. What a queue took and
/// lost, or never took, it cannot.
pub(crate) fn without_the_sweeper_redelivery_completes_what_was_enqueued() {
    let mut told = 0;
    for shape in Shape::ALL {
        let story = Story {
            sweeper: false,
            bounded: false,
            ..Story::of(shape)
        };
        let keeps = |operation: Operation, fault: Fault| {
            let refused_send = matches!(operation, Operation::Send(_))
                && matches!(fault, Fault::Refused | Fault::CrashBefore);
            !fault.loses_a_message() && !refused_send
        };
        for plan in each_point(&story, keeps) {
            completes(&story.clone().with(plan));
            told += 1;
        }
    }
    assert!(told > 1_000, "{told} stories");
}

/// Without redelivery (a message is delivered once and forgotten, whatever became of it) the sweeper alone brings
/// every run to its end, within its bound.
pub(crate) fn without_redelivery_the_sweeper_completes_everything() {
    let mut told = 0;
    for shape in Shape::ALL {
        let story = Story {
            redelivery: false,
            ..Story::of(shape)
        };
        for plan in each_point(&story, |_, _| true) {
            completes(&story.clone().with(plan));
            told += 1;
        }
    }
    assert!(told > 1_000, "{told} stories");
}

/// Without leases (every worker's clock is later than every lease, so each may take from each at any moment) work is
/// done more than once. Fences still let one completion count, a post still has one key and the same bytes, a mail
/// goes out once or its outcome is unknown, and credits add up.
pub(crate) fn without_leases_fences_keep_what_is_written() {
    let mut repeated = 0;
    for shape in Shape::ALL {
        for seed in 0..30 {
            let rules = [Fault::Doubled];
            let story = Story {
                seed,
                drift_seconds: 100,
                bounded: false,
                ..Story::of(shape)
            };
            for plan in each_point(&story, |_, fault| rules.contains(&fault)) {
                let end = must(&story.clone().with(plan));
                repeated += u32::from(end.run().steps.iter().any(|row| row.fence > 1));
                assert!(matches!(
                    end.run().status(),
                    Status::Completed | Status::Failed
                ));
            }
        }
    }
    assert!(repeated > 0, "without leases somebody was overtaken");
}
