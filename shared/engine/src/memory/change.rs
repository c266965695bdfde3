//! What each write of a commit does to which items, and on which condition: the table's rules, said once more.

use std::any::Any;

use domain::credits::LedgerEntry;
use domain::ids::OwnerId;
use domain::quota::Quota;
use domain::session::Shelf;
use domain::text::folded_address;
use jiff::Timestamp;

use super::item::{Credits, Item};
use super::key::Key;
use crate::ports::Write;
use crate::retention::Lifetime;

/// What must be so before anything is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    /// Nothing: the change is harmless twice, or guarded by another of the commit.
    None,
    /// Nothing is there; what is, exists already.
    New,
    /// Nothing is there; what is, somebody else was faster with.
    First,
    /// The stored revision is the one before this.
    Next(u64),
    /// The stored revision is this, or nothing is there any more.
    StillOrGone(u64),
    /// So many credits are available of those that are limited.
    Available(u32),
    /// Fewer places of the quota are taken than this.
    Below(Quota, u32),
    /// So many places are taken.
    Taken(u32),
    /// Something is there.
    Present,
}

/// What happens to an item.
pub(super) enum Change {
    Put(Item),
    Remove,
    /// Numbers added to an account; a grant also limits it from now on.
    Credits {
        added: Credits,
    },
    /// Places counted more or less.
    Places {
        added: i64,
    },
}

/// One item's part of a commit.
pub(super) struct Part {
    pub(super) key: Key,
    pub(super) condition: Condition,
    pub(super) change: Change,
}

impl Part {
    fn put(key: Key, item: Item, condition: Condition) -> Self {
        Self {
            key,
            condition,
            change: Change::Put(item),
        }
    }

    /// Says how long what it puts is there. An event of a run goes with the run.
    pub(super) fn dated(mut self, lifetime: Lifetime) -> Self {
        if let Change::Put(item) = &mut self.change
            && !matches!(self.key, Key::Event(..) | Key::Reservation(..))
        {
            item.expires_ms = lifetime.item.map(Timestamp::as_millisecond);
            item.shown_until_ms = lifetime.row.map(Timestamp::as_millisecond);
        }
        self
    }

    fn freely<T: Any + Send + Sync>(key: Key, document: T) -> Self {
        Self::put(key, Item::new(document), Condition::None)
    }

    fn places(owner: &OwnerId, quota: Quota, condition: Condition, change: Change) -> Self {
        Self {
            key: Key::Places(owner.clone(), quota.as_str()),
            condition,
            change,
        }
    }

    fn credits(owner: &OwnerId, added: Credits, condition: Condition) -> Self {
        Self {
            key: Key::Account(owner.clone()),
            condition,
            change: Change::Credits { added },
        }
    }
}

/// Revision 0 is new, any other follows the one before.
fn by_revision(revision: u64) -> Condition {
    if revision == 0 {
        Condition::New
    } else {
        Condition::Next(revision)
    }
}

/// The parts of one write, made by `writer`.
#[expect(
    clippy::too_many_lines,
    reason = "one arm a write, as in the real store, so that the two can be read side by side"
)]
pub(super) fn parts(write: &Write, writer: &str) -> Vec<Part> {
    match write {
        Write::CreateExecution { execution } => {
            let key = Key::Execution(execution.owner.clone(), execution.id.clone());
            let item = Item::new(execution.clone())
                .revision(execution.revision)
                .due(execution.due_at());
            vec![Part::put(key, item, Condition::New)]
        }
        Write::AdvanceExecution {
            execution, record, ..
        } => {
            let (owner, id) = (execution.owner.clone(), execution.id.clone());
            let item = Item::new(execution.clone())
                .revision(execution.revision)
                .due(execution.due_at());
            vec![
                Part::put(
                    Key::Execution(owner.clone(), id.clone()),
                    item,
                    Condition::Next(execution.revision),
                ),
                Part::freely(Key::Event(owner, id, record.revision), record.clone()),
            ]
        }
        Write::DeleteExecution { execution } => vec![Part {
            key: Key::Execution(execution.owner.clone(), execution.id.clone()),
            condition: Condition::StillOrGone(execution.revision),
            change: Change::Remove,
        }],
        Write::PutApproval { approval } => {
            let key = Key::Approval(approval.owner.clone(), approval.id.clone());
            let item = Item::new(approval.clone())
                .revision(approval.revision)
                .due(approval.due_at());
            vec![Part::put(key, item, by_revision(approval.revision))]
        }
        Write::PutWorkflow { workflow, .. } => {
            let key = Key::Workflow(workflow.owner.clone(), workflow.id.clone());
            let item = Item::new(workflow.clone())
                .revision(workflow.revision)
                .due(workflow.due_at());
            vec![Part::put(key, item, by_revision(workflow.revision))]
        }
        Write::DeleteWorkflow { workflow } => vec![Part {
            key: Key::Workflow(workflow.owner.clone(), workflow.id.clone()),
            condition: Condition::StillOrGone(workflow.revision),
            change: Change::Remove,
        }],
        Write::PutPlan {
            owner,
            workflow,
            version,
            plan,
        } => {
            let key = Key::Plan(owner.clone(), workflow.clone(), *version);
            vec![Part::put(key, Item::new(plan.clone()), Condition::First)]
        }
        Write::PutPlanning { planning } => {
            let key = Key::Planning(planning.owner.clone(), planning.id.clone());
            let item = Item::new(planning.clone())
                .revision(planning.revision)
                .due(planning.due_at());
            vec![Part::put(key, item, by_revision(planning.revision))]
        }
        Write::PutReviewedPlan { owner, plan } => {
            let key = Key::ReviewedPlan(owner.clone(), plan.id.clone());
            vec![Part::put(key, Item::new(plan.clone()), Condition::New)]
        }
        Write::RecordOccurrence {
            owner,
            workflow,
            occurrence,
        } => {
            let at = occurrence.scheduled_for.as_millisecond();
            let key = Key::Occurrence(owner.clone(), workflow.clone(), at);
            let item = Item::new(occurrence.clone());
            vec![Part::put(key, item, Condition::New)]
        }
        Write::ReserveCredits { owner, amount } => {
            let added = Credits {
                available: -i64::from(*amount),
                reserved: i64::from(*amount),
                ..Credits::default()
            };
            // A reservation has an item of its own, so that a repetition is recognised by it.
            let key = Key::Reservation(owner.clone(), writer.to_owned());
            vec![
                Part::credits(owner, added, Condition::Available(*amount)),
                Part::put(key, Item::new(*amount), Condition::First),
            ]
        }
        Write::SettleCredits {
            owner,
            purpose,
            reserved,
            consumed,
            at,
        } => {
            let charged = *consumed.min(reserved);
            let (reserved, consumed) = (i64::from(*reserved), i64::from(charged));
            let added = Credits {
                available: reserved - consumed,
                reserved: -reserved,
                balance: -consumed,
                ..Credits::default()
            };
            let mut parts = vec![Part::credits(owner, added, Condition::None)];
            if charged > 0 {
                let name = purpose.key().to_owned();
                let key = Key::Ledger(owner.clone(), at.as_millisecond(), name);
                let entry = LedgerEntry::charge(charged, purpose, *at);
                parts.push(Part::put(key, Item::new(entry), Condition::First));
            }
            parts
        }
        Write::Grant {
            owner,
            amount: granted,
            at,
        } => {
            let granted = *granted;
            let amount = i64::from(granted);
            let added = Credits {
                limited: true,
                available: amount,
                balance: amount,
                reserved: 0,
            };
            let key = Key::Ledger(owner.clone(), at.as_millisecond(), writer.to_owned());
            let entry = LedgerEntry::grant(granted, *at);
            vec![
                Part::credits(owner, added, Condition::None),
                Part::put(key, Item::new(entry), Condition::First),
            ]
        }
        Write::PutConclusion {
            owner,
            execution,
            stored,
        } => {
            let key = Key::Conclusion(owner.clone(), execution.clone());
            vec![Part::freely(key, stored.clone())]
        }
        Write::PutBaseline {
            owner,
            workflow,
            stored,
        } => {
            let key = Key::Baseline(owner.clone(), workflow.clone());
            vec![Part::freely(key, stored.clone())]
        }
        Write::PutSignal { signal } => {
            let key = Key::Signal(signal.owner.clone(), signal.id.clone());
            let item = Item::new(signal.clone()).revision(signal.revision);
            vec![Part::put(key, item, by_revision(signal.revision))]
        }
        Write::PutDelivery { delivery } => {
            let key = Key::Delivery(delivery.owner.clone(), delivery.id.clone());
            let item = Item::new(delivery.clone())
                .revision(delivery.revision)
                .due(delivery.due_at());
            vec![Part::put(key, item, by_revision(delivery.revision))]
        }
        Write::PutDestination {
            owner,
            id,
            workflow,
        } => vec![Part::freely(
            Key::Destination(owner.clone(), id.clone()),
            workflow.clone(),
        )],
        Write::PutSession { session } => {
            let key = Key::Session(session.owner.clone(), session.id.clone());
            let item = Item::new(session.clone()).revision(session.revision);
            vec![Part::put(key, item, by_revision(session.revision))]
        }
        Write::DeleteSession { session } => {
            let (owner, id) = (&session.owner, &session.id);
            let mut parts = vec![Part {
                key: Key::Session(owner.clone(), id.clone()),
                condition: Condition::StillOrGone(session.revision),
                change: Change::Remove,
            }];
            parts.extend((0..Shelf::COUNT).map(|number| Part {
                key: Key::Shelf(owner.clone(), id.clone(), number),
                condition: Condition::None,
                change: Change::Remove,
            }));
            parts
        }
        Write::GrowSession {
            owner,
            session,
            shelves,
            addition,
        } => {
            let shelf = |shelf: &Shelf| {
                let key = Key::Shelf(owner.clone(), session.clone(), shelf.number());
                Part::freely(key, shelf.clone())
            };
            let mut parts: Vec<Part> = shelves.iter().map(shelf).collect();
            let key = Key::Addition(owner.clone(), session.clone(), addition.number);
            parts.push(Part::freely(key, addition.clone()));
            parts
        }
        Write::PutLink { token_sha256, link } => {
            vec![Part::freely(Key::Link(token_sha256.clone()), link.clone())]
        }
        Write::PutCode {
            owner,
            approval,
            approver,
            proof,
        } => {
            let person = folded_address(approver);
            let key = Key::Code(owner.clone(), approval.clone(), person);
            vec![Part::freely(key, proof.clone())]
        }
        Write::PutSignIn { sha256, sign_in } => {
            let key = Key::SignIn(sha256.clone());
            vec![Part::put(key, Item::new(sign_in.clone()), Condition::New)]
        }
        Write::DeleteSignIn { sha256, .. } => vec![Part {
            key: Key::SignIn(sha256.clone()),
            condition: Condition::Present,
            change: Change::Remove,
        }],
        Write::TakePlace { owner, quota, most } => {
            let added = Change::Places { added: 1 };
            vec![Part::places(
                owner,
                *quota,
                Condition::Below(*quota, *most),
                added,
            )]
        }
        Write::GivePlaces {
            owner,
            quota,
            places,
        } => {
            let added = Change::Places {
                added: -i64::from(*places),
            };
            vec![Part::places(owner, *quota, Condition::None, added)]
        }
        Write::RecountPlaces {
            owner,
            quota,
            before,
            places,
        } => {
            let right = Change::Put(Item::new(i64::from(*places)));
            vec![Part::places(
                owner,
                *quota,
                Condition::Taken(*before),
                right,
            )]
        }
        Write::PutOwner { owner } => {
            vec![Part::freely(Key::Owner(owner.id.clone()), owner.clone())]
        }
        Write::PutToken { sha256, token } => {
            let item = Item::new(token.clone()).revision(token.revision);
            vec![Part::put(
                Key::Token(sha256.clone()),
                item,
                by_revision(token.revision),
            )]
        }
    }
}
