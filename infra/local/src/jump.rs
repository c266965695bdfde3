//! Moving the clock of the whole system.
//!
//! The system must go through the time in between as if it had passed: what becomes due fires in
//! order, each at its own moment, and what follows from it is done before the next. So a jump is
//! many small ones, from one event to the next, and the minutes at which nothing is due cost
//! nothing. The next event is the earliest of a schedule's fire, a message's return to visibility,
//! and the first sweep that would find something.
//!
//! With `sleep` the machine was off instead: the clock moves at once over everything, and then the
//! system wakes and finds out what it missed, which is another path through the same code.

use jiff::{SignedDuration, Timestamp};

use crate::clock::later;
use crate::system::{System, SystemError};

impl System {
    /// Moves the clock by `by` and does what becomes due on the way. Answers with the new time when
    /// the system is drained.
    pub(crate) async fn pass(&self, by: SignedDuration) -> Result<Timestamp, SystemError> {
        let _turn = self.turn.lock().await;
        self.drain().await?;
        // A distance from real time and not a moment: the work on the way takes real time too, and
        // the clock is to be ahead by all of what was asked for.
        let goal = self.clock.offset_ms().saturating_add(milliseconds(by));
        loop {
            let now = self.clock.now();
            let target = later(Timestamp::now(), goal);
            let Some(next) = self.next_event(now).await?.filter(|next| *next <= target) else {
                break;
            };
            self.clock.advance_to(next)?;
            let now = self.clock.now();
            self.scheduler.fire_due(now, &self.sqs)?;
            self.drain().await?;
            // Whether or not it is worth while, the round counts: a sweep that is skipped would
            // have found nothing, and what becomes due later is the next minute's.
            let worthwhile = self.has_something_to_sweep(now).await?;
            let round = self.take_round(now);
            if worthwhile && !round.is_empty() {
                self.sweep(round, now).await;
                self.drain().await?;
            }
        }
        self.reach(goal)?;
        self.set_swept(self.clock.now());
        self.drain().await?;
        self.expiry.sweep(self.clock.now()).await?;
        Ok(self.clock.now())
    }

    /// Moves the clock by `by` as if the machine had been off, then wakes the system.
    pub(crate) async fn sleep(&self, by: SignedDuration) -> Result<Timestamp, SystemError> {
        let _turn = self.turn.lock().await;
        self.reach(self.clock.offset_ms().saturating_add(milliseconds(by)))?;
        self.catch_up().await?;
        self.expiry.sweep(self.clock.now()).await?;
        Ok(self.clock.now())
    }

    /// Sets the clock ahead of real time by at least `goal` milliseconds. More than once only if the
    /// machine needs a millisecond to do it.
    fn reach(&self, goal: i64) -> Result<(), SystemError> {
        while self.clock.offset_ms() < goal {
            let before = self.clock.offset_ms();
            self.clock
                .advance_to(later(Timestamp::now(), goal.saturating_add(1)))?;
            if self.clock.offset_ms() == before {
                // The end of representable time.
                break;
            }
        }
        Ok(())
    }

    /// Wakes the system after the host was not running.
    pub(crate) async fn wake(&self) -> Result<(), SystemError> {
        let _turn = self.turn.lock().await;
        self.catch_up().await
    }

    /// What a machine does that was off: late schedules, and one sweep for everything else.
    async fn catch_up(&self) -> Result<(), SystemError> {
        self.scheduler.fire_due(self.clock.now(), &self.sqs)?;
        self.drain().await?;
        let now = self.clock.now();
        self.sweep(self.take_all(now), now).await;
        self.drain().await
    }

    async fn next_event(&self, now: Timestamp) -> Result<Option<Timestamp>, SystemError> {
        let fire = self.scheduler.next_fire()?;
        let visible = self.sqs.next_visible_at()?;
        let due = if self.has_dead_letters()? {
            Some(now)
        } else {
            self.due.earliest().await?
        };
        let sweep = due.and_then(|due| self.next_sweep(due));
        Ok(fire.into_iter().chain(visible).chain(sweep).min())
    }

    async fn has_something_to_sweep(&self, now: Timestamp) -> Result<bool, SystemError> {
        Ok(self.has_dead_letters()? || self.due.earliest().await?.is_some_and(|due| due <= now))
    }
}

fn milliseconds(duration: SignedDuration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
