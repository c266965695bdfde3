//! The matrix of FAULTS.md, row by row: each test tells the story of one fault and looks at what it left behind.
//! That nothing promised was broken on the way, and that it came to an end in time, the oracle has seen already.

pub(crate) mod queues;
pub(crate) mod steps;
pub(crate) mod times;

use domain::execution::Status;

use crate::fault::{Plan, Rule};
use crate::story::{End, Story};
use crate::telling::must;
use crate::workflows::Shape;

/// The story of one run in which the rules' faults happen, each of them, and which ends well all the same.
fn completes(shape: Shape, rules: &[Rule]) -> End {
    let end = must(&Story::of(shape).with(Plan::rules(rules)));
    assert_eq!(
        end.counted.all_faults(),
        rules.len() as u64,
        "what was to go wrong did: {:?}",
        end.counted.faults
    );
    for run in &end.runs {
        assert_eq!(run.status(), Status::Completed, "{:?}", run.phase);
    }
    end
}
