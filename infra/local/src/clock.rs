//! The time of the whole local system: the machine's clock plus an offset that only ever grows.
//!
//! Everything that asks what time it is asks here, so moving the offset moves queues, schedules and
//! mails together. The offset is stored before it takes effect: a host that was killed comes back at
//! the time it had reached, never earlier, and nothing that already happened lies in the future.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use crate::state::{State, StateError};

/// Real time plus a persisted offset.
pub(crate) struct Clock {
    state: Arc<State>,
    offset_ms: watch::Sender<i64>,
}

impl Clock {
    /// Takes up the clock where the last host on this state left it.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub(crate) fn open(state: Arc<State>) -> Result<Arc<Self>, StateError> {
        let offset: i64 = state.read(|connection| {
            connection
                .query_row("SELECT offset_ms FROM clock", [], |row| row.get(0))
                .map_err(StateError::from)
        })?;
        Ok(Arc::new(Self {
            state,
            offset_ms: watch::Sender::new(offset),
        }))
    }

    /// The time here and now.
    #[must_use]
    pub(crate) fn now(&self) -> Timestamp {
        later(Timestamp::now(), self.offset_ms())
    }

    /// How far this clock is ahead of the machine's, in milliseconds; never negative.
    #[must_use]
    pub(crate) fn offset_ms(&self) -> i64 {
        *self.offset_ms.borrow()
    }

    /// How far this clock is ahead of the machine's, in whole seconds.
    #[must_use]
    pub(crate) fn offset_seconds(&self) -> i64 {
        self.offset_ms() / 1_000
    }

    /// Moves the clock forward to `target` and wakes everyone who waits for a time. A target that is
    /// already past changes nothing. Returns the time afterwards.
    ///
    /// # Errors
    /// When the offset cannot be stored; then the clock has not moved.
    pub(crate) fn advance_to(&self, target: Timestamp) -> Result<Timestamp, StateError> {
        let offset = self.state.write(|transaction| {
            // Rounded up: afterwards `now()` is not one hair before the target.
            let ahead = target.duration_since(Timestamp::now()).as_nanos();
            let offset = i64::try_from(ahead.div_euclid(1_000_000) + 1).unwrap_or(i64::MAX);
            if offset > self.offset_ms() {
                transaction.execute("UPDATE clock SET offset_ms = max(offset_ms, ?1)", [offset])?;
            }
            Ok::<i64, StateError>(offset)
        })?;
        self.offset_ms.send_if_modified(|current| {
            let forward = offset > *current;
            *current = offset.max(*current);
            forward
        });
        Ok(self.now())
    }

    /// Resolves once `now()` has reached `time`, by waiting or because the clock was moved.
    pub(crate) async fn sleep_until(&self, time: Timestamp) {
        let mut moved = self.offset_ms.subscribe();
        loop {
            moved.mark_unchanged();
            let Ok(left) = std::time::Duration::try_from(time.duration_since(self.now())) else {
                return;
            };
            if left.is_zero() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(left) => {}
                // The sender lives as long as `self`, so this cannot fail.
                _ = moved.changed() => {}
            }
        }
    }
}

/// `time` plus a number of milliseconds, at most the end of representable time.
#[must_use]
pub(crate) fn later(time: Timestamp, milliseconds: i64) -> Timestamp {
    time.checked_add(SignedDuration::from_millis(milliseconds))
        .unwrap_or(Timestamp::MAX)
}

/// Reads a time that was stored as milliseconds since 1970.
///
/// # Errors
/// When no such time exists, which this program never stores.
pub(crate) fn stored_time(milliseconds: i64) -> Result<Timestamp, StateError> {
    Timestamp::from_millisecond(milliseconds).map_err(|_| StateError::Inconsistent {
        what: "time",
        id: milliseconds.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_offset_survives_and_never_shrinks() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.sqlite");
        let clock = Clock::open(State::open(Some(&path)).unwrap()).unwrap();
        let tomorrow = later(Timestamp::now(), 86_400_000);
        assert!(clock.advance_to(tomorrow).unwrap() >= tomorrow);
        assert!(clock.advance_to(Timestamp::now()).unwrap() >= tomorrow);
        drop(clock);
        let clock = Clock::open(State::open(Some(&path)).unwrap()).unwrap();
        assert!(clock.now() >= tomorrow);
        assert!(clock.offset_seconds() <= 86_400);
    }

    #[tokio::test]
    async fn a_jump_wakes_who_sleeps() {
        let clock = Clock::open(State::open(None).unwrap()).unwrap();
        let wake = later(clock.now(), 3_600_000);
        let sleeper = tokio::spawn({
            let clock = Arc::clone(&clock);
            async move { clock.sleep_until(wake).await }
        });
        tokio::task::yield_now().await;
        clock.advance_to(wake).unwrap();
        tokio::time::timeout(Duration::from_secs(5), sleeper)
            .await
            .unwrap()
            .unwrap();
    }
}
