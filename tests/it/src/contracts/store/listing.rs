//! Lists of workflows: every order in both directions, from page to page whatever happens in between, and what is
//! searched for.

use std::cmp::Ordering;
use std::sync::Arc;

use domain::digest;
use domain::egress::EgressRule;
use domain::ids::{OwnerId, WorkflowId};
use domain::plan::Plan;
use domain::workflow::{Workflow, WorkflowStatus};
use engine::listing::{Selection, SortBy};
use engine::page::{PageOf, Slice};
use engine::ports::{Store, Write};
use jiff::SignedDuration;
use serde_json::json;

use super::workflow::{changed, put, workflow};
use super::{all, now, owner, plan, write};

const BY_NAME: Selection = Selection {
    status: None,
    search: None,
    tags: Vec::new(),
    sort_by: SortBy::Name,
    descending: false,
};

/// How many workflows the owner's list says there are.
pub(super) async fn total(store: &Arc<dyn Store>, owner: &OwnerId) -> usize {
    let page = store
        .list_workflows(owner, &BY_NAME, &Slice::first(1))
        .await;
    page.unwrap().total
}

fn ids<'a>(workflows: impl IntoIterator<Item = &'a Workflow>) -> Vec<WorkflowId> {
    workflows.into_iter().map(|one| one.id.clone()).collect()
}

/// Makes workflows of these names, oldest first; each was edited a second before the one made before it.
async fn make(store: &Arc<dyn Store>, owner: &OwnerId, names: &[&str]) -> Vec<Workflow> {
    let mut made: Vec<Workflow> = names.iter().map(|_| workflow(owner)).collect();
    made.sort_by(|a, b| a.id.cmp(&b.id));
    for (n, (one, name)) in (0..).zip(made.iter_mut().zip(names)) {
        one.name = (*name).to_owned();
        one.updated_at = now() - SignedDuration::from_secs(n);
        write(store, put(one)).await.unwrap();
    }
    made
}

async fn change(store: &Arc<dyn Store>, before: &mut Workflow, change: impl FnOnce(&mut Workflow)) {
    let (next, write_it) = changed(before, change);
    write(store, vec![write_it]).await.unwrap();
    *before = next;
}

async fn page(
    store: &Arc<dyn Store>,
    owner: &OwnerId,
    selection: &Selection,
    slice: &Slice,
) -> PageOf<WorkflowId> {
    let page = store.list_workflows(owner, selection, slice).await.unwrap();
    PageOf {
        items: ids(page.items.iter().map(|one| &one.workflow)),
        total: page.total,
        next: page.next,
    }
}

/// Every page of a list, one after the other.
async fn pages(
    store: &Arc<dyn Store>,
    owner: &OwnerId,
    selection: &Selection,
    limit: usize,
    total: usize,
) -> Vec<WorkflowId> {
    let mut slice = Slice::first(limit);
    let mut seen = Vec::new();
    loop {
        let page = page(store, owner, selection, &slice).await;
        assert_eq!(page.total, total, "{selection:?}");
        assert!(page.items.len() <= limit);
        let next = slice.next(&page);
        seen.extend(page.items);
        let Some(next) = next else { return seen };
        slice = next;
    }
}

fn search(words: &str) -> Selection {
    Selection {
        search: Some(words.to_owned()),
        ..BY_NAME
    }
}

fn tagged(tags: &[&str]) -> Selection {
    Selection {
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        ..BY_NAME
    }
}

pub(super) async fn workflows_come_in_every_order_in_pages_of_any_size(store: Arc<dyn Store>) {
    let owner = owner();
    let longest = "𝔘".repeat(255);
    // In the order of their folded code points; two are the same but for case, and one is twice there.
    let in_order = [
        "",
        "desk",
        "Desk",
        "desk",
        "DESK two",
        "Ζωή",
        "ζωή μου",
        "Ъ",
        "夜間",
        &longest,
    ];
    let shuffled = [9, 4, 1, 7, 2, 0, 8, 3, 6, 5];
    let names: Vec<&str> = shuffled.iter().map(|n| in_order[*n]).collect();
    let mut made = make(&store, &owner, &names).await;
    for n in [1, 4, 5] {
        change(&store, &mut made[n], |one| {
            one.status = WorkflowStatus::Paused
        })
        .await;
    }
    let rank = |one: &Workflow| {
        let folded = |name: &str| name.to_lowercase();
        in_order
            .iter()
            .position(|name| folded(name) == folded(&one.name))
    };
    let by = |sort_by: SortBy, a: &Workflow, b: &Workflow| -> Ordering {
        match sort_by {
            SortBy::Created => a.id.cmp(&b.id),
            SortBy::Updated => a.updated_at.cmp(&b.updated_at),
            SortBy::Name => (rank(a), &a.id).cmp(&(rank(b), &b.id)),
        }
    };
    for sort_by in SortBy::ALL {
        for descending in [false, true] {
            for status in [
                None,
                Some(WorkflowStatus::Active),
                Some(WorkflowStatus::Draft),
            ] {
                let selection = Selection {
                    status,
                    sort_by: *sort_by,
                    descending,
                    ..Selection::NEWEST
                };
                let mut expected: Vec<&Workflow> = made
                    .iter()
                    .filter(|one| status.is_none_or(|status| one.status == status))
                    .collect();
                expected.sort_by(|a, b| by(*sort_by, a, b));
                if descending {
                    expected.reverse();
                }
                let expected = ids(expected);
                for limit in [1, 3, 7, 10, 100] {
                    let seen = pages(&store, &owner, &selection, limit, expected.len()).await;
                    assert_eq!(seen, expected, "{selection:?} by {limit}");
                }
                let offset = expected.len().min(4);
                let behind = Slice::at(offset, 2);
                let second = page(&store, &owner, &selection, &behind).await;
                let here = expected.iter().skip(offset).take(2).cloned();
                assert_eq!(second.items, here.collect::<Vec<_>>(), "{selection:?}");
                assert_eq!(second.total, expected.len());
                if let Some(next) = behind.next(&second) {
                    let slice = Slice { limit: 100, ..next };
                    let rest = page(&store, &owner, &selection, &slice).await;
                    assert_eq!(rest.items, expected[offset + 2..], "{selection:?}");
                }
            }
        }
    }
}

pub(super) async fn a_page_goes_on_though_the_workflow_it_ended_at_has_gone_or_moved(
    store: Arc<dyn Store>,
) {
    let owner = owner();
    let mut made = make(&store, &owner, &["a", "b", "c", "d", "e", "f", "g"]).await;
    let read = async |made: &[Workflow], slice: &Slice| {
        let page = page(&store, &owner, &BY_NAME, slice).await;
        let names: Vec<String> = page
            .items
            .iter()
            .map(|id| made.iter().find(|one| one.id == *id).unwrap().name.clone())
            .collect();
        // A walk goes on saying how many there were when it began.
        assert_eq!(page.total, 7);
        (names, slice.next(&page))
    };
    let (names, next) = read(&made, &Slice::first(2)).await;
    assert_eq!(names, ["a", "b"]);
    let gone = Write::DeleteWorkflow {
        workflow: made[1].clone(),
    };
    write(&store, vec![gone]).await.unwrap();
    let (names, next) = read(&made, &next.unwrap()).await;
    assert_eq!(names, ["c", "d"]);
    // To the front, where nobody looks again; and one from behind to just before it.
    change(&store, &mut made[3], |one| one.name = "A0".into()).await;
    change(&store, &mut made[6], |one| one.name = "DD".into()).await;
    let (names, next) = read(&made, &next.unwrap()).await;
    assert_eq!(names, ["DD", "e"]);
    change(&store, &mut made[4], |one| {
        one.status = WorkflowStatus::Archived
    })
    .await;
    let (names, next) = read(&made, &next.unwrap()).await;
    assert_eq!((names, next), (vec!["f".to_owned()], None));
    let new = page(&store, &owner, &BY_NAME, &Slice::first(2)).await;
    assert_eq!(new.total, 6);
    let active = Selection {
        status: Some(WorkflowStatus::Active),
        ..BY_NAME
    };
    let left = ids([&made[0], &made[3], &made[2], &made[6], &made[5]]);
    assert_eq!(pages(&store, &owner, &active, 2, 5).await, left);
}

pub(super) async fn workflows_are_counted_as_they_come_go_and_change(store: Arc<dyn Store>) {
    let owner = owner();
    let mut made = make(&store, &owner, &["a", "b", "c"]).await;
    let again = Write::new_workflow(made[0].clone());
    assert!(write(&store, vec![again]).await.is_err());
    change(&store, &mut made[1], |one| {
        one.status = WorkflowStatus::Paused
    })
    .await;
    change(&store, &mut made[1], |one| one.execution_count += 1).await;
    change(&store, &mut made[2], |one| {
        one.status = WorkflowStatus::Paused
    })
    .await;
    change(&store, &mut made[2], |one| {
        one.status = WorkflowStatus::Active
    })
    .await;
    for _ in 0..2 {
        let gone = Write::DeleteWorkflow {
            workflow: made[0].clone(),
        };
        write(&store, vec![gone]).await.unwrap();
    }
    assert_eq!(total(&store, &owner).await, 2);
    for (status, left) in [
        (WorkflowStatus::Paused, Some(&made[1])),
        (WorkflowStatus::Active, Some(&made[2])),
        (WorkflowStatus::Failed, None),
    ] {
        let selection = Selection {
            status: Some(status),
            ..BY_NAME
        };
        let total = usize::from(left.is_some());
        assert_eq!(pages(&store, &owner, &selection, 1, total).await, ids(left));
    }
}

pub(super) async fn every_word_of_a_workflow_is_found_in_any_case_and_no_other(
    store: Arc<dyn Store>,
) {
    let owner = owner();
    let mut made = make(&store, &owner, &["Ναυτιλία ΟΔΟΣ", "two", &"ß".repeat(255)]).await;
    let long = |end: &str| format!("{}{end}", "Lange Rede, kurzer Sinn. ".repeat(79));
    change(&store, &mut made[0], |one| {
        one.description = Some(long("ÜBER die Grenze"));
        one.intent = Some(long("bis ans ENDE"));
    })
    .await;
    let many: Vec<String> = (0..20).map(|n| format!("{:ü<48}{n:02}", "Tag")).collect();
    change(&store, &mut made[1], |one| one.tags.clone_from(&many)).await;
    let found = async |words: &str, expected: &[&Workflow]| {
        let expected = ids(expected.iter().copied());
        let seen = pages(&store, &owner, &search(words), 2, expected.len()).await;
        assert_eq!(seen, expected, "{words}");
    };
    found("οδος", &[&made[0]]).await;
    found("über DIE", &[&made[0]]).await;
    found("u\u{308}ber die", &[&made[0]]).await;
    found("ende", &[&made[0]]).await;
    found("grenze lange", &[]).await;
    found("ÜÜ19", &[&made[1]]).await;
    found("ßß", &[&made[2]]).await;
    found("What came", &[&made[1], &made[2]]).await;
    found("wires", &[&made[2], &made[0]]).await;
    for (tags, expected) in [
        (&["wires"][..], vec![&made[2], &made[0]]),
        (&[many[3].as_str(), many[19].as_str()], vec![&made[1]]),
        (&[many[3].as_str(), "wires"], vec![]),
        (&["Wires"], vec![]),
    ] {
        let selection = tagged(tags);
        let expected = ids(expected);
        let seen = pages(&store, &owner, &selection, 1, expected.len()).await;
        assert_eq!(seen, expected, "{tags:?}");
    }
    // What has been taken out is found no more, whether it fitted in or not.
    change(&store, &mut made[0], |one| {
        one.intent = Some("short".into())
    })
    .await;
    found("ans ende", &[]).await;
    change(&store, &mut made[0], |one| one.description = None).await;
    found("über", &[]).await;
    found("short", &[&made[0]]).await;
    change(&store, &mut made[1], |one| one.tags.clear()).await;
    found("üü", &[]).await;
    let gone = Write::DeleteWorkflow {
        workflow: made[2].clone(),
    };
    write(&store, vec![gone]).await.unwrap();
    found("ß", &[]).await;
    found("", &[&made[1], &made[0]]).await;
}

pub(super) async fn a_listed_workflow_brings_its_present_plan_and_its_latest_run(
    store: Arc<dyn Store>,
) {
    let owner = owner();
    let mut made = make(&store, &owner, &["none", "small", "large"]).await;
    let large = {
        // Words that cannot be written any shorter.
        let query = |n: i32| -> String { (0..4).map(|m| digest::of_json(&(n, m))).collect() };
        let steps: Vec<_> = (0..100)
            .map(|n| json!({"id": format!("find{n}"), "type": "search", "config": {"query": query(n)}}))
            .collect();
        Plan::read(&json!(steps), "/steps", &EgressRule::public_only()).unwrap()
    };
    let plans = [None, Some(plan()), Some(large.clone())];
    change(&store, &mut made[0], |one| one.plan_version = 0).await;
    for (one, plan) in made.iter_mut().zip(&plans).skip(1) {
        adopt(&store, one, plan.as_ref().unwrap()).await;
    }
    let check = async |made: &[Workflow], plans: [&Option<Plan>; 3]| {
        let in_order = Selection {
            descending: false,
            ..Selection::NEWEST
        };
        for selection in [
            in_order.clone(),
            Selection {
                search: Some(String::new()),
                ..in_order
            },
        ] {
            let page = store
                .list_workflows(&owner, &selection, &all())
                .await
                .unwrap();
            for ((listed, one), plan) in page.items.iter().zip(made).zip(plans) {
                assert_eq!((&listed.workflow, &listed.plan), (one, plan));
            }
            assert_eq!(page.items.len(), made.len());
        }
    };
    check(&made, [&plans[0], &plans[1], &plans[2]]).await;
    // The one that was small is large by now, and the other way round; and both have run.
    adopt(&store, &mut made[1], &large).await;
    adopt(&store, &mut made[2], &plan()).await;
    for one in &mut made[1..] {
        change(&store, one, |one| one.execution_count += 1).await;
    }
    check(&made, [&plans[0], &plans[2], &plans[1]]).await;
}

/// Gives a workflow its next plan.
async fn adopt(store: &Arc<dyn Store>, before: &mut Workflow, plan: &Plan) {
    let (next, change) = changed(before, |one| one.plan_version += 1);
    let plan = Write::PutPlan {
        owner: next.owner.clone(),
        workflow: next.id.clone(),
        version: next.plan_version,
        plan: plan.clone(),
    };
    write(store, vec![plan, change]).await.unwrap();
    *before = next;
}
