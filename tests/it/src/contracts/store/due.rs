//! The index of what is due.

use std::sync::Arc;

use domain::approval::asking::Asking;
use domain::execution::{Event, NUDGE_AFTER_SECONDS};
use engine::ports::store::DueItem;
use engine::ports::{Store, Write};
use jiff::{SignedDuration, Timestamp};

use super::approval::approval;
use super::planning::planning;
use super::workflow::workflow;
use super::{advanced, commit, now, owner, run_of, write};

pub(super) async fn what_is_open_is_due_and_what_has_ended_is_not(store: Arc<dyn Store>) {
    let owner = owner();
    let run = run_of(&owner);
    store
        .commit(&commit(vec![Write::CreateExecution {
            execution: run.clone(),
        }]))
        .await
        .unwrap();
    let due_at = run.due_at().unwrap();
    let just_before = Timestamp::from_millisecond(due_at.as_millisecond() - 1).unwrap();
    assert_eq!(store.due(just_before, 10).await.unwrap(), []);
    assert_eq!(
        store.due(due_at, 10).await.unwrap(),
        [DueItem::Execution(owner.clone(), run.id.clone())]
    );
    let (_, write) = advanced(&run, Event::Cancelled { reason: "r".into() });
    store.commit(&commit(vec![write])).await.unwrap();
    assert_eq!(store.due(Timestamp::MAX, 10).await.unwrap(), []);
}

pub(super) async fn what_is_due_is_oldest_first_of_every_kind(store: Arc<dyn Store>) {
    let owner = owner();
    let later = |seconds| now() + SignedDuration::from_secs(seconds);
    let (mut approval, mut workflow, mut planning) =
        (approval(&owner), workflow(&owner), planning(&owner));
    approval.asking = Asking::of(&["a@x.test".into()], later(-30 - NUDGE_AFTER_SECONDS));
    workflow.nudge_at = later(-20);
    planning.nudge_at = later(-10);
    let made = vec![
        Write::PutPlanning {
            planning: planning.clone(),
        },
        Write::new_workflow(workflow.clone()),
        Write::PutApproval {
            approval: approval.clone(),
        },
    ];
    write(&store, made).await.unwrap();
    let due = [
        DueItem::Approval(owner.clone(), approval.id.clone()),
        DueItem::Workflow(owner.clone(), workflow.id.clone()),
        DueItem::Planning(owner.clone(), planning.id.clone()),
    ];
    assert_eq!(store.due(now(), 10).await.unwrap(), due);
    assert_eq!(store.due(later(-20), 10).await.unwrap(), due[..2]);
    let put_off = Write::PutApproval {
        approval: domain::approval::Approval {
            asking: approval.asking.nudge(now()).unwrap(),
            revision: 1,
            ..approval
        },
    };
    let synced = Write::next_workflow(
        &workflow,
        domain::workflow::Workflow {
            schedule_synced: true,
            revision: 1,
            ..workflow.clone()
        },
    );
    write(&store, vec![put_off, synced]).await.unwrap();
    assert_eq!(store.due(now(), 10).await.unwrap(), due[2..]);
}
