//! A run told again from its log: the first state is made anew, every event applied at its recorded time, and
//! what comes out must be what is stored (promise 2).
//!
//! It is what an operator asks when a stored run looks wrong, and what a test asks of every history that older
//! code has written: a change of [`apply`] that would tell an old story otherwise is found there.

use jiff::Timestamp;

use super::{Event, Execution, Refused, apply};

/// Why a log cannot be told again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    #[error("event {found} stands where {expected} should")]
    Gap { expected: u64, found: u64 },
    #[error("event {revision} does not apply: {refused}")]
    Refused { revision: u64, refused: Refused },
}

/// Applies the log's events to the run's first state; each is its revision, its time and itself.
///
/// # Errors
/// The log has a gap, or one of its events does not apply.
pub fn replay<'a>(
    first: Execution,
    log: impl IntoIterator<Item = (u64, Timestamp, &'a Event)>,
) -> Result<Execution, ReplayError> {
    let mut run = first;
    for (revision, at, event) in log {
        let expected = run.revision + 1;
        if revision != expected {
            return Err(ReplayError::Gap {
                expected,
                found: revision,
            });
        }
        let applied = apply(&run, event, at);
        (run, _) = applied.map_err(|refused| ReplayError::Refused { revision, refused })?;
    }
    Ok(run)
}
