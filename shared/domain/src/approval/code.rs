//! The code that the mail of a strict approval carries beside its link.
//!
//! A link leaves its mail without the reader's doing: in a proxy's log, a browser's history, a scanner's report. The
//! code stands in the mail only. It is made under the secret that makes links, so whoever has a link alone cannot work
//! it out; and what a typed code is checked against is bound to the link's token, which is stored nowhere, so that the
//! table alone gives neither.
//!
//! Six digits are guessed in a million tries. How many are taken is counted by whoever asks ([`TRIES_A_DAY`]).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use serde::{Deserialize, Serialize};

use crate::rate::RateLimit;

/// How many codes may be tried with one link in a day (UTC). At that, a link that is open for a week is opened by
/// guessing with a probability of less than 1 in 20,000.
pub const TRIES_A_DAY: RateLimit = RateLimit {
    per_hour: 5,
    per_day: 5,
};

/// How many digits a code has, and how many codes there are of them.
const DIGITS: usize = 6;
const CODES: u64 = 1_000_000;

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

    /// What is stored of it, for a link with this token.
    #[must_use]
    pub fn proof(&self, token: &str) -> CodeProof {
        CodeProof(STANDARD.encode(hmac::sign(&key(token), bound(&self.0).as_bytes())))
    }
}

/// What tells the right code from a wrong one, to those who hold the link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CodeProof(String);

impl CodeProof {
    /// Whether `typed` is the code, blanks aside; takes as long for any wrong one of six digits.
    #[must_use]
    pub fn accepts(&self, token: &str, typed: &str) -> bool {
        let digits: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
        let is_code = digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
        let Ok(proof) = STANDARD.decode(&self.0) else {
            return false;
        };
        is_code && hmac::verify(&key(token), bound(&digits).as_bytes(), &proof).is_ok()
    }
}

fn key(token: &str) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, token.as_bytes())
}

fn bound(code: &str) -> String {
    format!("nightdesk approval code v1 {code}")
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
    fn only_the_code_is_taken_and_only_with_its_link() {
        let code = MailedCode::of_digest(&[0xFF; 32]);
        let proof = code.proof("token");
        for right in ["551615", " 551 615\n"] {
            assert!(proof.accepts("token", right), "{right}");
        }
        for wrong in ["", "551614", "55161", "5516150", "５５１６１５", "000000"] {
            assert!(!proof.accepts("token", wrong), "{wrong}");
        }
        assert!(!proof.accepts("another", "551615"));
        assert!(!CodeProof("not base64!".to_owned()).accepts("token", "551615"));
    }
}
