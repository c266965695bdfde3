//! One commit: every condition is asked of what stands before it, then all of it happens, or nothing.
//!
//! A refusal whose item carries the commit's own writer is an earlier attempt of the same commit that succeeded:
//! success. Of several refusals a conflict is told before an existing item, and that before missing credits and places.

use std::collections::BTreeSet;

use domain::credits::InsufficientCredits;
use domain::quota::Quota;
use jiff::Timestamp;

use super::change::{Condition, Part, parts};
use super::item::{Credits, Item};
use super::table::Table;
use crate::ports::{Commit, CommitError, StoreError, Write};
use crate::retention::Retention;

/// A condition that does not hold, in the order in which refusals are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    /// The writer's own earlier success.
    Own,
    Conflict,
    Exists,
    TooFewCredits(InsufficientCredits),
    Full(Quota),
}

impl Refusal {
    const fn rank(self) -> u8 {
        match self {
            Self::Own => 0,
            Self::Conflict => 1,
            Self::Exists => 2,
            Self::TooFewCredits(_) => 3,
            Self::Full(_) => 4,
        }
    }
}

fn refusal(condition: Condition, stored: Option<&Item>, writer: &str) -> Option<Refusal> {
    let revision = stored.and_then(|item| item.revision);
    let taken = stored
        .and_then(Item::document::<i64>)
        .copied()
        .unwrap_or_default();
    let refused = match condition {
        Condition::None => None,
        Condition::New => stored.map(|_| Refusal::Exists),
        Condition::First => stored.map(|_| Refusal::Conflict),
        Condition::Next(next) => {
            let before = next.checked_sub(1);
            (before.is_none() || revision != before).then_some(Refusal::Conflict)
        }
        // A removal leaves nothing that could name its writer: a repetition finds the item gone.
        Condition::StillOrGone(still) => {
            return (stored.is_some() && revision != Some(still)).then_some(Refusal::Conflict);
        }
        Condition::Below(quota, most) => (taken >= i64::from(most)).then_some(Refusal::Full(quota)),
        Condition::Present => stored.is_none().then_some(Refusal::Conflict),
        Condition::Taken(places) => (taken != i64::from(places)).then_some(Refusal::Conflict),
        Condition::Available(required) => {
            let credits = stored.and_then(Item::document::<Credits>);
            let (limited, available) =
                credits.map_or((false, 0), |credits| (credits.limited, credits.available));
            let required = i64::from(required);
            if limited {
                let short = InsufficientCredits {
                    required,
                    available: available.max(0),
                };
                (available < required).then_some(Refusal::TooFewCredits(short))
            } else {
                Some(Refusal::Conflict)
            }
        }
    };
    let own = stored.is_some_and(|item| item.writer == writer);
    refused.map(|refusal| if own { Refusal::Own } else { refusal })
}

/// Writes all of it or nothing.
pub(super) fn commit(
    table: &mut Table,
    commit: &Commit,
    retention: Retention,
) -> Result<(), CommitError> {
    let writer = &commit.writer;
    let now = table
        .now_ms
        .and_then(|ms| Timestamp::from_millisecond(ms).ok());
    let parts: Vec<Part> = commit
        .writes
        .iter()
        .flat_map(|write| {
            let lifetime = now.map(|now| retention.of(write, commit, now));
            let parts = parts(write, writer).into_iter();
            parts.map(move |part| part.dated(lifetime.unwrap_or_default()))
        })
        .collect();
    let mut keys = BTreeSet::new();
    if let Some(twice) = parts.iter().find(|part| !keys.insert(&part.key)) {
        // DynamoDB refuses such a transaction before it looks at anything.
        let reason = format!("one commit writes {:?} twice", twice.key);
        return Err(StoreError::Refused(reason).into());
    }
    let first = parts
        .iter()
        .filter_map(|part| refusal(part.condition, table.get(&part.key), writer))
        .min_by_key(|refusal| refusal.rank());
    match first {
        None => {
            for part in parts {
                table.change(part.key, part.change, writer);
            }
            Ok(())
        }
        Some(Refusal::Own) => Ok(()),
        Some(Refusal::Conflict) => Err(CommitError::Conflict),
        Some(Refusal::Exists) => Err(CommitError::Exists),
        Some(Refusal::TooFewCredits(missing)) => Err(missing.into()),
        Some(Refusal::Full(quota)) => Err(CommitError::Full(quota)),
    }
}

/// Writes without asking any condition.
pub(super) fn plant(table: &mut Table, write: &Write, writer: &str) {
    for part in parts(write, writer) {
        table.change(part.key, part.change, writer);
    }
}
