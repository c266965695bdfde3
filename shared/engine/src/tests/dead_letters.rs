//! What becomes of messages that nobody could handle.

use domain::execution::Status;
use jiff::SignedDuration;

use super::world::{World, owner, publishing, workflow_id};
use crate::memory::MemorySchedules;
use crate::page::Slice;
use crate::ports::{Message, Store as _};

#[tokio::test]
async fn a_dead_step_ends_its_run_truthfully_and_a_retry_redrives_it() {
    let world = World::new(&publishing());
    let schedules = MemorySchedules::default();
    let run = world.start().await.unwrap();
    world.complete(&run.id, "a").await;
    world.complete(&run.id, "b").await;
    let message = Message::step(&run, "write");
    world.queues.kill(message.encode());
    let swept = world.engine.sweep(&schedules).await.unwrap();
    assert_eq!((swept.dead_letters, world.queues.dead()), (1, 0));
    let dead = world.run(&run.id);
    assert_eq!(
        (dead.status(), dead.outcome_reason(), dead.consumed()),
        (Status::Failed, Some("infrastructure"), 0)
    );
    world.queues.take();
    world.engine.retry(&owner(), &run.id, None).await.unwrap();
    assert!(
        matches!(world.queues.messages().as_slice(), [Message::Step { step, .. }] if step == "write")
    );
}

#[tokio::test]
async fn a_letter_of_newer_code_stays_and_a_strangers_goes() {
    let world = World::new(&publishing());
    let schedules = MemorySchedules::default();
    world.queues.kill("{\"v\":2,\"kind\":\"step\"}");
    world.queues.kill("not a message");
    let swept = world.engine.sweep(&schedules).await.unwrap();
    assert_eq!((swept.dead_letters, world.queues.dead()), (1, 1));
    world.queues.return_dead_letters();
    assert_eq!(
        world.engine.sweep(&schedules).await.unwrap().dead_letters,
        0
    );
    assert_eq!(world.queues.dead(), 1);
}

#[tokio::test]
async fn a_dead_due_time_is_recorded_as_missed_unless_it_has_its_run() {
    let world = World::new(&publishing());
    let schedules = MemorySchedules::default();
    let missed = world.now() - SignedDuration::from_hours(1);
    let start = Message::Start {
        owner: owner(),
        workflow: workflow_id(),
        scheduled_for: missed,
    };
    world.queues.kill(start.encode());
    world.queues.kill(start.encode());
    assert_eq!(
        world.engine.sweep(&schedules).await.unwrap().dead_letters,
        2
    );
    let occurrences = world
        .store
        .occurrences(&owner(), &workflow_id(), &Slice::first(10))
        .await;
    let occurrences = occurrences.unwrap().items;
    assert_eq!(occurrences.len(), 1);
    assert_eq!(
        (
            occurrences[0].outcome.as_str(),
            occurrences[0].scheduled_for
        ),
        ("missed", missed)
    );
}
