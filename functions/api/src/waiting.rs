//! Looking again until something has happened, within the 30 seconds the gateway allows an answer.
//!
//! Who waits holds a function for as long, so an owner may have eight waits at once (`domain::slots`); a further one
//! gets what there is at once, as after a wait that ended. A count that cannot be reached holds nobody up.

use std::time::Duration;

use domain::ids::OwnerId;
use domain::slots::{Asking, SlotKind};
use engine::slots::Slot;
use tokio::time::Instant;

use crate::app::App;

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
    async fn again(self) -> bool {
        if Instant::now() + LOOK_EVERY > self.until {
            return false;
        }
        tokio::time::sleep(LOOK_EVERY).await;
        true
    }
}

/// Who holds a place: there is no worker that could be another's.
const HOLDER: &str = "api";

/// A wait that may be waited.
pub(crate) struct Wait {
    patience: Patience,
    /// One of the owner's places; `None` where they cannot be counted.
    place: Option<Slot>,
}

impl Wait {
    /// Begins a wait; `None` when the owner waits for as much as they may already.
    pub(crate) async fn begin(app: &App, owner: &OwnerId, patience: Patience) -> Option<Self> {
        let id = app.engine.uuid().simple().to_string();
        let asking = Asking {
            who: &id,
            by: HOLDER,
            lasts: patience.until.saturating_duration_since(Instant::now()) + LOOK_EVERY,
        };
        let taking = app
            .engine
            .take_slot_or_leave(&*app.slots, owner, SlotKind::Wait, asking);
        let place = match taking.await {
            Ok(slot) => Some(slot?),
            Err(error) => {
                tracing::warn!(%error, "an owner's waits cannot be counted");
                None
            }
        };
        Some(Self { patience, place })
    }

    /// Looks again and again until `look` has found something; `None` when the time is over before.
    ///
    /// # Errors
    /// What `look` says.
    pub(crate) async fn until<T, E, F>(
        self,
        app: &App,
        mut look: impl FnMut() -> F,
    ) -> Result<Option<T>, E>
    where
        F: Future<Output = Result<Option<T>, E>>,
    {
        let mut found = Ok(None);
        while matches!(found, Ok(None)) && self.patience.again().await {
            found = look().await;
        }
        if let Some(place) = self.place
            && let Err(error) = app.engine.give_slot_back(&*app.slots, place).await
        {
            tracing::warn!(%error, "a wait still counts until its time is over");
        }
        found
    }
}
