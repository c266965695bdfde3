//! When is nothing going on?
//!
//! Two answers, for two questions. *Drained* means that nothing moves any more until time does: no
//! message can be received and no function works. That is when the clock may jump. *Quiet* is what
//! `POST /_local/quiesce` promises: drained, and besides nothing is in flight, lies among the dead
//! letters, or is due and not yet done. A message given back for later is in flight until its time
//! comes, so a system can be drained and never quiet until the clock is moved.

use std::time::Duration;

use tokio::time::Instant;

use crate::system::{System, SystemError};

/// How often to look again where no signal says that something changed.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

impl System {
    /// Waits until nothing moves any more unless time does.
    pub(crate) async fn drain(&self) -> Result<(), SystemError> {
        loop {
            let mut changes = self.activity.watch();
            if self.is_drained()? {
                return Ok(());
            }
            tokio::select! {
                () = changes.next() => {}
                () = tokio::time::sleep(LOOK_AGAIN) => {}
            }
        }
    }

    /// Waits until the system is quiet, at most `patience` of real time; says whether it is.
    pub(crate) async fn quiesce(&self, patience: Duration) -> Result<bool, SystemError> {
        let deadline = Instant::now() + patience;
        loop {
            if self.is_quiet().await? {
                return Ok(true);
            }
            if Instant::now() >= deadline {
                return Ok(false);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    fn is_drained(&self) -> Result<bool, SystemError> {
        let before = self.activity.idle();
        if before.is_none() || self.sqs.visible_now()? > 0 {
            return Ok(false);
        }
        // Nothing began and ended between the two looks either.
        Ok(self.activity.idle() == before)
    }

    async fn is_quiet(&self) -> Result<bool, SystemError> {
        let before = self.activity.idle();
        if !self.is_drained()? || self.sqs.in_flight()? > 0 || self.has_dead_letters()? {
            return Ok(false);
        }
        let now = self.clock.now();
        let scheduled = self.scheduler.next_fire()?;
        let due = self.due.earliest().await?;
        let overdue = scheduled.into_iter().chain(due).any(|time| time <= now);
        Ok(!overdue && self.activity.idle() == before)
    }

    /// Whether messages lie in a queue that only the sweeper reads.
    pub(crate) fn has_dead_letters(&self) -> Result<bool, SystemError> {
        for queue in &self.dead_letters {
            let counts = self.sqs.counts(queue)?;
            if counts.visible + counts.in_flight + counts.delayed > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
