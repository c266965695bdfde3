//! Credits: never set aside twice, and the ledger sums to the balance (promise 11).

use std::sync::Arc;

use domain::credits::{Account, InsufficientCredits, LedgerKind, Purpose};
use domain::ids::ExecutionId;
use engine::ports::{CommitError, Store, Write};
use jiff::SignedDuration;

use super::{commit, fresh, now, owner, run_of, write};

pub(super) async fn credits_are_never_set_aside_twice_under_any_interleaving(
    store: Arc<dyn Store>,
) {
    let owner = owner();
    assert_eq!(
        store.account(&owner).await.unwrap(),
        Account::default(),
        "without a grant nothing is limited"
    );
    store
        .commit(&commit(vec![Write::Grant {
            owner: owner.clone(),
            amount: 20,
            at: now(),
        }]))
        .await
        .unwrap();
    let attempts = (0..50).map(|_| {
        let (store, owner) = (Arc::clone(&store), owner.clone());
        async move {
            loop {
                match store
                    .commit(&commit(vec![Write::ReserveCredits {
                        owner: owner.clone(),
                        amount: 1,
                    }]))
                    .await
                {
                    Ok(()) => return 1,
                    Err(CommitError::InsufficientCredits(_)) => return 0,
                    Err(CommitError::Conflict) => tokio::task::yield_now().await,
                    Err(error) => panic!("{error}"),
                }
            }
        }
    });
    let reserved: usize = futures::future::join_all(attempts).await.into_iter().sum();
    assert_eq!(reserved, 20);
    assert_eq!(
        store.account(&owner).await.unwrap(),
        Account {
            balance: Some(20),
            reserved: 20
        }
    );
    let more = store
        .commit(&commit(vec![Write::ReserveCredits {
            owner: owner.clone(),
            amount: 3,
        }]))
        .await;
    assert_eq!(
        more,
        Err(CommitError::InsufficientCredits(InsufficientCredits {
            required: 3,
            available: 0
        }))
    );
    let run = ExecutionId::from_uuid(fresh());
    let settle = Write::SettleCredits {
        owner: owner.clone(),
        purpose: Purpose::Execution(run),
        reserved: 20,
        consumed: 12,
        at: now(),
    };
    store.commit(&commit(vec![settle])).await.unwrap();
    assert_eq!(
        store.account(&owner).await.unwrap(),
        Account {
            balance: Some(8),
            reserved: 0
        }
    );
    let ledger = store.ledger(&owner, 10).await.unwrap();
    assert_eq!(
        ledger.iter().map(|entry| entry.amount).sum::<i64>(),
        8,
        "the ledger sums to the balance"
    );
}

pub(super) async fn without_a_grant_nothing_is_set_aside_and_the_first_grant_is_whole(
    store: Arc<dyn Store>,
) {
    let owner = owner();
    let reserve = |amount| Write::ReserveCredits {
        owner: owner.clone(),
        amount,
    };
    // Whoever starts a run now does not meter it; what thinks otherwise loads again.
    assert_eq!(
        write(&store, vec![reserve(5)]).await,
        Err(CommitError::Conflict)
    );
    assert_eq!(store.account(&owner).await.unwrap(), Account::default());
    let grant = Write::Grant {
        owner: owner.clone(),
        amount: 10,
        at: now(),
    };
    write(&store, vec![grant]).await.unwrap();
    write(&store, vec![reserve(5)]).await.unwrap();
    let settle = Write::SettleCredits {
        owner: owner.clone(),
        purpose: Purpose::Execution(ExecutionId::from_uuid(fresh())),
        reserved: 5,
        consumed: 9,
        at: now(),
    };
    // More than was set aside is never charged.
    write(&store, vec![settle]).await.unwrap();
    let limited = Account {
        balance: Some(5),
        reserved: 0,
    };
    assert_eq!(store.account(&owner).await.unwrap(), limited);
    let ledger = store.ledger(&owner, 10).await.unwrap();
    assert_eq!(ledger.iter().map(|entry| entry.amount).sum::<i64>(), 5);
    assert_eq!(
        write(&store, vec![reserve(6)]).await,
        Err(CommitError::InsufficientCredits(InsufficientCredits {
            required: 6,
            available: 5
        }))
    );
}

/// Even when the database has forgotten the request: the entry of each is named by its commit.
pub(super) async fn a_repeated_commit_of_credits_alone_counts_once(store: Arc<dyn Store>) {
    let owner = owner();
    let grant = commit(vec![Write::Grant {
        owner: owner.clone(),
        amount: 9,
        at: now(),
    }]);
    let reserve = commit(vec![Write::ReserveCredits {
        owner: owner.clone(),
        amount: 2,
    }]);
    let settle = commit(vec![Write::SettleCredits {
        owner: owner.clone(),
        purpose: Purpose::Execution(ExecutionId::from_uuid(fresh())),
        reserved: 2,
        consumed: 1,
        at: now(),
    }]);
    for once in [&grant, &reserve, &settle] {
        store.commit(once).await.unwrap();
        assert_eq!(store.commit(once).await, Ok(()));
    }
    let account = Account {
        balance: Some(8),
        reserved: 0,
    };
    assert_eq!(store.account(&owner).await.unwrap(), account);
    assert_eq!(store.ledger(&owner, 10).await.unwrap().len(), 2);
}

pub(super) async fn a_refused_reservation_takes_the_run_with_it_and_a_repeated_one_is_recognised(
    store: Arc<dyn Store>,
) {
    let owner = owner();
    let run = run_of(&owner);
    let start = |amount| {
        commit(vec![
            Write::CreateExecution {
                execution: run.clone(),
            },
            Write::ReserveCredits {
                owner: owner.clone(),
                amount,
            },
        ])
    };
    let grant = Write::Grant {
        owner: owner.clone(),
        amount: 3,
        at: now(),
    };
    write(&store, vec![grant]).await.unwrap();
    assert!(matches!(
        store.commit(&start(4)).await,
        Err(CommitError::InsufficientCredits(_))
    ));
    assert_eq!(store.execution(&owner, &run.id).await.unwrap(), None);
    let fits = start(3);
    store.commit(&fits).await.unwrap();
    // The answer was lost, and the same is asked again.
    assert_eq!(store.commit(&fits).await, Ok(()));
    assert_eq!(store.account(&owner).await.unwrap().reserved, 3);
}

pub(super) async fn the_ledger_is_newest_first(store: Arc<dyn Store>) {
    let owner = owner();
    for amount in 1..=3_u32 {
        let grant = Write::Grant {
            owner: owner.clone(),
            amount,
            at: now() + SignedDuration::from_secs(amount.into()),
        };
        write(&store, vec![grant]).await.unwrap();
    }
    let ledger = store.ledger(&owner, 2).await.unwrap();
    let amounts: Vec<i64> = ledger.iter().map(|entry| entry.amount).collect();
    assert_eq!(amounts, [3, 2]);
    assert!(ledger.iter().all(|entry| entry.kind == LedgerKind::Grant));
    assert_eq!(store.account(&owner).await.unwrap().balance, Some(6));
}
