//! Who uses Nightdesk, and the tokens they come with.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{OwnerId, TokenId};
use crate::rate::RateLimit;
use crate::words::words;

words! {
    /// What a token may do (API section 2).
    Permission { Read = "read", Workflows = "workflows", Approvals = "approvals", Sessions = "sessions", Admin = "admin" }
}

/// An owner of workflows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    pub id: OwnerId,
    pub email: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    pub created_at: Timestamp,
}

/// A token, without the token: it is known by its SHA-256 only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    pub id: TokenId,
    pub owner: OwnerId,
    pub email: String,
    pub name: String,
    /// Its first characters, so that a person can tell tokens apart.
    pub prefix: String,
    pub permissions: Vec<Permission>,
    pub is_active: bool,
    pub created_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// How often it may be used.
    #[serde(flatten)]
    pub limit: RateLimit,
    #[serde(default)]
    pub revision: u64,
}

impl Token {
    /// What every token begins with.
    pub const PREFIX: &'static str = "nd_";

    /// Whether `text` has a token's form: `nd_` and at least 32 URL-safe characters, at most 255.
    #[must_use]
    pub fn is_well_formed(text: &str) -> bool {
        text.strip_prefix(Self::PREFIX).is_some_and(|rest| {
            (32..=252).contains(&rest.len())
                && rest
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        })
    }

    /// Whether it counts at `now`.
    #[must_use]
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.is_active && self.expires_at.is_none_or(|expires_at| now < expires_at)
    }

    /// Whether it may do what needs `permission`. Who may administer may do everything.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.contains(&permission) || self.permissions.contains(&Permission::Admin)
    }
}
