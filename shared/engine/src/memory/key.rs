//! The key of every item. Like the table's, each begins with its owner but for the look-ups by a hash.
//!
//! Keys are ordered as their fields are, so the items of one list stand together: a run's events by revision, an
//! owner's runs by id, which is by time.

use domain::ids::{
    ApprovalId, DeliveryId, DestinationId, ExecutionId, OwnerId, PlanId, PlanningId, SessionId,
    SignalId, WorkflowId,
};
use domain::slots::SlotKind;

use crate::ports::store::DueItem;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Owner(OwnerId),
    Erasure(OwnerId),
    Token(String),
    Link(String),
    SignIn(String),
    /// What an approver's code is checked against, by their folded address.
    Code(OwnerId, ApprovalId, String),
    /// How many places of a quota are taken, by its word.
    Places(OwnerId, &'static str),
    Pace(String),
    Slots(OwnerId, SlotKind),
    Account(OwnerId),
    /// Which commits have set credits aside.
    Reservation(OwnerId, String),
    /// By the millisecond, then by whose entry it is.
    Ledger(OwnerId, i64, String),
    Workflow(OwnerId, WorkflowId),
    Plan(OwnerId, WorkflowId, u32),
    Baseline(OwnerId, WorkflowId),
    Visit(OwnerId, WorkflowId, String),
    /// By the millisecond.
    Occurrence(OwnerId, WorkflowId, i64),
    Execution(OwnerId, ExecutionId),
    Event(OwnerId, ExecutionId, u64),
    Conclusion(OwnerId, ExecutionId),
    Approval(OwnerId, ApprovalId),
    Planning(OwnerId, PlanningId),
    ReviewedPlan(OwnerId, PlanId),
    Signal(OwnerId, SignalId),
    Delivery(OwnerId, DeliveryId),
    Destination(OwnerId, DestinationId),
    Session(OwnerId, SessionId),
    /// A part of what a session remembers.
    Shelf(OwnerId, SessionId, u8),
    /// By its number.
    Addition(OwnerId, SessionId, u64),
    Output(OwnerId, String),
    Bytes(OwnerId, String),
}

impl Key {
    /// Whose an item is; `None` for what is found by a hash or is nobody's.
    pub(super) fn owner(&self) -> Option<&OwnerId> {
        match self {
            Self::Token(_) | Self::Link(_) | Self::SignIn(_) | Self::Pace(_) => None,
            Self::Owner(owner)
            | Self::Erasure(owner)
            | Self::Code(owner, ..)
            | Self::Places(owner, ..)
            | Self::Slots(owner, ..)
            | Self::Account(owner)
            | Self::Reservation(owner, ..)
            | Self::Ledger(owner, ..)
            | Self::Workflow(owner, ..)
            | Self::Plan(owner, ..)
            | Self::Baseline(owner, ..)
            | Self::Visit(owner, ..)
            | Self::Occurrence(owner, ..)
            | Self::Execution(owner, ..)
            | Self::Event(owner, ..)
            | Self::Conclusion(owner, ..)
            | Self::Approval(owner, ..)
            | Self::Planning(owner, ..)
            | Self::ReviewedPlan(owner, ..)
            | Self::Signal(owner, ..)
            | Self::Delivery(owner, ..)
            | Self::Destination(owner, ..)
            | Self::Session(owner, ..)
            | Self::Shelf(owner, ..)
            | Self::Addition(owner, ..)
            | Self::Output(owner, ..)
            | Self::Bytes(owner, ..) => Some(owner),
        }
    }

    /// What the due index says of an item; `None` for a kind that is never due.
    pub(super) fn due_item(&self) -> Option<DueItem> {
        match self {
            Self::Execution(owner, id) => Some(DueItem::Execution(owner.clone(), id.clone())),
            Self::Approval(owner, id) => Some(DueItem::Approval(owner.clone(), id.clone())),
            Self::Workflow(owner, id) => Some(DueItem::Workflow(owner.clone(), id.clone())),
            Self::Planning(owner, id) => Some(DueItem::Planning(owner.clone(), id.clone())),
            Self::Delivery(owner, id) => Some(DueItem::Delivery(owner.clone(), id.clone())),
            Self::Erasure(owner) => Some(DueItem::Erasure(owner.clone())),
            Self::Owner(_)
            | Self::Token(_)
            | Self::Link(_)
            | Self::SignIn(_)
            | Self::Code(..)
            | Self::Places(..)
            | Self::Pace(_)
            | Self::Slots(..)
            | Self::Account(_)
            | Self::Reservation(..)
            | Self::Ledger(..)
            | Self::Plan(..)
            | Self::Baseline(..)
            | Self::Visit(..)
            | Self::Occurrence(..)
            | Self::Event(..)
            | Self::Conclusion(..)
            | Self::ReviewedPlan(..)
            | Self::Signal(..)
            | Self::Destination(..)
            | Self::Session(..)
            | Self::Shelf(..)
            | Self::Addition(..)
            | Self::Output(..)
            | Self::Bytes(..) => None,
        }
    }
}
