//! When to try again, as data: the error says whether, this says when.

use std::time::Duration;

use domain::execution::{ErrorCode, StepError};
use domain::plan::Retry;
use jiff::{SignedDuration, Timestamp};

/// The longest wait we grant a `Retry-After`, in seconds (FAULTS F49).
pub const LONGEST_RETRY_AFTER_SECONDS: u64 = 900;

/// A failure of a tool: what to tell the owner, and whether another attempt may help.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{error}")]
pub struct ToolFailure {
    pub error: StepError,
    pub again: Again,
}

/// Whether another attempt may help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// After the step's own backoff.
    Backoff,
    /// Not before the other side's own word.
    After(Duration),
    /// It would fail again.
    Never,
    /// The effect may have happened: a person must say.
    Unknown,
}

impl ToolFailure {
    pub fn new(code: ErrorCode, message: impl Into<String>, again: Again) -> Self {
        Self {
            error: StepError::new(code, message),
            again,
        }
    }

    /// When the next attempt is due, after `attempts` attempts; `None` when there shall be none.
    /// `fraction` is the jitter, in `[0, 1)`.
    #[must_use]
    pub fn retry_at(
        &self,
        retry: Retry,
        attempts: u32,
        now: Timestamp,
        fraction: f64,
    ) -> Option<Timestamp> {
        let wait = match self.again {
            Again::Never | Again::Unknown => return None,
            Again::Backoff => backoff(retry, attempts, fraction),
            Again::After(wait) => wait
                .min(Duration::from_secs(LONGEST_RETRY_AFTER_SECONDS))
                .max(backoff(retry, attempts, fraction)),
        };
        now.checked_add(SignedDuration::try_from(wait).ok()?).ok()
    }
}

/// The wait before the attempt after `attempts`: the step's backoff doubled each time, at most 15
/// minutes, with equal jitter (half of it fixed, so that a retry is never at once).
#[must_use]
pub fn backoff(retry: Retry, attempts: u32, fraction: f64) -> Duration {
    let doubled = f64::from(retry.backoff_seconds)
        * f64::from(2_u32.saturating_pow(attempts.saturating_sub(1).min(16)));
    Duration::from_secs_f64(doubled.min(900.0) * (0.5 + fraction / 2.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_stay_within_bounds() {
        let retry = Retry {
            max_attempts: 10,
            backoff_seconds: 2,
        };
        assert_eq!(backoff(retry, 1, 0.0), Duration::from_secs(1));
        assert_eq!(backoff(retry, 3, 0.0), Duration::from_secs(4));
        assert!(backoff(retry, 10, 0.999) <= Duration::from_secs(900));
    }

    #[test]
    fn the_other_sides_word_counts_up_to_a_quarter_of_an_hour() {
        let now: Timestamp = "2026-05-04T08:00:00Z".parse().unwrap();
        let failure = ToolFailure::new(
            ErrorCode::RateLimited,
            "slow down",
            Again::After(Duration::from_secs(86_400)),
        );
        let at = failure.retry_at(Retry::default(), 1, now, 0.0).unwrap();
        assert_eq!(at.duration_since(now).as_secs(), 900);
        let never = ToolFailure::new(ErrorCode::HttpStatus, "gone", Again::Never);
        assert_eq!(never.retry_at(Retry::default(), 1, now, 0.0), None);
    }
}
