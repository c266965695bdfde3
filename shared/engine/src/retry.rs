//! When to try again: the error says whether, `domain::execution::ErrorClass` what kind it is, this says when.

use std::time::Duration;

use domain::execution::{ErrorClass, ErrorCode, StepError};
use domain::plan::Retry;
use jiff::{SignedDuration, Timestamp};

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

impl Again {
    /// What kind of failure it answers.
    #[must_use]
    pub fn class(self) -> ErrorClass {
        match self {
            Self::Backoff => ErrorClass::Retryable,
            Self::After(_) => ErrorClass::RateLimited,
            Self::Never => ErrorClass::Permanent,
            Self::Unknown => ErrorClass::NeedsPerson,
        }
    }
}

impl From<ErrorClass> for Again {
    /// Without the other side's own word a rate limit waits the step's backoff.
    fn from(class: ErrorClass) -> Self {
        match class {
            ErrorClass::Retryable | ErrorClass::RateLimited => Self::Backoff,
            ErrorClass::Permanent => Self::Never,
            ErrorClass::NeedsPerson => Self::Unknown,
        }
    }
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
            Again::Backoff => retry.wait(attempts, fraction),
            Again::After(told) => retry.wait_as_told(told, attempts, fraction),
        };
        now.checked_add(SignedDuration::try_from(wait).ok()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let spread = failure.retry_at(Retry::default(), 1, now, 0.5).unwrap();
        assert_eq!(spread.duration_since(at).as_secs(), 1, "not all at once");
        let never = ToolFailure::new(ErrorCode::HttpStatus, "gone", Again::Never);
        assert_eq!(never.retry_at(Retry::default(), 1, now, 0.0), None);
    }
}
