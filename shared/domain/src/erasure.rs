//! The erasure of an owner with everything that is theirs.
//!
//! It is asked for once and takes its time: the table is looked through from its beginning to its end, a part at a time,
//! because only so nothing is forgotten that stands in no list. What was at work meanwhile may still have written
//! something behind the place that was reached, so the table is looked through once more; by then nothing of the owner's
//! is left that could act.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::OwnerId;

/// How often the table is looked through.
const ROUNDS: u8 = 2;

/// An erasure that is under way. It ends by being gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    pub owner: OwnerId,
    pub asked_at: Timestamp,
    /// From 0.
    round: u8,
    /// Behind which place of the table the round goes on; `None` at its beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Counted up with each part that was done.
    pub revision: u64,
}

impl Erasure {
    #[must_use]
    pub fn asked(owner: OwnerId, at: Timestamp) -> Self {
        Self {
            owner,
            asked_at: at,
            round: 0,
            cursor: None,
            revision: 0,
        }
    }

    /// When a part has been looked through, up to `cursor`, or to the table's end. `None`: everything is erased.
    #[must_use]
    pub fn reached(self, cursor: Option<String>) -> Option<Self> {
        let round = if cursor.is_some() {
            self.round
        } else {
            self.round + 1
        };
        (round < ROUNDS).then_some(Self {
            round,
            cursor,
            revision: self.revision + 1,
            ..self
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_looked_through_twice() {
        let owner = OwnerId::from_uuid(uuid::Uuid::from_u128(1));
        let mut erasure = Some(Erasure::asked(owner, Timestamp::UNIX_EPOCH));
        let mut seen = Vec::new();
        for cursor in [Some("a"), Some("b"), None, Some("a"), None, None] {
            let Some(under_way) = erasure else { break };
            seen.push((under_way.revision, under_way.cursor.clone()));
            erasure = under_way.reached(cursor.map(str::to_owned));
        }
        let cursors: Vec<Option<&str>> = seen.iter().map(|(_, at)| at.as_deref()).collect();
        assert_eq!(cursors, [None, Some("a"), Some("b"), None, Some("a")]);
        assert!(seen.iter().map(|(revision, _)| *revision).eq(0..5));
        assert_eq!(erasure, None);
    }
}
