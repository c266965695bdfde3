//! Retry as data: what kind of failure it was, whether another attempt may help, and how long to wait for it.
//!
//! The error says whether, the step's [`Retry`] says how often, and the wait is drawn here. What differs by
//! tool is not how often (the contract has the same defaults for all) but what an attempt means that was
//! cut off in the middle of its effect. Both tables are printed in the crate's README by a test.

use std::time::Duration;

use super::state::ErrorCode;
use crate::plan::{EffectClass, Retry, ToolKind};
use crate::words::words;

/// The longest wait we grant a `Retry-After`, in seconds (FAULTS F49).
pub const LONGEST_RETRY_AFTER_SECONDS: u64 = 900;

/// Where the doubling of a backoff ends, in seconds, unless the step asks for a longer one: below the five
/// minutes within which every run moves on after the last fault.
pub const LONGEST_BACKOFF_SECONDS: u32 = 240;

words! {
    /// What a failure calls for.
    ErrorClass {
        /// Another attempt after the step's own backoff.
        Retryable = "retryable",
        /// Another attempt, not before the other side's own word.
        RateLimited = "rate_limited",
        /// No other attempt: it would fail again.
        Permanent = "permanent",
        /// The effect may have happened: only a person can find out.
        NeedsPerson = "needs_person",
    }
}

impl ErrorCode {
    /// What a failure with this code calls for, when nothing more is known of it. A status below 500 is an
    /// answer and permanent, but for 408 and 429; a provider that refuses what it is asked is permanent too, and
    /// so is a site that cannot be reached because its certificate is not valid.
    #[must_use]
    pub fn class(self) -> ErrorClass {
        match self {
            Self::Timeout
            | Self::Unreachable
            | Self::HttpStatus
            | Self::ProviderError
            | Self::Infrastructure => ErrorClass::Retryable,
            Self::RateLimited => ErrorClass::RateLimited,
            Self::BlockedAddress
            | Self::TooManyRedirects
            | Self::TooLarge
            | Self::UnsupportedContentType
            | Self::RobotsDenied
            | Self::NeedsScript
            | Self::SourceUnavailable
            | Self::ReferenceMissing
            | Self::BudgetExceeded
            | Self::DraftChanged => ErrorClass::Permanent,
        }
    }
}

impl ToolKind {
    /// What it means when a worker is cut off while it performs this tool's effect: nothing happened that a
    /// repetition would double, or the receiver knows the repetition by its key, or only a person can tell.
    #[must_use]
    pub fn when_cut_off(self) -> ErrorClass {
        match self.effect() {
            EffectClass::Pure | EffectClass::Idempotent => ErrorClass::Retryable,
            EffectClass::AtMostOnce => ErrorClass::NeedsPerson,
        }
    }
}

impl Retry {
    /// The wait before the next attempt once `attempts` have failed: full jitter over a step that doubles
    /// (AWS Architecture Blog, "Exponential Backoff and Jitter"), from nothing up to `backoff_seconds`
    /// doubled for each attempt. `fraction` is the jitter, in `[0, 1)`.
    #[must_use]
    pub fn wait(self, attempts: u32, fraction: f64) -> Duration {
        let doublings = attempts.saturating_sub(1).min(16);
        let most = f64::from(self.backoff_seconds) * f64::from(2_u32.pow(doublings));
        let cap = f64::from(LONGEST_BACKOFF_SECONDS.max(self.backoff_seconds));
        Duration::from_secs_f64(most.min(cap) * fraction.clamp(0.0, 1.0))
    }

    /// The wait when the other side has named one: its word up to a quarter of an hour, and our jitter on top,
    /// so that those who were told the same do not come back together.
    #[must_use]
    pub fn wait_as_told(self, told: Duration, attempts: u32, fraction: f64) -> Duration {
        told.min(Duration::from_secs(LONGEST_RETRY_AFTER_SECONDS)) + self.wait(attempts, fraction)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The jitter is full: the whole stretch from nothing to the doubled step, and never beyond the cap.
        #[test]
        fn a_wait_is_drawn_from_nothing_to_the_doubled_step(
            backoff_seconds in 1_u32..=900, attempts in 1_u32..=10, fraction in 0.0_f64..1.0,
        ) {
            let retry = Retry { max_attempts: 10, backoff_seconds };
            let cap = LONGEST_BACKOFF_SECONDS.max(backoff_seconds);
            let most = (u64::from(backoff_seconds) << (attempts - 1)).min(u64::from(cap));
            prop_assert_eq!(retry.wait(attempts, 0.0), Duration::ZERO);
            let wait = retry.wait(attempts, fraction);
            prop_assert!((wait.as_secs_f64() - Duration::from_secs(most).as_secs_f64() * fraction).abs() < 1e-6);
            let told = Duration::from_secs(86_400);
            let granted = retry.wait_as_told(told, attempts, fraction);
            prop_assert!(granted >= Duration::from_secs(LONGEST_RETRY_AFTER_SECONDS));
            prop_assert!(granted <= Duration::from_secs(LONGEST_RETRY_AFTER_SECONDS + u64::from(cap)));
        }
    }
}
