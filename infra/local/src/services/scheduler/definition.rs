//! What a schedule is: the body of `CreateSchedule` and `UpdateSchedule`, and its limits.
//!
//! Fields of AWS that nobody here calls for (customer keys, targets other than queues) are unknown
//! fields, and unknown fields are refused.

use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::expression::Expression;
use crate::clock::later;
use crate::services::sqs::check_body;

const LONGEST_EXPRESSION: usize = 256;
const LONGEST_DESCRIPTION: usize = 512;
const LONGEST_ZONE: usize = 50;
const LONGEST_INPUT: usize = 256 * 1024;
/// A start date may lie this far in the past.
const START_LEEWAY: SignedDuration = SignedDuration::from_mins(5);
const EVENT_AGE_S: std::ops::RangeInclusive<i64> = 60..=86_400;
const RETRIES: std::ops::RangeInclusive<i64> = 0..=185;
const WINDOW_MINUTES: std::ops::RangeInclusive<i64> = 1..=1_440;

/// The definition of a schedule, in AWS's field names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Definition {
    pub(super) schedule_expression: String,
    #[serde(default = "utc")]
    pub(super) schedule_expression_timezone: String,
    #[serde(default)]
    pub(super) state: ScheduleState,
    pub(super) flexible_time_window: FlexibleTimeWindow,
    #[serde(default)]
    pub(super) action_after_completion: ActionAfterCompletion,
    pub(super) target: Target,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    /// Seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) start_date: Option<f64>,
    /// Seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) end_date: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum ScheduleState {
    #[default]
    Enabled,
    Disabled,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum ActionAfterCompletion {
    #[default]
    None,
    Delete,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum WindowMode {
    Off,
    Flexible,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct FlexibleTimeWindow {
    pub(super) mode: WindowMode,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) maximum_window_in_minutes: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Target {
    pub(super) arn: String,
    pub(super) role_arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) input: Option<String>,
    #[serde(default)]
    pub(super) retry_policy: RetryPolicy,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) dead_letter_config: Option<DeadLetterConfig>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sqs_parameters: Option<SqsParameters>,
}

impl Target {
    /// How late a fire may be delivered.
    pub(super) fn max_event_age(&self) -> SignedDuration {
        SignedDuration::from_secs(self.retry_policy.maximum_event_age_in_seconds)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub(super) struct RetryPolicy {
    pub(super) maximum_event_age_in_seconds: i64,
    pub(super) maximum_retry_attempts: i64,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            maximum_event_age_in_seconds: *EVENT_AGE_S.end(),
            maximum_retry_attempts: *RETRIES.end(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct DeadLetterConfig {
    pub(super) arn: String,
}

/// Nothing of it is used: the queues here are standard ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct SqsParameters {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message_group_id: Option<String>,
}

fn utc() -> String {
    "UTC".to_owned()
}

/// When a schedule fires: its expression in its zone, between its dates.
pub(super) struct Timing {
    expression: Expression,
    zone: TimeZone,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
}

impl Timing {
    /// The first fire of a schedule that is created or replaced at `now`.
    pub(super) fn first(&self, now: Timestamp) -> Option<Timestamp> {
        match &self.expression {
            // A start date of a moment ago is still to be honoured.
            Expression::Rate(_) => self.not_after_end(self.start.unwrap_or(now)),
            Expression::At(_) | Expression::Cron(_) => self.next_after(now, now),
        }
    }

    /// The fire after the one at `time`; `anchor` is where a rate without a start date began.
    pub(super) fn next_after(&self, time: Timestamp, anchor: Timestamp) -> Option<Timestamp> {
        match &self.expression {
            // Start and end are ignored for one-time schedules.
            Expression::At(local) => {
                let at = self.zone.to_ambiguous_timestamp(*local).earlier().ok()?;
                (at > time).then_some(at)
            }
            Expression::Rate(every) => {
                let anchor = self.start.unwrap_or(anchor);
                let (every, since) = (every.as_millis(), time.duration_since(anchor).as_millis());
                let steps = if since < 0 { 0 } else { since / every + 1 };
                self.not_after_end(later(anchor, i64::try_from(steps * every).ok()?))
            }
            Expression::Cron(cron) => {
                // From one moment before the start: an occurrence at the start itself counts.
                let from = self.start.map_or(time, |start| time.max(later(start, -1)));
                self.not_after_end(cron.next_after(from, &self.zone)?)
            }
        }
    }

    fn not_after_end(&self, time: Timestamp) -> Option<Timestamp> {
        self.end.is_none_or(|end| time <= end).then_some(time)
    }
}

impl Definition {
    /// Where the schedule's messages may go, with the field that says so.
    pub(super) fn queue_arns(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let dead_letters = self.target.dead_letter_config.as_ref();
        [("Target.Arn", self.target.arn.as_str())]
            .into_iter()
            .chain(dead_letters.map(|config| ("Target.DeadLetterConfig.Arn", config.arn.as_str())))
    }

    /// Everything a request is refused for, apart from names and queues.
    pub(super) fn check(&self, now: Timestamp) -> Result<Timing, String> {
        if self.schedule_expression.len() > LONGEST_EXPRESSION {
            return Err(format!(
                "ScheduleExpression is longer than {LONGEST_EXPRESSION} characters"
            ));
        }
        if self
            .description
            .as_ref()
            .is_some_and(|text| text.chars().count() > LONGEST_DESCRIPTION)
        {
            return Err(format!(
                "Description is longer than {LONGEST_DESCRIPTION} characters"
            ));
        }
        match (
            self.flexible_time_window.mode,
            self.flexible_time_window.maximum_window_in_minutes,
        ) {
            (WindowMode::Off, None) => {}
            (WindowMode::Off, Some(_)) => {
                return Err("A window of mode OFF has no MaximumWindowInMinutes".into());
            }
            (WindowMode::Flexible, Some(minutes)) if WINDOW_MINUTES.contains(&minutes) => {}
            (WindowMode::Flexible, _) => {
                return Err("A flexible window has MaximumWindowInMinutes from 1 to 1440".into());
            }
        }
        self.check_target()?;
        let timing = self.timing()?;
        if !matches!(timing.expression, Expression::At(_)) {
            if timing
                .start
                .is_some_and(|start| now.duration_since(start) > START_LEEWAY)
            {
                return Err(
                    "The StartDate you specify cannot be earlier than 5 minutes ago.".into(),
                );
            }
            if timing
                .end
                .is_some_and(|end| end <= now || timing.start.is_some_and(|start| end <= start))
            {
                return Err(
                    "The EndDate you specify must be in the future and after the StartDate.".into(),
                );
            }
        }
        if let Expression::Cron(cron) = &timing.expression
            && cron.next_after(now, &timing.zone).is_none()
        {
            return Err(format!("{} never fires", self.schedule_expression));
        }
        Ok(timing)
    }

    fn check_target(&self) -> Result<(), String> {
        let target = &self.target;
        let role = target
            .role_arn
            .strip_prefix("arn:aws:iam::")
            .and_then(|rest| rest.split_once(":role/"));
        let role_fits = role.is_some_and(|(account, name)| {
            account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()) && !name.is_empty()
        });
        if !role_fits {
            return Err(format!(
                "Target.RoleArn {} is not the ARN of a role",
                target.role_arn
            ));
        }
        if let Some(input) = &target.input {
            if input.len() > LONGEST_INPUT {
                return Err(format!("Target.Input is longer than {LONGEST_INPUT} bytes"));
            }
            check_body(input).map_err(|error| format!("Target.Input: {error}"))?;
        }
        if !EVENT_AGE_S.contains(&target.retry_policy.maximum_event_age_in_seconds) {
            return Err("RetryPolicy.MaximumEventAgeInSeconds is 60 to 86400".into());
        }
        if !RETRIES.contains(&target.retry_policy.maximum_retry_attempts) {
            return Err("RetryPolicy.MaximumRetryAttempts is 0 to 185".into());
        }
        if target
            .sqs_parameters
            .as_ref()
            .is_some_and(|parameters| parameters.message_group_id.is_some())
        {
            return Err(
                "SqsParameters.MessageGroupId is for FIFO queues, and there are none".into(),
            );
        }
        Ok(())
    }

    /// When it fires.
    pub(super) fn timing(&self) -> Result<Timing, String> {
        let zone = zone(&self.schedule_expression_timezone)?;
        let expression = Expression::parse(&self.schedule_expression)?;
        if let Expression::At(local) = &expression
            && matches!(
                zone.to_ambiguous_timestamp(*local).offset(),
                AmbiguousOffset::Gap { .. }
            )
        {
            return Err(format!(
                "{local} does not exist in {}",
                self.schedule_expression_timezone
            ));
        }
        let date = |field: &str, seconds: Option<f64>| {
            seconds.map(|seconds| moment(field, seconds)).transpose()
        };
        Ok(Timing {
            expression,
            zone,
            start: date("StartDate", self.start_date)?,
            end: date("EndDate", self.end_date)?,
        })
    }
}

/// The IANA zone of exactly this name: AWS tells upper from lower case.
fn zone(name: &str) -> Result<TimeZone, String> {
    let unknown = || format!("Provided value of ScheduleExpressionTimezone `{name}` is not valid");
    if name.len() > LONGEST_ZONE {
        return Err(unknown());
    }
    TimeZone::get(name)
        .ok()
        .filter(|zone| zone.iana_name() == Some(name))
        .ok_or_else(unknown)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a cast from a double saturates, and the ends are refused"
)]
fn moment(field: &str, seconds: f64) -> Result<Timestamp, String> {
    Timestamp::from_millisecond((seconds * 1_000.0) as i64)
        .map_err(|_| format!("{field} is not a date"))
}
