//! What a session remembers: a fingerprint of every URL identity, spread over shelves.
//!
//! A shelf is one item of the store. Few shelves, so that the additions of the largest run fit into one
//! transaction with the run's end; several, so that a run with one new URL reads and writes an eighth.
//! A fingerprint is 128 bits of SHA-256: that two of a session's 50,000 URLs share one has odds of 1 to 10^29
//! (n²/2 ÷ 2^128), and the harm would be one piece of news left out.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

/// Bytes of a fingerprint.
const LENGTH: usize = 16;

type Fingerprint = [u8; LENGTH];

fn fingerprint(identity: &str) -> Fingerprint {
    let mut fingerprint = [0; LENGTH];
    fingerprint.copy_from_slice(&digest(&SHA256, identity.as_bytes()).as_ref()[..LENGTH]);
    fingerprint
}

/// The number of the shelf a URL identity belongs on, 0-7.
#[must_use]
pub fn shelf_of(identity: &str) -> u8 {
    fingerprint(identity)[0] % Shelf::COUNT
}

/// A part of a session's memory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shelf {
    number: u8,
    fingerprints: Fingerprints,
}

impl Shelf {
    /// How many a session has.
    pub const COUNT: u8 = 8;

    fn new(number: u8) -> Self {
        Self {
            number,
            fingerprints: Fingerprints::default(),
        }
    }

    /// Which of the session's shelves it is, 0-7.
    #[must_use]
    pub fn number(&self) -> u8 {
        self.number
    }

    /// How many URLs it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.fingerprints.0.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fingerprints.0.is_empty()
    }
}

/// Written down as one text: base64 of all of them, sorted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct Fingerprints(BTreeSet<Fingerprint>);

impl From<Fingerprints> for String {
    fn from(all: Fingerprints) -> Self {
        let bytes: Vec<u8> = all.0.into_iter().flatten().collect();
        STANDARD_NO_PAD.encode(bytes)
    }
}

/// A text that holds no fingerprints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the base64 of fingerprints")]
struct NotFingerprints;

impl TryFrom<String> for Fingerprints {
    type Error = NotFingerprints;

    fn try_from(text: String) -> Result<Self, NotFingerprints> {
        let bytes = STANDARD_NO_PAD.decode(text).map_err(|_| NotFingerprints)?;
        let (all, rest) = bytes.as_chunks::<LENGTH>();
        if rest.is_empty() {
            Ok(Self(all.iter().copied().collect()))
        } else {
            Err(NotFingerprints)
        }
    }
}

/// The shelves that somebody has read. What belongs on another is unknown to it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Memory {
    shelves: BTreeMap<u8, Shelf>,
    changed: BTreeSet<u8>,
}

impl Memory {
    /// A memory of these shelves.
    #[must_use]
    pub fn of(shelves: impl IntoIterator<Item = Shelf>) -> Self {
        Self {
            shelves: shelves
                .into_iter()
                .map(|shelf| (shelf.number, shelf))
                .collect(),
            changed: BTreeSet::new(),
        }
    }

    /// Whether a URL identity is remembered.
    #[must_use]
    pub fn holds(&self, identity: &str) -> bool {
        self.shelves
            .get(&shelf_of(identity))
            .is_some_and(|shelf| shelf.fingerprints.0.contains(&fingerprint(identity)))
    }

    /// Remembers a URL identity; whether it was unknown before.
    pub(super) fn remember(&mut self, identity: &str) -> bool {
        let number = shelf_of(identity);
        let shelf = self
            .shelves
            .entry(number)
            .or_insert_with(|| Shelf::new(number));
        let is_new = shelf.fingerprints.0.insert(fingerprint(identity));
        if is_new {
            self.changed.insert(number);
        }
        is_new
    }

    /// The shelves that something was put on.
    pub(super) fn into_changed(self) -> Vec<Shelf> {
        let Self { shelves, changed } = self;
        shelves
            .into_values()
            .filter(|shelf| changed.contains(&shelf.number))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shelf_survives_being_written_down() {
        let mut memory = Memory::default();
        for n in 0..50 {
            assert!(memory.remember(&format!("https://example.com/{n}")));
        }
        let shelves = memory.into_changed();
        assert_eq!(shelves.iter().map(Shelf::len).sum::<usize>(), 50);
        let written = serde_json::to_string(&shelves).unwrap();
        let read: Vec<Shelf> = serde_json::from_str(&written).unwrap();
        assert_eq!(read, shelves);
        assert!(Memory::of(read).holds("https://example.com/49"));
        assert!(!Memory::of(shelves).holds("https://example.com/50"));
    }

    #[test]
    fn damage_is_an_error_and_no_empty_memory() {
        for bad in ["!", "AAAA", "AAAAAAAAAAAAAAAAAAAAAAAA"] {
            let shelf = serde_json::json!({"number": 1, "fingerprints": bad});
            assert!(serde_json::from_value::<Shelf>(shelf).is_err(), "{bad}");
        }
    }

    #[test]
    fn urls_are_spread() {
        let shelves: BTreeSet<u8> = (0..500)
            .map(|n| shelf_of(&format!("https://example.com/{n}")))
            .collect();
        assert_eq!(shelves.len(), usize::from(Shelf::COUNT));
    }
}
