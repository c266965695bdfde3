//! What a receiver of a post checks before it believes it: the other half of [`super::sign`].
//!
//! A receiver can be lied to in more ways than by a wrong signature. An old post is sent again (its time is
//! signed, and has to be now); a header is left out in the hope that nobody looks; an id with a dot moves the
//! border between id and time within the same signed bytes; a header holds a thousand signatures, each to
//! be computed; how long the comparison takes tells how much of a guess was right (it takes as long for
//! every guess). While a secret is exchanged for a new one, both hold: a sender may sign with both, and a
//! receiver may know both.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

use super::{VERSION, is_plain_id, key_bytes, signed_content};

/// How far the time of a post may be from the receiver's, either way, in seconds. The specification asks for a
/// bound and leaves it open; its reference libraries have five minutes.
pub const TOLERANCE_SECONDS: u64 = 300;

/// How many signatures of one post are tried.
const MOST_SIGNATURES: usize = 5;

/// The three headers of a post as they came, `None` for one that did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignedHeaders<'a> {
    /// `webhook-id`
    pub id: Option<&'a str>,
    /// `webhook-timestamp`: whole seconds since the epoch.
    pub timestamp: Option<&'a str>,
    /// `webhook-signature`: signatures, each with its version, separated by blanks.
    pub signature: Option<&'a str>,
}

/// Why a post is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unverified {
    #[error("the header {0} is missing")]
    Missing(&'static str),
    #[error("the id is empty or has a dot")]
    Id,
    #[error("the timestamp is no whole number of seconds")]
    Timestamp,
    #[error("the timestamp is more than {TOLERANCE_SECONDS} seconds from now")]
    NotNow,
    #[error("no signature is that of a known secret")]
    Signature,
}

/// Checks a post of this `body`, byte for byte as it came, at `now` (seconds since the epoch). One of the first
/// five signatures of version 1 has to be that of one of the `secrets`; a malformed secret is that of nothing.
///
/// # Errors
/// The first of the reasons in [`Unverified`], in their order. A receiver should tell the sender none of them.
pub fn verify(
    secrets: &[&str],
    headers: SignedHeaders<'_>,
    body: &[u8],
    now: i64,
) -> Result<(), Unverified> {
    let id = headers.id.ok_or(Unverified::Missing("webhook-id"))?;
    let timestamp = headers
        .timestamp
        .ok_or(Unverified::Missing("webhook-timestamp"))?;
    let signature = headers
        .signature
        .ok_or(Unverified::Missing("webhook-signature"))?;
    if !is_plain_id(id) {
        return Err(Unverified::Id);
    }
    let seconds = whole_seconds(timestamp).ok_or(Unverified::Timestamp)?;
    if now.abs_diff(seconds) > TOLERANCE_SECONDS {
        return Err(Unverified::NotNow);
    }
    let content = signed_content(id, seconds, body);
    let keys: Vec<hmac::Key> = secrets
        .iter()
        .filter_map(|secret| Some(hmac::Key::new(hmac::HMAC_SHA256, &key_bytes(secret)?)))
        .collect();
    let is_known = signature
        .split(' ')
        .filter_map(|one| one.strip_prefix(VERSION))
        .take(MOST_SIGNATURES)
        .filter_map(|encoded| STANDARD.decode(encoded).ok())
        .any(|tag| {
            keys.iter()
                .any(|key| hmac::verify(key, &content, &tag).is_ok())
        });
    if is_known {
        Ok(())
    } else {
        Err(Unverified::Signature)
    }
}

/// Digits as [`super::sign`] writes them: no sign, no fraction, no zero before.
fn whole_seconds(timestamp: &str) -> Option<i64> {
    let seconds: i64 = timestamp.parse().ok()?;
    (seconds >= 0 && seconds.to_string() == timestamp).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::super::{secret_of, sign};
    use super::*;

    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const NOW: i64 = 1_614_265_330;
    const BODY: &[u8] = br#"{"test": 2432232314}"#;

    fn secret() -> String {
        secret_of(&[7; 32])
    }

    fn signed(secret: &str) -> String {
        sign(secret, ID, NOW, BODY).unwrap()
    }

    /// Verifies the post of the tests with these headers.
    fn check(id: &str, timestamp: &str, signature: &str, now: i64) -> Result<(), Unverified> {
        let headers = SignedHeaders {
            id: Some(id),
            timestamp: Some(timestamp),
            signature: Some(signature),
        };
        verify(&[&secret()], headers, BODY, now)
    }

    /// The example of the Standard Webhooks specification.
    #[test]
    fn what_was_signed_is_believed_within_five_minutes() {
        let headers = SignedHeaders {
            id: Some(ID),
            timestamp: Some("1614265330"),
            signature: Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
        };
        let at = |now| {
            verify(
                &["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
                headers,
                BODY,
                now,
            )
        };
        assert_eq!(
            (at(NOW), at(NOW - 300), at(NOW + 300)),
            (Ok(()), Ok(()), Ok(()))
        );
        for now in [NOW - 301, NOW + 301, i64::MIN, i64::MAX] {
            assert_eq!(at(now), Err(Unverified::NotNow), "{now}");
        }
        assert_eq!(
            verify(
                &["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
                headers,
                b"{}",
                NOW
            ),
            Err(Unverified::Signature)
        );
    }

    /// HOOK-003, HOOK-014.
    #[test]
    fn another_id_is_another_post() {
        let signature = signed(&secret());
        assert_eq!(
            check("msg_another", "1614265330", &signature, NOW),
            Err(Unverified::Signature)
        );
        for id in ["msg.1", ".", ""] {
            assert_eq!(
                check(id, "1614265330", &signature, NOW),
                Err(Unverified::Id),
                "{id}"
            );
        }
    }

    /// HOOK-006, HOOK-007.
    #[test]
    fn a_time_is_whole_seconds() {
        let signature = signed(&secret());
        for time in [
            "1614265330.0",
            "-1",
            "9223372036854775808",
            "+1614265330",
            "01614265330",
            " 1614265330",
            "1614265330\n",
            "1e9",
            "0x6037",
            "",
            "now",
        ] {
            assert_eq!(
                check(ID, time, &signature, NOW),
                Err(Unverified::Timestamp),
                "{time}"
            );
        }
    }

    /// HOOK-008.
    #[test]
    fn every_header_is_needed() {
        let signature = signed(&secret());
        let whole = SignedHeaders {
            id: Some(ID),
            timestamp: Some("1614265330"),
            signature: Some(&signature),
        };
        let with = |headers| verify(&[&secret()], headers, BODY, NOW);
        assert_eq!(with(whole), Ok(()));
        for (without, name) in [
            (SignedHeaders { id: None, ..whole }, "webhook-id"),
            (
                SignedHeaders {
                    timestamp: None,
                    ..whole
                },
                "webhook-timestamp",
            ),
            (
                SignedHeaders {
                    signature: None,
                    ..whole
                },
                "webhook-signature",
            ),
        ] {
            assert_eq!(with(without), Err(Unverified::Missing(name)));
        }
    }

    /// HOOK-011.
    #[test]
    fn only_the_known_version_counts() {
        let signature = signed(&secret());
        let digest = &signature["v1,".len()..];
        for other in [
            "v2,abcd",
            "",
            "v1",
            "v1,",
            "v1,?",
            &format!("v2,{digest}"),
            digest,
            &format!("V1,{digest}"),
        ] {
            assert_eq!(
                check(ID, "1614265330", other, NOW),
                Err(Unverified::Signature),
                "{other}"
            );
        }
        let both = format!("v2,{digest} {signature}");
        assert_eq!(check(ID, "1614265330", &both, NOW), Ok(()));
    }

    /// HOOK-012: the sender signs with both secrets, or the receiver knows both.
    #[test]
    fn a_secret_can_be_exchanged_for_another() {
        let (old, new) = (secret_of(&[8; 32]), secret());
        let both = format!("{} {}", signed(&old), signed(&new));
        assert_eq!(check(ID, "1614265330", &both, NOW), Ok(()));
        let signature = signed(&old);
        let headers = SignedHeaders {
            id: Some(ID),
            timestamp: Some("1614265330"),
            signature: Some(&signature),
        };
        assert_eq!(verify(&[&new, &old], headers, BODY, NOW), Ok(()));
        assert_eq!(
            verify(&[&new], headers, BODY, NOW),
            Err(Unverified::Signature)
        );
        assert_eq!(
            verify(&["whsec_?", ""], headers, BODY, NOW),
            Err(Unverified::Signature)
        );
    }

    /// HOOK-015.
    #[test]
    fn five_signatures_are_tried_and_no_more() {
        let wrong = signed(&secret_of(&[8; 32]));
        let after = |others: usize| {
            format!(
                "{}{}",
                format!("{wrong} ").repeat(others),
                signed(&secret())
            )
        };
        assert_eq!(check(ID, "1614265330", &after(4), NOW), Ok(()));
        for others in [5, 1_000] {
            assert_eq!(
                check(ID, "1614265330", &after(others), NOW),
                Err(Unverified::Signature)
            );
        }
    }
}
