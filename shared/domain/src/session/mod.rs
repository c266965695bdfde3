//! A session: the URLs that several workflows have seen between them, so that none of them tells of one again.
//!
//! Promise 10: a URL is new at most once per session, whatever runs at the same time. Everything a run adds is
//! committed together with the run's end under the session's revision; of two runs that end at the same
//! moment the second meets a conflict, is compared anew, and finds that the first was faster.
//!
//! The session itself is small. What it remembers stands on [`Shelf`]s, of which a run reads those its own results
//! belong on; what was added, and by whom, is one [`Addition`] a run.

mod memory;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use memory::{Memory, Shelf, shelf_of};

use crate::execution::Output;
use crate::ids::{ExecutionId, OwnerId, SessionId, WorkflowId};
use crate::words::words;

/// The most URLs one session remembers: a shelf of 6,250 fingerprints is 135 KB, far from the 400 KB of an item.
/// A session that is full keeps what it has; each workflow's own memory still works.
pub const MOST_URLS: u64 = 50_000;

words! {
    /// Where a session stands.
    SessionStatus { Active = "active", Completed = "completed", Archived = "archived" }
}

/// A session, without what it remembers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    pub id: SessionId,
    pub owner: OwnerId,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    pub status: SessionStatus,
    /// How many URLs it remembers.
    pub url_count: u64,
    /// How many runs have added to it; the additions are numbered from 1.
    pub addition_count: u64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub revision: u64,
}

/// Why a session does not change its status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a session that is {0} cannot be completed")]
pub struct CannotComplete(pub SessionStatus);

impl Session {
    /// Whether a workflow may begin to use it. One that uses it already goes on, whatever becomes of the session:
    /// a URL must not be new twice.
    #[must_use]
    pub fn takes_workflows(&self) -> bool {
        self.status == SessionStatus::Active
    }

    /// The session as its owner is done with it.
    ///
    /// # Errors
    /// It is archived.
    pub fn complete(&self) -> Result<Self, CannotComplete> {
        match self.status {
            SessionStatus::Active | SessionStatus::Completed => {
                Ok(self.with(SessionStatus::Completed))
            }
            SessionStatus::Archived => Err(CannotComplete(self.status)),
        }
    }

    /// The session put away.
    #[must_use]
    pub fn archive(&self) -> Self {
        self.with(SessionStatus::Archived)
    }

    /// The session with another status.
    #[must_use]
    pub fn with(&self, status: SessionStatus) -> Self {
        Self {
            status,
            ..self.clone()
        }
    }
}

/// A URL that a run saw, by its identity (`crate::url_identity`), as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    pub identity: String,
    pub url: String,
    pub title: String,
}

/// A URL that a session remembers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenUrl {
    pub url: String,
    pub title: String,
}

/// What one run added to a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Addition {
    /// Counted from 1, without a gap.
    pub number: u64,
    pub at: Timestamp,
    pub workflow: WorkflowId,
    pub execution: ExecutionId,
    /// How many URLs; never 0.
    pub count: u64,
    /// The list of them, each a [`SeenUrl`], in the order they were found.
    pub urls: Output,
}

/// What a session is after a run has added to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Grown {
    pub session: Session,
    /// The shelves that have changed.
    pub shelves: Vec<Shelf>,
    /// What was new to the session.
    pub urls: Vec<SeenUrl>,
}

/// Adds what a run saw to a session's memory, of which `memory` has the shelves concerned. `None` when the session has
/// seen all of it, or is full.
#[must_use]
pub fn add(
    session: &Session,
    mut memory: Memory,
    sightings: impl IntoIterator<Item = Sighting>,
    now: Timestamp,
) -> Option<Grown> {
    let room = MOST_URLS.saturating_sub(session.url_count);
    let room = usize::try_from(room).unwrap_or(usize::MAX);
    let urls: Vec<SeenUrl> = sightings
        .into_iter()
        .filter(|sighting| memory.remember(&sighting.identity))
        .take(room)
        .map(|Sighting { url, title, .. }| SeenUrl { url, title })
        .collect();
    if urls.is_empty() {
        return None;
    }
    let session = Session {
        url_count: session.url_count + urls.len() as u64,
        addition_count: session.addition_count + 1,
        updated_at: now,
        revision: session.revision + 1,
        ..session.clone()
    };
    Some(Grown {
        session,
        shelves: memory.into_changed(),
        urls,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(url_count: u64) -> Session {
        Session {
            id: SessionId::from_uuid(uuid::Uuid::from_u128(1)),
            owner: OwnerId::from_uuid(uuid::Uuid::from_u128(2)),
            name: "launches".to_owned(),
            description: None,
            status: SessionStatus::Active,
            url_count,
            addition_count: 0,
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
            revision: 0,
        }
    }

    fn sightings(range: std::ops::Range<u32>) -> Vec<Sighting> {
        range
            .map(|n| Sighting {
                identity: format!("https://example.com/{n}"),
                url: format!("https://example.com/{n}?utm_source=x"),
                title: format!("page {n}"),
            })
            .collect()
    }

    #[test]
    fn a_url_is_added_once() {
        let first = add(
            &session(0),
            Memory::default(),
            sightings(0..3),
            Timestamp::UNIX_EPOCH,
        );
        let first = first.unwrap();
        assert_eq!(
            (first.session.url_count, first.session.addition_count),
            (3, 1)
        );
        assert_eq!(first.urls[2].title, "page 2");
        let memory = || Memory::of(first.shelves.clone());
        assert_eq!(
            add(
                &first.session,
                memory(),
                sightings(0..3),
                Timestamp::UNIX_EPOCH
            ),
            None
        );
        let second = add(
            &first.session,
            memory(),
            sightings(1..5),
            Timestamp::UNIX_EPOCH,
        )
        .unwrap();
        assert_eq!(second.urls.len(), 2);
        assert_eq!((second.session.url_count, second.session.revision), (5, 2));
    }

    #[test]
    fn what_changed_is_what_was_added_to() {
        let first = add(
            &session(0),
            Memory::default(),
            sightings(0..200),
            Timestamp::UNIX_EPOCH,
        );
        let first = first.unwrap();
        let one_more = add(
            &first.session,
            Memory::of(first.shelves.clone()),
            sightings(200..201),
            Timestamp::UNIX_EPOCH,
        );
        let numbers: Vec<u8> = one_more
            .unwrap()
            .shelves
            .iter()
            .map(Shelf::number)
            .collect();
        assert_eq!(numbers, [shelf_of("https://example.com/200")]);
    }

    #[test]
    fn a_full_session_keeps_what_it_has() {
        let nearly = session(MOST_URLS - 2);
        let grown = add(
            &nearly,
            Memory::default(),
            sightings(0..5),
            Timestamp::UNIX_EPOCH,
        )
        .unwrap();
        assert_eq!((grown.urls.len(), grown.session.url_count), (2, MOST_URLS));
        let kept: usize = grown.shelves.iter().map(Shelf::len).sum();
        assert_eq!(kept, 2, "and remembers no more than it counts");
        assert_eq!(
            add(
                &grown.session,
                Memory::default(),
                sightings(5..9),
                Timestamp::UNIX_EPOCH
            ),
            None
        );
    }

    #[test]
    fn what_is_put_away_cannot_be_completed() {
        let done = session(0).complete().unwrap();
        assert_eq!(done.status, SessionStatus::Completed);
        assert!(!done.takes_workflows());
        assert_eq!(done.complete().unwrap(), done);
        assert_eq!(
            done.archive().complete(),
            Err(CannotComplete(SessionStatus::Archived))
        );
    }
}
