//! Workflows and what hangs on them: plans, baselines, due times.

use std::sync::Arc;

use domain::ids::{ExecutionId, OwnerId, WorkflowId};
use domain::patrol::{Baseline, Seen};
use domain::reader::Object;
use domain::schedule::Schedule;
use domain::workflow::Workflow;
use engine::page::Slice;
use engine::ports::store::Occurrence;
use engine::ports::{CommitError, Store, Write};
use jiff::SignedDuration;
use serde_json::json;

use super::listing::total;
use super::{all, commit, fresh, now, owner, plan, write};

/// A manual workflow that has just been made.
pub(super) fn workflow(owner: &OwnerId) -> Workflow {
    let body = json!({"schedule": "manual"});
    let schedule = Schedule::read(&mut Object::new(&body, ""), now()).unwrap();
    let json = json!({
        "id": WorkflowId::from_uuid(fresh()), "owner": owner, "name": "Morning wires", "mode": "multi_step",
        "description": "What came over night", "tags": ["wires"], "status": "active", "schedule": schedule,
        "stop_condition": {"type": "always"}, "overlap_policy": "skip", "catch_up": "latest", "confirmations": 1,
        "plan_version": 1, "execution_count": 0, "scheduled_from": now(), "nudge_at": now(), "created_at": now(),
        "updated_at": now(), "revision": 0,
    });
    serde_json::from_value(json).unwrap()
}

pub(super) fn put(workflow: &Workflow) -> Vec<Write> {
    vec![Write::new_workflow(workflow.clone())]
}

/// The next revision of a workflow, and the write of it.
pub(super) fn changed(before: &Workflow, change: impl FnOnce(&mut Workflow)) -> (Workflow, Write) {
    let mut next = before.clone();
    change(&mut next);
    next.revision += 1;
    (next.clone(), Write::next_workflow(before, next))
}

pub(super) async fn a_due_time_is_recorded_once(store: Arc<dyn Store>) {
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
    store.commit(&commit(vec![write.clone()])).await.unwrap();
    assert_eq!(
        store.commit(&commit(vec![write])).await,
        Err(CommitError::Exists)
    );
    let page = store.occurrences(&owner, &workflow, &all()).await.unwrap();
    assert_eq!((page.items, page.total), (vec![occurrence], 1));
}

pub(super) async fn due_times_are_newest_first(store: Arc<dyn Store>) {
    let (owner, workflow) = (owner(), WorkflowId::from_uuid(fresh()));
    for hour in [2, 0, 1, 4, 3] {
        let recorded = Write::RecordOccurrence {
            owner: owner.clone(),
            workflow: workflow.clone(),
            occurrence: Occurrence {
                scheduled_for: now() + SignedDuration::from_hours(hour),
                outcome: "fired".into(),
                reason: None,
                execution_id: None,
            },
        };
        write(&store, vec![recorded]).await.unwrap();
    }
    let mut next = Some(Slice::first(2));
    let mut times = Vec::new();
    while let Some(slice) = next {
        let page = store.occurrences(&owner, &workflow, &slice).await.unwrap();
        assert_eq!(page.total, 5);
        times.extend(page.items.iter().map(|one| one.scheduled_for));
        next = slice.next(&page);
    }
    let later = |hours| now() + SignedDuration::from_hours(hours);
    assert_eq!(times, [4, 3, 2, 1, 0].map(later));
    let behind = Slice::at(4, 2);
    let last = store.occurrences(&owner, &workflow, &behind).await.unwrap();
    assert_eq!((last.items.len(), last.total, last.next), (1, 5, None));
}

pub(super) async fn a_workflow_changes_by_its_revision_only(store: Arc<dyn Store>) {
    let owner = owner();
    let made = workflow(&owner);
    let first = commit(put(&made));
    store.commit(&first).await.unwrap();
    assert_eq!(store.commit(&first).await, Ok(()), "its own success");
    assert_eq!(write(&store, put(&made)).await, Err(CommitError::Exists));
    let (renamed, rename) = changed(&made, |workflow| workflow.name = "Evening wires".into());
    write(&store, vec![rename.clone()]).await.unwrap();
    assert_eq!(
        write(&store, vec![rename]).await,
        Err(CommitError::Conflict)
    );
    assert_eq!(
        store.workflow(&owner, &made.id).await.unwrap(),
        Some(renamed)
    );
}

pub(super) async fn a_workflow_is_removed_at_its_revision_or_is_gone_already(
    store: Arc<dyn Store>,
) {
    let owner = owner();
    let made = workflow(&owner);
    write(&store, put(&made)).await.unwrap();
    let remove = |revision| {
        vec![Write::DeleteWorkflow {
            workflow: Workflow {
                revision,
                ..made.clone()
            },
        }]
    };
    assert_eq!(
        write(&store, remove(1)).await,
        Err(CommitError::Conflict),
        "it is not what was seen"
    );
    write(&store, remove(0)).await.unwrap();
    assert_eq!(store.workflow(&owner, &made.id).await.unwrap(), None);
    assert_eq!(total(&store, &owner).await, 0);
    assert_eq!(write(&store, remove(0)).await, Ok(()));
    assert_eq!(total(&store, &owner).await, 0, "it is gone once");
}

pub(super) async fn a_plans_version_is_written_once(store: Arc<dyn Store>) {
    let (owner, workflow) = (owner(), WorkflowId::from_uuid(fresh()));
    let put = || {
        vec![Write::PutPlan {
            owner: owner.clone(),
            workflow: workflow.clone(),
            version: 1,
            plan: plan(),
        }]
    };
    write(&store, put()).await.unwrap();
    assert_eq!(write(&store, put()).await, Err(CommitError::Conflict));
    assert_eq!(
        store.plan(&owner, &workflow, 1).await.unwrap(),
        Some(plan())
    );
    assert_eq!(store.plan(&owner, &workflow, 2).await.unwrap(), None);
}

pub(super) async fn a_baseline_is_what_was_seen_last(store: Arc<dyn Store>) {
    let (owner, workflow) = (owner(), WorkflowId::from_uuid(fresh()));
    assert_eq!(store.baseline(&owner, &workflow).await.unwrap(), None);
    for definition in ["first", &"second".repeat(200)] {
        let baseline = Baseline {
            execution_id: ExecutionId::from_uuid(fresh()),
            definition: definition.to_owned(),
            entries: std::collections::BTreeMap::new(),
            seen: Seen::default(),
            session: None,
        };
        let document = serde_json::to_value(&baseline).unwrap();
        let stored = store.put_output(&owner, &document, "").await.unwrap();
        let put = Write::PutBaseline {
            owner: owner.clone(),
            workflow: workflow.clone(),
            stored,
        };
        write(&store, vec![put]).await.unwrap();
        assert_eq!(
            store.baseline(&owner, &workflow).await.unwrap(),
            Some(baseline)
        );
    }
}
