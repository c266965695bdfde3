//! A signal: what a judged run of a watching workflow has to say, or why it says nothing.
//!
//! Every judged run that found anything leaves one, so that every silence has its reason on record (promise 9); only
//! where nothing changed there is nothing to record. What was kept back can be sent after all: a person promotes it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::difference::Difference;
use crate::execution::Output;
use crate::ids::{DeliveryId, ExecutionId, OwnerId, SignalId, WorkflowId};
use crate::patrol::{ChangeKind, Classification, DecisionWord, Reason, ResultChanges};
use crate::words::words;

words! {
    /// Why something is an item of a signal.
    ItemKind {
        New = "new",
        /// It was there before, was gone, and is there again.
        Returned = "returned",
        Content = "content",
        Field = "field",
        Moved = "moved",
    }
}

/// One thing a signal shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    pub url: String,
    pub kind: ItemKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snippet: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_date: Option<String>,
    /// What a new result was judged to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classification: Option<Classification>,
    /// How a page changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff: Option<Difference>,
}

/// A signal on record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Signal {
    pub id: SignalId,
    pub owner: OwnerId,
    pub workflow: WorkflowId,
    pub execution: ExecutionId,
    pub decision: DecisionWord,
    pub reason: Reason,
    /// Where its items are stored: an array of [`Item`].
    pub items: Output,
    pub item_count: usize,
    pub deliveries: Vec<DeliveryId>,
    /// When a person had it sent that was kept back at first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promoted_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub revision: u64,
}

/// It was not kept back, so it cannot be promoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("only a suppressed signal can be promoted, and this one is {0}")]
pub struct NotSuppressed(pub DecisionWord);

impl Signal {
    /// The signal once a person has it sent.
    ///
    /// # Errors
    /// It was not kept back.
    pub fn promote(&self, now: Timestamp) -> Result<Self, NotSuppressed> {
        match self.decision {
            DecisionWord::Suppressed => Ok(Self {
                decision: DecisionWord::Signalled,
                promoted_at: Some(now),
                revision: self.revision + 1,
                ..self.clone()
            }),
            decision @ (DecisionWord::Signalled
            | DecisionWord::Baseline
            | DecisionWord::Degraded
            | DecisionWord::None) => Err(NotSuppressed(decision)),
        }
    }
}

/// What a signal of this decision shows of a run's changes: what is told, or for one that is kept back all that was
/// found. A run that could not see everything shows nothing (promise 8).
#[must_use]
pub fn items(changes: &ResultChanges, decision: DecisionWord) -> Vec<Item> {
    let all = match decision {
        DecisionWord::Degraded | DecisionWord::None => return Vec::new(),
        DecisionWord::Suppressed | DecisionWord::Baseline => true,
        DecisionWord::Signalled => false,
    };
    let new = changes
        .net_new_urls
        .iter()
        .filter(|result| all || (!result.returned && result.classification == Classification::New));
    let new = new.map(|result| Item {
        url: result.url.clone(),
        kind: if result.returned {
            ItemKind::Returned
        } else {
            ItemKind::New
        },
        title: Some(result.title.clone()),
        snippet: Some(result.snippet.clone()),
        published_date: result.published_date.clone(),
        classification: Some(result.classification),
        diff: None,
    });
    let changed = changes
        .changed
        .iter()
        .filter(|change| all || change.kind != ChangeKind::Moved);
    let changed = changed.map(|change| Item {
        url: change.url.clone(),
        kind: match change.kind {
            ChangeKind::Content => ItemKind::Content,
            ChangeKind::Field => ItemKind::Field,
            ChangeKind::Moved => ItemKind::Moved,
        },
        title: None,
        snippet: None,
        published_date: None,
        classification: None,
        diff: Some(change.diff.clone()),
    });
    new.chain(changed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patrol::{Changed, NewResult};

    fn result(url: &str, returned: bool, classification: Classification) -> NewResult {
        NewResult {
            url: url.into(),
            title: url.into(),
            snippet: String::new(),
            published_date: None,
            first_seen: Timestamp::UNIX_EPOCH,
            returned,
            classification,
        }
    }

    fn changes() -> ResultChanges {
        let changed = |url: &str, kind| Changed {
            url: url.into(),
            kind,
            diff: Difference::default(),
        };
        ResultChanges {
            net_new_count: 3,
            dropped_count: 0,
            retained_count: 2,
            changed_count: 2,
            returned_count: 1,
            change_rate: 60.0,
            net_new_urls: vec![
                result("a", false, Classification::New),
                result("b", true, Classification::New),
                result("c", false, Classification::Context),
            ],
            dropped_urls: vec![],
            changed: vec![
                changed("d", ChangeKind::Content),
                changed("e", ChangeKind::Moved),
            ],
            previous_execution_id: None,
        }
    }

    fn urls(decision: DecisionWord) -> Vec<String> {
        let items = items(&changes(), decision);
        items.into_iter().map(|item| item.url).collect()
    }

    #[test]
    fn a_signal_shows_what_is_told_and_one_kept_back_all_there_was() {
        assert_eq!(urls(DecisionWord::Signalled), ["a", "d"]);
        assert_eq!(urls(DecisionWord::Suppressed), ["a", "b", "c", "d", "e"]);
        assert!(urls(DecisionWord::Degraded).is_empty());
    }

    #[test]
    fn only_what_was_kept_back_is_promoted_and_only_once() {
        let id = uuid::Uuid::from_u128(1);
        let signal = Signal {
            id: SignalId::from_uuid(id),
            owner: OwnerId::from_uuid(id),
            workflow: WorkflowId::from_uuid(id),
            execution: ExecutionId::from_uuid(id),
            decision: DecisionWord::Suppressed,
            reason: Reason::Context,
            items: Output {
                sha256: String::new(),
                bytes: 2,
                inline: Some(serde_json::json!([])),
                preview: String::new(),
            },
            item_count: 0,
            deliveries: vec![],
            promoted_at: None,
            created_at: Timestamp::UNIX_EPOCH,
            revision: 0,
        };
        let promoted = signal.promote(Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(
            (promoted.decision, promoted.reason, promoted.revision),
            (DecisionWord::Signalled, Reason::Context, 1)
        );
        assert_eq!(
            promoted.promote(Timestamp::UNIX_EPOCH),
            Err(NotSuppressed(DecisionWord::Signalled))
        );
    }
}
