//! The lists of runs: one row a run, rewritten when its status changes, and tallies of those that have ended.
//!
//! How many runs there are is the tallies and a count of the rows that are open, which are few. A tally is added to
//! in the commit that ends a run: one a month, with a number for each day and status, because what ended on a day is
//! shown no more from one moment on. The owner's is spread over eight items, because every run of theirs adds to it,
//! and runs that end at the same moment would be in each other's way; a workflow's is one item, for its runs are in
//! each other's way already at the workflow itself. A run that ends between the two readings may be counted in both
//! or in neither.

use domain::execution::{Execution, Status};
use domain::ids::{ExecutionId, OwnerId, WorkflowId};
use engine::page::{PageOf, Slice};
use engine::ports::StoreError;
use engine::retention::Retention;
use futures::FutureExt;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Order, STATUS, WORKFLOW, WORKFLOW_STATUS, Walk};
use crate::dynamo::DynamoStore;
use crate::dynamo::item::{self, Attributes, Item};
use crate::dynamo::keys::{self, Key};
use crate::dynamo::months::{List, Month};
use crate::dynamo::part::{Part, add, put_row};
use crate::dynamo::write::Time;

/// What the status of a run begins with in a key: those that are open stand together.
const OPEN: &str = "+";
const ENDED: &str = "-";

fn sorted(status: Status) -> String {
    let mark = if status.is_terminal() { ENDED } else { OPEN };
    format!("{mark}{}#", status.as_str())
}

/// What a run's commit writes into lists, when its status was `was` before (`None`: it is new).
pub(in crate::dynamo) fn parts(
    execution: &Execution,
    was: Option<Status>,
    time: Time,
) -> Vec<Part> {
    let status = execution.status();
    if was == Some(status) {
        return Vec::new();
    }
    let (owner, workflow, id) = (&execution.owner, &execution.workflow, &execution.id);
    let row = keys::execution_row(owner, id);
    let by_status = format!("{}{id}", sorted(status));
    let item = Item::new(&row)
        .text(WORKFLOW, &format!("{workflow}#{id}"))
        .text(WORKFLOW_STATUS, &format!("{workflow}#{by_status}"))
        .text(STATUS, &by_status);
    let mut parts = vec![put_row(row, item.attributes)];
    if !was.is_some_and(Status::is_terminal) {
        parts.extend(tallies(execution, 1, time.retention));
    }
    parts
}

/// What counts a run that has ended once more or once less; nothing for one that is open.
pub(in crate::dynamo) fn tallies(
    execution: &Execution,
    by: i64,
    retention: Retention,
) -> Vec<Part> {
    let Some(at) = execution.finished_at() else {
        return Vec::new();
    };
    let (owner, workflow, id) = (&execution.owner, &execution.workflow, &execution.id);
    let month = Month::at(at);
    let day = at.to_zoned(TimeZone::UTC).date().day();
    let name = counted(execution.status(), day);
    // The month's last day is shown for the longest, and no month has more than 31.
    let until = Retention::of_row(retention.after(at));
    [
        keys::tally(owner, &month, id),
        keys::workflow_tally(owner, workflow, &month),
    ]
    .into_iter()
    .map(|tally| add(tally, [(name.as_str(), by)], Some(until)))
    .collect()
}

/// The name of the number of runs that ended like this on a day.
fn counted(status: Status, day: i8) -> String {
    format!("{}{day:02}", status.as_str())
}

/// How many runs of this status a tally counts of the days that are shown.
fn tallied(tally: &Attributes, status: Status, now: Timestamp, retention: Retention) -> usize {
    let Some(month) = item::text(tally, "sk").and_then(Month::of_tally) else {
        return 0;
    };
    let shown = |day: &i8| {
        let begins = month.day(*day)?.to_zoned(TimeZone::UTC).ok()?;
        Some(retention.after(begins.timestamp()) > now)
    };
    (1..=31)
        .filter(|day| shown(day) == Some(true))
        .filter_map(|day| item::number(tally, &counted(status, day)))
        .filter_map(|n| usize::try_from(n).ok())
        .sum()
}

/// Which runs.
struct Runs<'a> {
    owner: &'a OwnerId,
    months: Vec<String>,
    workflow: Option<&'a WorkflowId>,
    status: Option<Status>,
}

impl Runs<'_> {
    /// The rows in the order and with the prefix that admit these runs, and no others.
    fn walk(&self) -> Walk {
        let status = self.status.map(sorted).unwrap_or_default();
        let (order, prefix) = match (self.workflow, self.status) {
            (None, None) => (None, String::new()),
            (None, Some(_)) => (Some(STATUS), status),
            (Some(workflow), None) => (Some(WORKFLOW), format!("{workflow}#")),
            (Some(workflow), Some(_)) => (Some(WORKFLOW_STATUS), format!("{workflow}#{status}")),
        };
        Walk::through(self.months.clone(), order, prefix)
    }

    /// The rows of those that have not ended.
    fn open(&self) -> Walk {
        let prefix = self.status.map_or(OPEN.to_owned(), sorted);
        let (order, prefix): (Order, String) = match self.workflow {
            None => (STATUS, prefix),
            Some(workflow) => (WORKFLOW_STATUS, format!("{workflow}#{prefix}")),
        };
        Walk::through(self.months.clone(), Some(order), prefix)
    }
}

impl DynamoStore {
    async fn total(&self, runs: &Runs<'_>) -> Result<usize, StoreError> {
        let open = async {
            match runs.status {
                Some(status) if status.is_terminal() => Ok(0),
                Some(_) | None => self.count(runs.open()).await,
            }
        };
        let ended = async {
            let ended = |status: &Status| {
                status.is_terminal() && runs.status.is_none_or(|one| one == *status)
            };
            let statuses: Vec<Status> = Status::ALL.iter().copied().filter(ended).collect();
            if statuses.is_empty() {
                return Ok(0);
            }
            let pk = match runs.workflow {
                Some(workflow) => keys::workflow(runs.owner, workflow).pk,
                None => keys::counts(runs.owner),
            };
            let tallies = self.partition(&pk, keys::TALLY, false, None).await?;
            let now = self.now();
            let each = |tally| {
                let statuses = statuses.iter();
                let counts = statuses.map(|status| tallied(tally, *status, now, self.retention));
                counts.sum::<usize>()
            };
            Ok(tallies.iter().map(each).sum())
        };
        let (open, ended): (usize, usize) = futures::try_join!(open, ended)?;
        Ok(open + ended)
    }

    pub(in crate::dynamo) async fn read_runs(
        &self,
        owner: &OwnerId,
        workflow: Option<&WorkflowId>,
        status: Option<Status>,
        slice: &Slice,
    ) -> Result<PageOf<Execution>, StoreError> {
        let runs = Runs {
            owner,
            months: self.partitions(owner, List::Executions).await?,
            workflow,
            status,
        };
        let count = self.total(&runs).boxed();
        let page = self.page(runs.walk(), slice, count).await?;
        let runs = runs_of(owner, &ids(&page.items));
        Ok(PageOf {
            items: self.documents(&runs).await?,
            total: page.total,
            next: page.next,
        })
    }

    pub(in crate::dynamo) async fn read_newest_runs(
        &self,
        owner: &OwnerId,
        workflow: Option<&WorkflowId>,
        limit: usize,
    ) -> Result<Vec<Execution>, StoreError> {
        let runs = Runs {
            owner,
            months: self.partitions(owner, List::Executions).await?,
            workflow,
            status: None,
        };
        let page = self.walk(&runs.walk(), limit).await?;
        self.documents(&runs_of(owner, &ids(&page.rows))).await
    }
}

fn ids(rows: &[Attributes]) -> Vec<ExecutionId> {
    let ids = rows.iter().filter_map(|row| item::text(row, "sk"));
    ids.filter_map(|id| ExecutionId::parse(id).ok()).collect()
}

fn runs_of(owner: &OwnerId, ids: &[ExecutionId]) -> Vec<Key> {
    ids.iter().map(|id| keys::execution(owner, id)).collect()
}
