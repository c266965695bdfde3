//! The code that the mail of a strict approval carries beside its link.
//!
//! A link leaves its mail without the reader's doing: in a proxy's log, a browser's history, a scanner's report; a token of
//! the API is known to programs. The code stands in the mail only. It is made under the secret that makes links, so
//! whoever has a link or a token cannot work it out, and each approver of each draft has another.
//!
//! What a typed code is checked against is stored beside the approval: a slow hash (PBKDF2, RFC 8018), salted by the
//! approval and the person. Six digits can be tried out against it by whoever reads the table; they still lack the link
//! and the token, of which the table has hashes only. Online, six digits are guessed in a million tries; how many are
//! taken is counted by whoever asks ([`TRIES_A_DAY`]).

use std::num::NonZeroU32;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::pbkdf2;
use serde::{Deserialize, Serialize};

use crate::ids::ApprovalId;
use crate::rate::RateLimit;
use crate::text::folded_address;

/// How many codes one person may try for one approval in a day (UTC), by all channels together. At that, an approval that
/// is open for a week is opened by guessing with a probability of less than 1 in 20,000.
pub const TRIES_A_DAY: RateLimit = RateLimit {
    per_hour: 5,
    per_day: 5,
};

/// How many digits a code has, and how many codes there are of them.
const DIGITS: usize = 6;
const CODES: u64 = 1_000_000;

/// How often the hash is repeated: some 20 ms of a core, a code typed. More would not save six digits, whose number is
/// the bound; it makes trying all of them cost hours instead of a second.
const ITERATIONS: NonZeroU32 = NonZeroU32::new(50_000).expect("not zero");

/// Bytes of the hash.
const BYTES: usize = 32;

/// A code. It has no Debug: it must not reach a log.
pub struct MailedCode(String);

impl MailedCode {
    /// The code these bytes make, which must be as good as random (a MAC): what 2^64 leaves over when it is divided by
    /// a million prefers no code by more than 1 in 10^13.
    #[must_use]
    pub fn of_digest(digest: &[u8; 32]) -> Self {
        let [a, b, c, d, e, f, g, h, ..] = *digest;
        let number = u64::from_be_bytes([a, b, c, d, e, f, g, h]) % CODES;
        Self(format!("{number:0DIGITS$}"))
    }

    /// The digits, for the mail.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is stored of it.
    #[must_use]
    pub fn proof(&self, approval: &ApprovalId, approver: &str) -> CodeProof {
        let mut hash = [0; BYTES];
        pbkdf2::derive(
            pbkdf2::PBKDF2_HMAC_SHA256,
            ITERATIONS,
            &salt(approval, approver),
            self.0.as_bytes(),
            &mut hash,
        );
        CodeProof(STANDARD.encode(hash))
    }
}

/// What tells the right code from a wrong one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CodeProof(String);

impl CodeProof {
    /// Whether `typed` is the code of this person for this approval, blanks aside; takes as long for any wrong one of six
    /// digits.
    #[must_use]
    pub fn accepts(&self, approval: &ApprovalId, approver: &str, typed: &str) -> bool {
        let digits: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
        let is_code = digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
        let Ok(hash) = STANDARD.decode(&self.0) else {
            return false;
        };
        let (salt, digits) = (salt(approval, approver), digits.as_bytes());
        let algorithm = pbkdf2::PBKDF2_HMAC_SHA256;
        is_code && pbkdf2::verify(algorithm, ITERATIONS, &salt, digits, &hash).is_ok()
    }
}

fn salt(approval: &ApprovalId, approver: &str) -> Vec<u8> {
    let approver = folded_address(approver);
    format!("nightdesk approval code v2|{approval}|{approver}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_six_digits_whatever_it_is_made_of() {
        assert_eq!(MailedCode::of_digest(&[0; 32]).expose(), "000000");
        // 2^64 - 1 is 18446744073709551615.
        assert_eq!(MailedCode::of_digest(&[0xFF; 32]).expose(), "551615");
    }

    #[test]
    fn only_the_code_is_taken_and_only_of_its_person_for_its_approval() {
        let code = MailedCode::of_digest(&[0xFF; 32]);
        let approval = ApprovalId::from_uuid(uuid::Uuid::from_u128(1));
        let proof = code.proof(&approval, "a@x.test");
        for right in ["551615", " 551 615\n"] {
            assert!(proof.accepts(&approval, "A@x.test", right), "{right}");
        }
        for wrong in ["", "551614", "55161", "5516150", "５５１６１５", "000000"] {
            assert!(!proof.accepts(&approval, "a@x.test", wrong), "{wrong}");
        }
        let other = ApprovalId::from_uuid(uuid::Uuid::from_u128(2));
        assert!(!proof.accepts(&other, "a@x.test", "551615"));
        assert!(!proof.accepts(&approval, "b@x.test", "551615"));
        let damaged = CodeProof("not base64!".to_owned());
        assert!(!damaged.accepts(&approval, "a@x.test", "551615"));
    }
}
