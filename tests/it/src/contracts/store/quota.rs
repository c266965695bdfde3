//! Quotas: no more places are taken than there are, whoever writes at the same time.

use std::sync::Arc;

use domain::ids::OwnerId;
use domain::quota::Quota;
use engine::ports::{CommitError, Store, Write};

use super::session::session;
use super::{commit, owner, write};

const MOST: u32 = 5;

fn take(owner: &OwnerId) -> Write {
    Write::TakePlace {
        owner: owner.clone(),
        quota: Quota::Sessions,
        most: MOST,
    }
}

fn give(owner: &OwnerId, places: u32) -> Write {
    Write::GivePlaces {
        owner: owner.clone(),
        quota: Quota::Sessions,
        places,
    }
}

async fn taken(store: &Arc<dyn Store>, owner: &OwnerId) -> u32 {
    store.places(owner, Quota::Sessions).await.unwrap()
}

pub(super) async fn there_is_room_for_so_many_under_any_interleaving(store: Arc<dyn Store>) {
    let (owner, other) = (owner(), super::owner());
    let attempts = (0..30).map(|_| {
        let (store, owner) = (Arc::clone(&store), owner.clone());
        async move {
            loop {
                match write(&store, vec![take(&owner)]).await {
                    Ok(()) => return 1,
                    Err(CommitError::Full(Quota::Sessions)) => return 0,
                    Err(CommitError::Conflict) => tokio::task::yield_now().await,
                    Err(error) => panic!("{error}"),
                }
            }
        }
    });
    let granted: u32 = futures::future::join_all(attempts).await.into_iter().sum();
    assert_eq!((granted, taken(&store, &owner).await), (MOST, MOST));
    assert_eq!(
        taken(&store, &other).await,
        0,
        "another owner has places of their own"
    );
    let workflows = store.places(&owner, Quota::Workflows).await.unwrap();
    assert_eq!(workflows, 0, "and another quota");
}

pub(super) async fn a_refused_place_takes_its_commit_with_it_and_a_repeated_one_is_recognised(
    store: Arc<dyn Store>,
) {
    let owner = owner();
    let make = |session: &domain::session::Session| {
        let put = Write::PutSession {
            session: session.clone(),
        };
        commit(vec![put, take(&owner)])
    };
    for _ in 0..MOST {
        let first = make(&session(&owner));
        store.commit(&first).await.unwrap();
        assert_eq!(
            store.commit(&first).await,
            Ok(()),
            "the same writer once more"
        );
    }
    assert_eq!(taken(&store, &owner).await, MOST);
    let refused = session(&owner);
    assert_eq!(
        store.commit(&make(&refused)).await,
        Err(CommitError::Full(Quota::Sessions))
    );
    assert_eq!(store.session(&owner, &refused.id).await.unwrap(), None);
    let known = store.sessions(&owner).await.unwrap().remove(0);
    assert_eq!(
        store.commit(&make(&known)).await,
        Err(CommitError::Exists),
        "what exists is told before what is full"
    );
}

pub(super) async fn places_are_given_back_and_counted_anew(store: Arc<dyn Store>) {
    let owner = owner();
    for _ in 0..MOST {
        write(&store, vec![take(&owner)]).await.unwrap();
    }
    write(&store, vec![give(&owner, 2)]).await.unwrap();
    write(&store, vec![take(&owner)]).await.unwrap();
    assert_eq!(taken(&store, &owner).await, 4);
    let recount = |before| Write::RecountPlaces {
        owner: owner.clone(),
        quota: Quota::Sessions,
        before,
        places: 1,
    };
    assert_eq!(
        write(&store, vec![recount(3)]).await,
        Err(CommitError::Conflict),
        "somebody has written since it was counted"
    );
    write(&store, vec![recount(4)]).await.unwrap();
    assert_eq!(taken(&store, &owner).await, 1);
}
