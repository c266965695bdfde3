//! F40–F44, F50, F51: what is down, behind or wrong for a while, and what comes after it.

use domain::execution::Status;

use super::completes;
use crate::fault::{Down, Fault, Operation, Outage, Plan, Rule};
use crate::story::{End, Story};
use crate::telling::must;
use crate::workflows::Shape;

const TEN_MINUTES: u64 = 600;

/// Every shape of a run, in a world in which something is down for ten minutes.
fn through(of: Down, from: u64) -> Vec<End> {
    let tell = |shape: Shape| {
        let end = must(&Story::of(shape).with(Plan::outage(of, from, from + TEN_MINUTES)));
        assert!(end.run().status().is_terminal());
        end
    };
    Shape::ALL.map(tell).into()
}

pub(crate) fn f40_writes_are_down() {
    for end in through(Down::StoreWrites, 0) {
        assert_eq!(end.run().status(), Status::Completed);
        // A person who was told of a run was told after it was stored.
        let created = end.run().created_at;
        assert!(created >= crate::ground::at(TEN_MINUTES * 1000));
    }
    through(Down::StoreWrites, 20);
    through(Down::Store, 20);
}

/// One call in ten is throttled for ten minutes: everything comes through, at a price that the bound on calls holds.
pub(crate) fn f41_throttling() {
    for shape in Shape::ALL {
        for seed in 0..20 {
            let outage = Outage {
                of: Down::Store,
                from: 0,
                until: TEN_MINUTES * 1000,
                per_mille: 100,
            };
            let plan = Plan {
                outages: vec![outage],
                ..Plan::default()
            };
            let story = Story {
                seed,
                ..Story::of(shape).with(plan)
            };
            assert!(must(&story).run().status().is_terminal());
        }
    }
}

/// The index is a sweep behind, while messages are lost: it says where to look, and nothing more.
pub(crate) fn f42_the_index_is_behind() {
    for shape in Shape::ALL {
        for nth in 1..=2 {
            let rule = Rule::first(Operation::Send("step"), Fault::Dropped).nth(nth);
            let story = Story {
                stale_index: true,
                ..Story::of(shape).with(Plan::rules(&[rule]))
            };
            assert_eq!(must(&story).run().status(), Status::Completed);
        }
    }
}

pub(crate) fn f43_sends_are_down() {
    for end in through(Down::Sends, 0) {
        assert_eq!(end.run().status(), Status::Completed);
        assert_eq!(end.acknowledged, 1, "the sweeper covers what was promised");
    }
}

/// Nobody receives for an hour; then everything comes at once.
pub(crate) fn f44_receiving_stops_and_comes_back_in_a_burst() {
    let story = Story {
        shapes: Shape::ALL.to_vec(),
        closed_until: 3_600_000,
        ..Story::of(Shape::Linear)
    };
    let end = must(&story);
    assert!(end.runs.iter().all(|run| run.status() == Status::Completed));
    assert!(
        end.runs
            .iter()
            .flat_map(|run| &run.steps)
            .all(|row| row.attempts <= 3),
        "a burst of duplicates is no burst of effects"
    );
    assert_eq!(
        (end.outside.posts.len(), end.outside.published.len()),
        (1, 1)
    );
}

/// Clocks ten minutes ahead and behind, at each delivery in turn.
pub(crate) fn f50_clocks_are_wrong() {
    for shape in Shape::ALL {
        let receives = (must(&Story::of(shape)).operations.iter())
            .filter(|(_, operation)| *operation == Operation::Receive("step"))
            .count();
        for fault in [Fault::Ahead, Fault::Behind] {
            for nth in 1..=u32::try_from(receives).unwrap() {
                let rule = Rule::first(Operation::Receive("step"), fault).nth(nth);
                completes(shape, &[rule]);
            }
        }
    }
}

/// Each delivery's clock is a minute behind the one before: time runs backwards.
pub(crate) fn f50_time_runs_backwards() {
    for shape in Shape::ALL {
        let story = Story {
            drift_seconds: -5,
            ..Story::of(shape)
        };
        assert_eq!(must(&story).run().status(), Status::Completed);
    }
}
