//! Secrets of webhooks as they are stored: sealed, so that nobody can sign with a copy of the table.
//!
//! AES-256-GCM (NIST SP 800-38D) under a key of each owner's own, which HKDF-SHA256 (RFC 5869) derives from a root key
//! that is not in the table. The nonce is derived from the secret itself (HMAC-SHA256 under a second key, its first 96
//! bits; the idea is that of RFC 5297): the same secret of the same owner is always sealed to the same text, so that two
//! plans can be compared without opening anything, and no nonce is used for two different secrets. The owner's id is
//! associated data: what was sealed for one owner cannot be opened for another.
//!
//! There may be several root keys, for a change of the key: the first seals, each of them opens.
//!
//! What can go wrong: the root key is lost or replaced. Then no stored secret can be opened any more; posts that need
//! one fail, and the owner has to give each webhook a new secret.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce};
use ring::hkdf::{HKDF_SHA256, KeyType, Okm, Prk, Salt};
use ring::hmac;
use serde::{Deserialize, Serialize};

use crate::ids::OwnerId;
use crate::signature::SigningSecret;

/// What a sealed secret begins with: how it was sealed.
const PREFIX: &str = "sealed1.";

/// The keys from which the keys of all owners are derived; at least one.
#[derive(Clone)]
pub struct RootKeys {
    first: Prk,
    others: Vec<Prk>,
}

impl RootKeys {
    /// One key a line: the first seals, each of them opens. `None` when there is no line with a key.
    #[must_use]
    pub fn read(lines: &str) -> Option<Self> {
        let salt = Salt::new(HKDF_SHA256, b"nightdesk webhook secrets");
        let lines = lines.lines().map(str::trim).filter(|key| !key.is_empty());
        let mut keys = lines.map(|key| salt.extract(key.as_bytes()));
        Some(Self {
            first: keys.next()?,
            others: keys.collect(),
        })
    }

    /// What seals and opens an owner's secrets.
    #[must_use]
    pub fn seal(&self, owner: &OwnerId) -> Seal {
        let key = |root| LessSafeKey::new(derived(root, "seal", owner, &AES_256_GCM));
        Seal {
            key: key(&self.first),
            former: self.others.iter().map(key).collect(),
            nonces: derived(&self.first, "nonce", owner, hmac::HMAC_SHA256),
            owner: owner.clone(),
        }
    }
}

fn derived<L: KeyType, K>(root: &Prk, purpose: &str, owner: &OwnerId, kind: L) -> K
where
    K: for<'a> From<Okm<'a, L>>,
{
    let info = [purpose.as_bytes(), owner.as_str().as_bytes()];
    root.expand(&info, kind)
        .expect("one key is far below what HKDF can give")
        .into()
}

impl fmt::Debug for RootKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RootKeys(***)")
    }
}

/// Seals and opens the secrets of one owner.
pub struct Seal {
    key: LessSafeKey,
    /// Keys that seal no more.
    former: Vec<LessSafeKey>,
    nonces: hmac::Key,
    owner: OwnerId,
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal(***)")
    }
}

impl Seal {
    #[must_use]
    pub fn close(&self, secret: &SigningSecret) -> SealedSecret {
        let mut sealed = secret.expose().as_bytes().to_vec();
        let mut nonce = [0; NONCE_LEN];
        nonce.copy_from_slice(&hmac::sign(&self.nonces, &sealed).as_ref()[..NONCE_LEN]);
        self.key
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(self.owner.as_str().as_bytes()),
                &mut sealed,
            )
            .expect("a secret is far below what AES-GCM can seal");
        let bytes = [&nonce[..], &sealed].concat();
        SealedSecret(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// The secret; `None` when it was sealed for another owner, or under a key that is not there any more.
    #[must_use]
    pub fn open(&self, sealed: &SealedSecret) -> Option<SigningSecret> {
        let text = sealed.0.strip_prefix(PREFIX)?;
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE_LEN)?;
        let mut keys = std::iter::once(&self.key).chain(&self.former);
        keys.find_map(|key| {
            let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
            let aad = Aad::from(self.owner.as_str().as_bytes());
            let mut sealed = sealed.to_vec();
            let plain = key.open_in_place(nonce, aad, &mut sealed).ok()?;
            let text = String::from_utf8(plain.to_vec()).ok()?;
            Some(SigningSecret::new(text))
        })
    }
}

/// A secret as it is stored. A text that is no sealed secret (a clear one) is not kept: it is read as a secret that
/// nothing opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct SealedSecret(String);

impl From<String> for SealedSecret {
    fn from(text: String) -> Self {
        if text.starts_with(PREFIX) {
            Self(text)
        } else {
            Self(PREFIX.to_owned())
        }
    }
}

impl From<SealedSecret> for String {
    fn from(sealed: SealedSecret) -> Self {
        sealed.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(n: u128) -> OwnerId {
        OwnerId::from_uuid(uuid::Uuid::from_u128(n))
    }

    fn secret() -> SigningSecret {
        SigningSecret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned())
    }

    fn roots(lines: &str) -> RootKeys {
        RootKeys::read(lines).unwrap()
    }

    #[test]
    fn a_secret_opens_for_its_owner_under_its_root_key_only() {
        let root = roots("one");
        let sealed = root.seal(&owner(1)).close(&secret());
        assert!(!sealed.0.contains("MfKQ"));
        assert_eq!(root.seal(&owner(1)).open(&sealed), Some(secret()));
        assert_eq!(root.seal(&owner(2)).open(&sealed), None);
        assert_eq!(roots("two").seal(&owner(1)).open(&sealed), None);
        for bent in ["sealed1.", "sealed1.AAAA", "sealed1.%", "whsec_x", ""] {
            let bent = SealedSecret(bent.to_owned());
            assert_eq!(root.seal(&owner(1)).open(&bent), None, "{bent:?}");
        }
        let mut bytes = sealed.0.into_bytes();
        let last = bytes.len() - 1;
        bytes[last] ^= 4;
        let bent = SealedSecret(String::from_utf8(bytes).unwrap());
        assert_eq!(root.seal(&owner(1)).open(&bent), None);
    }

    #[test]
    fn the_same_secret_is_sealed_to_the_same_text() {
        let seal = roots("one").seal(&owner(1));
        assert_eq!(seal.close(&secret()), seal.close(&secret()));
        let other = SigningSecret::new("whsec_x".to_owned());
        assert_ne!(seal.close(&secret()).0[..24], seal.close(&other).0[..24]);
    }

    #[test]
    fn a_new_key_seals_and_the_former_ones_open() {
        let before = roots("one").seal(&owner(1)).close(&secret());
        let changed = roots("two\n one \n").seal(&owner(1));
        assert_eq!(changed.open(&before), Some(secret()));
        let after = changed.close(&secret());
        assert_eq!(roots("two").seal(&owner(1)).open(&after), Some(secret()));
        assert_eq!(roots("one").seal(&owner(1)).open(&after), None);
        assert!(RootKeys::read(" \n\n").is_none());
    }

    #[test]
    fn a_clear_secret_is_not_kept_as_a_sealed_one() {
        let clear: SealedSecret = serde_json::from_str("\"whsec_x\"").unwrap();
        assert_eq!(serde_json::to_string(&clear).unwrap(), "\"sealed1.\"");
    }
}
