//! What a patrol remembers: the results of the last complete run, and every URL it ever saw.
//!
//! One document per workflow, kept in the blob store and replaced only by a complete run. It holds the text
//! of each page, because a change must be shown and not only claimed; texts are cut to a budget so that a
//! watch of a thousand pages still fits a function's memory. What lies beyond the cut is not watched.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::difference;
use crate::digest;
use crate::ids::{ExecutionId, SessionId};

/// Bytes of text kept of all pages together, of one page at most, and of one page at least.
const TEXT_BUDGET: usize = 16 << 20;
const LONGEST_TEXT: usize = 64 << 10;
const SHORTEST_TEXT: usize = 8 << 10;
/// URLs remembered beyond those of the last run; the oldest are forgotten first.
const MOST_SEEN: usize = 20_000;

/// The state of the watched world after a complete run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// The run that saw it.
    pub execution_id: ExecutionId,
    /// Fingerprint of what is watched; a baseline of another definition is no baseline.
    pub definition: String,
    /// By URL identity.
    pub entries: BTreeMap<String, Entry>,
    pub seen: Seen,
    /// The session that remembers all of `entries`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
}

/// One result as it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    pub url: String,
    pub title: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub snippet: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_date: Option<String>,
    pub first_seen: Timestamp,
    /// The page behind it; absent for a result that was only found by a search.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<Page>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extracted: Option<Value>,
    /// How many runs in a row the page answered 404 or 410.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub times_gone: u32,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature serde asks for"
)]
fn is_zero(n: &u32) -> bool {
    *n == 0
}

/// A page's readable text and where it was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// Where the last redirect led.
    pub final_url: String,
    /// Of the whole text's essence: equal hashes need no comparison.
    pub hash: String,
    /// The text, from its beginning.
    pub text: String,
    /// Whether the text went on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
}

impl Page {
    pub(super) fn new(final_url: &str, text: &str) -> Self {
        let hash = digest::of_bytes(difference::essence(text).as_bytes());
        Self {
            final_url: final_url.to_owned(),
            hash,
            text: text.to_owned(),
            cut: false,
        }
    }

    fn cut_to(&mut self, longest: usize) {
        self.cut |= self.text.len() > longest;
        self.text.truncate(self.text.floor_char_boundary(longest));
    }
}

impl Baseline {
    /// Cuts the texts to the budget and forgets the oldest URLs.
    pub(super) fn bounded(mut self) -> Self {
        let pages = self
            .entries
            .values()
            .filter(|entry| entry.page.is_some())
            .count()
            .max(1);
        let longest = (TEXT_BUDGET / pages).clamp(SHORTEST_TEXT, LONGEST_TEXT);
        self.entries
            .values_mut()
            .filter_map(|entry| entry.page.as_mut())
            .for_each(|page| page.cut_to(longest));
        self.seen.forget_beyond(MOST_SEEN + self.entries.len());
        self
    }
}

/// Every URL identity ever seen, as 64 bits of its SHA-256, with the second it was first seen. Among
/// 20,000 URLs two share a fingerprint once in a hundred billion workflows; the harm would be a result
/// marked as returned.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seen(BTreeMap<String, i64>);

impl Seen {
    /// When `identity` was first seen.
    #[must_use]
    pub fn first(&self, identity: &str) -> Option<Timestamp> {
        Timestamp::from_second(*self.0.get(&Self::fingerprint(identity))?).ok()
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn remember(&mut self, identity: &str, at: Timestamp) {
        self.0
            .entry(Self::fingerprint(identity))
            .or_insert(at.as_second());
    }

    fn forget_beyond(&mut self, most: usize) {
        if self.0.len() <= most {
            return;
        }
        let mut times: Vec<i64> = self.0.values().copied().collect();
        times.sort_unstable_by(|a, b| b.cmp(a));
        // Those of the boundary's second go together: forgetting is coarse, never arbitrary.
        let boundary = times.get(most).copied().unwrap_or(i64::MIN);
        self.0.retain(|_, at| *at > boundary);
    }

    fn fingerprint(identity: &str) -> String {
        let mut hex = digest::of_bytes(identity.as_bytes());
        hex.truncate(16);
        hex
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_are_forgotten_first() {
        let mut seen = Seen::default();
        for second in 0..10 {
            seen.remember(
                &format!("https://a.example/{second}"),
                Timestamp::from_second(second).unwrap(),
            );
        }
        seen.forget_beyond(4);
        assert_eq!(seen.len(), 4);
        assert_eq!(seen.first("https://a.example/5"), None);
        assert_eq!(
            seen.first("https://a.example/6"),
            Some(Timestamp::from_second(6).unwrap())
        );
        seen.remember("https://a.example/6", Timestamp::from_second(99).unwrap());
        assert_eq!(
            seen.first("https://a.example/6").unwrap().as_second(),
            6,
            "first means first"
        );
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        let mut page = Page::new("https://a.example/", &"é".repeat(100));
        page.cut_to(11);
        assert_eq!((page.text, page.cut), ("é".repeat(5), true));
    }
}
