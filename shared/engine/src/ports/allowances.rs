//! How much of something an owner has used today.
//!
//! Counting is one conditional write: of many at once no more are granted than there is room for. Each use has a name,
//! by which a repetition is recognised, and by which it is given back once and not twice.

use async_trait::async_trait;
use domain::allowance::{Allowed, Day};
use domain::ids::OwnerId;

use super::StoreError;

/// One use of an allowance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    pub owner: OwnerId,
    pub what: Allowed,
    pub day: Day,
    /// How much of it.
    pub amount: u32,
    /// Who uses it, and for what: another use has another name. Letters, digits, `_`, `-` and `#`.
    pub by: String,
}

/// Whether a use is granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Granted {
    Yes,
    /// There is not so much left; so much of it is used.
    No {
        used: u32,
    },
}

/// Counts what is used of allowances.
#[async_trait]
pub trait Allowances: Send + Sync {
    /// Counts a use if there are then no more than `most` on its day; one that was counted is granted again.
    ///
    /// # Errors
    /// The store fails; the use may have been counted.
    async fn take(&self, one: &Use, most: u32) -> Result<Granted, StoreError>;

    /// Gives back what was counted for a use; what was not counted, or was given back, changes nothing.
    ///
    /// # Errors
    /// The store fails; it may have been given back.
    async fn give_back(&self, one: &Use) -> Result<(), StoreError>;
}
