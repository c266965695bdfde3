//! Ends that touch more than their run.

use domain::execution::{Event, LONGEST_WAIT_SECONDS, Status};
use serde_json::{Value, json};

use super::world::{World, owner};
use crate::memory::MemorySchedules;
use crate::page::Slice;
use crate::ports::Store as _;

/// A plan of `n` posts that do not depend on each other.
fn posts(n: usize) -> Value {
    let posts = (0..n).map(|i| {
        json!({"id": format!("p{i}"), "type": "post_webhook", "config": {"url": "https://example.com/", "body": "b"}})
    });
    posts.collect()
}

#[tokio::test]
async fn a_run_with_a_hundred_open_gates_can_be_stopped() {
    let world = World::new(&posts(100));
    let run = world.start().await.unwrap();
    for i in 0..100 {
        world.park(&run.id, &format!("p{i}")).await;
    }
    let all = Slice::first(100);
    let open = world.store.approvals(&owner(), None, None, &all).await;
    assert_eq!(open.unwrap().total, 100);
    let stopped = Event::Cancelled { reason: "r".into() };
    assert_eq!(
        world.tell(&run.id, stopped).await.status(),
        Status::Cancelled
    );
    let left = world.store.approvals(&owner(), None, None, &all).await;
    assert!(
        left.unwrap()
            .items
            .iter()
            .all(|approval| !approval.is_open())
    );
}

#[tokio::test]
async fn a_run_that_nobody_comes_back_for_is_ended_by_the_sweeper_and_looked_at_only_then() {
    let world = World::new(&posts(1));
    let schedules = MemorySchedules::default();
    let run = world.start().await.unwrap();
    world.tell(&run.id, Event::Paused).await;
    let mut looked_at = 0;
    for _ in 0..40 {
        world.wait(LONGEST_WAIT_SECONDS / 30);
        looked_at += world.engine.sweep(&schedules).await.unwrap().nudged;
    }
    let run = world.run(&run.id);
    assert_eq!(
        (run.status(), run.outcome_reason(), looked_at),
        (Status::Cancelled, Some("waited_too_long"), 1)
    );
    assert!(world.workflow().live.is_empty());
}
