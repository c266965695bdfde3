//! Credits under any order of grants, starts and ends (promise 11).

use domain::credits::Account;
use domain::execution::Event;
use domain::ids::ExecutionId;
use proptest::prelude::*;

use super::world::{World, owner, publishing};
use crate::executions::StartError;
use crate::ports::store::Write;
use crate::ports::{Commit, CommitError, Store as _};

/// What is asked of the credits after every change.
async fn check(world: &World, open: &[ExecutionId]) {
    let account = world.store.account(&owner()).await.unwrap();
    let ledger = world.store.ledger(&owner(), usize::MAX).await.unwrap();
    let sum: i64 = ledger.iter().map(|entry| entry.amount).sum();
    let set_aside: u32 = open
        .iter()
        .map(|id| world.run(id))
        .filter(|run| run.metered)
        .map(|run| run.reserved)
        .sum();
    assert_eq!(account.reserved, i64::from(set_aside));
    match account.balance {
        None => assert!(ledger.is_empty(), "nothing is charged without a limit"),
        Some(balance) => {
            assert_eq!(balance, sum, "the ledger sums to the balance");
            assert!(balance >= account.reserved, "{account:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Grants, starts, work, cancellations, completions and failures in any order.
    #[test]
    fn the_ledger_sums_to_the_balance_and_neither_is_ever_negative(
        moves in prop::collection::vec((0_u8..6, 0_usize..4, 0_u32..6), 1..60),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let world = World::new(&publishing());
            let mut open: Vec<ExecutionId> = Vec::new();
            for (what, which, amount) in moves {
                world.wait(1);
                let run = open.get(which).cloned();
                match (what, run) {
                    (0, _) => world.engine.commit(vec![world.grant(amount)]).await.unwrap(),
                    (1, _) if open.len() < 4 => match world.start().await {
                        Ok(run) => open.push(run.id),
                        Err(StartError::InsufficientCredits(_)) => {}
                        Err(error) => panic!("{error}"),
                    },
                    (2, Some(id)) if world.run(&id).step("a").unwrap().state.name() == "ready" => {
                        world.complete(&id, "a").await;
                    }
                    (3, Some(id)) if world.run(&id).step("b").unwrap().state.name() == "ready" => {
                        world.complete(&id, "b").await;
                    }
                    (4, Some(id)) => {
                        world.tell(&id, Event::Cancelled { reason: "r".into() }).await;
                        open.remove(which);
                    }
                    (5, Some(id)) if world.run(&id).step("write").unwrap().state.name() == "ready" => {
                        world.fail(&id, "write").await;
                        open.remove(which);
                    }
                    _ => {}
                }
                check(&world, &open).await;
            }
        });
    }
}

#[tokio::test]
async fn what_was_used_before_the_first_grant_does_not_count_against_it() {
    let world = World::new(&publishing());
    let before = world.start().await.unwrap();
    assert!(!before.metered);
    world.complete(&before.id, "a").await;
    world.engine.commit(vec![world.grant(3)]).await.unwrap();
    let after = world.start().await.unwrap();
    assert!(after.metered, "the whole grant is there");
    world
        .tell(&before.id, Event::Cancelled { reason: "r".into() })
        .await;
    let account = world.store.account(&owner()).await.unwrap();
    assert_eq!(
        account,
        Account {
            balance: Some(3),
            reserved: 3
        }
    );
}

#[tokio::test]
async fn a_repeated_commit_of_credits_alone_counts_once() {
    let world = World::new(&publishing());
    let reserve = Write::ReserveCredits {
        owner: owner(),
        amount: 2,
    };
    let twice = |writes: Vec<Write>, writer: &str| {
        let commit = Commit {
            writes,
            writer: writer.to_owned(),
        };
        let store = world.store.clone();
        async move {
            store.commit(&commit).await?;
            store.commit(&commit).await
        }
    };
    assert_eq!(
        twice(vec![reserve.clone()], "early").await,
        Err(CommitError::Conflict),
        "there is no limit to set anything aside of"
    );
    assert_eq!(twice(vec![world.grant(7)], "g").await, Ok(()));
    assert_eq!(twice(vec![reserve], "r").await, Ok(()));
    // The same grant by another commit is another grant.
    assert_eq!(twice(vec![world.grant(7)], "h").await, Ok(()));
    let account = world.store.account(&owner()).await.unwrap();
    assert_eq!(
        account,
        Account {
            balance: Some(14),
            reserved: 2
        }
    );
    assert_eq!(world.store.ledger(&owner(), 9).await.unwrap().len(), 2);
}
