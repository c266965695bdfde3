//! Schedules in AWS, derived from our rows: every call says all there is to say, and may be repeated.

use async_trait::async_trait;
use domain::ids::{OwnerId, WorkflowId};
use domain::schedule::AwsExpression;

/// Why a schedule could not be brought into line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the scheduler does not answer: {0}")]
pub struct ScheduleError(pub String);

/// The scheduler.
#[async_trait]
pub trait Schedules: Send + Sync {
    /// Makes the workflow's schedules be exactly these; none removes them.
    async fn put(
        &self,
        owner: &OwnerId,
        workflow: &WorkflowId,
        expressions: &[AwsExpression],
    ) -> Result<(), ScheduleError>;
}
