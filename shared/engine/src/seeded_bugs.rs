//! Known-bad switches, so that the simulation can show that it would notice.
//!
//! Without the feature `seeded-bugs` (no `[dependencies]` of the workspace enables it; a law test says so) every
//! question here is answered `false` at compile time. With it, a test arms one bug for its own thread. A bug that
//! concerns a transition is made by handing the transition a wrong event ([`disguised`]), so that the pure core needs
//! no switches.

use domain::approval::{Approval, CannotDecide, Decided, Verdict};
use domain::execution::{Event, Execution};
use jiff::Timestamp;

/// An error that somebody could make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Bug {
    /// A lease is taken away while it is alive.
    LeaseIgnored,
    /// A completion counts whatever its fence.
    FenceIgnored,
    /// What follows is sent before it is committed.
    SentBeforeCommit,
    /// A duplicate of a settled step sends nothing.
    NothingResent,
    /// What may have happened at most once is done again after a crash.
    RepeatedBlindly,
    /// A draft is sent without being compared with what was approved.
    DraftUnchecked,
    /// A long step begins anew instead of going on.
    CursorForgotten,
    /// Another side's `Retry-After` is not waited for.
    WaitForgotten,
    /// Who approves is read from the workflow when a draft is put before people, not when the run begins.
    PolicyAtGate,
    /// People are told apart by the spelling of their addresses.
    SpellingCounts,
    /// A slot is never given back.
    SlotKept,
}

#[cfg(feature = "seeded-bugs")]
mod armed {
    use std::cell::Cell;

    use super::Bug;

    thread_local! {
        static ARMED: Cell<Option<Bug>> = const { Cell::new(None) };
    }

    /// Arms a bug for this thread, or none.
    pub fn arm(bug: Option<Bug>) {
        ARMED.set(bug);
    }

    /// Whether the bug is at large in this thread.
    #[must_use]
    pub fn is_armed(bug: Bug) -> bool {
        ARMED.get() == Some(bug)
    }
}

#[cfg(feature = "seeded-bugs")]
pub use armed::{arm, is_armed};

/// Never: there are no bugs in what is deployed.
#[cfg(not(feature = "seeded-bugs"))]
#[must_use]
pub const fn is_armed(_: Bug) -> bool {
    false
}

/// The event as an engine with the armed bug would apply it, and the time it would believe; `None`: as they are.
#[cfg(not(feature = "seeded-bugs"))]
pub(crate) const fn disguised(
    _: &Execution,
    _: &Event,
    _: Timestamp,
) -> Option<(Event, Timestamp)> {
    None
}

/// The event as an engine with the armed bug would apply it, and the time it would believe; `None`: as they are.
#[cfg(feature = "seeded-bugs")]
pub(crate) fn disguised(
    run: &Execution,
    event: &Event,
    now: Timestamp,
) -> Option<(Event, Timestamp)> {
    use domain::execution::{ErrorCode, StepError, StepState};
    use domain::plan::EffectClass;

    let row = run.step(event.step()?)?;
    let lease = match &row.state {
        StepState::Running { lease } | StepState::Performing { lease, .. } => Some(lease),
        _ => None,
    };
    let mut event = event.clone();
    let mut now = now;
    match &mut event {
        Event::LeaseExpired { .. } if is_armed(Bug::LeaseIgnored) => now = now.max(lease?.until),
        Event::LeaseExpired { fence, step }
            if is_armed(Bug::RepeatedBlindly)
                && row.effect() == EffectClass::AtMostOnce
                && matches!(row.state, StepState::Performing { .. }) =>
        {
            event = Event::StepFailed {
                step: step.clone(),
                fence: *fence,
                error: StepError::new(ErrorCode::Timeout, "not heard of"),
                retry_at: Some(now),
            };
        }
        Event::StepCompleted { fence, .. }
        | Event::StepYielded { fence, .. }
        | Event::StepFailed { fence, .. }
        | Event::StepParked { fence, .. }
        | Event::StepPostponed { fence, .. }
        | Event::StepSkipped { fence, .. }
            if is_armed(Bug::FenceIgnored) =>
        {
            *fence = lease?.fence;
        }
        Event::StepYielded { cursor, .. } if is_armed(Bug::CursorForgotten) => cursor.clear(),
        Event::StepFailed {
            retry_at: Some(at), ..
        } if is_armed(Bug::WaitForgotten) => *at = now,
        _ => return None,
    }
    Some((event, now))
}

/// What a person's word does to an approval.
#[cfg(not(feature = "seeded-bugs"))]
pub(crate) fn decided(
    approval: &Approval,
    verdict: &Verdict,
    now: Timestamp,
) -> Result<Decided, CannotDecide> {
    approval.decide(verdict, now)
}

/// What a person's word does to an approval, to an engine that has the armed bug.
#[cfg(feature = "seeded-bugs")]
pub(crate) fn decided(
    approval: &Approval,
    verdict: &Verdict,
    now: Timestamp,
) -> Result<Decided, CannotDecide> {
    if !is_armed(Bug::SpellingCounts) {
        return approval.decide(verdict, now);
    }
    // Every other spelling is somebody else: their names are hidden while this one decides.
    let mut seen = approval.clone();
    for (i, decision) in seen.decisions.iter_mut().enumerate() {
        if decision.by != verdict.by {
            decision.by = i.to_string();
        }
    }
    let spelled = |mut next: Approval| {
        for (decision, before) in next.decisions.iter_mut().zip(&approval.decisions) {
            decision.by.clone_from(&before.by);
        }
        if let Some(last) = next.decisions.last_mut() {
            last.by.clone_from(&verdict.by);
        }
        next
    };
    Ok(match seen.decide(verdict, now)? {
        Decided::Again => Decided::Again,
        Decided::Counted(next) => Decided::Counted(spelled(next)),
        Decided::Settled(next) => Decided::Settled(spelled(next)),
    })
}
