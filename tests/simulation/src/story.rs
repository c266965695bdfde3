//! What happens, and what came of it.

use std::sync::Arc;

use domain::execution::Execution;

use crate::bug::Bug;
use crate::fault::{Operation, Plan, Role};
use crate::ground::{Counted, Ground};
use crate::outside::Outside;
use crate::person::Temper;
use crate::queue::QueueName;
use crate::workflows::Shape;

/// What the owner has, in credits.
const GRANTED: u32 = 10_000;

/// After so long most stories are over, in milliseconds.
const EIGHT_HOURS_MS: u64 = 8 * 3_600_000;

/// What happens.
#[derive(Debug, Clone)]
pub(crate) struct Story {
    pub(crate) seed: u64,
    pub(crate) shapes: Vec<Shape>,
    pub(crate) plan: Plan,
    pub(crate) temper: Temper,
    pub(crate) sweeper: bool,
    /// `false`: a message is delivered once and forgotten.
    pub(crate) redelivery: bool,
    /// How much later each invocation's clock is than the one before, in seconds. 0: they agree. Less than 0: each
    /// is so much earlier, until after a hundred the clock is set right.
    pub(crate) drift_seconds: i64,
    pub(crate) granted: u32,
    pub(crate) bug: Option<Bug>,
    /// When everything in the queues is lost, in milliseconds.
    pub(crate) wipes: Vec<u64>,
    /// Nobody receives until then, in milliseconds.
    pub(crate) closed_until: u64,
    /// Messages that are in the queues from the beginning.
    pub(crate) letters: Vec<(QueueName, String)>,
    pub(crate) page_ms: u64,
    pub(crate) trace: bool,
    /// Whether a run that does not move in time is a breach.
    pub(crate) bounded: bool,
    /// A step whose message comes as soon as its run exists.
    pub(crate) early: Option<&'static str>,
    /// The index of what is due is a sweep behind.
    pub(crate) stale_index: bool,
    /// How many runs there must be in the end, when that is known.
    pub(crate) runs: Option<usize>,
    /// Somebody changes drafts in the store after they were approved.
    pub(crate) forger: bool,
    /// Two people must approve, and one of them has two spellings of their address.
    pub(crate) both: bool,
    /// Somebody puts others in the approvers' place as soon as a run has begun.
    pub(crate) usurper: bool,
    /// How many approvals may be open at once, where that is fewer than usual.
    pub(crate) most_open: Option<u32>,
    /// After so long the story is over, in milliseconds.
    pub(crate) lasts_ms: u64,
    /// A search provider that asked to be left alone must be. Only where nobody stops, doubles or starts twice.
    pub(crate) patient: bool,
}

impl Story {
    /// One run of a shape in a world in which nothing goes wrong.
    pub(crate) fn of(shape: Shape) -> Self {
        Self {
            seed: 1,
            shapes: vec![shape],
            plan: Plan::default(),
            temper: Temper::Agreeable,
            sweeper: true,
            redelivery: true,
            drift_seconds: 0,
            granted: GRANTED,
            bug: None,
            wipes: Vec::new(),
            closed_until: 0,
            letters: Vec::new(),
            page_ms: 9_000,
            trace: false,
            bounded: true,
            early: None,
            stale_index: false,
            runs: None,
            forger: false,
            both: false,
            usurper: false,
            most_open: None,
            lasts_ms: EIGHT_HOURS_MS,
            patient: false,
        }
    }

    /// A run whose two mails have more recipients than a day allows, until the day after.
    pub(crate) fn of_newsletter() -> Self {
        Self {
            lasts_ms: 3 * EIGHT_HOURS_MS,
            ..Self::of(Shape::Newsletter)
        }
    }

    pub(crate) fn with(self, plan: Plan) -> Self {
        Self { plan, ..self }
    }
}

/// What came of it.
pub(crate) struct End {
    pub(crate) counted: Counted,
    pub(crate) runs: Vec<Execution>,
    pub(crate) acknowledged: usize,
    pub(crate) lost: u64,
    pub(crate) double_publishes: u64,
    pub(crate) unapproved_publishes: u64,
    pub(crate) ledger_difference: u64,
    pub(crate) violations: Vec<String>,
    pub(crate) outside: Outside,
    pub(crate) operations: Vec<(Role, Operation)>,
    pub(crate) trace: Vec<String>,
    /// How long it took, in milliseconds.
    pub(crate) lasted_ms: u64,
    /// How often people were asked.
    pub(crate) approvals: usize,
    /// The ground it happened on, for a look at what is stored.
    pub(crate) ground: Arc<Ground>,
}

impl End {
    /// The only run.
    pub(crate) fn run(&self) -> &Execution {
        assert_eq!(self.runs.len(), 1, "one run was told of");
        &self.runs[0]
    }

    /// How often the step was claimed.
    pub(crate) fn claims(&self, step: &str) -> u64 {
        self.run().step(step).map_or(0, |row| row.fence)
    }

    /// How many steps there were in all runs.
    pub(crate) fn steps(&self) -> usize {
        self.runs.iter().map(|run| run.steps.len()).sum()
    }
}
