//! How long a mail waits that the mail service did not take.
//!
//! That the service is busy, that the account's quota is used up or that its sending is paused is never the
//! recipient's fault, so such a mail waits and is tried again. The waits double, so that an account that is paused for
//! a day is not asked all day; they are drawn with jitter, so that those who were refused together do not come back
//! together.

use jiff::{SignedDuration, Timestamp};

/// The first wait, in seconds. The service's limit is so many mails a second, so a few seconds help most.
const FIRST_SECONDS: f64 = 4.0;

/// The longest wait, in seconds. SES recommends up to ten minutes (SES developer guide, "Errors related to the sending
/// quotas"); a quarter of an hour is the longest a queue delays a message (SQS, `DelaySeconds`).
pub const LONGEST_PAUSE_SECONDS: u32 = 900;

/// When a mail is tried again that was not taken for the `times`-th time, counted from 1, but not more than
/// `longest_seconds` later. `fraction` is the jitter, in `[0, 1)`: the wait is at least half of its step.
#[must_use]
pub fn next_try(times: u32, longest_seconds: u32, now: Timestamp, fraction: f64) -> Timestamp {
    let doublings = times.saturating_sub(1).min(16);
    let step = (FIRST_SECONDS * f64::from(2_u32.pow(doublings))).min(longest_seconds.into());
    let wait = step * (0.5 + fraction.clamp(0.0, 1.0) / 2.0);
    SignedDuration::try_from_secs_f64(wait)
        .ok()
        .and_then(|wait| now.checked_add(wait).ok())
        .unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_are_spread_over_their_second_half() {
        let now: Timestamp = "2026-05-04T08:00:00Z".parse().unwrap();
        let wait = |times, fraction| {
            next_try(times, LONGEST_PAUSE_SECONDS, now, fraction)
                .duration_since(now)
                .as_millis()
        };
        assert_eq!((wait(1, 0.0), wait(1, 0.5)), (2_000, 3_000));
        assert_eq!((wait(4, 0.0), wait(4, 1.0)), (16_000, 32_000));
        assert_eq!((wait(30, 0.0), wait(u32::MAX, 1.0)), (450_000, 900_000));
    }
}
