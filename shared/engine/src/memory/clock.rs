//! A clock that stands still until it is moved.

use std::sync::Mutex;

use jiff::{SignedDuration, Timestamp};

use super::lock;
use crate::ports::Clock;

/// Time as a test sets it.
#[derive(Debug)]
pub struct FixedClock {
    now: Mutex<Timestamp>,
}

/// Without what is finer than a millisecond, as the port promises.
fn to_the_millisecond(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}

impl FixedClock {
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self {
            now: Mutex::new(to_the_millisecond(now)),
        }
    }

    /// Moves the clock to `now`, backwards too.
    pub fn set(&self, now: Timestamp) {
        *lock(&self.now) = to_the_millisecond(now);
    }

    /// Moves the clock by `by`; at the ends of time it stops.
    pub fn advance(&self, by: SignedDuration) {
        let mut now = lock(&self.now);
        let end = if by.is_negative() {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        };
        *now = to_the_millisecond(now.checked_add(by).unwrap_or(end));
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        *lock(&self.now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_moves_only_when_it_is_moved() {
        let clock = FixedClock::at("2026-05-04T08:00:00.0009Z".parse().unwrap());
        assert_eq!(clock.now().to_string(), "2026-05-04T08:00:00Z");
        clock.advance(SignedDuration::from_secs(90));
        assert_eq!(clock.now().to_string(), "2026-05-04T08:01:30Z");
        clock.advance(SignedDuration::MAX);
        clock.set(Timestamp::UNIX_EPOCH);
        assert_eq!(clock.now(), Timestamp::UNIX_EPOCH);
    }
}
