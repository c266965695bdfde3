//! How long what is stored is kept.
//!
//! What is open has no end. From its own end on, or from the moment it was written where it has none, everything is
//! shown for the days of retention, and disappears at the end of a day of UTC: so all that ended on one day goes at
//! once, and what is counted by days stays true. What belongs to a run that may still be open (its events, its
//! outputs, mailed links) is written before anybody knows when the run ends; it is out of reach as soon as the run is
//! gone, and removed as much later as a run may last.
//!
//! | what | shown |
//! |---|---|
//! | a run, its conclusion, its row in lists | until its end and the retention have passed; the run that saw a workflow's baseline (its last complete one) by its id as long as it is that |
//! | an approval | while it is pending; approved: as long as its workflow, for it says what was published; else until the retention has passed |
//! | a delivery | while it is under way, and then for the retention |
//! | a signal, a due time, a reviewed plan | for the retention |
//! | a planning | while it is at work, and then for the retention |
//! | workflows, their plans, baselines and drafts | as long as the workflow |
//! | owners, tokens, sessions, the ledger | until they are removed |

use domain::approval::ApprovalStatus;
use domain::delivery::DeliveryStatus;
use domain::execution::Execution;
use domain::ids::{ExecutionId, WorkflowId};
use domain::planning::PlanningState;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use crate::ports::store::{Commit, Write};

/// For how many days things are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    days: u16,
}

/// Until when what a write puts into the store is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lifetime {
    /// Until when it is shown by its key; `None` without an end.
    pub item: Option<Timestamp>,
    /// Until when lists show its row.
    pub row: Option<Timestamp>,
}

impl Default for Retention {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Retention {
    /// The days of `NIGHTDESK_RETENTION_DAYS` when nothing is said.
    pub const DEFAULT: Self = Self { days: 90 };
    /// The longest that may be said: ten years.
    pub const MOST_DAYS: u16 = 3650;
    /// How many days longer what belongs to a run is stored: a run that waits, even twice, for the 30 days it may be
    /// held still finds what it has recorded.
    pub const LONGEST_RUN_DAYS: u16 = 60;

    /// `None` for no day, or more than [`Self::MOST_DAYS`].
    #[must_use]
    pub fn of_days(days: u16) -> Option<Self> {
        (1..=Self::MOST_DAYS)
            .contains(&days)
            .then_some(Self { days })
    }

    /// The days as a setting says them; `None` for anything else than a number of days there may be.
    #[must_use]
    pub fn parse(days: &str) -> Option<Self> {
        Self::of_days(days.parse().ok()?)
    }

    #[must_use]
    pub fn days(self) -> u16 {
        self.days
    }

    /// When what ended at `at` is shown no more: the end of a day.
    #[must_use]
    pub fn after(self, at: Timestamp) -> Timestamp {
        later(at, i64::from(self.days))
    }

    /// When what belongs to a run, and was written at `at`, is removed.
    #[must_use]
    pub fn of_part(self, at: Timestamp) -> Timestamp {
        later(at, i64::from(self.days) + i64::from(Self::LONGEST_RUN_DAYS))
    }

    /// When a row is removed: not before everything that is found by it.
    #[must_use]
    pub fn of_row(shown: Timestamp) -> Timestamp {
        later(shown, i64::from(Self::LONGEST_RUN_DAYS))
    }

    /// A run that is the last complete one `stays` for whoever has its id; lists leave it out like any other.
    fn of_run(self, execution: &Execution, stays: bool) -> Lifetime {
        let row = execution.finished_at().map(|at| self.after(at));
        Lifetime {
            item: row.filter(|_| !stays),
            row,
        }
    }

    /// How long what a commit made at `now` writes is shown.
    #[must_use]
    pub fn of(self, write: &Write, commit: &Commit, now: Timestamp) -> Lifetime {
        let until = |shown: Option<Timestamp>| Lifetime {
            item: shown,
            row: shown,
        };
        let ended = |has_ended: bool| until(has_ended.then(|| self.after(now)));
        match write {
            Write::CreateExecution { execution } => self.of_run(execution, false),
            Write::AdvanceExecution {
                execution,
                is_last_complete,
                ..
            } => {
                let stays = *is_last_complete || is_baseline(commit, &execution.workflow);
                self.of_run(execution, stays)
            }
            Write::PutConclusion { execution, .. } => {
                let stays = concluded(commit, execution)
                    .is_some_and(|workflow| is_baseline(commit, workflow));
                ended(!stays)
            }
            Write::PutApproval { approval } => match approval.status {
                ApprovalStatus::Pending | ApprovalStatus::Approved => Lifetime::default(),
                ApprovalStatus::Rejected
                | ApprovalStatus::ChangesRequested
                | ApprovalStatus::Expired
                | ApprovalStatus::Superseded
                | ApprovalStatus::Cancelled => ended(true),
            },
            Write::PutDelivery { delivery } => ended(delivery.status() != DeliveryStatus::Pending),
            Write::PutPlanning { planning } => ended(planning.state != PlanningState::Planning),
            Write::PutSignal { .. }
            | Write::RecordOccurrence { .. }
            | Write::PutReviewedPlan { .. } => ended(true),
            Write::PutLink { .. } | Write::PutCode { .. } => until(Some(self.of_part(now))),
            Write::PutWorkflow { .. }
            | Write::DeleteWorkflow { .. }
            | Write::DeleteExecution { .. }
            | Write::PutPlan { .. }
            | Write::PutBaseline { .. }
            | Write::PutDestination { .. }
            | Write::PutSession { .. }
            | Write::DeleteSession { .. }
            | Write::GrowSession { .. }
            | Write::ReserveCredits { .. }
            | Write::SettleCredits { .. }
            | Write::Grant { .. }
            | Write::PutOwner { .. }
            | Write::PutToken { .. }
            | Write::PutSignIn { .. }
            | Write::DeleteSignIn { .. }
            | Write::TakePlace { .. }
            | Write::GivePlaces { .. }
            | Write::RecountPlaces { .. } => Lifetime::default(),
        }
    }
}

/// The end of the day that is `days` after that of `at`.
fn later(at: Timestamp, days: i64) -> Timestamp {
    let day = at.to_zoned(TimeZone::UTC).date();
    day.checked_add((days + 1).days())
        .ok()
        .and_then(|day| day.to_zoned(TimeZone::UTC).ok())
        .map_or(Timestamp::MAX, |begins| begins.timestamp())
}

/// Whether the commit makes what it says of the workflow's run the workflow's baseline.
fn is_baseline(commit: &Commit, of: &WorkflowId) -> bool {
    commit
        .writes
        .iter()
        .any(|write| matches!(write, Write::PutBaseline { workflow, .. } if workflow == of))
}

/// The workflow of a run that the commit advances.
fn concluded<'a>(commit: &'a Commit, id: &ExecutionId) -> Option<&'a WorkflowId> {
    commit.writes.iter().find_map(|write| match write {
        Write::AdvanceExecution { execution, .. } if execution.id == *id => {
            Some(&execution.workflow)
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ended_on_one_day_goes_at_once_and_never_before_its_time() {
        let retention = Retention::of_days(30).unwrap();
        for (at, until) in [
            ("2026-05-04T00:00:00Z", "2026-06-04T00:00:00Z"),
            ("2026-05-04T23:59:59.999Z", "2026-06-04T00:00:00Z"),
            ("2026-12-31T08:00:00Z", "2027-01-31T00:00:00Z"),
        ] {
            let at: Timestamp = at.parse().unwrap();
            let shown = retention.after(at);
            assert_eq!(shown, until.parse().unwrap());
            assert!(retention.of_part(at) >= Retention::of_row(shown) - 24.hours());
            assert!(Retention::of_row(shown) >= retention.of_part(at));
        }
        assert_eq!(retention.after(Timestamp::MAX), Timestamp::MAX);
        for none in [0, Retention::MOST_DAYS + 1] {
            assert_eq!(Retention::of_days(none), None);
        }
    }
}
