//! Runs: what is written comes back, and of two writers one wins.

use std::sync::Arc;

use domain::credits::InsufficientCredits;
use domain::execution::{Event, Output, apply};
use engine::ports::{CommitError, Store, StoreError, Write};
use serde_json::json;

use super::{advanced, claimed, commit, now, owner, run_of, write};

pub(super) async fn a_run_comes_back_as_it_was_with_its_events_in_order(store: Arc<dyn Store>) {
    let owner = owner();
    let run = run_of(&owner);
    store
        .commit(&commit(vec![Write::CreateExecution {
            execution: run.clone(),
        }]))
        .await
        .unwrap();
    let (held, write) = advanced(&run, claimed());
    store.commit(&commit(vec![write])).await.unwrap();
    let output = Output {
        sha256: "a".repeat(64),
        bytes: 2,
        inline: Some(json!({})),
        preview: "p".into(),
    };
    let (done, write) = advanced(
        &held,
        Event::StepCompleted {
            step: "find".into(),
            fence: 1,
            output,
            credits: 1,
        },
    );
    store.commit(&commit(vec![write])).await.unwrap();
    assert_eq!(
        store.execution(&owner, &run.id).await.unwrap(),
        Some(done.clone())
    );
    let events = store.events(&owner, &run.id).await.unwrap();
    assert_eq!(
        events
            .iter()
            .map(|record| record.revision)
            .collect::<Vec<_>>(),
        [1, 2],
        "no gaps"
    );
    for (after, limit, part) in [(0, 1, 0..1), (1, 5, 1..2), (2, 5, 2..2), (0, 100, 0..2)] {
        let page = store.events_after(&owner, &run.id, after, limit).await;
        assert_eq!(page.unwrap(), events[part], "{limit} after {after}");
    }
    let replayed = events.iter().fold(run, |run, record| {
        apply(&run, &record.event, record.at).unwrap().0
    });
    assert_eq!(replayed, done, "replay equals the stored state");
}

pub(super) async fn of_two_writers_one_wins_and_the_other_is_told(store: Arc<dyn Store>) {
    let run = run_of(&owner());
    store
        .commit(&commit(vec![Write::CreateExecution {
            execution: run.clone(),
        }]))
        .await
        .unwrap();
    let again = store
        .commit(&commit(vec![Write::CreateExecution {
            execution: run.clone(),
        }]))
        .await;
    assert_eq!(again, Err(CommitError::Exists));
    let (_, write) = advanced(&run, claimed());
    store.commit(&commit(vec![write.clone()])).await.unwrap();
    assert_eq!(
        store.commit(&commit(vec![write])).await,
        Err(CommitError::Conflict)
    );
}

pub(super) async fn a_writer_whose_answer_was_lost_recognises_its_own_success(
    store: Arc<dyn Store>,
) {
    let run = run_of(&owner());
    store
        .commit(&commit(vec![Write::CreateExecution {
            execution: run.clone(),
        }]))
        .await
        .unwrap();
    let (_, write) = advanced(&run, claimed());
    let same = commit(vec![write]);
    store.commit(&same).await.unwrap();
    // What the SDK does when the first answer does not arrive.
    assert_eq!(store.commit(&same).await, Ok(()));
}

pub(super) async fn a_commit_happens_whole_or_not_at_all(store: Arc<dyn Store>) {
    let owner = owner();
    let (run, other) = (run_of(&owner), run_of(&owner));
    store
        .commit(&commit(vec![Write::CreateExecution {
            execution: run.clone(),
        }]))
        .await
        .unwrap();
    let both = vec![
        Write::CreateExecution {
            execution: other.clone(),
        },
        Write::CreateExecution { execution: run },
    ];
    assert_eq!(store.commit(&commit(both)).await, Err(CommitError::Exists));
    assert_eq!(store.execution(&owner, &other.id).await.unwrap(), None);
}

pub(super) async fn what_a_run_came_to_is_kept_beside_it(store: Arc<dyn Store>) {
    let owner = owner();
    let run = run_of(&owner);
    let document = json!({ "complete": true, "long": "x".repeat(3000) });
    let stored = store.put_output(&owner, &document, "p").await.unwrap();
    let write = Write::PutConclusion {
        owner: owner.clone(),
        execution: run.id.clone(),
        stored,
    };
    store.commit(&commit(vec![write])).await.unwrap();
    assert_eq!(
        store.conclusion(&owner, &run.id).await.unwrap(),
        Some(document)
    );
}

pub(super) async fn a_commit_that_writes_one_item_twice_is_refused(store: Arc<dyn Store>) {
    let owner = owner();
    let run = run_of(&owner);
    let created = Write::CreateExecution {
        execution: run.clone(),
    };
    assert!(matches!(
        write(&store, vec![created.clone(), created]).await,
        Err(CommitError::Store(StoreError::Refused(_)))
    ));
    assert_eq!(store.execution(&owner, &run.id).await.unwrap(), None);
}

pub(super) async fn a_run_that_is_not_there_has_no_next_revision(store: Arc<dyn Store>) {
    let owner = owner();
    let run = run_of(&owner);
    let (_, next) = advanced(&run, claimed());
    assert_eq!(write(&store, vec![next]).await, Err(CommitError::Conflict));
    assert_eq!(store.execution(&owner, &run.id).await.unwrap(), None);
    assert_eq!(store.events(&owner, &run.id).await.unwrap(), []);
}

pub(super) async fn a_conflict_is_told_before_what_exists_and_that_before_missing_credits(
    store: Arc<dyn Store>,
) {
    let owner = owner();
    let run = run_of(&owner);
    let created = Write::CreateExecution {
        execution: run.clone(),
    };
    let grant = Write::Grant {
        owner: owner.clone(),
        amount: 1,
        at: now(),
    };
    write(&store, vec![created.clone(), grant]).await.unwrap();
    let dear = Write::ReserveCredits {
        owner: owner.clone(),
        amount: 2,
    };
    let (_, stale) = advanced(&run_of(&owner), claimed());
    assert_eq!(
        write(&store, vec![dear.clone(), created.clone(), stale]).await,
        Err(CommitError::Conflict)
    );
    assert_eq!(
        write(&store, vec![dear.clone(), created]).await,
        Err(CommitError::Exists)
    );
    let missing = InsufficientCredits {
        required: 2,
        available: 1,
    };
    assert_eq!(
        write(&store, vec![dear]).await,
        Err(CommitError::InsufficientCredits(missing))
    );
}
