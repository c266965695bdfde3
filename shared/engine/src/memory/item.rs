//! What stands under a key.

use std::any::Any;
use std::sync::Arc;

use domain::credits::Account;
use jiff::Timestamp;

/// A document with what conditions and the index need of it.
#[derive(Clone)]
pub(super) struct Item {
    /// Of the type its key says.
    document: Arc<dyn Any + Send + Sync>,
    pub(super) revision: Option<u64>,
    /// In milliseconds since 1970, as the index sorts.
    pub(super) due_ms: Option<i64>,
    /// Until when it is there, and until when lists show it; in milliseconds since 1970.
    pub(super) expires_ms: Option<i64>,
    pub(super) shown_until_ms: Option<i64>,
    /// Who wrote it last.
    pub(super) writer: String,
}

impl Item {
    pub(super) fn new<T: Any + Send + Sync>(document: T) -> Self {
        Self {
            document: Arc::new(document),
            revision: None,
            due_ms: None,
            expires_ms: None,
            shown_until_ms: None,
            writer: String::new(),
        }
    }

    pub(super) fn revision(self, revision: u64) -> Self {
        Self {
            revision: Some(revision),
            ..self
        }
    }

    pub(super) fn due(self, due_at: Option<Timestamp>) -> Self {
        Self {
            due_ms: due_at.map(|at| at.as_millisecond()),
            ..self
        }
    }

    /// The document; `None` when it is of another type.
    pub(super) fn document<T: Any>(&self) -> Option<&T> {
        self.document.downcast_ref()
    }
}

/// An owner's credits as they are stored. Without a grant they are counted and not limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Credits {
    pub(super) limited: bool,
    /// What a new run may use, when it is limited.
    pub(super) available: i64,
    pub(super) balance: i64,
    pub(super) reserved: i64,
}

impl Credits {
    pub(super) fn account(self) -> Account {
        Account {
            balance: self.limited.then_some(self.balance),
            reserved: self.reserved,
        }
    }
}
