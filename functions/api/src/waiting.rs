//! Looking again until something has happened, within the 30 seconds the gateway allows an answer.

use std::time::Duration;

use tokio::time::Instant;

/// The longest wait a client may ask for, in seconds (API section 4).
pub(crate) const LONGEST_SECONDS: u32 = 25;

/// How often the store is looked at: a wait of 25 seconds reads an item 125 times at most.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// How long somebody is ready to wait. Real time: a moved clock does not make an answer late.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    until: Instant,
}

impl Patience {
    pub(crate) fn of(patience: Duration) -> Self {
        Self {
            until: Instant::now() + patience,
        }
    }

    pub(crate) fn of_seconds(seconds: u32) -> Self {
        Self::of(Duration::from_secs(seconds.into()))
    }

    /// Waits before another look; `false` when the time is over.
    pub(crate) async fn again(self) -> bool {
        if Instant::now() + LOOK_EVERY > self.until {
            return false;
        }
        tokio::time::sleep(LOOK_EVERY).await;
        true
    }
}
