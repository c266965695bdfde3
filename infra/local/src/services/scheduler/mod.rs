//! Amazon EventBridge Scheduler: schedules that put a message into a queue.
//!
//! [`cron`] and [`expression`] say when, [`definition`] what a schedule is, [`front`] speaks the REST
//! protocol, and this file keeps the schedules and fires them. The host calls [`Scheduler::fire_due`]
//! whenever [`Scheduler::next_fire`] has come, in real or moved time.
//!
//! A fire and its message are one transaction with the schedule's next time: none is lost and none
//! doubled by `kill -9`. (AWS promises less, at least once; the faults of the queue make up for that.)
//! After the machine was off, occurrences older than the schedule's maximum event age are skipped as
//! AWS would have given up on them, except the last one: what to do about a missed time is the
//! application's decision, so it must hear of it.
//!
//! A flexible window fires at its beginning, which is one of the moments AWS may choose.

mod cron;
mod definition;
mod expression;
mod front;

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{OptionalExtension, Row, Transaction, params};
use serde_json::{Value, json};
use uuid::Uuid;

use self::definition::{ActionAfterCompletion, Definition, ScheduleState, Timing};
use super::sqs::{Sqs, SqsError, queue_of_arn};
use crate::clock::{Clock, stored_time};
use crate::faults::Faults;
use crate::state::{State, StateError};
use crate::usage::Usage;

/// The group a schedule is in when it names none.
const DEFAULT_GROUP: &str = "default";
/// How long a client token is remembered. AWS does not say; a day is longer than any retry.
const TOKENS_KEPT: SignedDuration = SignedDuration::from_hours(24);

/// Why a request about a schedule was refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SchedulerError {
    /// The request is not well-formed.
    #[error("{0}")]
    Invalid(String),
    /// No such schedule or group.
    #[error("{0}")]
    NotFound(String),
    /// The name is taken, or a client token comes with another request.
    #[error("{0}")]
    Conflict(String),
    /// The schedules could not be read or written.
    #[error(transparent)]
    State(#[from] StateError),
}

impl From<rusqlite::Error> for SchedulerError {
    fn from(error: rusqlite::Error) -> Self {
        Self::State(error.into())
    }
}

/// A schedule as stored.
struct Schedule {
    group: String,
    name: String,
    definition: Definition,
    created_at: Timestamp,
    modified_at: Timestamp,
    fires_at: Option<Timestamp>,
}

/// The schedules of the account.
pub(crate) struct Scheduler {
    state: Arc<State>,
    clock: Arc<Clock>,
    usage: Arc<Usage>,
    faults: Arc<Faults>,
    sqs: Arc<Sqs>,
    groups: BTreeSet<String>,
}

impl Scheduler {
    /// A scheduler with the given groups beside AWS's own `default`. Schedules of earlier runs of the
    /// host are still there.
    pub(crate) fn new(
        state: Arc<State>,
        clock: Arc<Clock>,
        usage: Arc<Usage>,
        faults: Arc<Faults>,
        sqs: Arc<Sqs>,
        groups: Vec<String>,
    ) -> Arc<Self> {
        let groups = groups
            .into_iter()
            .chain([DEFAULT_GROUP.to_owned()])
            .collect();
        Arc::new(Self {
            state,
            clock,
            usage,
            faults,
            sqs,
            groups,
        })
    }

    /// When the next schedule fires.
    ///
    /// # Errors
    /// When the schedules cannot be read.
    pub(crate) fn next_fire(&self) -> Result<Option<Timestamp>, SchedulerError> {
        let next: Option<i64> = self.state.read(|connection| {
            connection
                .prepare_cached("SELECT min(fires_at) FROM schedules WHERE fires_at IS NOT NULL")?
                .query_row([], |row| row.get(0))
                .map_err(SchedulerError::from)
        })?;
        Ok(next.map(stored_time).transpose()?)
    }

    /// Fires every schedule due at `now`, in the order of their times, into the queues of `sqs`.
    /// Returns how many messages were sent.
    ///
    /// # Errors
    /// When the schedules or messages cannot be read or written; what was fired before stays fired.
    pub(crate) fn fire_due(&self, now: Timestamp, sqs: &Sqs) -> Result<usize, SchedulerError> {
        let mut sent = 0;
        while let Some(queue) = self
            .state
            .write(|transaction| fire_first(transaction, now, sqs))?
        {
            if let Some(queue) = queue {
                sqs.announce(&queue);
                sent += 1;
            }
        }
        Ok(sent)
    }

    /// Every schedule with AWS's own field names, by group and name.
    ///
    /// # Errors
    /// When the schedules cannot be read.
    pub(crate) fn list(&self) -> Result<Vec<Value>, SchedulerError> {
        Ok(self.all()?.iter().map(document).collect())
    }

    fn all(&self) -> Result<Vec<Schedule>, SchedulerError> {
        let rows: Vec<StoredSchedule> = self.state.read(|connection| {
            connection
                .prepare_cached(&format!("{SELECT} ORDER BY group_name, name"))?
                .query_map([], StoredSchedule::from_row)?
                .collect::<Result<_, _>>()
                .map_err(SchedulerError::from)
        })?;
        rows.into_iter().map(|row| Ok(row.parse()?)).collect()
    }

    fn create(
        &self,
        group: &str,
        name: &str,
        definition: &Definition,
        token: Option<&str>,
    ) -> Result<String, SchedulerError> {
        let timing = self.check(group, definition)?;
        let now = self.clock.now();
        self.state.write(|transaction| {
            let request = format!("create {group}/{name} {}", json!(definition));
            let known = find(transaction, group, name)?.is_some();
            if self.is_replay(transaction, token, &request, now)? && known {
                return Ok(arn(group, name));
            }
            if known {
                return Err(SchedulerError::Conflict(format!("Schedule {name} already exists.")));
            }
            let now_ms = now.as_millisecond();
            transaction.execute(
                "INSERT INTO schedules (group_name, name, definition, created_at, modified_at, fires_at)
                 VALUES (?1, ?2, ?3, ?4, ?4, ?5)",
                params![group, name, json!(definition).to_string(), now_ms, first_fire(definition, &timing, now)],
            )?;
            Ok(arn(group, name))
        })
    }

    /// Replaces the whole definition: what the request leaves out goes back to its default, and the
    /// first fire is computed anew, so a rate without a start date fires at once.
    fn update(
        &self,
        group: &str,
        name: &str,
        definition: &Definition,
        token: Option<&str>,
    ) -> Result<String, SchedulerError> {
        let timing = self.check(group, definition)?;
        let now = self.clock.now();
        self.state.write(|transaction| {
            let request = format!("update {group}/{name} {}", json!(definition));
            find(transaction, group, name)?.ok_or_else(|| missing(name))?;
            if self.is_replay(transaction, token, &request, now)? {
                return Ok(arn(group, name));
            }
            transaction.execute(
                "UPDATE schedules SET definition = ?3, modified_at = ?4, fires_at = ?5 WHERE group_name = ?1 AND name = ?2",
                params![
                    group,
                    name,
                    json!(definition).to_string(),
                    now.as_millisecond(),
                    first_fire(definition, &timing, now)
                ],
            )?;
            Ok(arn(group, name))
        })
    }

    fn delete(&self, group: &str, name: &str, token: Option<&str>) -> Result<(), SchedulerError> {
        self.check_group(group)?;
        let now = self.clock.now();
        self.state.write(|transaction| {
            let replay =
                self.is_replay(transaction, token, &format!("delete {group}/{name}"), now)?;
            let deleted = transaction.execute(
                "DELETE FROM schedules WHERE group_name = ?1 AND name = ?2",
                [group, name],
            )?;
            if deleted == 0 && !replay {
                Err(missing(name))
            } else {
                Ok(())
            }
        })
    }

    fn get(&self, group: &str, name: &str) -> Result<Value, SchedulerError> {
        self.check_group(group)?;
        let schedule = self
            .state
            .read(|connection| find(connection, group, name))?;
        Ok(document(&schedule.ok_or_else(|| missing(name))?))
    }

    fn check(&self, group: &str, definition: &Definition) -> Result<Timing, SchedulerError> {
        self.check_group(group)?;
        for (field, arn) in definition.queue_arns() {
            if !queue_of_arn(arn).is_some_and(|queue| self.sqs.has(queue)) {
                return Err(SchedulerError::Invalid(format!(
                    "{field} {arn} is not a queue of this account"
                )));
            }
        }
        definition
            .check(self.clock.now())
            .map_err(SchedulerError::Invalid)
    }

    fn check_group(&self, group: &str) -> Result<(), SchedulerError> {
        if self.groups.contains(group) {
            Ok(())
        } else {
            Err(SchedulerError::NotFound(format!(
                "Schedule group {group} does not exist."
            )))
        }
    }

    /// Is this the repetition of a request with the same token? A token with another request is refused.
    fn is_replay(
        &self,
        transaction: &Transaction<'_>,
        token: Option<&str>,
        request: &str,
        now: Timestamp,
    ) -> Result<bool, SchedulerError> {
        let Some(token) = token else { return Ok(false) };
        let now_ms = now.as_millisecond();
        let kept_ms = i64::try_from(TOKENS_KEPT.as_millis()).unwrap_or(i64::MAX);
        transaction.execute(
            "DELETE FROM schedule_tokens WHERE made_at < ?1",
            [now_ms - kept_ms],
        )?;
        let known: Option<String> = transaction
            .query_row(
                "SELECT request FROM schedule_tokens WHERE token = ?1",
                [token],
                |row| row.get(0),
            )
            .optional()?;
        match known {
            Some(known) if known == request => Ok(true),
            Some(_) => Err(SchedulerError::Conflict(
                "The client token was used with a different request.".into(),
            )),
            None => {
                transaction.execute(
                    "INSERT INTO schedule_tokens (token, request, made_at) VALUES (?1, ?2, ?3)",
                    params![token, request, now_ms],
                )?;
                Ok(false)
            }
        }
    }
}

const SELECT: &str =
    "SELECT group_name, name, definition, created_at, modified_at, fires_at FROM schedules";

struct StoredSchedule {
    group: String,
    name: String,
    definition: String,
    created_at: i64,
    modified_at: i64,
    fires_at: Option<i64>,
}

impl StoredSchedule {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            group: row.get(0)?,
            name: row.get(1)?,
            definition: row.get(2)?,
            created_at: row.get(3)?,
            modified_at: row.get(4)?,
            fires_at: row.get(5)?,
        })
    }

    fn parse(self) -> Result<Schedule, StateError> {
        let Ok(definition) = serde_json::from_str(&self.definition) else {
            return Err(StateError::Inconsistent {
                what: "schedule",
                id: format!("{}/{}", self.group, self.name),
            });
        };
        Ok(Schedule {
            definition,
            created_at: stored_time(self.created_at)?,
            modified_at: stored_time(self.modified_at)?,
            fires_at: self.fires_at.map(stored_time).transpose()?,
            group: self.group,
            name: self.name,
        })
    }
}

fn find(
    connection: &rusqlite::Connection,
    group: &str,
    name: &str,
) -> Result<Option<Schedule>, SchedulerError> {
    let row = connection
        .prepare_cached(&format!("{SELECT} WHERE group_name = ?1 AND name = ?2"))?
        .query_row([group, name], StoredSchedule::from_row)
        .optional()?;
    Ok(row.map(StoredSchedule::parse).transpose()?)
}

/// Fires the schedule that is due first. `None` when none is due, `Some(None)` when it had nowhere to go.
fn fire_first(
    transaction: &Transaction<'_>,
    now: Timestamp,
    sqs: &Sqs,
) -> Result<Option<Option<String>>, SchedulerError> {
    let row = transaction
        .prepare_cached(&format!(
            "{SELECT} WHERE fires_at <= ?1 ORDER BY fires_at, group_name, name LIMIT 1"
        ))?
        .query_row([now.as_millisecond()], StoredSchedule::from_row)
        .optional()?;
    let Some(schedule) = row.map(StoredSchedule::parse).transpose()? else {
        return Ok(None);
    };
    let id = format!("{}/{}", schedule.group, schedule.name);
    let inconsistent = || StateError::Inconsistent {
        what: "schedule",
        id: id.clone(),
    };
    let timing = schedule.definition.timing().map_err(|_| inconsistent())?;
    let mut time = schedule.fires_at.ok_or_else(inconsistent)?;
    let mut next = timing.next_after(time, schedule.modified_at);
    while let Some(later) = next
        && later <= now
        && now.duration_since(time) > schedule.definition.target.max_event_age()
    {
        time = later;
        next = timing.next_after(time, schedule.modified_at);
    }

    let queue = queue_of_arn(&schedule.definition.target.arn).filter(|queue| sqs.has(queue));
    match queue {
        Some(queue) => {
            let body = message(&schedule, time);
            sqs.insert(transaction, queue, &body, 0)
                .map_err(|error| match error {
                    SqsError::State(error) => SchedulerError::State(error),
                    other => SchedulerError::Invalid(other.to_string()),
                })?;
        }
        None => tracing::warn!(
            schedule = id,
            "a schedule fired for a queue that is no longer declared"
        ),
    }
    if next.is_none()
        && schedule.definition.action_after_completion == ActionAfterCompletion::Delete
    {
        transaction.execute(
            "DELETE FROM schedules WHERE group_name = ?1 AND name = ?2",
            [&schedule.group, &schedule.name],
        )?;
    } else {
        transaction.execute(
            "UPDATE schedules SET fires_at = ?3 WHERE group_name = ?1 AND name = ?2",
            params![
                schedule.group,
                schedule.name,
                next.map(Timestamp::as_millisecond)
            ],
        )?;
    }
    Ok(Some(queue.map(ToOwned::to_owned)))
}

/// The message of one fire: the target's input with the context attributes filled in, or the event AWS
/// sends when there is no input.
fn message(schedule: &Schedule, time: Timestamp) -> String {
    let scheduled_time = time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let schedule_arn = arn(&schedule.group, &schedule.name);
    let execution_id = Uuid::now_v7().to_string();
    match &schedule.definition.target.input {
        Some(input) => input
            .replace("<aws.scheduler.scheduled-time>", &scheduled_time)
            .replace("<aws.scheduler.schedule-arn>", &schedule_arn)
            .replace("<aws.scheduler.execution-id>", &execution_id)
            .replace("<aws.scheduler.attempt-number>", "1"),
        None => json!({
            "version": "0",
            "id": execution_id,
            "detail-type": "Scheduled Event",
            "source": "aws.scheduler",
            "account": "000000000000",
            "time": scheduled_time,
            "region": "us-east-1",
            "resources": [schedule_arn],
            "detail": "{}",
        })
        .to_string(),
    }
}

/// When a schedule created or replaced at `now` fires first, in milliseconds; never when it is disabled.
fn first_fire(definition: &Definition, timing: &Timing, now: Timestamp) -> Option<i64> {
    match definition.state {
        ScheduleState::Enabled => timing.first(now).map(Timestamp::as_millisecond),
        ScheduleState::Disabled => None,
    }
}

fn missing(name: &str) -> SchedulerError {
    SchedulerError::NotFound(format!("Schedule {name} does not exist."))
}

fn arn(group: &str, name: &str) -> String {
    format!("arn:aws:scheduler:us-east-1:000000000000:schedule/{group}/{name}")
}

/// The schedule as `GetSchedule` shows it.
fn document(schedule: &Schedule) -> Value {
    let mut document = json!({
        "Arn": arn(&schedule.group, &schedule.name),
        "Name": schedule.name,
        "GroupName": schedule.group,
        "CreationDate": schedule.created_at.as_second(),
        "LastModificationDate": schedule.modified_at.as_second(),
    });
    if let (Some(document), Value::Object(definition)) =
        (document.as_object_mut(), json!(schedule.definition))
    {
        document.extend(definition);
    }
    document
}

#[cfg(test)]
mod tests;
