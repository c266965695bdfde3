//! Who uses Nightdesk, and the tokens they come with.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::ids::{OwnerId, TokenId};
use crate::rate::RateLimit;
use crate::words::words;

words! {
    /// What a token may do (API section 2).
    Permission {
        Read = "read",
        Workflows = "workflows",
        Approvals = "approvals",
        Sessions = "sessions",
        /// Every write of `/v1/tokens`. Whoever may not manage tokens can neither prolong nor multiply one.
        Tokens = "tokens",
        Admin = "admin",
    }
}

impl Permission {
    /// What an owner's first token may do, and one that was given to regain access: everything of their own.
    #[must_use]
    pub fn of_first() -> Vec<Self> {
        let all = Self::ALL.iter().copied();
        all.filter(|permission| *permission != Self::Admin)
            .collect()
    }

    /// What a token may do when nothing is said: everything but administering and managing tokens.
    #[must_use]
    pub fn by_default() -> Vec<Self> {
        let own = Self::of_first().into_iter();
        own.filter(|permission| *permission != Self::Tokens)
            .collect()
    }
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
    /// When it was revoked. That is for good: nothing clears it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
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

    /// How long one that has ended is still shown, in days. Its log is kept as long.
    pub const SHOWN_DAYS: i64 = 30;

    /// When it ends or has ended, by being revoked or by expiring; `None` while nothing ends it.
    #[must_use]
    pub fn ends_at(&self) -> Option<Timestamp> {
        self.revoked_at.into_iter().chain(self.expires_at).min()
    }

    /// Whether it counts at `now`.
    #[must_use]
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.ends_at().is_none_or(|ends_at| now < ends_at)
    }

    /// When it is shown no longer; `None` while nothing ends it.
    #[must_use]
    pub fn disappears_at(&self) -> Option<Timestamp> {
        let shown = SignedDuration::from_hours(Self::SHOWN_DAYS * 24);
        let after = |end: Timestamp| end.checked_add(shown).unwrap_or(Timestamp::MAX);
        self.ends_at().map(after)
    }

    /// Whether it may do what needs `permission`. Who may administer may do everything.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.contains(&permission) || self.permissions.contains(&Permission::Admin)
    }

    /// Whether it may do something that `other` may not.
    #[must_use]
    pub fn may_more_than(&self, other: &Self) -> bool {
        self.permissions
            .iter()
            .any(|permission| !other.may(*permission))
    }

    /// Whether it may do more, oftener or longer than `giver`, so that `giver` can neither make it nor change it into
    /// this. Who administers may set any limit.
    #[must_use]
    pub fn exceeds(&self, giver: &Self) -> bool {
        let oftener =
            self.limit.per_hour > giver.limit.per_hour || self.limit.per_day > giver.limit.per_day;
        let outlives = giver
            .expires_at
            .is_some_and(|giver_ends| self.ends_at().is_none_or(|ends_at| ends_at > giver_ends));
        self.may_more_than(giver) || (oftener && !giver.may(Permission::Admin)) || outlives
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn token(permissions: &[Permission]) -> Token {
        Token {
            id: TokenId::from_uuid(uuid::Uuid::from_u128(1)),
            owner: OwnerId::from_uuid(uuid::Uuid::from_u128(2)),
            email: "owner@x.test".into(),
            name: "t".into(),
            prefix: "nd_".into(),
            permissions: permissions.to_vec(),
            revoked_at: None,
            created_at: at("2026-05-04T08:00:00Z"),
            expires_at: None,
            limit: RateLimit::default(),
            revision: 0,
        }
    }

    #[test]
    fn the_first_end_is_the_end() {
        let mut ended = token(&[Permission::Read]);
        assert!(ended.is_valid(Timestamp::MAX) && ended.disappears_at().is_none());
        ended.expires_at = Some(at("2026-06-01T00:00:00Z"));
        assert!(ended.is_valid(at("2026-05-31T23:59:59Z")));
        assert!(!ended.is_valid(at("2026-06-01T00:00:00Z")));
        ended.revoked_at = Some(at("2026-05-05T00:00:00Z"));
        assert!(!ended.is_valid(at("2026-05-05T00:00:00Z")));
        assert_eq!(ended.disappears_at(), Some(at("2026-06-04T00:00:00Z")));
    }

    #[test]
    fn a_token_exceeds_its_giver_by_permission_by_limit_and_by_time() {
        use Permission::{Admin, Read, Tokens, Workflows};
        let mut giver = token(&[Read, Tokens]);
        giver.expires_at = Some(at("2026-06-01T00:00:00Z"));
        let mut given = giver.clone();
        assert!(!given.exceeds(&giver));
        given.permissions = vec![Read, Workflows];
        assert!(given.exceeds(&giver));
        given.permissions = vec![Read];
        given.expires_at = None;
        assert!(given.exceeds(&giver));
        given.expires_at = Some(at("2026-06-01T00:00:01Z"));
        assert!(given.exceeds(&giver));
        given.expires_at = Some(at("2026-05-31T00:00:00Z"));
        assert!(!given.exceeds(&giver));
        given.limit.per_day += 1;
        assert!(given.exceeds(&giver));
        let all = Token {
            permissions: vec![Admin],
            ..giver
        };
        assert!(!given.exceeds(&all));
    }

    #[test]
    fn managing_tokens_is_given_by_name_or_with_an_owner() {
        assert!(!Permission::by_default().contains(&Permission::Tokens));
        assert!(Permission::of_first().contains(&Permission::Tokens));
        assert!(!Permission::of_first().contains(&Permission::Admin));
    }
}
