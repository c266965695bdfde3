//! Presigned addresses of a blob store that has none of its own: a folder, which somebody serves.
//!
//! As with S3, an address names one object, what it is, and until when, under an HMAC-SHA256 (RFC 2104) of all of it:
//! whoever has it can fetch that object and nothing else. Whoever serves the folder asks [`AddressKey::allows`].

use domain::ids::OwnerId;
use jiff::Timestamp;
use ring::hmac;
use url::Url;

/// What addresses are signed with.
pub struct AddressKey(hmac::Key);

impl std::fmt::Debug for AddressKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AddressKey(***)")
    }
}

/// One object, as an address names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named<'a> {
    pub owner: &'a str,
    pub sha256: &'a str,
    pub content_type: &'a str,
    /// The last second in which it may be fetched, since 1970.
    pub until: i64,
}

impl Named<'_> {
    fn text(&self) -> String {
        let Self {
            owner,
            sha256,
            content_type,
            until,
        } = self;
        format!("GET\n{owner}\n{sha256}\n{content_type}\n{until}")
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = (0..text.len()).step_by(2);
    pairs
        .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
        .collect()
}

impl AddressKey {
    #[must_use]
    pub fn new(secret: &str) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()))
    }

    /// The address below `base` at which `named` may be fetched.
    #[must_use]
    pub fn address(&self, base: &Url, named: &Named<'_>) -> Url {
        let signature = hmac::sign(&self.0, named.text().as_bytes());
        let mut url = base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push(named.owner).push(named.sha256);
        }
        url.query_pairs_mut()
            .append_pair("type", named.content_type)
            .append_pair("until", &named.until.to_string())
            .append_pair("signature", &hex(signature.as_ref()));
        url
    }

    /// Whether this signature is of this object, and its time has not passed.
    #[must_use]
    pub fn allows(&self, named: &Named<'_>, signature: &str, now: Timestamp) -> bool {
        // What is signed has no dots or slashes that could lead elsewhere, and is asked all the same.
        let is_hash =
            named.sha256.len() == 64 && named.sha256.bytes().all(|b| b.is_ascii_hexdigit());
        let is_owner = OwnerId::parse(named.owner).is_ok();
        let signed = unhex(signature).is_some_and(|signature| {
            hmac::verify(&self.0, named.text().as_bytes(), &signature).is_ok()
        });
        is_hash && is_owner && signed && now.as_second() <= named.until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_opens_one_object_for_a_while_and_nothing_else() {
        let key = AddressKey::new("secret");
        let owner = OwnerId::from_uuid(uuid::Uuid::from_u128(1));
        let other = OwnerId::from_uuid(uuid::Uuid::from_u128(2));
        let (one, two) = ("a".repeat(64), "b".repeat(64));
        let named = Named {
            owner: owner.as_str(),
            sha256: &one,
            content_type: "application/json",
            until: 1_000,
        };
        let base = Url::parse("http://127.0.0.1:1/_local/blobs").unwrap();
        let url = key.address(&base, &named);
        assert_eq!(url.path(), format!("/_local/blobs/{owner}/{one}"));
        let query: std::collections::HashMap<_, _> = url.query_pairs().into_owned().collect();
        let signature = &query["signature"];
        let at = |second| Timestamp::from_second(second).unwrap();
        assert!(key.allows(&named, signature, at(1_000)));
        assert!(!key.allows(&named, signature, at(1_001)), "it has expired");
        assert!(!AddressKey::new("other").allows(&named, signature, at(0)));
        for wrong in [
            Named {
                owner: other.as_str(),
                ..named.clone()
            },
            Named {
                sha256: &two,
                ..named.clone()
            },
            Named {
                content_type: "text/html",
                ..named.clone()
            },
            Named {
                until: 2_000,
                ..named.clone()
            },
        ] {
            assert!(!key.allows(&wrong, signature, at(0)), "{wrong:?}");
        }
        for signature in ["", "zz", "00", &signature[1..]] {
            assert!(!key.allows(&named, signature, at(0)), "{signature}");
        }
    }
}
