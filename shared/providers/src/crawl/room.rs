//! Memory for reading pages, shared by all that a process reads at the same time.
//!
//! A page's text is held while it is read, and with it a tree and what is taken from it. What that may take is bounded
//! for one page by counting (`page/tree.rs`) and grows with the page; so a page reserves as much before it is read, and
//! waits where others have it.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What all pages that are read at once may take together, in KiB: a quarter of the step executor's memory
/// (`template.yaml`), and twice what any one page takes.
const ROOM_KIB: u32 = 128 * 1024;

/// What the costliest page takes, in KiB; the tests of `tests/fuzz` hold every page to it.
const LARGEST_KIB: u32 = 64 * 1024;

/// What any page takes, in KiB, and what each byte of it takes beside: a dense page of a hundred thousand short
/// elements has half a megabyte.
const FLAT_KIB: u32 = 1024;
const TIMES: usize = 100;

/// The memory that is left.
pub(super) struct ReadingRoom {
    kib: Arc<Semaphore>,
}

/// A page's part of it, given back when it is dropped.
pub(super) struct ReadingPlace {
    _kib: Option<OwnedSemaphorePermit>,
}

impl Default for ReadingRoom {
    fn default() -> Self {
        Self {
            kib: Arc::new(Semaphore::new(ROOM_KIB as usize)),
        }
    }
}

impl ReadingRoom {
    /// Waits until there is memory for a page of `bytes`. Who came first is served first.
    pub(super) async fn enter(&self, bytes: usize) -> ReadingPlace {
        let permit = self.kib.clone().acquire_many_owned(kib_of(bytes)).await;
        ReadingPlace {
            // The semaphore is never closed, so there is always one.
            _kib: permit.ok(),
        }
    }
}

/// What a page of `bytes` may take while it is read.
fn kib_of(bytes: usize) -> u32 {
    let grown = u32::try_from(bytes.saturating_mul(TIMES) / 1024).unwrap_or(u32::MAX);
    FLAT_KIB.saturating_add(grown).min(LARGEST_KIB)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn large_pages_wait_for_each_other_and_small_ones_do_not() {
        let room = ReadingRoom::default();
        let large = (room.enter(5 << 20).await, room.enter(5 << 20).await);
        assert_eq!(room.kib.available_permits(), 0);
        let enter = room.enter(1);
        tokio::pin!(enter);
        let waits = std::future::poll_fn(|context| {
            std::task::Poll::Ready(enter.as_mut().poll(context).is_pending())
        });
        assert!(waits.await);
        drop(large);
        drop(enter.await);
        let mut small = Vec::new();
        for _ in 0..100 {
            small.push(room.enter(1_000).await);
        }
        assert!(room.kib.available_permits() > 0);
        drop(small);
        assert_eq!(room.kib.available_permits(), ROOM_KIB as usize);
    }

    #[test]
    fn a_page_takes_what_its_length_lets_it_take() {
        assert_eq!(kib_of(0), FLAT_KIB);
        assert_eq!(kib_of(100 * 1024), FLAT_KIB + 10_000);
        assert_eq!(kib_of(usize::MAX), LARGEST_KIB);
    }
}
