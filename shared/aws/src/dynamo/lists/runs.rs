//! The lists of runs: one row a run, rewritten when its status changes, and tallies of those that have ended.
//!
//! How many runs there are is the tallies and a count of the rows that are open, which are few. A tally is added to
//! in the commit that ends a run. The owner's is spread over eight items, because every run of theirs adds to it,
//! and runs that end at the same moment would be in each other's way; a workflow's is one item, for its runs are in
//! each other's way already at the workflow itself. A run that ends between the two readings may be counted in both
//! or in neither.

use domain::execution::{Execution, Status};
use domain::ids::{ExecutionId, OwnerId, WorkflowId};
use engine::page::{PageOf, Slice};
use engine::ports::StoreError;
use futures::FutureExt;

use super::{Order, STATUS, WORKFLOW, WORKFLOW_STATUS, Walk};
use crate::dynamo::DynamoStore;
use crate::dynamo::item::{self, Attributes, Item};
use crate::dynamo::keys::{self, Key};
use crate::dynamo::months::List;
use crate::dynamo::part::{Part, add, put_row};

/// What the status of a run begins with in a key: those that are open stand together.
const OPEN: &str = "+";
const ENDED: &str = "-";

fn sorted(status: Status) -> String {
    let mark = if status.is_terminal() { ENDED } else { OPEN };
    format!("{mark}{}#", status.as_str())
}

/// What a run's commit writes into lists, when its status was `was` before (`None`: it is new).
pub(in crate::dynamo) fn parts(execution: &Execution, was: Option<Status>) -> Vec<Part> {
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
    if status.is_terminal() && !was.is_some_and(Status::is_terminal) {
        let tallies = [
            keys::tally(owner, id),
            keys::workflow_tally(owner, workflow),
        ];
        parts.extend(
            tallies
                .into_iter()
                .map(|tally| add(tally, [(status.as_str(), 1)])),
        );
    }
    parts
}

fn tallied(items: &[Attributes], status: Status) -> usize {
    let counts = items
        .iter()
        .filter_map(|tally| item::number(tally, status.as_str()));
    counts.filter_map(|n| usize::try_from(n).ok()).sum()
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
            let tallies = match runs.workflow {
                Some(workflow) => {
                    let tally = keys::workflow_tally(runs.owner, workflow);
                    self.get(&tally).await?.into_iter().collect()
                }
                None => {
                    let pk = keys::counts(runs.owner);
                    self.partition(&pk, keys::TALLY, false, None).await?
                }
            };
            Ok(statuses
                .into_iter()
                .map(|status| tallied(&tallies, status))
                .sum())
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
