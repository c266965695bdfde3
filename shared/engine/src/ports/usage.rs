//! How often something is used, and by which calls.
//!
//! A count is one atomic addition, so that a hundred requests at once are counted as a hundred. It is a brake and
//! no ledger: a count whose answer was lost may be made twice, and the record of a call that could not be
//! written is missing.

use async_trait::async_trait;
use domain::ids::{ApprovalId, OwnerId, TokenId};
use domain::rate::Uses;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::StoreError;

/// What is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Counted {
    /// Requests with a token.
    Token(TokenId),
    /// Requests with any token of the owner.
    Requests,
    /// Goals that were assessed for the owner.
    Assessments,
    /// Codes that one person tried for an approval, by whatever channel.
    Codes(ApprovalId, String),
}

impl std::fmt::Display for Counted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Token(id) => f.write_str(id.as_str()),
            Self::Requests => f.write_str("requests"),
            Self::Assessments => f.write_str("assessments"),
            Self::Codes(approval, person) => write!(f, "codes#{approval}#{person}"),
        }
    }
}

/// One request that was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    pub at: Timestamp,
    pub method: String,
    /// Without the query.
    pub path: String,
    /// The answer's HTTP status.
    pub status: u16,
    pub request_id: String,
}

/// Counts and remembers uses.
#[async_trait]
pub trait Usage: Send + Sync {
    /// Counts one use at `now`, and says how many there have been with it.
    async fn count(
        &self,
        owner: &OwnerId,
        what: &Counted,
        now: Timestamp,
    ) -> Result<Uses, StoreError>;
    /// How many there have been; `None` when nobody has counted yet. Counts nothing.
    async fn uses(&self, owner: &OwnerId, what: &Counted) -> Result<Option<Uses>, StoreError>;
    /// When each was last used, in the order asked.
    async fn last_used(
        &self,
        owner: &OwnerId,
        tokens: &[TokenId],
    ) -> Result<Vec<Option<Timestamp>>, StoreError>;
    /// Remembers a call for [`KEPT_DAYS`].
    async fn record(&self, owner: &OwnerId, token: &TokenId, call: &Call)
    -> Result<(), StoreError>;
    /// The newest calls, newest first, at most `limit`.
    async fn calls(
        &self,
        owner: &OwnerId,
        token: &TokenId,
        limit: usize,
    ) -> Result<Vec<Call>, StoreError>;
}

/// How long calls are remembered.
pub const KEPT_DAYS: i64 = 30;
