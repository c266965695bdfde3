//! Lists of runs: newest first, in pages, and nobody else's.

use std::sync::Arc;

use domain::execution::{Event, Execution, Status};
use domain::ids::{ExecutionId, WorkflowId};
use engine::page::{Begin, Reached, Slice};
use engine::ports::{Store, Write};
use jiff::SignedDuration;
use serde_json::json;

use super::workflow::{put, workflow};
use super::{advanced, all, claimed, commit, fresh, now, owner, run_at, run_of, write};

async fn create(store: &Arc<dyn Store>, run: &Execution) {
    let created = Write::CreateExecution {
        execution: run.clone(),
    };
    write(store, vec![created]).await.unwrap();
}

fn ids(runs: &[Execution]) -> Vec<ExecutionId> {
    runs.iter().map(|run| run.id.clone()).collect()
}

pub(super) async fn one_owner_sees_nothing_of_another(store: Arc<dyn Store>) {
    let (mine, theirs) = (owner(), owner());
    let run = run_of(&theirs);
    store
        .commit(&commit(vec![Write::CreateExecution {
            execution: run.clone(),
        }]))
        .await
        .unwrap();
    let output = store
        .put_output(&theirs, &json!({ "text": "x".repeat(2000) }), "p")
        .await
        .unwrap();
    assert_eq!(store.execution(&mine, &run.id).await.unwrap(), None);
    assert_eq!(store.output(&mine, &output).await.unwrap(), None);
    let slice = Slice::first(10);
    assert_eq!(
        store
            .executions(&mine, None, None, &slice)
            .await
            .unwrap()
            .total,
        0
    );
}

pub(super) async fn lists_are_newest_first_and_pages_neither_repeat_nor_lose(
    store: Arc<dyn Store>,
) {
    let owner = owner();
    let mut made = Vec::new();
    for _ in 0..7 {
        let run = run_of(&owner);
        store
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
    let mut next = Some(Slice::first(3));
    while let Some(slice) = next {
        let page = store.executions(&owner, None, None, &slice).await.unwrap();
        assert_eq!(page.total, 7);
        next = slice.next(&page);
        seen.extend(page.items.into_iter().map(|run| run.id));
    }
    assert_eq!(seen, made);
    let offset = store
        .executions(&owner, None, Some(Status::Pending), &Slice::at(5, 3))
        .await
        .unwrap();
    assert_eq!((offset.items.len(), offset.total), (2, 7));
}

pub(super) async fn a_page_goes_on_where_the_last_one_ended_though_new_runs_came(
    store: Arc<dyn Store>,
) {
    let (owner, workflow) = (owner(), WorkflowId::from_uuid(fresh()));
    let run = |second| {
        let at = now() + SignedDuration::from_secs(second);
        run_at(&owner, &workflow, at)
    };
    let old: Vec<Execution> = (0..4).map(run).collect();
    for run in &old {
        create(&store, run).await;
    }
    let begin = Slice::first(2);
    let first = store.executions(&owner, None, None, &begin).await.unwrap();
    assert_eq!(ids(&first.items), [old[3].id.clone(), old[2].id.clone()]);
    create(&store, &run(9)).await;
    let behind = begin.next(&first).unwrap();
    let second = store.executions(&owner, None, None, &behind).await.unwrap();
    assert_eq!(ids(&second.items), [old[1].id.clone(), old[0].id.clone()]);
    // As many as there were when the walk began: the new one is before it.
    assert_eq!((second.total, second.next), (4, None));
}

pub(super) async fn runs_are_listed_by_workflow_and_status(store: Arc<dyn Store>) {
    let (owner, workflow) = (owner(), WorkflowId::from_uuid(fresh()));
    let (ended, open) = (
        run_at(&owner, &workflow, now()),
        run_at(&owner, &workflow, now() + SignedDuration::from_secs(1)),
    );
    for run in [&ended, &open, &run_of(&owner)] {
        create(&store, run).await;
    }
    let (_, cancelled) = advanced(&ended, Event::Cancelled { reason: "r".into() });
    write(&store, vec![cancelled]).await.unwrap();
    let of_it = store
        .executions(&owner, Some(&workflow), None, &all())
        .await
        .unwrap();
    assert_eq!(ids(&of_it.items), [open.id.clone(), ended.id.clone()]);
    for (status, run) in [(Status::Cancelled, &ended), (Status::Pending, &open)] {
        let found = store
            .executions(&owner, Some(&workflow), Some(status), &all())
            .await
            .unwrap();
        assert_eq!(ids(&found.items), std::slice::from_ref(&run.id), "{status}");
    }
    let past_the_end = Slice::at(7, 100);
    let none = store
        .executions(&owner, Some(&workflow), None, &past_the_end)
        .await
        .unwrap();
    assert_eq!((none.items.len(), none.total, none.next), (0, 2, None));
}

pub(super) async fn runs_that_change_their_status_between_two_pages_are_in_nobodys_way(
    store: Arc<dyn Store>,
) {
    let (owner, workflow) = (owner(), WorkflowId::from_uuid(fresh()));
    let run = |second| run_at(&owner, &workflow, now() + SignedDuration::from_secs(second));
    let runs: Vec<Execution> = (0..5).map(run).collect();
    for run in &runs {
        create(&store, run).await;
    }
    for of in [None, Some(&workflow)] {
        let first = store
            .executions(&owner, of, Some(Status::Pending), &Slice::first(2))
            .await
            .unwrap();
        assert_eq!(ids(&first.items), [runs[4].id.clone(), runs[3].id.clone()]);
        assert_eq!((first.total, first.next.is_some()), (5, true));
    }
    // The one the first page ended with, and the one the second would have begun with.
    for run in [&runs[3], &runs[2]] {
        let (_, cancelled) = advanced(run, Event::Cancelled { reason: "r".into() });
        write(&store, vec![cancelled]).await.unwrap();
    }
    let slice = Slice {
        limit: 2,
        begin: Begin::Behind(Reached {
            place: runs[3].id.to_string(),
            shown: 2,
            total: 5,
        }),
    };
    for of in [None, Some(&workflow)] {
        let (mut next, mut rest) = (Some(slice.clone()), Vec::new());
        while let Some(slice) = next {
            let pending = Some(Status::Pending);
            let page = store.executions(&owner, of, pending, &slice).await.unwrap();
            assert_eq!(page.total, 5);
            next = slice.next(&page);
            rest.extend(ids(&page.items));
        }
        assert_eq!(rest, [runs[1].id.clone(), runs[0].id.clone()]);
        let pending = store
            .executions(&owner, of, Some(Status::Pending), &Slice::first(3))
            .await
            .unwrap();
        assert_eq!((pending.total, pending.next), (3, None));
        let cancelled = store
            .executions(&owner, of, Some(Status::Cancelled), &all())
            .await
            .unwrap();
        assert_eq!(
            ids(&cancelled.items),
            [runs[3].id.clone(), runs[2].id.clone()]
        );
        let all = store.executions(&owner, of, None, &all()).await.unwrap();
        assert_eq!((cancelled.total, all.total), (2, 5));
        let newest = store.newest_executions(&owner, of, 3).await.unwrap();
        assert_eq!(newest, all.items[..3]);
    }
}

pub(super) async fn a_run_is_counted_once_however_often_it_is_told(store: Arc<dyn Store>) {
    let run = run_of(&owner());
    create(&store, &run).await;
    let (claimed, claim) = advanced(&run, claimed());
    let (_, cancel) = advanced(&claimed, Event::Cancelled { reason: "r".into() });
    for write in [claim, cancel] {
        let commit = commit(vec![write]);
        store.commit(&commit).await.unwrap();
        assert_eq!(store.commit(&commit).await, Ok(()), "its own success");
    }
    for status in Status::ALL {
        let found = store
            .executions(&run.owner, None, Some(*status), &all())
            .await
            .unwrap();
        let expected = usize::from(*status == Status::Cancelled);
        assert_eq!(
            (found.items.len(), found.total),
            (expected, expected),
            "{status}"
        );
    }
}

pub(super) async fn workflows_are_read_in_the_order_asked(store: Arc<dyn Store>) {
    let owner = owner();
    let made: Vec<_> = (0..2).map(|_| workflow(&owner)).collect();
    for workflow in &made {
        write(&store, put(workflow)).await.unwrap();
    }
    let asked = [
        made[1].id.clone(),
        WorkflowId::from_uuid(fresh()),
        made[0].id.clone(),
    ];
    assert_eq!(
        store.workflows(&owner, &asked).await.unwrap(),
        [made[1].clone(), made[0].clone()]
    );
}

/// Runs of a year's first day, of the last moment of a month and the first of the next, and of a month long after:
/// a list that is kept in parts is still one list.
pub(super) async fn a_list_is_one_however_far_apart_its_runs_were_made(store: Arc<dyn Store>) {
    let (owner, workflow) = (owner(), WorkflowId::from_uuid(fresh()));
    let other = WorkflowId::from_uuid(fresh());
    let times = [
        "2025-12-31T23:59:59.999Z",
        "2026-01-01T00:00:00Z",
        "2026-01-31T23:59:59.999Z",
        "2026-02-01T00:00:00Z",
        "2026-02-01T00:00:00Z",
        "2026-09-30T12:00:00Z",
    ];
    let run = |(n, at): (usize, &&str)| {
        let of = if n % 3 == 2 { &other } else { &workflow };
        run_at(&owner, of, at.parse().unwrap())
    };
    let mut runs: Vec<Execution> = times.iter().enumerate().map(run).collect();
    for run in &runs {
        create(&store, run).await;
    }
    for ended in [0, 3] {
        let (next, cancelled) = advanced(&runs[ended], Event::Cancelled { reason: "r".into() });
        write(&store, vec![cancelled]).await.unwrap();
        runs[ended] = next;
    }
    runs.sort_by(|a, b| b.id.cmp(&a.id));
    for of in [None, Some(&workflow), Some(&other)] {
        for status in [None, Some(Status::Pending), Some(Status::Cancelled)] {
            let expected: Vec<ExecutionId> = runs
                .iter()
                .filter(|run| of.is_none_or(|of| run.workflow == *of))
                .filter(|run| status.is_none_or(|status| run.status() == status))
                .map(|run| run.id.clone())
                .collect();
            for limit in 1..=runs.len() + 1 {
                let (mut next, mut seen) = (Some(Slice::first(limit)), Vec::new());
                while let Some(slice) = next {
                    let page = store.executions(&owner, of, status, &slice).await.unwrap();
                    assert_eq!(page.total, expected.len(), "{of:?} {status:?} by {limit}");
                    next = slice.next(&page);
                    assert!(next.is_none() || page.items.len() == limit);
                    seen.extend(ids(&page.items));
                }
                assert_eq!(seen, expected, "{of:?} {status:?} by {limit}");
                let from = limit.min(expected.len());
                let slice = Slice::at(from, 2);
                let page = store.executions(&owner, of, status, &slice).await.unwrap();
                let rest: Vec<_> = expected[from..].iter().take(2).cloned().collect();
                assert_eq!(ids(&page.items), rest);
                assert_eq!(page.next.is_some(), expected.len() > from + 2);
            }
        }
    }
    let newest = store.newest_executions(&owner, None, 3).await.unwrap();
    assert_eq!(newest, runs[..3]);
    // Behind a run of a month in which there is none.
    let gone = run_at(&owner, &workflow, "2026-05-05T05:05:05Z".parse().unwrap());
    let behind = Slice {
        limit: 2,
        begin: Begin::Behind(Reached {
            place: gone.id.to_string(),
            shown: 1,
            total: 6,
        }),
    };
    let page = store.executions(&owner, None, None, &behind).await.unwrap();
    assert_eq!(page.items, runs[1..3]);
}
