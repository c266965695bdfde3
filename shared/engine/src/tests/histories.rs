//! Runs told again from their logs: those made here, and those that earlier code has written down.
//!
//! `histories/` holds runs as they were stored, with their logs and the messages that were sent. A change of the
//! engine that reads one otherwise, or tells it otherwise, fails here before it meets a table full of them.
//! A new kind of event adds a file; an old file is never changed. `UPDATE_HISTORIES=1` writes the
//! files that are missing.

use std::path::PathBuf;

use domain::approval::Choice;
use domain::execution::{ErrorCode, Event, Execution, Resolution, StepError, replay};
use domain::ids::ExecutionId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::world::{World, owner, publishing};
use crate::ports::Message;
use crate::ports::store::{EventRecord, Store as _};

/// A run as it was written down.
#[derive(Serialize, Deserialize)]
struct History {
    /// Of the stored form.
    v: u32,
    first: Execution,
    log: Vec<EventRecord>,
    stored: Execution,
    messages: Vec<String>,
}

/// Tells the run again, holds it against what is stored, and gives the whole.
async fn told(world: &World, first: Execution) -> History {
    let stored = world.run(&first.id);
    let retold = world.engine.retell(first.clone()).await.unwrap();
    assert_eq!(retold, stored, "the log tells the run as it is stored");
    let log = world.store.events(&owner(), &first.id).await.unwrap();
    let revisions: Vec<u64> = log.iter().map(|record| record.revision).collect();
    let all: Vec<u64> = (1..=stored.revision).collect();
    assert_eq!(revisions, all, "without a gap");
    let page = world.engine.events_after(&owner(), &first.id, 2, 3).await;
    assert_eq!(page.unwrap(), log[2..5.min(log.len())]);
    let messages = world.queues.messages();
    History {
        v: 1,
        first,
        log,
        stored,
        messages: messages.iter().map(Message::encode).collect(),
    }
}

fn released(step: &str, fence: u64) -> Event {
    Event::StepReleased {
        step: step.into(),
        fence,
    }
}

async fn published() -> (World, Execution) {
    let world = World::new(&publishing());
    let first = world.start().await.unwrap();
    let id = first.id.clone();
    world.complete(&id, "a").await;
    let fence = world.claim(&id, "b").await;
    let failed = Event::StepFailed {
        step: "b".into(),
        fence,
        error: StepError::new(ErrorCode::RateLimited, "slow down"),
        retry_at: Some(world.now()),
    };
    world.tell(&id, failed).await;
    world.complete(&id, "b").await;
    world.complete(&id, "write").await;
    world.park(&id, "post").await;
    world.decide(&id, "post", Choice::RequestChanges).await;
    world.complete(&id, "write").await;
    world.park(&id, "post").await;
    world.decide(&id, "post", Choice::Approve).await;
    let fence = world.claim(&id, "post").await;
    world.tell(&id, released("post", fence)).await;
    world.complete(&id, "post").await;
    let judged = Event::Judged {
        conclusion: domain::execution::Conclusion::default(),
    };
    world.tell(&id, judged).await;
    (world, first)
}

async fn stopped_in_flight() -> (World, Execution) {
    let world = World::new(&publishing());
    let first = world.start().await.unwrap();
    let id = first.id.clone();
    for step in ["a", "b", "write"] {
        world.complete(&id, step).await;
    }
    world.park(&id, "post").await;
    world.tell(&id, Event::Paused).await;
    world.decide(&id, "post", Choice::Approve).await;
    world.tell(&id, Event::Resumed).await;
    let fence = world.claim(&id, "post").await;
    world
        .tell(
            &id,
            Event::Cancelled {
                reason: "cancelled_by_owner".into(),
            },
        )
        .await;
    world.wait(80);
    let expired = Event::LeaseExpired {
        step: "post".into(),
        fence,
    };
    world.tell(&id, expired).await;
    (world, first)
}

async fn retried_and_resolved() -> (World, Execution) {
    let (world, earlier) = stopped_in_flight().await;
    world.queues.take();
    let engine = &world.engine;
    let first = engine
        .retry(&owner(), &earlier.id, Some("write"))
        .await
        .unwrap();
    let id = first.id.clone();
    world.wait(130);
    world
        .tell(
            &id,
            Event::StepNudged {
                step: "write".into(),
            },
        )
        .await;
    world.complete(&id, "write").await;
    let happened = Event::Resolved {
        step: "post".into(),
        outcome: Resolution::Happened,
    };
    world.tell(&id, happened).await;
    (world, first)
}

async fn long_and_skipped() -> (World, Execution) {
    let world = World::new(&json!([
        {"id": "read", "type": "crawl", "config": {"urls": ["https://example.com/"]}},
        {"id": "more", "type": "search", "depends_on": ["read"], "config": {"query": "x"}},
        {"id": "post", "type": "format_post", "depends_on": ["read"], "config": {"channel": "generic"}},
    ]));
    let first = world.start().await.unwrap();
    let id = first.id.clone();
    let fence = world.claim(&id, "read").await;
    let yielded = Event::StepYielded {
        step: "read".into(),
        fence,
        cursor: "{\"page\":7}".into(),
        resume_at: world.now(),
    };
    world.tell(&id, yielded).await;
    world.complete(&id, "read").await;
    let fence = world.claim(&id, "more").await;
    let skipped = Event::StepSkipped {
        step: "more".into(),
        fence,
    };
    world.tell(&id, skipped).await;
    world
        .tell(
            &id,
            Event::StepDeadLettered {
                step: "post".into(),
                reason: "lost".into(),
            },
        )
        .await;
    (world, first)
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("histories")
}

/// Writes a history down when it is missing and that is wanted.
fn keep(name: &str, history: &History) {
    let path = folder().join(format!("{name}.json"));
    if !path.exists() && std::env::var_os("UPDATE_HISTORIES").is_some() {
        let json = serde_json::to_string_pretty(history).unwrap();
        std::fs::write(path, json + "\n").unwrap();
    }
}

#[tokio::test]
async fn a_run_told_again_from_its_log_is_the_run_that_is_stored() {
    let (world, first) = published().await;
    keep("published", &told(&world, first).await);
    let (world, first) = stopped_in_flight().await;
    keep("stopped_in_flight", &told(&world, first).await);
    let (world, first) = retried_and_resolved().await;
    keep("retried_and_resolved", &told(&world, first).await);
    let (world, first) = long_and_skipped().await;
    keep("long_and_skipped", &told(&world, first).await);
}

#[test]
fn stored_histories_are_read_and_told_as_they_were() {
    let mut seen = 0;
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let history: History = serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(history.v, 1);
        let log = history.log.iter();
        let log = log.map(|record| (record.revision, record.at, &record.event));
        assert_eq!(
            replay(history.first.clone(), log),
            Ok(history.stored.clone()),
            "{}",
            path.display()
        );
        // Nothing that was written down is forgotten when it is written again.
        let before: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_value(&history).unwrap(), before);
        for message in &history.messages {
            assert!(Message::decode(message).is_ok(), "{message}");
        }
        seen += 1;
    }
    assert!(seen >= 4, "{seen} histories");
}

#[tokio::test]
async fn a_log_with_a_gap_is_damage_and_not_a_shorter_story() {
    let (world, first) = long_and_skipped().await;
    let id: ExecutionId = first.id.clone();
    let record = EventRecord {
        revision: 4,
        at: world.now(),
        actor: "system".into(),
        event: Event::Paused,
    };
    let mut stored = world.run(&id);
    stored.revision = 9;
    world.store.plant(&crate::ports::Write::AdvanceExecution {
        was: stored.status(),
        execution: stored,
        record: EventRecord {
            revision: 9,
            ..record
        },
        is_last_complete: false,
    });
    assert!(
        world
            .engine
            .events_after(&owner(), &id, 0, 100)
            .await
            .is_err()
    );
    assert!(world.engine.retell(first).await.is_err());
}
