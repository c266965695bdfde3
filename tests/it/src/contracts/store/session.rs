//! Sessions and what they remember.

use std::sync::Arc;

use domain::execution::Output;
use domain::ids::{ExecutionId, OwnerId, SessionId, WorkflowId};
use domain::session::{self, Addition, Grown, Memory, Session, SessionStatus, Shelf, Sighting};
use engine::ports::{CommitError, Store, Write};
use serde_json::json;

use super::{fresh, now, owner, write};

pub(super) fn session(owner: &OwnerId) -> Session {
    Session {
        id: SessionId::from_uuid(fresh()),
        owner: owner.clone(),
        name: "launches".to_owned(),
        description: Some("what came out".to_owned()),
        status: SessionStatus::Active,
        url_count: 0,
        addition_count: 0,
        created_at: now(),
        updated_at: now(),
        revision: 0,
    }
}

fn put(session: &Session) -> Vec<Write> {
    vec![Write::PutSession {
        session: session.clone(),
    }]
}

fn grown(session: &Session, memory: Memory, range: std::ops::Range<u32>) -> Grown {
    let sightings = range.map(|n| Sighting {
        identity: format!("https://example.com/{n}"),
        url: format!("https://example.com/{n}"),
        title: format!("page {n}"),
    });
    session::add(session, memory, sightings, now()).unwrap()
}

/// The commit of a run that adds `grown`.
fn growth(grown: &Grown) -> Vec<Write> {
    let document = json!(grown.urls);
    let addition = Addition {
        number: grown.session.addition_count,
        at: now(),
        workflow: WorkflowId::from_uuid(fresh()),
        execution: ExecutionId::from_uuid(fresh()),
        count: grown.urls.len() as u64,
        urls: Output {
            sha256: "a".repeat(64),
            bytes: 2,
            inline: Some(document),
            preview: String::new(),
        },
    };
    let session = &grown.session;
    let grow = Write::GrowSession {
        owner: session.owner.clone(),
        session: session.id.clone(),
        shelves: grown.shelves.clone(),
        addition,
    };
    [put(session), vec![grow]].concat()
}

const EVERY_SHELF: [u8; Shelf::COUNT as usize] = [0, 1, 2, 3, 4, 5, 6, 7];

pub(super) async fn a_session_changes_by_its_revision_only_and_is_listed_newest_first(
    store: Arc<dyn Store>,
) {
    let owner = owner();
    let (first, second) = (session(&owner), session(&owner));
    write(&store, put(&first)).await.unwrap();
    write(&store, put(&second)).await.unwrap();
    assert_eq!(write(&store, put(&first)).await, Err(CommitError::Exists));
    let mut done = first.complete().unwrap();
    done.revision = 1;
    write(&store, put(&done)).await.unwrap();
    assert_eq!(write(&store, put(&done)).await, Err(CommitError::Conflict));
    let stored = store.session(&owner, &first.id).await.unwrap();
    assert_eq!(stored.as_ref(), Some(&done));
    let mut listed = store.sessions(&owner).await.unwrap();
    assert_eq!(listed.len(), 2);
    assert!(listed[0].id > listed[1].id, "the newest first");
    listed.retain(|session| session.id == second.id);
    assert_eq!(listed, [second]);
    let stranger = super::owner();
    assert_eq!(store.session(&stranger, &first.id).await.unwrap(), None);
    assert!(store.sessions(&stranger).await.unwrap().is_empty());
}

pub(super) async fn what_a_run_adds_comes_with_the_sessions_revision_or_not_at_all(
    store: Arc<dyn Store>,
) {
    let owner = owner();
    let new = session(&owner);
    write(&store, put(&new)).await.unwrap();
    let first = grown(&new, Memory::default(), 0..40);
    write(&store, growth(&first)).await.unwrap();
    // Another run that had read the session before the first one ended.
    let late = grown(&new, Memory::default(), 30..50);
    assert_eq!(
        write(&store, growth(&late)).await,
        Err(CommitError::Conflict)
    );
    let read = || async {
        let shelves = store.shelves(&owner, &new.id, &EVERY_SHELF).await.unwrap();
        Memory::of(shelves)
    };
    let memory = read().await;
    assert!(memory.holds("https://example.com/39"));
    assert!(
        !memory.holds("https://example.com/40"),
        "nothing of the second came through"
    );
    let again = grown(&first.session, memory, 30..50);
    assert_eq!(again.urls.len(), 10);
    write(&store, growth(&again)).await.unwrap();
    assert!(read().await.holds("https://example.com/49"));
    let one = session::shelf_of("https://example.com/49");
    let shelves = store.shelves(&owner, &new.id, &[one]).await.unwrap();
    let numbers: Vec<u8> = shelves.iter().map(Shelf::number).collect();
    assert_eq!(numbers, [one]);
    let numbers = |additions: Vec<Addition>| -> Vec<u64> {
        additions.iter().map(|addition| addition.number).collect()
    };
    let additions = |from, limit| store.additions(&owner, &new.id, from, limit);
    assert_eq!(numbers(additions(2, 10).await.unwrap()), [2, 1]);
    assert_eq!(numbers(additions(2, 1).await.unwrap()), [2]);
    assert_eq!(numbers(additions(1, 10).await.unwrap()), [1]);
    assert_eq!(numbers(additions(0, 10).await.unwrap()), [0; 0]);
}

pub(super) async fn a_deleted_session_has_forgotten_everything(store: Arc<dyn Store>) {
    let owner = owner();
    let new = session(&owner);
    write(&store, put(&new)).await.unwrap();
    let grown = grown(&new, Memory::default(), 0..100);
    write(&store, growth(&grown)).await.unwrap();
    let delete = |session: &Session| {
        vec![Write::DeleteSession {
            session: session.clone(),
        }]
    };
    assert_eq!(
        write(&store, delete(&new)).await,
        Err(CommitError::Conflict)
    );
    write(&store, delete(&grown.session)).await.unwrap();
    assert_eq!(store.session(&owner, &new.id).await.unwrap(), None);
    let shelves = store.shelves(&owner, &new.id, &EVERY_SHELF).await.unwrap();
    assert!(shelves.is_empty());
    // A run that had read it before finds it gone.
    let late = session::add(&grown.session, Memory::default(), [], now());
    assert_eq!(late, None);
    let mut next = grown.session.clone();
    next.revision += 1;
    assert_eq!(write(&store, put(&next)).await, Err(CommitError::Conflict));
}
