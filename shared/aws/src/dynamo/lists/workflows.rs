//! The lists of workflows: for each a row in six orders, a compact row for searches, and a count by status.
//!
//! All of it is written by the commit that changes what lists show, and only then: a run that begins or ends leaves
//! it alone. The commit knows what was before, so what has not changed is not written again. The counts are one
//! item an owner: workflows are made, and change their status, seldom enough.
//!
//! A page in one of the six orders reads its rows and its workflows, the first of a walk also the count; the plan comes
//! with the row when it is small. A page that was searched for, or stands behind an offset, reads all compact rows of the owner.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use domain::ids::{OwnerId, WorkflowId};
use domain::plan::Plan;
use domain::workflow::{Workflow, WorkflowStatus};
use engine::listing::{self, Entry, Listed, Selection, SortBy};
use engine::page::{Begin, PageOf, Slice};
use engine::ports::StoreError;
use futures::FutureExt;

use super::{NAME, Order, STATUS, STATUS_NAME, STATUS_UPDATED, UPDATED, Walk, compact};
use crate::dynamo::item::{self, Attributes};
use crate::dynamo::keys::{self, Key};
use crate::dynamo::part::{Part, add, delete_row, put_row, set_in_row};
use crate::dynamo::{DynamoStore, deflate};

/// How long a plan may be to stand in its workflow's row, in bytes of compressed JSON: about 15 KiB of steps. The row
/// and its five copies must be cheap to write and to read.
const MOST_OF_PLAN: usize = 4096;

const PLAN: &str = "plan";
const PLAN_VERSION: &str = "plan_version";

/// The attributes that place a workflow's row in the orders.
fn orders(entry: &Entry) -> BTreeMap<Order, String> {
    let (status, id) = (entry.status.as_str(), &entry.id);
    let (updated, name) = (entry.place(SortBy::Updated), entry.place(SortBy::Name));
    BTreeMap::from([
        (STATUS, format!("{status}#{id}")),
        (STATUS_UPDATED, format!("{status}#{updated}")),
        (STATUS_NAME, format!("{status}#{name}")),
        (UPDATED, updated),
        (NAME, name),
    ])
}

/// What a workflow's commit writes into lists. `plan` is the present one, when the commit writes it as well.
pub(in crate::dynamo) fn parts(
    before: Option<&Workflow>,
    workflow: &Workflow,
    plan: Option<&Plan>,
) -> Vec<Part> {
    let owner = &workflow.owner;
    let (old, new) = (before.map(Entry::of), Entry::of(workflow));
    let mut parts = Vec::new();
    let places = orders(&new);
    if plan.is_some() || old.as_ref().map(orders).as_ref() != Some(&places) {
        let row = keys::workflow_row(owner, &workflow.id);
        let mut values: Vec<(&str, Option<AttributeValue>)> = places
            .into_iter()
            .map(|(order, place)| (order, Some(AttributeValue::S(place))))
            .collect();
        if let Some(plan) = plan {
            let json = serde_json::to_vec(plan).expect("a plan is plain JSON");
            let compressed = deflate::compress(&json);
            let fits = compressed.len() <= MOST_OF_PLAN;
            let version = AttributeValue::N(workflow.plan_version.to_string());
            values.push((PLAN, fits.then(|| AttributeValue::B(compressed.into()))));
            values.push((PLAN_VERSION, fits.then_some(version)));
        }
        parts.push(set_in_row(row, values));
    }
    parts.extend(compact_parts(owner, old.as_ref(), Some(&new)));
    parts.extend(count(owner, old.as_ref(), Some(&new)));
    parts
}

/// What takes a workflow out of all lists.
pub(in crate::dynamo) fn parts_of_none(workflow: &Workflow) -> Vec<Part> {
    let (owner, old) = (&workflow.owner, Entry::of(workflow));
    let mut parts = vec![delete_row(keys::workflow_row(owner, &workflow.id))];
    parts.extend(compact_parts(owner, Some(&old), None));
    parts.extend(count(owner, Some(&old), None));
    parts
}

fn compact_parts(owner: &OwnerId, old: Option<&Entry>, new: Option<&Entry>) -> Vec<Part> {
    let items = |entry: Option<&Entry>| {
        entry.map_or_else(BTreeMap::new, |entry| compact::items(owner, entry))
    };
    let (old, new) = (items(old), items(new));
    let pk = keys::compact(owner);
    let key = |sk: &String| Key {
        pk: pk.clone(),
        sk: sk.clone(),
    };
    let changed = new.iter().filter(|(sk, item)| old.get(*sk) != Some(*item));
    let gone = old.keys().filter(|sk| !new.contains_key(*sk));
    changed
        .map(|(sk, item)| put_row(key(sk), item.clone()))
        .chain(gone.map(|sk| delete_row(key(sk))))
        .collect()
}

/// The change of the counts, if there is any.
fn count(owner: &OwnerId, old: Option<&Entry>, new: Option<&Entry>) -> Option<Part> {
    let status = |entry: Option<&Entry>| entry.map(|entry| entry.status.as_str());
    let (old, new) = (status(old), status(new));
    let less = old.map(|status| (status, -1));
    let more = new.map(|status| (status, 1));
    (old != new).then(|| {
        add(
            keys::workflow_counts(owner),
            less.into_iter().chain(more),
            None,
        )
    })
}

impl DynamoStore {
    pub(in crate::dynamo) async fn count_of_workflows(
        &self,
        owner: &OwnerId,
        status: Option<WorkflowStatus>,
    ) -> Result<usize, StoreError> {
        let Some(counts) = self.get(&keys::workflow_counts(owner)).await? else {
            return Ok(0);
        };
        let counted = WorkflowStatus::ALL
            .iter()
            .filter(|one| status.is_none_or(|status| status == **one))
            .filter_map(|status| item::number(&counts, status.as_str()))
            .filter_map(|n| usize::try_from(n).ok());
        Ok(counted.sum())
    }

    pub(in crate::dynamo) async fn read_workflows(
        &self,
        owner: &OwnerId,
        selection: &Selection,
        slice: &Slice,
    ) -> Result<PageOf<Listed>, StoreError> {
        let skips = matches!(slice.begin, Begin::Offset(1..));
        if selection.is_indexed() && !skips {
            self.in_order(owner, selection, slice).await
        } else {
            self.searched(owner, selection, slice).await
        }
    }

    async fn in_order(
        &self,
        owner: &OwnerId,
        selection: &Selection,
        slice: &Slice,
    ) -> Result<PageOf<Listed>, StoreError> {
        let order = match (selection.sort_by, selection.status) {
            (SortBy::Created, None) => None,
            (SortBy::Updated, None) => Some(UPDATED),
            (SortBy::Name, None) => Some(NAME),
            (SortBy::Created, Some(_)) => Some(STATUS),
            (SortBy::Updated, Some(_)) => Some(STATUS_UPDATED),
            (SortBy::Name, Some(_)) => Some(STATUS_NAME),
        };
        let prefix = selection.status.map(|status| format!("{status}#"));
        let prefix = prefix.unwrap_or_default();
        let walk = Walk {
            descending: selection.descending,
            ..Walk::newest_first(keys::workflows(owner), order, prefix)
        };
        let count = self.count_of_workflows(owner, selection.status).boxed();
        let page = self.page(walk, slice, count).await?;
        let rows: Vec<(WorkflowId, Option<Present>)> = page.items.iter().filter_map(row).collect();
        Ok(PageOf {
            items: self.listed(owner, rows, true).await?,
            total: page.total,
            next: page.next,
        })
    }

    async fn searched(
        &self,
        owner: &OwnerId,
        selection: &Selection,
        slice: &Slice,
    ) -> Result<PageOf<Listed>, StoreError> {
        let rows = Walk {
            descending: false,
            ..Walk::newest_first(keys::compact(owner), None, String::new()).a_moment_old()
        };
        let rows = if selection.search.is_some() {
            rows
        } else {
            rows.below(compact::TEXTS)
        };
        let read = self.walk_through(&rows).await?;
        let sorted = selection.apply(compact::entries(&read));
        let page = listing::cut(sorted, selection.descending, slice);
        let found = page.items.into_iter().map(|entry| (entry.id, None));
        Ok(PageOf {
            items: self.listed(owner, found.collect(), false).await?,
            total: page.total,
            next: page.next,
        })
    }

    /// The workflows of rows, in their order, with their plans. One that has gone since is left out.
    async fn listed(
        &self,
        owner: &OwnerId,
        rows: Vec<(WorkflowId, Option<Present>)>,
        consistent: bool,
    ) -> Result<Vec<Listed>, StoreError> {
        let keys: Vec<Key> = rows
            .iter()
            .map(|(id, _)| keys::workflow(owner, id))
            .collect();
        let workflows: Vec<Workflow> = self.documents_at(&keys, consistent).await?;
        let mut plans: HashMap<WorkflowId, Present> = rows
            .into_iter()
            .filter_map(|(id, present)| Some((id, present?)))
            .collect();
        let is_known = |workflow: &&Workflow| {
            let known = plans.get(&workflow.id).map(|present| present.version);
            known.unwrap_or_default() == workflow.plan_version
        };
        let unknown: Vec<Key> = workflows
            .iter()
            .filter(|workflow| !is_known(workflow))
            .map(|workflow| keys::plan(owner, &workflow.id, workflow.plan_version))
            .collect();
        let read = self.batch(&unknown, consistent).await?;
        let listed = workflows.into_iter().map(|workflow| {
            let plan = match read.get(&keys::workflow(owner, &workflow.id).pk) {
                Some(attributes) => Some(item::read(attributes)?),
                None => plans.remove(&workflow.id).map(|present| present.plan),
            };
            Ok(Listed { workflow, plan })
        });
        listed.collect()
    }
}

/// The plan that stands in a row.
struct Present {
    version: u32,
    plan: Plan,
}

fn row(attributes: &Attributes) -> Option<(WorkflowId, Option<Present>)> {
    let id = WorkflowId::parse(item::text(attributes, "sk")?).ok()?;
    let present = || {
        let compressed = attributes.get(PLAN)?.as_b().ok()?;
        // One that does not read is read where it was written, and said to be damaged there.
        let json = deflate::inflate(compressed.as_ref()).ok()?;
        Some(Present {
            version: u32::try_from(item::number(attributes, PLAN_VERSION)?).ok()?,
            plan: serde_json::from_slice(&json).ok()?,
        })
    };
    Some((id, present()))
}
