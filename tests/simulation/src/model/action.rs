//! Everything that can happen next.

use domain::execution::Resolution;

use crate::state::{Heard, Work};

/// How a commit ends for the one who makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    Well,
    /// The process dies after the write, before it sends what follows.
    ThenDies,
    /// The write happens, its acknowledgement does not come.
    Unacknowledged,
}

/// What a worker's attempt came to, before it is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Came {
    /// It is done: a finished output, a draft for the gate, or what the receiver's answer means.
    Done,
    /// A part is done.
    Part,
    /// Nothing: the run is held or stopped, and the worker gives the step back before its effect.
    GivenBack,
    /// The tool failed and may be tried again.
    Failure,
}

/// One transition.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Action {
    /// A person starts a run.
    Start {
        run: usize,
        how: How,
    },
    /// A worker receives a message and loads the run.
    Receive {
        run: usize,
        work: Work,
    },
    /// The same, and the message will come again.
    ReceiveACopy {
        run: usize,
        work: Work,
    },
    /// A message is gone.
    Lose {
        run: usize,
        work: Work,
    },
    /// A step's message ends in the dead letters, and the sweeper makes the run tell the truth.
    DeadLetter {
        run: usize,
        step: usize,
    },
    /// The worker claims the step, or judges the run, it has loaded.
    Claim {
        worker: usize,
        how: How,
    },
    /// The worker performs the approved draft.
    Perform {
        worker: usize,
        heard: Heard,
    },
    /// The worker commits what its attempt came to.
    Report {
        worker: usize,
        came: Came,
        how: How,
    },
    /// The worker's write is tried again and finds what is stored now.
    RepeatWrite {
        worker: usize,
    },
    /// The worker dies; its message will come again.
    Die {
        worker: usize,
    },
    /// The sweeper deals with one overdue thing.
    Sweep {
        run: usize,
        overdue: usize,
        how: How,
    },
    /// Nothing happens until the next instant that matters; nobody is in the middle of anything.
    Wait,
    /// The same, and whoever is in the middle of something is paused that long.
    Stall,
    /// Nothing happens until a run has used up what time it may.
    WaitLong {
        run: usize,
    },
    /// A person presses a button: the word counts, or not, on what is loaded then.
    Speak {
        person: usize,
        approval: usize,
    },
    /// Their decision is committed.
    Decide {
        person: usize,
        how: How,
    },
    /// Their write is tried again.
    RepeatDecision {
        person: usize,
    },
    /// Only with a bug: the second of two commits.
    FinishDecision {
        person: usize,
    },
    /// A mail scanner opens the link.
    Scan {
        approval: usize,
    },
    Cancel {
        run: usize,
        how: How,
    },
    Pause {
        run: usize,
    },
    Resume {
        run: usize,
        how: How,
    },
    /// A person says what became of an effect.
    Resolve {
        run: usize,
        step: usize,
        outcome: Resolution,
        how: How,
    },
}

impl Action {
    /// Whether it belongs to a world in which nothing goes wrong any more and no person begins anything.
    pub(crate) fn heals(&self) -> bool {
        match self {
            Self::Start { .. }
            | Self::ReceiveACopy { .. }
            | Self::Lose { .. }
            | Self::DeadLetter { .. }
            | Self::Die { .. }
            | Self::Stall
            | Self::WaitLong { .. }
            | Self::Speak { .. }
            | Self::Scan { .. }
            | Self::Cancel { .. }
            | Self::Pause { .. }
            | Self::Resume { .. }
            | Self::Resolve { .. } => false,
            Self::Claim { how, .. } | Self::Sweep { how, .. } | Self::Decide { how, .. } => {
                *how == How::Well
            }
            Self::Report { came, how, .. } => {
                *how == How::Well && matches!(came, Came::Done | Came::GivenBack)
            }
            Self::Perform { heard, .. } => *heard == Heard::Accepted,
            Self::Receive { .. }
            | Self::RepeatWrite { .. }
            | Self::RepeatDecision { .. }
            | Self::FinishDecision { .. }
            | Self::Wait => true,
        }
    }

    /// Whether the sweeper does it.
    pub(crate) fn sweeps(&self) -> bool {
        matches!(self, Self::Sweep { .. })
    }
}
