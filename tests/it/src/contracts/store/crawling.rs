//! Turns at hosts and visits: what crawls in different functions share.

use std::sync::Arc;
use std::time::Duration;

use domain::ids::WorkflowId;
use domain::pacing::{Pace, Turn};
use engine::ports::{Pacing, TurnRequest, Visitor, Visits};
use jiff::SignedDuration;
use serde_json::json;

use super::{fresh, now, owner};

macro_rules! suite {
    ($($case:ident of $port:ident,)+) => {
        mod dynamo {
            $(
                #[tokio::test]
                async fn $case() {
                    // The folder of its documents lasts as long as the bench.
                    let bench = super::super::embedded::bench().await;
                    super::$case(bench.wiring.$port()).await;
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
    turns_are_spaced_whoever_asks_at_the_same_time of pacing,
    a_host_that_asks_to_be_left_alone_is_by_everybody of pacing,
    a_visit_is_what_was_left_last_by_the_same_step of visits,
}

const SECOND: Duration = Duration::from_secs(1);

fn request(host: &str, patience: Duration) -> TurnRequest<'_> {
    TurnRequest {
        host,
        pace: Pace {
            gap: SECOND,
            burst: 2,
        },
        now: now(),
        patience,
    }
}

async fn turns_are_spaced_whoever_asks_at_the_same_time(store: Arc<dyn Pacing>) {
    let host = fresh().to_string();
    let ask = |_| {
        let (store, host) = (Arc::clone(&store), host.clone());
        tokio::spawn(async move {
            let patience = Duration::from_secs(60);
            store.turn(request(&host, patience)).await.unwrap()
        })
    };
    let mut waits: Vec<u64> = Vec::new();
    for asked in (0..6).map(ask).collect::<Vec<_>>() {
        match asked.await.unwrap() {
            Turn::After(wait) => waits.push(wait.as_secs()),
            Turn::NotBefore(wait) => panic!("a minute's patience is enough, and it was {wait:?}"),
        }
    }
    waits.sort_unstable();
    assert_eq!(waits, [0, 0, 1, 2, 3, 4]);
    // Who cannot wait takes no turn from anybody.
    let impatient = store.turn(request(&host, SECOND)).await.unwrap();
    assert_eq!(impatient, Turn::NotBefore(5 * SECOND));
    let patient = store.turn(request(&host, 5 * SECOND)).await.unwrap();
    assert_eq!(patient, Turn::After(5 * SECOND));
    let elsewhere = store.turn(request("elsewhere.example:443", SECOND)).await;
    assert_eq!(elsewhere.unwrap(), Turn::After(Duration::ZERO));
}

async fn a_host_that_asks_to_be_left_alone_is_by_everybody(store: Arc<dyn Pacing>) {
    let host = fresh().to_string();
    let after = |seconds| now() + SignedDuration::from_secs(seconds);
    store.hold(&host, after(30)).await.unwrap();
    // The longest hold counts.
    store.hold(&host, after(20)).await.unwrap();
    let turn = store.turn(request(&host, SECOND)).await.unwrap();
    assert_eq!(turn, Turn::NotBefore(30 * SECOND));
    let mut later = request(&host, SECOND);
    later.now = after(60);
    assert_eq!(
        store.turn(later).await.unwrap(),
        Turn::After(Duration::ZERO)
    );
}

async fn a_visit_is_what_was_left_last_by_the_same_step(store: Arc<dyn Visits>) {
    let (owner, workflow) = (owner(), WorkflowId::from_uuid(fresh()));
    let visitor = |step| Visitor {
        owner: &owner,
        workflow: &workflow,
        step,
    };
    assert_eq!(store.visit(visitor("read")).await.unwrap(), None);
    for document in [json!({"n": 1}), json!({"n": "x".repeat(5_000)})] {
        store.remember(visitor("read"), &document).await.unwrap();
        assert_eq!(store.visit(visitor("read")).await.unwrap(), Some(document));
    }
    assert_eq!(store.visit(visitor("other")).await.unwrap(), None);
}
