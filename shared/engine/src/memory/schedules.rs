//! A scheduler that keeps what it was told and fires nothing.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use domain::ids::{OwnerId, WorkflowId};
use domain::schedule::AwsExpression;

use super::lock;
use super::outage::{Outage, REASON};
use crate::ports::{ScheduleError, Schedules};

#[derive(Debug, Default)]
struct State {
    standing: BTreeMap<(OwnerId, WorkflowId), Vec<AwsExpression>>,
    asked: usize,
    outage: Outage,
}

/// Schedules as rows.
#[derive(Debug, Default)]
pub struct MemorySchedules {
    state: Mutex<State>,
}

impl MemorySchedules {
    /// What stands for a workflow; empty when nothing does.
    #[must_use]
    pub fn of(&self, owner: &OwnerId, workflow: &WorkflowId) -> Vec<AwsExpression> {
        let key = (owner.clone(), workflow.clone());
        let state = lock(&self.state);
        state.standing.get(&key).cloned().unwrap_or_default()
    }

    /// How often it was asked, failed calls included.
    #[must_use]
    pub fn asked(&self) -> usize {
        lock(&self.state).asked
    }

    /// Makes the next `n` calls fail.
    pub fn fail_next(&self, n: u32) {
        lock(&self.state).outage.next = n;
    }

    /// Makes every call fail, or none.
    pub fn set_down(&self, down: bool) {
        lock(&self.state).outage.down = down;
    }
}

#[async_trait]
impl Schedules for MemorySchedules {
    async fn put(
        &self,
        owner: &OwnerId,
        workflow: &WorkflowId,
        expressions: &[AwsExpression],
    ) -> Result<(), ScheduleError> {
        let mut state = lock(&self.state);
        state.asked += 1;
        if state.outage.strikes() {
            return Err(ScheduleError(REASON.to_owned()));
        }
        let key = (owner.clone(), workflow.clone());
        if expressions.is_empty() {
            state.standing.remove(&key);
        } else {
            state.standing.insert(key, expressions.to_vec());
        }
        Ok(())
    }
}
