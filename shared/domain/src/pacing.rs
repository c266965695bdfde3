//! How often a host is called: turns, spaced so that all functions together stay within them.
//!
//! The generic cell rate algorithm (ITU-T I.371, annex A, as virtual scheduling): one number a host, the
//! moment from which its next turn counts. A turn moves it on by the gap; a short burst is allowed by
//! letting it lag behind the clock. One number is what makes it hold across functions: a store can
//! test and move it in one conditional write.
//!
//! Turns are taken ahead by at most the caller's patience. Otherwise a function that dies would leave
//! behind a queue of turns nobody uses, and everybody else would wait for them.

use std::time::Duration;

/// How often a host may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Between two turns.
    pub gap: Duration,
    /// How many turns may be taken at once after a rest; at least 1.
    pub burst: u32,
}

/// What came of asking for a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It is ours: call after this long.
    After(Duration),
    /// It would come later than the caller can wait; nothing was taken.
    NotBefore(Duration),
}

impl Pace {
    /// From which moment on a turn may count although it is past, in milliseconds before now.
    #[must_use]
    pub fn tolerance_ms(&self) -> i64 {
        millis(self.gap).saturating_mul(i64::from(self.burst.saturating_sub(1)))
    }

    /// Takes a turn. `next` is the stored moment in milliseconds since 1970, `None` for a host never
    /// called. Gives the answer and, when a turn was taken, the moment to store.
    #[must_use]
    pub fn take(&self, next: Option<i64>, now: i64, patience: Duration) -> (Turn, Option<i64>) {
        let earliest = now.saturating_sub(self.tolerance_ms());
        let turn = next.unwrap_or(earliest).max(earliest);
        let wait = wait(turn, now);
        if wait > patience {
            return (Turn::NotBefore(wait), None);
        }
        let next = turn.saturating_add(millis(self.gap));
        (Turn::After(wait), Some(next))
    }
}

/// How long it is from `now` to a turn, both in milliseconds since 1970.
#[must_use]
pub fn wait(turn: i64, now: i64) -> Duration {
    Duration::from_millis(u64::try_from(turn.saturating_sub(now)).unwrap_or(0))
}

/// A duration in whole milliseconds.
#[must_use]
pub fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn after_a_burst_one_turn_a_gap() {
        let pace = Pace {
            gap: SECOND,
            burst: 3,
        };
        let mut next = None;
        let waits: Vec<u64> = (0..6)
            .map(|_| {
                let (turn, moved) = pace.take(next, 1_000_000, Duration::from_secs(10));
                next = moved;
                match turn {
                    Turn::After(wait) => wait.as_secs(),
                    Turn::NotBefore(_) => panic!("within patience"),
                }
            })
            .collect();
        assert_eq!(waits, [0, 0, 0, 1, 2, 3]);
        let impatient = pace.take(next, 1_000_000, SECOND);
        assert_eq!(impatient, (Turn::NotBefore(4 * SECOND), None));
    }

    proptest! {
        /// Whoever asks when: within any stretch of time no more turns than the burst and one a gap.
        #[test]
        fn no_stretch_holds_more_turns_than_allowed(
            steps in prop::collection::vec(0_i64..3_000, 1..60), burst in 1_u32..5, gap_ms in 1_u64..2_000,
        ) {
            let pace = Pace { gap: Duration::from_millis(gap_ms), burst };
            let (mut now, mut next, mut calls) = (0_i64, None, Vec::new());
            for step in steps {
                now += step;
                if let (Turn::After(wait), moved) = pace.take(next, now, Duration::from_secs(3_600)) {
                    next = moved;
                    calls.push(now + millis(wait));
                }
            }
            calls.sort_unstable();
            let burst = burst as usize;
            for pair in calls.windows(burst + 1) {
                prop_assert!(pair[burst] - pair[0] >= millis(pace.gap), "{calls:?}");
            }
        }
    }
}
