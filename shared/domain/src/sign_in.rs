//! A browser that is signed in: a session of its own, made with a token and never longer than it.
//!
//! The browser's cookie is a secret of its own, not the token: whoever gets hold of it cannot call the API, and it ends by
//! itself, by being revoked, or with the token it was made with.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::ids::{OwnerId, SignInId, TokenId};

/// How long a browser stays signed in, in days.
pub const LASTS_DAYS: i64 = 7;

/// The longest name of a browser that is kept, in characters.
pub const MOST_BROWSER_CHARS: usize = 120;

/// What every secret of a sign-in begins with.
const PREFIX: &str = "nds_";

/// How many hexadecimal digits follow it: 256 bits.
const DIGITS: usize = 64;

/// A browser that is signed in. Its secret is known by its SHA-256 only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignIn {
    pub id: SignInId,
    pub owner: OwnerId,
    /// The token it was made with, and may do no more than.
    pub token: TokenId,
    pub token_sha256: String,
    /// What the browser calls itself, for the person who looks at the list.
    pub browser: String,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

impl SignIn {
    /// When one that begins at `now` ends.
    #[must_use]
    pub fn ends(now: Timestamp) -> Timestamp {
        let lasts = SignedDuration::from_hours(LASTS_DAYS * 24);
        now.checked_add(lasts).unwrap_or(Timestamp::MAX)
    }

    /// Whether it counts at `now`; its token must count as well.
    #[must_use]
    pub fn is_valid(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }

    /// The text of a secret of 32 random bytes, given as hexadecimal digits.
    #[must_use]
    pub fn secret(digits: &str) -> String {
        format!("{PREFIX}{digits}")
    }

    /// Whether `text` has a secret's form. What has not is not looked up.
    #[must_use]
    pub fn is_well_formed(text: &str) -> bool {
        text.strip_prefix(PREFIX).is_some_and(|digits| {
            let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
            digits.len() == DIGITS && digits.bytes().all(is_digit)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_has_its_form_and_nothing_else_has() {
        assert!(SignIn::is_well_formed(&SignIn::secret(&"0f".repeat(32))));
        for bad in [
            "",
            "nds_",
            &"0f".repeat(34),
            &SignIn::secret(&"0F".repeat(32)),
            &SignIn::secret(&"0f".repeat(33)),
        ] {
            assert!(!SignIn::is_well_formed(bad), "{bad}");
        }
    }
}
