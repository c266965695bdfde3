//! A day's allowances: of many at once no more are granted than there is room for.

use std::sync::Arc;

use domain::allowance::{Allowed, Day};
use engine::memory::MemoryAllowances;
use engine::ports::allowances::{Allowances, Granted, Use};
use futures::future::join_all;
use jiff::SignedDuration;

use super::{now, owner};

#[tokio::test]
async fn an_allowance_in_the_table_is_never_exceeded_and_given_back_once() {
    let bench = super::embedded::bench().await;
    never_exceeded_and_given_back_once(bench.wiring.allowances()).await;
}

#[tokio::test]
async fn an_allowance_in_memory_is_never_exceeded_and_given_back_once() {
    never_exceeded_and_given_back_once(Arc::new(MemoryAllowances::default())).await;
}

async fn never_exceeded_and_given_back_once(allowances: Arc<dyn Allowances>) {
    let owner = owner();
    let one = |by: usize| Use {
        owner: owner.clone(),
        what: Allowed::Recipients,
        day: Day::of(now()),
        amount: 50,
        by: format!("exe#mail#{by}"),
    };
    let uses: Vec<Use> = (0..20).map(one).collect();
    let takes = uses.iter().map(|one| allowances.take(one, 500));
    let taken: Vec<Granted> = join_all(takes)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let granted = taken.iter().filter(|taken| **taken == Granted::Yes).count();
    assert_eq!(granted, 10, "{taken:?}");
    assert!(taken.contains(&Granted::No { used: 500 }), "{taken:?}");
    let (first, refused) = (
        uses.iter()
            .zip(&taken)
            .find(|(_, it)| **it == Granted::Yes)
            .unwrap()
            .0,
        uses.iter()
            .zip(&taken)
            .find(|(_, it)| **it != Granted::Yes)
            .unwrap()
            .0,
    );
    assert_eq!(
        allowances.take(first, 500).await,
        Ok(Granted::Yes),
        "a repetition counts once"
    );
    // What was never granted gives nothing back.
    allowances.give_back(refused).await.unwrap();
    assert_eq!(
        allowances.take(&one(100), 500).await,
        Ok(Granted::No { used: 500 })
    );
    for _ in 0..2 {
        allowances.give_back(first).await.unwrap();
    }
    assert_eq!(allowances.take(&one(101), 500).await, Ok(Granted::Yes));
    assert_eq!(
        allowances.take(&one(102), 500).await,
        Ok(Granted::No { used: 500 })
    );
    let tomorrow = Use {
        day: Day::of(now() + SignedDuration::from_hours(24)),
        ..one(103)
    };
    assert_eq!(allowances.take(&tomorrow, 500).await, Ok(Granted::Yes));
    let theirs = Use {
        owner: super::owner(),
        ..one(104)
    };
    assert_eq!(allowances.take(&theirs, 500).await, Ok(Granted::Yes));
}
