//! What all stories came to, together: what the last lines of the tests say.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::story::End;

static STORIES: AtomicU64 = AtomicU64::new(0);
static SEEDS: AtomicU64 = AtomicU64::new(0);
static POINTS: AtomicU64 = AtomicU64::new(0);
static FAULTS: AtomicU64 = AtomicU64::new(0);
static ACKNOWLEDGED: AtomicU64 = AtomicU64::new(0);
static LOST: AtomicU64 = AtomicU64::new(0);
static DOUBLE: AtomicU64 = AtomicU64::new(0);
static UNAPPROVED: AtomicU64 = AtomicU64::new(0);
static DIFFERENCE: AtomicU64 = AtomicU64::new(0);
static CAUGHT: AtomicU64 = AtomicU64::new(0);

/// Adds what came of a story in which no bug was seeded.
pub(crate) fn add(end: &End) {
    STORIES.fetch_add(1, Relaxed);
    POINTS.fetch_add(end.counted.points, Relaxed);
    FAULTS.fetch_add(end.counted.all_faults(), Relaxed);
    ACKNOWLEDGED.fetch_add(end.acknowledged as u64, Relaxed);
    LOST.fetch_add(end.lost, Relaxed);
    DOUBLE.fetch_add(end.double_publishes, Relaxed);
    UNAPPROVED.fetch_add(end.unapproved_publishes, Relaxed);
    DIFFERENCE.fetch_add(end.ledger_difference, Relaxed);
}

pub(crate) fn add_seeds(seeds: u64) {
    SEEDS.fetch_add(seeds, Relaxed);
}

pub(crate) fn add_caught() {
    CAUGHT.fetch_add(1, Relaxed);
}

/// The lines; `None` when no story was told.
pub(crate) fn lines() -> Option<String> {
    let stories = STORIES.load(Relaxed);
    (stories > 0).then(|| {
        format!(
            "simulation: {stories} stories, of them {} from seeds; {} calls of ports; {} faults injected; \
             {} runs acknowledged; {} seeded bugs caught\n\
             {} acknowledged runs lost, {} double publishes, {} unapproved publishes, ledger difference {}",
            SEEDS.load(Relaxed),
            POINTS.load(Relaxed),
            FAULTS.load(Relaxed),
            ACKNOWLEDGED.load(Relaxed),
            CAUGHT.load(Relaxed),
            LOST.load(Relaxed),
            DOUBLE.load(Relaxed),
            UNAPPROVED.load(Relaxed),
            DIFFERENCE.load(Relaxed),
        )
    })
}
