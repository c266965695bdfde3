//! SHA-256 over bytes and over canonical JSON.

use ring::digest::{SHA256, digest};
use serde::Serialize;

/// SHA-256 in lower-case hexadecimal.
#[must_use]
pub fn of_bytes(bytes: &[u8]) -> String {
    hex(digest(&SHA256, bytes).as_ref())
}

/// SHA-256 of the RFC 8785 canonical JSON of `value`, in lower-case hexadecimal.
#[must_use]
pub fn of_json<T: Serialize>(value: &T) -> String {
    of_bytes(&canonical(value))
}

/// RFC 8785 canonical JSON.
#[must_use]
pub fn canonical<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json_canonicalizer::to_vec(value)
        .expect("our documents have string keys and finite numbers only")
}

/// Lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}
