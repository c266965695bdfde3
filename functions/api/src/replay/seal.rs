//! Answers under a key that the store does not have.
//!
//! AES-256-GCM (NIST SP 800-38D) under HKDF-SHA256 (RFC 5869) of the client's bearer token, with the idempotency key as
//! its purpose and the request's hash as associated data: a copy of the table opens nothing, and an
//! answer put under another request does not open either.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Prk, Salt};
use ring::hmac;

/// Seals and opens the answers of one request, and derives what the request makes.
pub(super) struct Seal {
    secret: Prk,
    idempotency_key: String,
    key: LessSafeKey,
    request_sha256: String,
}

impl Seal {
    pub(super) fn new(bearer: &str, key: &str, request_sha256: &str) -> Self {
        let secret = Salt::new(HKDF_SHA256, b"nightdesk answer").extract(bearer.as_bytes());
        let info = [key.as_bytes()];
        let material = secret
            .expand(&info, &AES_256_GCM)
            .expect("one key is far below what HKDF can give");
        Self {
            key: LessSafeKey::new(UnboundKey::from(material)),
            idempotency_key: key.to_owned(),
            secret,
            request_sha256: request_sha256.to_owned(),
        }
    }

    /// What the ids and secrets of a try are made of. The seed alone gives none of them: it is stored in clear.
    pub(super) fn derive(&self, seed: &[u8; 32]) -> hmac::Key {
        let info = [b"ids", self.idempotency_key.as_bytes(), seed];
        let material = (self.secret)
            .expand(&info, hmac::HMAC_SHA256)
            .expect("one key is far below what HKDF can give");
        hmac::Key::from(material)
    }

    /// Seals `plain`; the nonce is the beginning of `random`.
    pub(super) fn close(&self, mut plain: Vec<u8>, random: &[u8; 32]) -> Vec<u8> {
        let mut nonce = [0; NONCE_LEN];
        nonce.copy_from_slice(&random[..NONCE_LEN]);
        self.key
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(self.request_sha256.as_bytes()),
                &mut plain,
            )
            .expect("an answer is far below what AES-GCM can seal");
        let mut sealed = nonce.to_vec();
        sealed.append(&mut plain);
        sealed
    }

    /// What was sealed; `None` when it was not sealed so.
    pub(super) fn open(&self, mut sealed: Vec<u8>) -> Option<Vec<u8>> {
        if sealed.len() < NONCE_LEN {
            return None;
        }
        let mut rest = sealed.split_off(NONCE_LEN);
        let nonce = Nonce::try_assume_unique_for_key(&sealed).ok()?;
        let aad = Aad::from(self.request_sha256.as_bytes());
        let plain = self.key.open_in_place(nonce, aad, &mut rest).ok()?;
        Some(plain.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_request_makes_follows_from_its_seed_its_token_and_its_key() {
        let made = |bearer, key, seed| {
            let key = Seal::new(bearer, key, "r1").derive(&[seed; 32]);
            hmac::sign(&key, b"").as_ref().to_vec()
        };
        let first = made("nd_a", "k1", 7);
        assert_eq!(first, made("nd_a", "k1", 7));
        for other in [
            made("nd_b", "k1", 7),
            made("nd_a", "k2", 7),
            made("nd_a", "k1", 8),
        ] {
            assert_ne!(first, other);
        }
    }

    #[test]
    fn only_the_same_token_key_and_request_open_an_answer() {
        let seal = Seal::new("nd_a", "k1", "r1");
        let sealed = seal.close(b"secret".to_vec(), &[7; 32]);
        assert!(!sealed.windows(6).any(|window| window == b"secret"));
        assert_eq!(
            Seal::new("nd_a", "k1", "r1")
                .open(sealed.clone())
                .as_deref(),
            Some(&b"secret"[..])
        );
        for other in [
            Seal::new("nd_b", "k1", "r1"),
            Seal::new("nd_a", "k2", "r1"),
            Seal::new("nd_a", "k1", "r2"),
        ] {
            assert_eq!(other.open(sealed.clone()), None);
        }
        let mut bent = sealed.clone();
        bent[20] ^= 1;
        assert_eq!(seal.open(bent), None);
        assert_eq!(seal.open(vec![1, 2]), None);
    }
}
