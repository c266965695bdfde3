//! Mistakes that could be made around the domain, each switched on alone to see that a promise catches it.

/// A mistake in the glue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bug {
    /// The aggregate is written whatever its revision is.
    NoRevisionCondition,
    /// A report refused for its old fence is given the current one.
    OldFenceCounts,
    /// Opening the mailed link approves.
    GetDecides,
    /// The decision and the run are two commits.
    DecisionApart,
    /// The idempotency key contains the attempt.
    AttemptInKey,
    /// What goes out is made anew instead of taken from the approved draft.
    RemakesDraft,
    /// A mail whose sender was lost is sent again without asking.
    RepeatsMail,
    /// A message for an ended run settles its credits once more.
    SettlesTwice,
    /// A message whose step is held elsewhere is acknowledged instead of put back.
    AcknowledgesHeld,
    /// A worker that finds its step settled does not send what follows.
    ForgetsWhatFollows,
}
