//! The ports in memory, for tests and the simulation: as strict as the real ones, and deterministic.
//!
//! [`MemoryStore`] keeps every condition of a commit that the table keeps (`tests/it/src/contracts` holds both to one
//! suite); the others record what they were asked and fail when they are told to. Nothing here sleeps,
//! reads the machine's clock or its randomness, or iterates in an order that changes from run to run: the same calls
//! give the same answers, always. Every call is finished when it is first polled.
//!
//! What is deliberately not here: throttling, the index's lag, limits on the size of an item. Faults belong in
//! front of a port, not inside it.

mod allowances;
mod assessments;
mod change;
mod clock;
mod commit;
mod crawling;
mod deliveries;
mod downloads;
mod entropy;
mod erasures;
mod item;
mod key;
mod mailer;
mod outage;
mod queues;
mod replays;
mod schedules;
mod secrets;
mod sessions;
mod slots;
mod store;
mod table;
mod usage;
mod webhooks;

use futures::FutureExt as _;

pub use allowances::MemoryAllowances;
pub use assessments::MemoryAssessments;
pub use clock::FixedClock;
pub use downloads::MemoryDownloads;
pub use entropy::SeededEntropy;
pub use mailer::MemoryMailer;
pub use queues::{MemoryQueues, Sent};
pub use replays::MemoryReplays;
pub use schedules::MemorySchedules;
pub use secrets::MemorySecrets;
pub use store::MemoryStore;
pub use usage::MemoryUsage;
pub use webhooks::MemoryWebhooks;

/// What a call of a port in memory answers, without a runtime.
///
/// # Panics
/// The call waits for something: it is not one of a port in memory.
pub fn at_once<T>(call: impl Future<Output = T>) -> T {
    call.now_or_never()
        .expect("a port in memory answers when it is first polled")
}

/// The state behind a mutex. One that was held by a test that panicked is of no use to anybody.
fn lock<T>(state: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    state.lock().expect("nobody panicked while changing it")
}
