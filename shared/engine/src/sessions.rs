//! Sessions: made and changed by people, added to by the runs of their workflows.
//!
//! What a run adds is part of the commit that ends it: the session's next revision, the shelves that changed, and one
//! addition. Whoever was faster with the session makes that commit a conflict, and the run is judged again.

use std::collections::BTreeSet;

use domain::execution::Execution;
use domain::ids::{OwnerId, SessionId};
use domain::quota::Quota;
use domain::session::{self, Addition, Memory, SeenUrl, Session, SessionStatus, Sighting};
use serde_json::json;

use crate::page::{Begin, PageOf, Slice};
use crate::ports::store::{StoreError, Write};
use crate::quotas::{MakeError, given_back};
use crate::workflows::ChangeError;
use crate::{Engine, won};

/// How many additions are read at once when a page of URLs is put together.
const ADDITIONS_AT_ONCE: usize = 25;

/// A URL of a session, and the addition it came with.
#[derive(Debug, Clone, PartialEq)]
pub struct Remembered {
    pub seen: SeenUrl,
    pub with: Addition,
}

/// A session while a run is judged, with the part of its memory that the run's results belong to.
pub(crate) struct Recalled {
    session: Session,
    memory: Memory,
}

impl Recalled {
    pub(crate) fn holds(&self, identity: &str) -> bool {
        self.memory.holds(identity)
    }
}

impl Engine {
    /// Makes a session. Made again under the same id it is the one that was made.
    ///
    /// # Errors
    /// The owner has as many as there may be, or the store fails.
    pub async fn create_session(
        &self,
        owner: &OwnerId,
        name: String,
        description: Option<String>,
    ) -> Result<Session, MakeError> {
        let now = self.now();
        let session = Session {
            id: SessionId::from_uuid(self.uuid()),
            owner: owner.clone(),
            name,
            description,
            status: SessionStatus::Active,
            url_count: 0,
            addition_count: 0,
            created_at: now,
            updated_at: now,
            revision: 0,
        };
        let write = Write::PutSession {
            session: session.clone(),
        };
        self.make(owner, Quota::Sessions, write).await?;
        // One that was made before may have been changed since.
        let stored = self.store.session(owner, &session.id).await?;
        Ok(stored.unwrap_or(session))
    }

    /// Changes a session: `change` gives its next state; the revision is set here.
    ///
    /// # Errors
    /// There is no such session, `change` refuses, or the store fails.
    pub async fn change_session<R>(
        &self,
        owner: &OwnerId,
        id: &SessionId,
        mut change: impl FnMut(&Session) -> Result<Session, R>,
    ) -> Result<Session, ChangeError<R>> {
        let write = |before: &Session, now| {
            let mut session = change(before)?;
            session.revision = before.revision + 1;
            session.updated_at = now;
            let write = Write::PutSession {
                session: session.clone(),
            };
            Ok((vec![write], session))
        };
        self.write_session(owner, id, write).await
    }

    /// Deletes a session with what it remembers; `check` may refuse. Workflows that used it go on with what they
    /// remember themselves.
    ///
    /// # Errors
    /// There is no such session, `check` refuses, or the store fails.
    pub async fn delete_session<R>(
        &self,
        owner: &OwnerId,
        id: &SessionId,
        mut check: impl FnMut(&Session) -> Result<(), R>,
    ) -> Result<(), ChangeError<R>> {
        let mut was_there = false;
        let write = |before: &Session, _| {
            check(before)?;
            was_there = true;
            let session = before.clone();
            let write = Write::DeleteSession {
                session: session.clone(),
            };
            Ok((vec![write, given_back(owner, Quota::Sessions)], session))
        };
        match self.write_session(owner, id, write).await {
            // It went between two tries: by this request, whose first answer was lost, or by another like it.
            Err(ChangeError::NotFound) if was_there => Ok(()),
            done => done.map(|_| ()),
        }
    }

    /// Writes what `write` makes of a session as it is stored.
    async fn write_session<R>(
        &self,
        owner: &OwnerId,
        id: &SessionId,
        mut write: impl FnMut(&Session, jiff::Timestamp) -> Result<(Vec<Write>, Session), R>,
    ) -> Result<Session, ChangeError<R>> {
        for attempt in 0.. {
            let before = self.store.session(owner, id).await?;
            let before = before.ok_or(ChangeError::NotFound)?;
            let (writes, session) = write(&before, self.now()).map_err(ChangeError::Refused)?;
            if won(self.commit(writes).await)? {
                return Ok(session);
            }
            if !self.again(attempt).await {
                break;
            }
        }
        Err(ChangeError::Contended)
    }

    /// A page of the URLs a session remembers: the newest addition first, each as they were found.
    ///
    /// # Errors
    /// The store fails.
    pub async fn session_urls(
        &self,
        session: &Session,
        slice: &Slice,
    ) -> Result<PageOf<Remembered>, StoreError> {
        let (owner, id) = (&session.owner, &session.id);
        let (mut from, mut skip) = match &slice.begin {
            Begin::Offset(offset) => (session.addition_count, *offset as u64),
            // A place that was made up begins nowhere.
            Begin::Behind(reached) => parse_place(&reached.place).unwrap_or((0, 0)),
        };
        let mut items = Vec::new();
        let mut next = None;
        'page: while from > 0 {
            let additions = self
                .store
                .additions(owner, id, from, ADDITIONS_AT_ONCE)
                .await?;
            for addition in &additions {
                from = addition.number - 1;
                if skip >= addition.count {
                    skip -= addition.count;
                    continue;
                }
                let urls = self.urls_of(owner, addition).await?;
                for (at, seen) in urls.into_iter().enumerate().skip(to_usize(skip)) {
                    if items.len() == slice.limit {
                        next = Some(format!("{}.{at}", addition.number));
                        break 'page;
                    }
                    let with = addition.clone();
                    items.push(Remembered { seen, with });
                }
                skip = 0;
            }
            if additions.is_empty() {
                break;
            }
        }
        Ok(PageOf {
            items,
            total: slice.total(to_usize(session.url_count)),
            next,
        })
    }

    async fn urls_of(
        &self,
        owner: &OwnerId,
        addition: &Addition,
    ) -> Result<Vec<SeenUrl>, StoreError> {
        let damaged = |reason: String| StoreError::Damaged {
            key: format!("addition {} of {}", addition.number, addition.execution),
            reason,
        };
        let document = self.store.output(owner, &addition.urls).await?;
        let document = document.ok_or_else(|| damaged("its URLs are gone".to_owned()))?;
        serde_json::from_value(document).map_err(|error| damaged(error.to_string()))
    }

    /// The session with what it knows of these URL identities; `None` when it has been deleted.
    pub(crate) async fn recall(
        &self,
        owner: &OwnerId,
        id: &SessionId,
        sightings: &[Sighting],
    ) -> Result<Option<Recalled>, StoreError> {
        let Some(session) = self.store.session(owner, id).await? else {
            return Ok(None);
        };
        let numbers: BTreeSet<u8> = sightings
            .iter()
            .map(|sighting| session::shelf_of(&sighting.identity))
            .collect();
        let numbers: Vec<u8> = numbers.into_iter().collect();
        // A session that remembers nothing has no shelves.
        let shelves = if session.url_count == 0 || numbers.is_empty() {
            Vec::new()
        } else {
            self.store.shelves(owner, id, &numbers).await?
        };
        Ok(Some(Recalled {
            session,
            memory: Memory::of(shelves),
        }))
    }

    /// What a run that is judged adds to the session.
    pub(crate) async fn grow(
        &self,
        execution: &Execution,
        recalled: Recalled,
        sightings: Vec<Sighting>,
    ) -> Result<Vec<Write>, StoreError> {
        let now = self.now();
        let Recalled { session, memory } = recalled;
        let Some(grown) = session::add(&session, memory, sightings, now) else {
            return Ok(Vec::new());
        };
        let owner = &execution.owner;
        let urls = self
            .store
            .put_output(owner, &json!(grown.urls), "URLs")
            .await?;
        let addition = Addition {
            number: grown.session.addition_count,
            at: now,
            workflow: execution.workflow.clone(),
            execution: execution.id.clone(),
            count: grown.urls.len() as u64,
            urls,
        };
        let growth = Write::GrowSession {
            owner: owner.clone(),
            session: session.id,
            shelves: grown.shelves,
            addition,
        };
        let session = grown.session;
        Ok(vec![Write::PutSession { session }, growth])
    }
}

/// Where a page of URLs begins: in which addition, and how many of its URLs come before.
fn parse_place(text: &str) -> Option<(u64, u64)> {
    let (addition, index) = text.split_once('.')?;
    Some((addition.parse().ok()?, index.parse().ok()?))
}

fn to_usize(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
