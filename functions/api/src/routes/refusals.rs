//! What the engine's refusals are called on the wire.

use domain::approval::CannotDecide;
use domain::credits::InsufficientCredits;
use domain::execution::{CannotReuse, Refused};
use domain::fault::{Code, Fault};
use domain::quota::Quota;
use engine::advance::AdvanceError;
use engine::approvals::DecideError;
use engine::deliveries::DeliverError;
use engine::differences::DifferenceError;
use engine::executions::StartError;
use engine::planning::SubmitError;
use engine::ports::SecretError;
use engine::quotas::MakeError;
use engine::removal::RemoveError;
use engine::signals::PromoteError;
use engine::workflows::ChangeError;
use http::header::HeaderName;

use crate::problem::{FULL_RETRY_SECONDS, Problem};
use crate::wire::moment::moment;

/// Too many others at the same object: the request may be repeated.
fn contended() -> Problem {
    tracing::warn!("an object is changed by too many at once");
    Problem::unavailable()
}

/// As many as there may be: `most`.
pub(super) fn full(quota: Quota, most: u32) -> Problem {
    let header = |name: &'static str, value: u32| (HeaderName::from_static(name), value.into());
    let detail = format!("there are {most} {} already", quota.noun());
    let mut problem = Problem::quota_exceeded(detail);
    for (name, value) in [
        header("ratelimit-limit", most),
        header("ratelimit-remaining", 0),
        header("ratelimit-reset", FULL_RETRY_SECONDS),
    ] {
        problem = problem.header(name, value);
    }
    problem
}

impl From<MakeError> for Problem {
    fn from(error: MakeError) -> Self {
        match error {
            MakeError::Full(quota) => full(quota, quota.most()),
            MakeError::Contended => contended(),
            MakeError::Store(error) => error.into(),
        }
    }
}

impl From<SecretError> for Problem {
    fn from(error: SecretError) -> Self {
        tracing::error!(%error, "a secret cannot be read");
        Self::unavailable()
    }
}

impl From<InsufficientCredits> for Problem {
    fn from(short: InsufficientCredits) -> Self {
        Self::new(Code::InsufficientCredits, short.to_string())
            .member("required", short.required)
            .member("available", short.available)
    }
}

impl From<StartError> for Problem {
    fn from(error: StartError) -> Self {
        let detail = error.to_string();
        match error {
            StartError::NotFound => Self::not_found(),
            StartError::NotActive(_) => Self::new(Code::WorkflowNotActive, detail),
            StartError::InProgress(run) => {
                Self::new(Code::ExecutionInProgress, detail).member("execution_id", run.as_str())
            }
            StartError::MaxExecutionsReached => Self::new(Code::MaxExecutionsReached, detail),
            StartError::InsufficientCredits(short) => short.into(),
            StartError::NoEarlierRun(_) => {
                Self::of(vec![Fault::invalid("/from_execution", detail)])
            }
            StartError::CannotReuse(CannotReuse::UnknownStep(_)) => {
                Self::of(vec![Fault::invalid("/from_step", detail)])
            }
            StartError::CannotReuse(CannotReuse::NotEnded) => {
                Self::new(Code::InvalidTransition, detail)
            }
            // Only a due time can have its run already, and nobody starts one by hand.
            StartError::AlreadyStarted | StartError::Contended => contended(),
            StartError::Store(error) => error.into(),
        }
    }
}

impl From<RemoveError<Self>> for Problem {
    fn from(error: RemoveError<Self>) -> Self {
        match error {
            RemoveError::NotFound => Self::not_found(),
            RemoveError::InProgress(run) => StartError::InProgress(run).into(),
            RemoveError::Refused(problem) => problem,
            RemoveError::Store(error) => error.into(),
        }
    }
}

impl From<AdvanceError> for Problem {
    fn from(error: AdvanceError) -> Self {
        match error {
            AdvanceError::NotFound => Self::not_found(),
            AdvanceError::Refused(refused) => match &refused {
                Refused::UnknownStep(_) => {
                    Self::of(vec![Fault::invalid("/step", refused.to_string())])
                }
                Refused::Ended
                | Refused::OnHold
                | Refused::NotNow { .. }
                | Refused::StaleFence { .. }
                | Refused::Held { .. }
                | Refused::NotYet { .. }
                | Refused::OtherApproval
                | Refused::DraftChanged => Self::new(Code::InvalidTransition, refused.to_string()),
            },
            AdvanceError::Contended | AdvanceError::Full(_) => contended(),
            AdvanceError::Store(error) => error.into(),
        }
    }
}

impl From<DecideError> for Problem {
    fn from(error: DecideError) -> Self {
        match error {
            DecideError::NotFound => Self::not_found(),
            DecideError::Cannot(cannot) => {
                let detail = cannot.to_string();
                match cannot {
                    CannotDecide::NotAsked { .. } => Self::new(Code::Forbidden, detail),
                    CannotDecide::CodeRequired => Self::new(Code::CodeRequired, detail),
                    CannotDecide::AlreadyDecided { decision, by, at } => {
                        Self::new(Code::AlreadyDecided, detail)
                            .member("decision", decision.as_str())
                            .member("decided_by", by)
                            .member("decided_at", moment(at))
                    }
                    CannotDecide::Expired | CannotDecide::Gone(_) => {
                        Self::new(Code::ApprovalGone, detail)
                    }
                    CannotDecide::DraftChanged => Self::new(Code::DraftChanged, detail),
                    CannotDecide::RevisionsExhausted => Self::new(Code::RevisionsExhausted, detail),
                }
            }
            DecideError::BodyDoesNotFit => {
                Self::of(vec![Fault::invalid("/edited_body", error.to_string())])
            }
            DecideError::Contended => contended(),
            DecideError::Store(error) => error.into(),
        }
    }
}

impl From<DeliverError> for Problem {
    fn from(error: DeliverError) -> Self {
        match error {
            DeliverError::NotFound => Self::not_found(),
            DeliverError::StillPending(_)
            | DeliverError::DestinationGone
            | DeliverError::DestinationDisabled => {
                Self::new(Code::InvalidTransition, error.to_string())
            }
            DeliverError::Contended => contended(),
            DeliverError::Store(error) => error.into(),
        }
    }
}

impl From<DifferenceError> for Problem {
    fn from(error: DifferenceError) -> Self {
        match error {
            DifferenceError::NotFound => Self::not_found(),
            DifferenceError::NotComplete(_) => {
                Self::new(Code::InvalidTransition, error.to_string())
            }
            DifferenceError::Store(error) => error.into(),
        }
    }
}

impl From<PromoteError> for Problem {
    fn from(error: PromoteError) -> Self {
        match error {
            PromoteError::NotFound => Self::not_found(),
            PromoteError::NotSuppressed(_) | PromoteError::WorkflowGone => {
                Self::new(Code::InvalidTransition, error.to_string())
            }
            PromoteError::Contended => contended(),
            PromoteError::Store(error) => error.into(),
        }
    }
}

impl<R: Into<Self>> From<ChangeError<R>> for Problem {
    fn from(error: ChangeError<R>) -> Self {
        match error {
            ChangeError::NotFound => Self::not_found(),
            ChangeError::Refused(reason) => reason.into(),
            ChangeError::InsufficientCredits(short) => short.into(),
            ChangeError::Contended => contended(),
            ChangeError::Store(error) => error.into(),
        }
    }
}

impl From<SubmitError> for Problem {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::InsufficientCredits(short) => short.into(),
            SubmitError::Full(quota) => full(quota, quota.most()),
            SubmitError::Contended => contended(),
            SubmitError::Store(error) => error.into(),
        }
    }
}

impl From<std::convert::Infallible> for Problem {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}
