//! EventBridge Scheduler: one schedule for each expression of a workflow, named after it.
//!
//! Update replaces everything, so every call says everything. Creating is tried first, a conflict becomes an update,
//! and removing what is not there is done. At most two expressions exist for a workflow (a cron with both
//! day fields set), so the names are the workflow's id and `-2`.

use async_trait::async_trait;
use aws_sdk_scheduler::Client;
use aws_sdk_scheduler::types::{
    ActionAfterCompletion, FlexibleTimeWindow, FlexibleTimeWindowMode, RetryPolicy, ScheduleState,
    Target,
};
use domain::ids::{OwnerId, WorkflowId};
use domain::schedule::AwsExpression;
use engine::ports::{ScheduleError, Schedules};

use crate::sdk::{Sdk, causes};

/// The most expressions of one workflow.
const MOST: usize = 2;

/// The schedules of a stack.
#[derive(Debug, Clone)]
pub struct SchedulerSchedules {
    client: Client,
    group: String,
    role_arn: String,
    queue_arn: String,
}

impl SchedulerSchedules {
    #[must_use]
    pub fn new(sdk: &Sdk, group: String, role_arn: String, queue_arn: String) -> Self {
        Self {
            client: Client::new(&sdk.service("SCHEDULER")),
            group,
            role_arn,
            queue_arn,
        }
    }

    fn name(workflow: &WorkflowId, i: usize) -> String {
        if i == 0 {
            workflow.to_string()
        } else {
            format!("{workflow}-{}", i + 1)
        }
    }

    fn target(&self, owner: &OwnerId, workflow: &WorkflowId) -> Result<Target, ScheduleError> {
        // As `engine::ports::queues::Message::Start`; the scheduler writes the time in.
        let input = format!(
            r#"{{"kind":"start","owner":"{owner}","workflow":"{workflow}","scheduled_for":"<aws.scheduler.scheduled-time>","v":{}}}"#,
            engine::ports::queues::VERSION
        );
        Target::builder()
            .arn(&self.queue_arn)
            .role_arn(&self.role_arn)
            .input(input)
            .retry_policy(
                RetryPolicy::builder()
                    .maximum_event_age_in_seconds(86_400)
                    .maximum_retry_attempts(185)
                    .build(),
            )
            .build()
            .map_err(|error| ScheduleError(error.to_string()))
    }

    async fn put_one(
        &self,
        owner: &OwnerId,
        workflow: &WorkflowId,
        name: &str,
        expression: &AwsExpression,
    ) -> Result<(), ScheduleError> {
        let window = FlexibleTimeWindow::builder()
            .mode(FlexibleTimeWindowMode::Off)
            .build()
            .map_err(|error| ScheduleError(error.to_string()))?;
        let target = self.target(owner, workflow)?;
        let start = expression
            .start_date
            .map(|at| aws_sdk_scheduler::primitives::DateTime::from_secs(at.as_second()));
        let after = if expression.expression.starts_with("at(") {
            ActionAfterCompletion::Delete
        } else {
            ActionAfterCompletion::None
        };
        let created = self
            .client
            .create_schedule()
            .name(name)
            .group_name(&self.group)
            .schedule_expression(&expression.expression)
            .schedule_expression_timezone(&expression.timezone)
            .set_start_date(start)
            .flexible_time_window(window.clone())
            .action_after_completion(after.clone())
            .state(ScheduleState::Enabled)
            .target(target.clone())
            .send()
            .await;
        let error = match created {
            Ok(_) => return Ok(()),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|error| error.is_conflict_exception()) =>
            {
                let updated = self
                    .client
                    .update_schedule()
                    .name(name)
                    .group_name(&self.group)
                    .schedule_expression(&expression.expression)
                    .schedule_expression_timezone(&expression.timezone)
                    .set_start_date(start)
                    .flexible_time_window(window)
                    .action_after_completion(after)
                    .state(ScheduleState::Enabled)
                    .target(target)
                    .send()
                    .await;
                match updated {
                    Ok(_) => return Ok(()),
                    Err(error) => causes(&error),
                }
            }
            Err(error) => causes(&error),
        };
        Err(ScheduleError(error))
    }

    async fn remove(&self, name: &str) -> Result<(), ScheduleError> {
        match self
            .client
            .delete_schedule()
            .name(name)
            .group_name(&self.group)
            .send()
            .await
        {
            Ok(_) => Ok(()),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|error| error.is_resource_not_found_exception()) =>
            {
                Ok(())
            }
            Err(error) => Err(ScheduleError(causes(&error))),
        }
    }
}

#[async_trait]
impl Schedules for SchedulerSchedules {
    async fn put(
        &self,
        owner: &OwnerId,
        workflow: &WorkflowId,
        expressions: &[AwsExpression],
    ) -> Result<(), ScheduleError> {
        for i in 0..MOST {
            let name = Self::name(workflow, i);
            match expressions.get(i) {
                Some(expression) => self.put_one(owner, workflow, &name, expression).await?,
                None => self.remove(&name).await?,
            }
        }
        Ok(())
    }
}
