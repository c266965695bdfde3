//! How much the system is working right now.
//!
//! "Quiet" is a promise of the local host (tests move the clock and look at what happened), so it
//! must not be a guess. The rule: whoever takes work out of one place (a queue, a schedule) holds a
//! [`Busy`] from before the taking until after the result is in its next place (the message deleted,
//! the follow-up sent). Then at every moment a piece of work is either where it can be seen or
//! counted here, and nothing can fall between two looks.
//!
//! Calls to the API are not counted. Some of them wait for work (`?wait=25`), and a clock that waits
//! for a call that waits for the clock would stand still.

use tokio::sync::watch;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Work {
    running: u64,
    begun: u64,
}

/// Counts the work in hand.
#[derive(Debug, Clone, Default)]
pub(crate) struct Activity {
    work: watch::Sender<Work>,
}

/// One piece of work in hand, until dropped.
#[derive(Debug)]
pub(crate) struct Busy {
    work: watch::Sender<Work>,
}

impl Activity {
    /// Counts one piece of work until the answer is dropped.
    pub(crate) fn begin(&self) -> Busy {
        self.work.send_modify(|work| {
            work.running += 1;
            work.begun += 1;
        });
        Busy {
            work: self.work.clone(),
        }
    }

    /// A number that stands for this moment, if nothing is in hand. Two equal answers mean that
    /// nothing was in hand between them either.
    pub(crate) fn idle(&self) -> Option<u64> {
        let work = *self.work.borrow();
        (work.running == 0).then_some(work.begun)
    }

    /// A look-out for work that begins or ends from now on.
    pub(crate) fn watch(&self) -> Changes {
        Changes {
            work: self.work.subscribe(),
        }
    }
}

/// See [`Activity::watch`].
#[derive(Debug)]
pub(crate) struct Changes {
    work: watch::Receiver<Work>,
}

impl Changes {
    /// Resolves when work began or ended since the last time, or since the look-out was made.
    pub(crate) async fn next(&mut self) {
        if self.work.changed().await.is_err() {
            // The host is being taken apart, nothing will ever change again.
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.work.send_modify(|work| work.running -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::Activity;

    #[test]
    fn idle_moments_are_told_apart() {
        let activity = Activity::default();
        let before = activity.idle();
        assert_eq!(before, Some(0));
        let first = activity.begin();
        let second = activity.begin();
        drop(first);
        assert_eq!(activity.idle(), None);
        drop(second);
        assert_eq!(activity.idle(), Some(2), "something happened meanwhile");
    }
}
