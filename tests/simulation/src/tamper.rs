//! Where the store's adapter is wrong, when a bug says so; otherwise it does what the store does.

use domain::approval::{Approval, ApprovalStatus};
use engine::memory::at_once;
use engine::ports::store::DueItem;
use engine::ports::{Commit, CommitError, Store as _, StoreError, Write};
use jiff::Timestamp;

use crate::bug::Bug;
use crate::ground::Ground;

/// Commits, and shows the oracle what was written.
pub(crate) fn commit(ground: &Ground, commit: &Commit) -> Result<(), CommitError> {
    let bug = ground.state().bug;
    let changed = match bug {
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

fn show(ground: &Ground, commit: &Commit) {
    let (now_ms, clock) = (ground.now_ms(), ground.now_as_seen());
    let mut state = ground.state();
    let state = &mut *state;
    state
        .oracle
        .committed(&ground.store, commit, state.current.as_ref(), now_ms, clock);
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
        DueItem::Workflow(..) | DueItem::Planning(..) | DueItem::Delivery(..) => true,
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
