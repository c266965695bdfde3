//! Standard Webhooks signatures (specification 1.0.0): what is signed, with what, and how a receiver
//! checks it.
//!
//! The signed content is `{id}.{timestamp}.{body}`, the algorithm HMAC-SHA256, the header
//! `webhook-signature` holds `v1,` and the base64 of the digest.

mod verification;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

pub use verification::{SignedHeaders, TOLERANCE_SECONDS, Unverified, verify};

/// The secret that signs what a webhook is sent: `whsec_` and the base64 of 24 to 64 bytes (Standard Webhooks). It is
/// never stored like this: [`crate::sealing`].
#[derive(Clone, PartialEq, Eq)]
pub struct SigningSecret(String);

impl SigningSecret {
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text, for signing and for the one answer that shows it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("whsec_***")
    }
}

const PREFIX: &str = "whsec_";

/// What stands before a signature of this algorithm.
const VERSION: &str = "v1,";

fn key_bytes(secret: &str) -> Option<Vec<u8>> {
    STANDARD.decode(secret.strip_prefix(PREFIX)?).ok()
}

/// Whether `secret` is `whsec_` and the base64 of 24 to 64 bytes, as the specification asks.
#[must_use]
pub fn is_strong_secret(secret: &str) -> bool {
    key_bytes(secret).is_some_and(|key| (24..=64).contains(&key.len()))
}

/// The secret whose key is these bytes.
#[must_use]
pub fn secret_of(key: &[u8; 32]) -> String {
    format!("{PREFIX}{}", STANDARD.encode(key))
}

/// The value of `webhook-signature`; `None` when the secret is malformed, or the id is empty or has a dot, with
/// which two posts could have the same signed content.
///
/// `timestamp` is in seconds since the epoch.
#[must_use]
pub fn sign(secret: &str, id: &str, timestamp: i64, body: &[u8]) -> Option<String> {
    if !is_plain_id(id) {
        return None;
    }
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key_bytes(secret)?);
    let tag = hmac::sign(&key, &signed_content(id, timestamp, body));
    Some(format!("{VERSION}{}", STANDARD.encode(tag)))
}

fn signed_content(id: &str, timestamp: i64, body: &[u8]) -> Vec<u8> {
    let mut content = format!("{id}.{timestamp}.").into_bytes();
    content.extend_from_slice(body);
    content
}

fn is_plain_id(id: &str) -> bool {
    !id.is_empty() && !id.contains('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the Standard Webhooks specification.
    #[test]
    fn signs_as_the_specification_does() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let body = br#"{"test": 2432232314}"#;
        let signature = sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(
            signature.as_deref(),
            Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
        );
    }

    #[test]
    fn what_cannot_be_signed_is_not() {
        let secret = secret_of(&[7; 32]);
        assert!(sign(&secret, "msg", 0, b"").is_some());
        for (secret, id) in [
            ("whsec_?", "msg"),
            (&secret[6..], "msg"),
            (&secret, "msg.1"),
            (&secret, ""),
        ] {
            assert_eq!(sign(secret, id, 0, b""), None, "{id}");
        }
    }

    #[test]
    fn short_and_foreign_secrets_are_weak() {
        assert!(is_strong_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
        assert!(is_strong_secret(&secret_of(&[7; 32])));
        assert!(!is_strong_secret("whsec_c2hvcnQ="));
        assert!(!is_strong_secret("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
    }
}
