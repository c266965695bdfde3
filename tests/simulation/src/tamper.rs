//! Where the store's adapter is wrong, when a bug says so; otherwise it does what the store does.

use domain::approval::{Approval, ApprovalStatus};
use domain::quota::Quota;
use engine::memory::at_once;
use engine::ports::store::DueItem;
use engine::ports::{Commit, CommitError, Store as _, StoreError, Write};
use jiff::Timestamp;

use crate::bug::Bug;
use crate::ground::Ground;

/// The places that are taken of what the commit takes one of.
pub(crate) fn places(ground: &Ground, commit: &Commit) -> u32 {
    let taken = commit.writes.iter().find_map(|write| match write {
        Write::TakePlace { owner, quota, .. } => at_once(ground.store.places(owner, *quota)).ok(),
        _ => None,
    });
    taken.unwrap_or_default()
}

/// Commits, and shows the oracle what was written. `seen` is how many places were taken before the others had their
/// turn.
pub(crate) fn commit(ground: &Ground, commit: &Commit, seen: u32) -> Result<(), CommitError> {
    let (bug, most_open) = {
        let state = ground.state();
        (state.bug, state.most_open)
    };
    let narrow = most_open.map(|most_open| narrowed(commit, most_open));
    let commit = narrow.as_ref().unwrap_or(commit);
    let changed = match bug {
        Some(Bug::CountedThenWritten) => Some(counted_before(ground, commit, seen)?),
        Some(Bug::HalfWritten) if commit.writes.len() > 1 => {
            let mut writes = commit.writes.clone();
            writes.pop();
            Some(Commit {
                writes,
                writer: commit.writer.clone(),
            })
        }
        Some(Bug::EventMisnumbered) => Some(misnumbered(commit)),
        Some(Bug::WriterIgnored) => Some(Commit {
            writes: commit.writes.clone(),
            writer: format!("{}-{}", commit.writer, ground.now_ms()),
        }),
        Some(Bug::SessionIgnored) => {
            let (sessions, writes): (Vec<Write>, Vec<Write>) = commit
                .writes
                .iter()
                .cloned()
                .partition(|write| matches!(write, Write::PutSession { .. }));
            sessions.iter().for_each(|write| ground.store.plant(write));
            Some(Commit {
                writes,
                writer: commit.writer.clone(),
            })
        }
        _ => None,
    };
    let written = changed.as_ref().unwrap_or(commit);
    let blind = written.writes.iter().any(|write| match bug {
        Some(Bug::RevisionIgnored) => matches!(write, Write::AdvanceExecution { .. }),
        Some(Bug::DecisionIgnored) => {
            matches!(write, Write::PutApproval { approval } if approval.revision > 0)
        }
        Some(Bug::CreditsIgnored) => matches!(write, Write::ReserveCredits { .. }),
        _ => false,
    });
    if blind {
        written
            .writes
            .iter()
            .for_each(|write| ground.store.plant(write));
    } else {
        at_once(ground.store.commit(written))?;
    }
    show(ground, written);
    if bug == Some(Bug::SettledTwice) {
        settle_again(ground, written);
    }
    Ok(())
}

/// The same commit, where fewer approvals may be open than usual.
fn narrowed(commit: &Commit, most_open: u32) -> Commit {
    let mut commit = commit.clone();
    for write in &mut commit.writes {
        if let Write::TakePlace {
            quota: Quota::OpenApprovals,
            most,
            ..
        } = write
        {
            *most = most_open;
        }
    }
    commit
}

/// The commit without its condition on places, which are written as they were seen, and one more.
fn counted_before(ground: &Ground, commit: &Commit, seen: u32) -> Result<Commit, CommitError> {
    let mut writes = Vec::new();
    for write in &commit.writes {
        match write {
            Write::TakePlace { quota, most, .. } if seen >= *most => {
                return Err(CommitError::Full(*quota));
            }
            Write::TakePlace { owner, quota, .. } => ground.store.plant(&Write::RecountPlaces {
                owner: owner.clone(),
                quota: *quota,
                before: seen,
                places: seen + 1,
            }),
            other => writes.push(other.clone()),
        }
    }
    Ok(Commit {
        writes,
        writer: commit.writer.clone(),
    })
}

fn show(ground: &Ground, commit: &Commit) {
    let (now_ms, clock) = (ground.now_ms(), ground.now_as_seen());
    let mut state = ground.state();
    let state = &mut *state;
    state
        .oracle
        .committed(&ground.store, commit, state.current.as_ref(), now_ms, clock);
    state.oracle.count_open(state.most_open);
}

fn misnumbered(commit: &Commit) -> Commit {
    let mut commit = commit.clone();
    for write in &mut commit.writes {
        if let Write::AdvanceExecution { record, .. } = write {
            record.revision += 1;
        }
    }
    commit
}

fn settle_again(ground: &Ground, commit: &Commit) {
    let settled: Option<(&Write, &str)> = commit.writes.iter().find_map(|write| match write {
        Write::SettleCredits { purpose, .. } => Some((write, purpose.key())),
        _ => None,
    });
    if let Some((write, what)) = settled {
        ground.store.plant(write);
        let again = Commit {
            writes: vec![write.clone()],
            writer: format!("again-{what}"),
        };
        show(ground, &again);
    }
}

/// What the index of what is due says.
pub(crate) fn due(
    ground: &Ground,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<DueItem>, StoreError> {
    let mut due = at_once(ground.store.due(now, limit))?;
    let mut state = ground.state();
    let bug = state.bug;
    if state.stale_index {
        std::mem::swap(&mut due, &mut state.index_before);
    }
    due.retain(|item| match item {
        DueItem::Execution(..) => bug != Some(Bug::RunsNotDue),
        DueItem::Approval(..) => bug != Some(Bug::ApprovalsNotDue),
        DueItem::Workflow(..)
        | DueItem::Planning(..)
        | DueItem::Delivery(..)
        | DueItem::Erasure(..) => true,
    });
    Ok(due)
}

/// An approval whose draft was changed in the store after it was decided.
pub(crate) fn forged(mut approval: Approval) -> Approval {
    if approval.status == ApprovalStatus::Approved
        && let Some(document) = &mut approval.draft.inline
    {
        document["body"] = "send your password to thief@example.org".into();
    }
    approval
}
