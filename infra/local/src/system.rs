//! The running system, as the parts of the host that move its time and look at it see it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::activity::Activity;
use crate::clock::Clock;
use crate::due::{DueError, DueIndex};
use crate::expiry::{Expiry, ExpiryError};
use crate::lambda::Functions;
use crate::services::scheduler::{Scheduler, SchedulerError};
use crate::services::sqs::{Sqs, SqsError};
use crate::state::StateError;

/// Why the system could not be looked at or moved on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SystemError {
    #[error("the clock could not be read or set")]
    Clock(#[from] StateError),
    #[error("the queues could not be read")]
    Queues(#[from] SqsError),
    #[error("the schedules could not be read or fired")]
    Schedules(#[from] SchedulerError),
    #[error("the table could not be asked for what is due")]
    Due(#[from] DueError),
    #[error("what has expired could not be removed")]
    Expiry(#[from] ExpiryError),
}

/// What moves by time: queues, schedules, the sweeper, and the clock over all of them.
pub(crate) struct System {
    pub(crate) clock: Arc<Clock>,
    pub(crate) sqs: Arc<Sqs>,
    pub(crate) scheduler: Arc<Scheduler>,
    pub(crate) due: DueIndex,
    pub(crate) expiry: Expiry,
    pub(crate) activity: Activity,
    pub(crate) functions: Functions,
    /// Names of the functions with a rate, and the rate. In the template it is the sweeper.
    pub(crate) sweepers: Vec<(String, Duration)>,
    /// Physical names of the queues that only the sweeper reads.
    pub(crate) dead_letters: Vec<String>,
    /// Held by whoever fires what the time has come for: the ticker, or one jump of the clock.
    pub(crate) turn: tokio::sync::Mutex<()>,
    swept: Mutex<Timestamp>,
}

impl System {
    #[expect(
        clippy::too_many_arguments,
        reason = "one caller, and a struct of the same fields would only repeat them"
    )]
    pub(crate) fn new(
        clock: Arc<Clock>,
        sqs: Arc<Sqs>,
        scheduler: Arc<Scheduler>,
        due: DueIndex,
        expiry: Expiry,
        activity: Activity,
        functions: Functions,
        sweepers: Vec<(String, Duration)>,
        dead_letters: Vec<String>,
    ) -> Self {
        let swept = Mutex::new(clock.now());
        let turn = tokio::sync::Mutex::new(());
        Self {
            clock,
            sqs,
            scheduler,
            due,
            expiry,
            activity,
            functions,
            sweepers,
            dead_letters,
            turn,
            swept,
        }
    }

    /// The time up to which the rates have been served.
    pub(crate) fn swept(&self) -> Timestamp {
        *self.swept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_swept(&self, until: Timestamp) {
        let mut swept = self.swept.lock().unwrap_or_else(PoisonError::into_inner);
        *swept = until.max(*swept);
    }
}
