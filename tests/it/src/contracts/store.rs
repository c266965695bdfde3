//! What every store must do, asked of the real adapter on the embedded DynamoDB.

use std::collections::HashMap;
use std::sync::Arc;

use aws::{SystemEntropy, Wiring};
use domain::approval::{Approval, ApprovalStatus};
use domain::credits::{Account, InsufficientCredits};
use domain::egress::EgressRule;
use domain::execution::{Event, Execution, NewExecution, Output, Trigger, apply};
use domain::ids::{ApprovalId, ExecutionId, OwnerId, WorkflowId};
use domain::plan::Plan;
use engine::ports::store::{DueItem, EventRecord, Occurrence, Slice};
use engine::ports::{Commit, CommitError, Entropy as _, Store, Write};
use jiff::Timestamp;
use serde_json::json;
use tokio::net::TcpListener;

/// The adapter on a table of its own.
struct Bench {
    store: Arc<dyn Store>,
    _folder: tempfile::TempDir,
}

async fn bench() -> Bench {
    let topology = nightdesk::topology::Topology::bundled().unwrap();
    let [table] = topology.tables.as_slice() else {
        panic!("there is one table")
    };
    let database = dynoxide::Database::memory().unwrap();
    database
        .create_table(serde_json::from_value(table.create.clone()).unwrap())
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(dynoxide::server::serve_on(listener, database));
    let folder = tempfile::tempdir().unwrap();
    let name = table.create["TableName"].as_str().unwrap().to_owned();
    let blobs = url::Url::from_directory_path(folder.path())
        .unwrap()
        .to_string();
    let queue = "http://127.0.0.1:9/none".to_owned();
    let variables: HashMap<String, String> = [
        ("AWS_REGION", "us-east-1".to_owned()),
        ("AWS_ACCESS_KEY_ID", "local".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
        ("AWS_ENDPOINT_URL_DYNAMODB", url),
        ("NIGHTDESK_TABLE", name),
        ("NIGHTDESK_BLOBS", blobs),
        ("NIGHTDESK_STEP_QUEUE_URL", queue.clone()),
        ("NIGHTDESK_START_QUEUE_URL", queue.clone()),
        ("NIGHTDESK_PLAN_QUEUE_URL", queue.clone()),
        ("NIGHTDESK_JUDGE_QUEUE_URL", queue.clone()),
        ("NIGHTDESK_NOTICE_QUEUE_URL", queue.clone()),
        ("NIGHTDESK_DEAD_LETTER_QUEUE_URL", queue),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    let store = Wiring::new(variables).unwrap().engine().store;
    Bench {
        store,
        _folder: folder,
    }
}

fn now() -> Timestamp {
    "2026-05-04T08:00:00Z".parse().unwrap()
}

fn fresh() -> uuid::Uuid {
    SystemEntropy::default().uuid(now())
}

fn owner() -> OwnerId {
    OwnerId::from_uuid(fresh())
}

fn commit(writes: Vec<Write>) -> Commit {
    Commit {
        writes,
        writer: fresh().simple().to_string(),
    }
}

fn run_of(owner: &OwnerId) -> Execution {
    let steps = json!([{"id": "find", "type": "search", "config": {"query": "x"}}]);
    let plan = Plan::read(&steps, "/steps", &EgressRule::public_only()).unwrap();
    let new = NewExecution {
        id: ExecutionId::from_uuid(fresh()),
        owner: owner.clone(),
        workflow: WorkflowId::from_uuid(fresh()),
        plan: &plan,
        plan_version: 1,
        trigger: Trigger::Manual,
        scheduled_for: None,
        reserved: 1,
        judged: true,
    };
    Execution::create(new, now()).0
}

fn advanced(run: &Execution, event: Event) -> (Execution, Write) {
    let (next, _) = apply(run, &event, now()).unwrap();
    let record = EventRecord {
        revision: next.revision,
        at: now(),
        actor: "system".into(),
        event,
    };
    (
        next.clone(),
        Write::AdvanceExecution {
            execution: next,
            record,
        },
    )
}

fn claimed() -> Event {
    Event::StepClaimed {
        step: "find".into(),
        worker: "w".into(),
    }
}

#[tokio::test]
async fn a_run_comes_back_as_it_was_with_its_events_in_order() {
    let bench = bench().await;
    let owner = owner();
    let run = run_of(&owner);
    bench
        .store
        .commit(&commit(vec![Write::CreateExecution {
            execution: run.clone(),
        }]))
        .await
        .unwrap();
    let (held, write) = advanced(&run, claimed());
    bench.store.commit(&commit(vec![write])).await.unwrap();
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
    bench.store.commit(&commit(vec![write])).await.unwrap();
    assert_eq!(
        bench.store.execution(&owner, &run.id).await.unwrap(),
        Some(done.clone())
    );
    let events = bench.store.events(&owner, &run.id).await.unwrap();
    assert_eq!(
        events
            .iter()
            .map(|record| record.revision)
            .collect::<Vec<_>>(),
        [1, 2],
        "no gaps"
    );
    let replayed = events.iter().fold(run, |run, record| {
        apply(&run, &record.event, record.at).unwrap().0
    });
    assert_eq!(replayed, done, "replay equals the stored state");
}

#[tokio::test]
async fn of_two_writers_one_wins_and_the_other_is_told() {
    let bench = bench().await;
    let run = run_of(&owner());
    bench
        .store
        .commit(&commit(vec![Write::CreateExecution {
            execution: run.clone(),
        }]))
        .await
        .unwrap();
    let again = bench
        .store
        .commit(&commit(vec![Write::CreateExecution {
            execution: run.clone(),
        }]))
        .await;
    assert_eq!(again, Err(CommitError::Exists));
    let (_, write) = advanced(&run, claimed());
    bench
        .store
        .commit(&commit(vec![write.clone()]))
        .await
        .unwrap();
    assert_eq!(
        bench.store.commit(&commit(vec![write])).await,
        Err(CommitError::Conflict)
    );
}

#[tokio::test]
async fn a_writer_whose_answer_was_lost_recognises_its_own_success() {
    let bench = bench().await;
    let run = run_of(&owner());
    bench
        .store
        .commit(&commit(vec![Write::CreateExecution {
            execution: run.clone(),
        }]))
        .await
        .unwrap();
    let (_, write) = advanced(&run, claimed());
    let same = commit(vec![write]);
    bench.store.commit(&same).await.unwrap();
    // What the SDK does when the first answer does not arrive.
    assert_eq!(bench.store.commit(&same).await, Ok(()));
}

#[tokio::test]
async fn a_commit_happens_whole_or_not_at_all() {
    let bench = bench().await;
    let owner = owner();
    let (run, other) = (run_of(&owner), run_of(&owner));
    bench
        .store
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
    assert_eq!(
        bench.store.commit(&commit(both)).await,
        Err(CommitError::Exists)
    );
    assert_eq!(
        bench.store.execution(&owner, &other.id).await.unwrap(),
        None
    );
}

#[tokio::test]
async fn credits_are_never_set_aside_twice_under_any_interleaving() {
    let bench = bench().await;
    let owner = owner();
    assert_eq!(
        bench.store.account(&owner).await.unwrap(),
        Account::default(),
        "without a grant nothing is limited"
    );
    bench
        .store
        .commit(&commit(vec![Write::Grant {
            owner: owner.clone(),
            amount: 20,
            at: now(),
        }]))
        .await
        .unwrap();
    let attempts = (0..50).map(|_| {
        let (store, owner) = (Arc::clone(&bench.store), owner.clone());
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
        bench.store.account(&owner).await.unwrap(),
        Account {
            balance: Some(20),
            reserved: 20
        }
    );
    let more = bench
        .store
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
        execution: run,
        reserved: 20,
        consumed: 12,
        at: now(),
    };
    bench.store.commit(&commit(vec![settle])).await.unwrap();
    assert_eq!(
        bench.store.account(&owner).await.unwrap(),
        Account {
            balance: Some(8),
            reserved: 0
        }
    );
    let ledger = bench.store.ledger(&owner, 10).await.unwrap();
    assert_eq!(
        ledger.iter().map(|entry| entry.amount).sum::<i64>(),
        8,
        "the ledger sums to the balance"
    );
}

#[tokio::test]
async fn a_due_time_is_recorded_once() {
    let bench = bench().await;
    let (owner, workflow) = (owner(), WorkflowId::from_uuid(fresh()));
    let occurrence = Occurrence {
        scheduled_for: now(),
        outcome: "fired".into(),
        reason: None,
        execution_id: None,
    };
    let write = Write::RecordOccurrence {
        owner: owner.clone(),
        workflow: workflow.clone(),
        occurrence: occurrence.clone(),
    };
    bench
        .store
        .commit(&commit(vec![write.clone()]))
        .await
        .unwrap();
    assert_eq!(
        bench.store.commit(&commit(vec![write])).await,
        Err(CommitError::Exists)
    );
    assert_eq!(
        bench
            .store
            .occurrences(&owner, &workflow, 10)
            .await
            .unwrap(),
        [occurrence]
    );
}

#[tokio::test]
async fn documents_of_any_size_come_back() {
    let bench = bench().await;
    let owner = owner();
    let noise = |n: usize| {
        (0..n)
            .map(|i| format!("{:x}", i.wrapping_mul(2_654_435_761) % 4_294_967_291))
            .collect::<String>()
    };
    for size in [10, 5_000, 300_000] {
        let document = json!({ "text": noise(size) });
        let output = bench
            .store
            .put_output(&owner, &document, "preview")
            .await
            .unwrap();
        assert_eq!(output.inline.is_some(), size == 10);
        assert_eq!(
            bench.store.output(&owner, &output).await.unwrap(),
            Some(document),
            "{size}"
        );
    }
    let sha256 = bench.store.put_bytes(&owner, b"\x89PNG").await.unwrap();
    assert_eq!(
        bench.store.bytes(&owner, &sha256).await.unwrap().as_deref(),
        Some(b"\x89PNG".as_slice())
    );
}

#[tokio::test]
async fn one_owner_sees_nothing_of_another() {
    let bench = bench().await;
    let (mine, theirs) = (owner(), owner());
    let run = run_of(&theirs);
    bench
        .store
        .commit(&commit(vec![Write::CreateExecution {
            execution: run.clone(),
        }]))
        .await
        .unwrap();
    let output = bench
        .store
        .put_output(&theirs, &json!({ "text": "x".repeat(2000) }), "p")
        .await
        .unwrap();
    assert_eq!(bench.store.execution(&mine, &run.id).await.unwrap(), None);
    assert_eq!(bench.store.output(&mine, &output).await.unwrap(), None);
    let slice = Slice {
        limit: 10,
        offset: 0,
        after: None,
    };
    assert_eq!(
        bench
            .store
            .executions(&mine, None, None, &slice)
            .await
            .unwrap()
            .total,
        0
    );
}

#[tokio::test]
async fn lists_are_newest_first_and_pages_neither_repeat_nor_lose() {
    let bench = bench().await;
    let owner = owner();
    let mut made = Vec::new();
    for _ in 0..7 {
        let run = run_of(&owner);
        bench
            .store
            .commit(&commit(vec![Write::CreateExecution {
                execution: run.clone(),
            }]))
            .await
            .unwrap();
        made.push(run.id);
    }
    made.sort();
    made.reverse();
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = bench
            .store
            .executions(
                &owner,
                None,
                None,
                &Slice {
                    limit: 3,
                    offset: 0,
                    after,
                },
            )
            .await
            .unwrap();
        assert_eq!(page.total, 7);
        seen.extend(page.items.into_iter().map(|run| run.id));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, made);
    let offset = bench
        .store
        .executions(
            &owner,
            None,
            Some("pending"),
            &Slice {
                limit: 3,
                offset: 5,
                after: None,
            },
        )
        .await
        .unwrap();
    assert_eq!((offset.items.len(), offset.total), (2, 7));
}

#[tokio::test]
async fn what_is_open_is_due_and_what_has_ended_is_not() {
    let bench = bench().await;
    let owner = owner();
    let run = run_of(&owner);
    bench
        .store
        .commit(&commit(vec![Write::CreateExecution {
            execution: run.clone(),
        }]))
        .await
        .unwrap();
    let due_at = run.due_at().unwrap();
    let just_before = Timestamp::from_millisecond(due_at.as_millisecond() - 1).unwrap();
    assert_eq!(bench.store.due(just_before, 10).await.unwrap(), []);
    assert_eq!(
        bench.store.due(due_at, 10).await.unwrap(),
        [DueItem::Execution(owner.clone(), run.id.clone())]
    );
    let (_, write) = advanced(&run, Event::Cancelled { reason: "r".into() });
    bench.store.commit(&commit(vec![write])).await.unwrap();
    assert_eq!(bench.store.due(Timestamp::MAX, 10).await.unwrap(), []);
}

#[tokio::test]
async fn approvals_are_listed_by_status() {
    let bench = bench().await;
    let owner = owner();
    let open = Approval {
        id: ApprovalId::from_uuid(fresh()),
        owner: owner.clone(),
        execution: ExecutionId::from_uuid(fresh()),
        workflow: WorkflowId::from_uuid(fresh()),
        workflow_name: "w".into(),
        step: "post".into(),
        generation: 1,
        status: ApprovalStatus::Pending,
        draft: Output {
            sha256: "a".repeat(64),
            bytes: 2,
            inline: Some(json!({})),
            preview: "p".into(),
        },
        original: None,
        sha256: "a".repeat(64),
        required: 1,
        max_revisions: 3,
        approvers: vec![],
        decisions: vec![],
        sources: vec![],
        deadline: now(),
        created_at: now(),
        revision: 0,
        asked: false,
        nudge_at: now(),
        notification_error: None,
    };
    bench
        .store
        .commit(&commit(vec![Write::PutApproval {
            approval: open.clone(),
        }]))
        .await
        .unwrap();
    let slice = Slice {
        limit: 10,
        offset: 0,
        after: None,
    };
    let pending = bench
        .store
        .approvals(&owner, None, Some(ApprovalStatus::Pending), &slice)
        .await
        .unwrap();
    assert_eq!(pending.items, std::slice::from_ref(&open));
    let closed = open.close(ApprovalStatus::Superseded);
    bench
        .store
        .commit(&commit(vec![Write::PutApproval {
            approval: closed.clone(),
        }]))
        .await
        .unwrap();
    assert_eq!(
        bench
            .store
            .commit(&commit(vec![Write::PutApproval { approval: closed }]))
            .await,
        Err(CommitError::Conflict)
    );
    let pending = bench
        .store
        .approvals(&owner, None, Some(ApprovalStatus::Pending), &slice)
        .await
        .unwrap();
    assert_eq!(pending.total, 0);
}

#[tokio::test]
async fn what_a_run_came_to_is_kept_beside_it() {
    let bench = bench().await;
    let owner = owner();
    let run = run_of(&owner);
    let document = json!({ "complete": true, "long": "x".repeat(3000) });
    let stored = bench
        .store
        .put_output(&owner, &document, "p")
        .await
        .unwrap();
    let write = Write::PutConclusion {
        owner: owner.clone(),
        execution: run.id.clone(),
        stored,
    };
    bench.store.commit(&commit(vec![write])).await.unwrap();
    assert_eq!(
        bench.store.conclusion(&owner, &run.id).await.unwrap(),
        Some(document)
    );
}
