//! Standard Webhooks signatures (specification 1.0.0): what is signed, and with what.
//!
//! The signed content is `{id}.{timestamp}.{body}`, the algorithm HMAC-SHA256, the header
//! `webhook-signature` holds `v1,` and the base64 of the digest.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

const PREFIX: &str = "whsec_";

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

/// The value of `webhook-signature`; `None` when the secret is malformed.
///
/// `timestamp` is in seconds since the epoch.
#[must_use]
pub fn sign(secret: &str, id: &str, timestamp: i64, body: &[u8]) -> Option<String> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key_bytes(secret)?);
    let mut context = hmac::Context::with_key(&key);
    context.update(format!("{id}.{timestamp}.").as_bytes());
    context.update(body);
    Some(format!("v1,{}", STANDARD.encode(context.sign())))
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
    fn short_and_foreign_secrets_are_weak() {
        assert!(is_strong_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
        assert!(is_strong_secret(&secret_of(&[7; 32])));
        assert!(!is_strong_secret("whsec_c2hvcnQ="));
        assert!(!is_strong_secret("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
    }
}
