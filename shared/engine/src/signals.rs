//! Signals: recorded when a run is judged, promoted by a person.

use domain::delivery::{EventType, Subject};
use domain::execution::Execution;
use domain::ids::{OwnerId, SignalId};
use domain::patrol::{Decision, ResultChanges};
use domain::signal::{self, Item, NotSuppressed, Signal};
use serde_json::{Map, json};

use crate::advance::Alongside;
use crate::deliveries::Notice;
use crate::ports::store::{StoreError, Write};
use crate::{Engine, won};

/// The most items a notice carries; the signal has all.
const MOST_SENT: usize = 50;

/// Why a signal was not promoted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PromoteError {
    #[error("there is no such signal")]
    NotFound,
    #[error(transparent)]
    NotSuppressed(#[from] NotSuppressed),
    #[error("its workflow has been deleted, so nobody can be told")]
    WorkflowGone,
    #[error("too many others change it at the same time")]
    Contended,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Engine {
    /// The record of what a judged run has to say, and its items; nobody is told yet.
    ///
    /// # Errors
    /// The items cannot be stored.
    pub(crate) async fn record_signal(
        &self,
        execution: &Execution,
        decision: Decision,
        changes: Option<&ResultChanges>,
    ) -> Result<(Signal, Vec<Item>), StoreError> {
        let items = changes
            .map(|changes| signal::items(changes, decision.decision))
            .unwrap_or_default();
        let stored = self
            .store
            .put_output(&execution.owner, &json!(items), decision.reason.as_str())
            .await?;
        let signal = Signal {
            id: SignalId::from_uuid(self.uuid()),
            owner: execution.owner.clone(),
            workflow: execution.workflow.clone(),
            execution: execution.id.clone(),
            decision: decision.decision,
            reason: decision.reason,
            items: stored,
            item_count: items.len(),
            deliveries: Vec::new(),
            promoted_at: None,
            created_at: self.now(),
            revision: 0,
        };
        Ok((signal, items))
    }

    /// What a signal shows.
    ///
    /// # Errors
    /// It is gone or damaged.
    pub async fn signal_items(&self, signal: &Signal) -> Result<Vec<Item>, StoreError> {
        let damaged = |reason: String| StoreError::Damaged {
            key: signal.id.to_string(),
            reason,
        };
        let document = self
            .store
            .output(&signal.owner, &signal.items)
            .await?
            .ok_or_else(|| damaged("its items are gone".to_owned()))?;
        serde_json::from_value(document).map_err(|error| damaged(error.to_string()))
    }

    /// Sends what was kept back.
    ///
    /// # Errors
    /// There is no such signal, it was not kept back, or the store fails. Nothing has changed then.
    pub async fn promote(&self, owner: &OwnerId, id: &SignalId) -> Result<Signal, PromoteError> {
        for attempt in 0.. {
            let signal = self
                .store
                .signal(owner, id)
                .await?
                .ok_or(PromoteError::NotFound)?;
            let mut promoted = signal.promote(self.now())?;
            let workflow = self
                .store
                .workflow(owner, &signal.workflow)
                .await?
                .ok_or(PromoteError::WorkflowGone)?;
            let items = self.signal_items(&signal).await?;
            let deliveries = self.address(&workflow, &notice(&promoted, &items)).await?;
            let ids = deliveries.iter().map(|delivery| delivery.id.clone());
            promoted.deliveries = ids.collect();
            let mut alongside = Alongside::default();
            alongside.writes.push(Write::PutSignal {
                signal: promoted.clone(),
            });
            alongside.deliver(deliveries);
            if won(self.commit(alongside.writes).await)? {
                self.send_all(&alongside.messages).await;
                return Ok(promoted);
            }
            if !self.again(attempt).await {
                break;
            }
        }
        Err(PromoteError::Contended)
    }
}

/// What `workflow.signal` says.
pub(crate) fn notice(signal: &Signal, items: &[Item]) -> Notice {
    let mut data = Map::new();
    data.insert("decision".to_owned(), json!(signal.decision));
    data.insert("reason".to_owned(), json!(signal.reason));
    data.insert(
        "items".to_owned(),
        json!(items.iter().take(MOST_SENT).collect::<Vec<_>>()),
    );
    data.insert("items_total".to_owned(), json!(items.len()));
    Notice {
        event: EventType::WorkflowSignal,
        mailed: true,
        subject: Subject {
            execution: Some(signal.execution.clone()),
            signal: Some(signal.id.clone()),
            ..Subject::of(signal.workflow.clone())
        },
        data,
    }
}
