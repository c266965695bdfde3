//! What ends: how long it is shown, and what stays. Each case moves the clock of both stores.

use std::sync::Arc;

use domain::approval::{Approval, ApprovalStatus};
use domain::execution::{Event, Execution, Output};
use domain::ids::WorkflowId;
use engine::memory::{FixedClock, MemoryStore};
use engine::ports::store::Keepsake;
use engine::ports::{Store, Write};
use engine::removal::Belongings;
use engine::retention::Retention;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::approval::approval;
use super::{advanced, all, fresh, now, owner, run_at, write};

/// A store and the clock it looks at.
struct Ageing {
    store: Arc<dyn Store>,
    set: Box<dyn Fn(Timestamp)>,
}

impl Ageing {
    fn in_memory() -> Self {
        let clock = Arc::new(FixedClock::at(now()));
        let store = MemoryStore::with_clock(clock.clone(), Retention::DEFAULT);
        Self {
            store: Arc::new(store),
            set: Box::new(move |at| clock.set(at)),
        }
    }

    fn after_days(&self, days: i64) {
        (self.set)(now() + SignedDuration::from_hours(24 * days));
    }
}

macro_rules! ageing {
    ($($case:ident,)+) => {
        mod dynamo {
            $(
                #[tokio::test]
                async fn $case() {
                    let bench = super::super::embedded::bench().await;
                    let clock = bench.wiring.clock();
                    let set = Box::new(move |at| clock.move_to(at));
                    super::$case(super::Ageing { store: bench.store.clone(), set }).await;
                }
            )+
        }

        mod memory {
            $(
                #[tokio::test]
                async fn $case() {
                    super::$case(super::Ageing::in_memory()).await;
                }
            )+
        }
    };
}

ageing! {
    a_run_is_shown_for_the_retention_from_its_end_and_one_that_is_open_for_ever,
    the_run_of_a_baseline_stays_by_its_id_until_the_next,
    a_baseline_that_another_judge_has_stored_is_not_forgotten,
    what_was_approved_stays_as_long_as_its_workflow,
    a_removed_run_is_gone_with_what_belongs_to_it_and_nothing_else,
}

async fn create(
    store: &Arc<dyn Store>,
    workflow: &WorkflowId,
    owner: &domain::ids::OwnerId,
) -> Execution {
    let execution = run_at(owner, workflow, now());
    let created = Write::CreateExecution {
        execution: execution.clone(),
    };
    write(store, vec![created]).await.unwrap();
    execution
}

async fn a_run_is_shown_for_the_retention_from_its_end_and_one_that_is_open_for_ever(
    ageing: Ageing,
) {
    let (store, owner) = (&ageing.store, owner());
    let workflow = WorkflowId::from_uuid(fresh());
    let open = create(store, &workflow, &owner).await;
    let ended = create(store, &workflow, &owner).await;
    let (ended, cancelled) = advanced(&ended, Event::Cancelled { reason: "r".into() });
    write(store, vec![cancelled]).await.unwrap();
    for (days, is_shown) in [(0, true), (90, true), (91, false), (400, false)] {
        ageing.after_days(days);
        let found = store.execution(&owner, &ended.id).await.unwrap();
        assert_eq!(found.is_some(), is_shown, "after {days} days");
        for of in [None, Some(&workflow)] {
            let page = store.executions(&owner, of, None, &all()).await.unwrap();
            let shown = 1 + usize::from(is_shown);
            assert_eq!(
                (page.items.len(), page.total),
                (shown, shown),
                "after {days} days"
            );
            assert!(page.items.contains(&open));
        }
    }
}

async fn the_run_of_a_baseline_stays_by_its_id_until_the_next(ageing: Ageing) {
    let (store, owner) = (&ageing.store, owner());
    let workflow = WorkflowId::from_uuid(fresh());
    let run = create(store, &workflow, &owner).await;
    let (run, ended) = advanced(&run, Event::Cancelled { reason: "r".into() });
    let document =
        json!({"execution_id": run.id, "definition": "d".repeat(3000), "entries": {}, "seen": {}});
    let stored = store
        .put_kept(&owner, &workflow, Keepsake::Baseline, &document, "b")
        .await
        .unwrap();
    let baseline = Write::PutBaseline {
        owner: owner.clone(),
        workflow: workflow.clone(),
        stored,
    };
    write(store, vec![ended, baseline]).await.unwrap();
    ageing.after_days(500);
    assert!(store.execution(&owner, &run.id).await.unwrap().is_some());
    let page = store.executions(&owner, None, None, &all()).await.unwrap();
    assert_eq!((page.items.len(), page.total), (0, 0), "no list shows it");
    store.forget_baselines(&owner, &workflow).await.unwrap();
    let kept = store.baseline(&owner, &workflow).await.unwrap().unwrap();
    assert_eq!(kept.execution_id, run.id);
    for _ in 0..2 {
        store.stop_keeping(&owner, &run.id).await.unwrap();
    }
    assert!(store.execution(&owner, &run.id).await.unwrap().is_some());
    ageing.after_days(591);
    assert_eq!(store.execution(&owner, &run.id).await.unwrap(), None);
}

/// Two runs that are judged at the same time: the first to commit tidies up last.
async fn a_baseline_that_another_judge_has_stored_is_not_forgotten(ageing: Ageing) {
    let (store, owner) = (&ageing.store, owner());
    let workflow = WorkflowId::from_uuid(fresh());
    let keep = async |letter: &str| {
        let run = create(store, &workflow, &owner).await;
        let document = json!({
            "execution_id": run.id, "definition": letter.repeat(3000), "entries": {}, "seen": {},
        });
        let kind = Keepsake::Baseline;
        let kept = store.put_kept(&owner, &workflow, kind, &document, "b");
        (run.id, kept.await.unwrap())
    };
    let commit = async |stored: &Output| {
        let baseline = Write::PutBaseline {
            owner: owner.clone(),
            workflow: workflow.clone(),
            stored: stored.clone(),
        };
        write(store, vec![baseline]).await.unwrap();
    };
    let (_, first) = keep("a").await;
    let (second_run, second) = keep("b").await;
    commit(&first).await;
    store.forget_baselines(&owner, &workflow).await.unwrap();
    commit(&second).await;
    for _ in 0..2 {
        store.forget_baselines(&owner, &workflow).await.unwrap();
        let present = store.baseline(&owner, &workflow).await.unwrap().unwrap();
        assert_eq!(present.execution_id, second_run);
        ageing.after_days(1);
    }
}

async fn what_was_approved_stays_as_long_as_its_workflow(ageing: Ageing) {
    let (store, owner) = (&ageing.store, owner());
    let workflow = WorkflowId::from_uuid(fresh());
    let mut approvals = Vec::new();
    for status in [
        ApprovalStatus::Approved,
        ApprovalStatus::Rejected,
        ApprovalStatus::Pending,
    ] {
        let approval = Approval {
            status,
            workflow: workflow.clone(),
            ..approval(&owner)
        };
        let put = Write::PutApproval {
            approval: approval.clone(),
        };
        write(store, vec![put]).await.unwrap();
        approvals.push(approval);
    }
    let shown = async |expected: [bool; 3]| {
        for (approval, expected) in approvals.iter().zip(expected) {
            let found = store.approval(&owner, &approval.id).await.unwrap();
            assert_eq!(found.is_some(), expected, "{}", approval.status);
        }
        let page = store.approvals(&owner, None, None, &all()).await.unwrap();
        let count = expected.iter().filter(|shown| **shown).count();
        assert_eq!((page.items.len(), page.total), (count, count));
    };
    shown([true; 3]).await;
    ageing.after_days(1000);
    shown([true, false, true]).await;
    store.retire_workflow(&owner, &workflow).await.unwrap();
    shown([true, false, true]).await;
    ageing.after_days(1091);
    shown([false, false, true]).await;
}

async fn a_removed_run_is_gone_with_what_belongs_to_it_and_nothing_else(ageing: Ageing) {
    let (store, owner) = (&ageing.store, owner());
    let workflow = WorkflowId::from_uuid(fresh());
    let other = create(store, &workflow, &owner).await;
    let run = create(store, &workflow, &owner).await;
    let long = |text: &str| json!({ "text": text.repeat(2000) });
    let own = store.put_output(&owner, &long("a"), "").await.unwrap();
    let mut shared = None;
    for _ in 0..2 {
        shared = Some(store.put_output(&owner, &long("b"), "").await.unwrap());
    }
    let shared = shared.unwrap();
    let (run, ended) = advanced(&run, Event::Cancelled { reason: "r".into() });
    let conclusion = Write::PutConclusion {
        owner: owner.clone(),
        execution: run.id.clone(),
        stored: own.clone(),
    };
    write(store, vec![ended, conclusion]).await.unwrap();
    let outputs = [&own, &shared].map(|output| (output.sha256.clone(), output.clone()));
    let belongings = Belongings {
        approvals: Vec::new(),
        outputs: outputs.into(),
    };
    for _ in 0..2 {
        store.remove_belongings(&run, &belongings).await.unwrap();
        let removal = Write::DeleteExecution {
            execution: run.clone(),
        };
        // The second time it is gone already.
        let _gone = write(store, vec![removal]).await;
        store.remove_events(&owner, &run.id).await.unwrap();
    }
    assert_eq!(store.execution(&owner, &run.id).await.unwrap(), None);
    assert_eq!(store.events(&owner, &run.id).await.unwrap(), []);
    assert_eq!(store.conclusion(&owner, &run.id).await.unwrap(), None);
    assert_eq!(store.output(&owner, &own).await.unwrap(), None);
    assert!(store.output(&owner, &shared).await.unwrap().is_some());
    for of in [None, Some(&workflow)] {
        let page = store.executions(&owner, of, None, &all()).await.unwrap();
        assert_eq!((page.items, page.total), (vec![other.clone()], 1));
    }
}
