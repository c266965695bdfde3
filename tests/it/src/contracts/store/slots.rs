//! Tables of slots: of many who change one at once each sees what the one before left.

use std::sync::Arc;
use std::time::Duration;

use domain::slots::{Asking, SlotKind, SlotTable, Taking};
use engine::ports::slots::{Slots, Swap};

use super::{now, owner};

macro_rules! suite {
    ($($case:ident,)+) => {
        mod dynamo {
            $(
                #[tokio::test]
                async fn $case() {
                    let bench = super::super::embedded::bench().await;
                    super::$case(bench.wiring.slots()).await;
                }
            )+
        }

        mod memory {
            $(
                #[tokio::test]
                async fn $case() {
                    super::$case(std::sync::Arc::new(engine::memory::MemoryStore::default())).await;
                }
            )+
        }
    };
}

suite! {
    a_table_is_swapped_when_it_is_as_it_was_believed_to_be,
    of_many_at_once_no_more_get_a_slot_than_there_are,
}

fn taken(table: &SlotTable, who: &str) -> (SlotTable, Taking) {
    let mut next = table.clone();
    let asking = Asking {
        who,
        by: "worker",
        lasts: Duration::from_secs(75),
    };
    let (taking, _) = next.take(asking, 3, now());
    (next, taking)
}

async fn a_table_is_swapped_when_it_is_as_it_was_believed_to_be(store: Arc<dyn Slots>) {
    let (owner, other) = (owner(), owner());
    let empty = SlotTable::default();
    assert_eq!(store.slots(&owner, SlotKind::Step).await.unwrap(), empty);
    let (one, _) = taken(&empty, "a");
    let swap = store.swap(&owner, SlotKind::Step, &empty, &one).await;
    assert_eq!(swap.unwrap(), Swap::Done);
    assert_eq!(store.slots(&owner, SlotKind::Step).await.unwrap(), one);
    let (two, _) = taken(&empty, "b");
    let swap = store.swap(&owner, SlotKind::Step, &empty, &two).await;
    assert_eq!(swap.unwrap(), Swap::Refused(one.clone()));
    let swap = store.swap(&owner, SlotKind::Step, &one, &empty).await;
    assert_eq!(swap.unwrap(), Swap::Done);
    // Emptied or never there: the same.
    let swap = store.swap(&owner, SlotKind::Step, &empty, &two).await;
    assert_eq!(swap.unwrap(), Swap::Done);
    for (owner, kind) in [(&owner, SlotKind::Crawl), (&other, SlotKind::Step)] {
        assert_eq!(store.slots(owner, kind).await.unwrap(), empty);
    }
}

async fn of_many_at_once_no_more_get_a_slot_than_there_are(store: Arc<dyn Slots>) {
    let owner = owner();
    let ask = |i: usize| {
        let (store, owner) = (Arc::clone(&store), owner.clone());
        tokio::spawn(async move {
            let mut believed = SlotTable::default();
            loop {
                let (next, taking) = taken(&believed, &format!("w{i}"));
                match store
                    .swap(&owner, SlotKind::Crawl, &believed, &next)
                    .await
                    .unwrap()
                {
                    Swap::Done => return taking,
                    Swap::Refused(found) => believed = found,
                }
            }
        })
    };
    let mut got = 0;
    for asked in (0..12).map(ask).collect::<Vec<_>>() {
        got += usize::from(asked.await.unwrap() == Taking::Taken);
    }
    assert_eq!(got, 3);
    let stored = store.slots(&owner, SlotKind::Crawl).await.unwrap();
    assert_eq!((stored.taken(now()), stored.waiting()), (3, 9));
}
