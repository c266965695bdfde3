//! A goal as words: what it has, what stands after what, what it names.

use super::vocabulary::{MOMENTS, OPENERS};

/// How many names are worth listing.
const MOST_ENTITIES: usize = 10;
/// How many words an exclusion runs on for.
const LONGEST_EXCLUSION: usize = 8;

/// The words of a text, as written and in lower case.
pub(super) struct Words<'a> {
    text: &'a str,
    written: Vec<&'a str>,
    lower: Vec<String>,
}

impl<'a> Words<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let trim = |word: &'a str| word.trim_matches(|c: char| !c.is_alphanumeric());
        let written: Vec<&str> = text
            .split_whitespace()
            .map(trim)
            .filter(|word| !word.is_empty())
            .collect();
        let lower = written.iter().map(|word| word.to_lowercase()).collect();
        Self {
            text,
            written,
            lower,
        }
    }

    pub(super) fn count(&self) -> usize {
        self.written.len()
    }

    /// Where the cue stands: one word, or several in that order.
    fn position(&self, cue: &str) -> Option<usize> {
        let cue: Vec<&str> = cue.split(' ').collect();
        self.lower
            .windows(cue.len())
            .position(|window| window.iter().zip(&cue).all(|(word, cue)| word == cue))
    }

    pub(super) fn has(&self, cue: &str) -> bool {
        self.position(cue).is_some()
    }

    pub(super) fn any(&self, cues: &[&str]) -> bool {
        cues.iter().any(|cue| self.has(cue))
    }

    /// Whether it names a page: a URL, or a host as people write them.
    pub(super) fn has_address(&self) -> bool {
        self.lower.iter().any(|word| is_address(word))
    }

    /// What stands after each of the cues.
    pub(super) fn after_any(&self, cues: &[&str]) -> Vec<String> {
        let after = |cue: &&str| {
            let start = self.position(cue)? + cue.split(' ').count();
            let rest: Vec<&str> = self
                .written
                .iter()
                .skip(start)
                .take(LONGEST_EXCLUSION)
                .copied()
                .collect();
            (!rest.is_empty()).then(|| rest.join(" "))
        };
        cues.iter().filter_map(after).collect()
    }

    /// What it names: quoted phrases, addresses, and runs of capitalised words. Each once, in this order.
    pub(super) fn entities(&self) -> Vec<String> {
        let mut names = quoted(self.text);
        names.extend(
            self.written
                .iter()
                .filter(|word| is_address(&word.to_lowercase()))
                .map(|word| (*word).to_owned()),
        );
        names.extend(self.capitalised());
        let mut seen = std::collections::HashSet::new();
        let inside = names.clone();
        names.retain(|name| {
            let part_of_another = inside
                .iter()
                .any(|other| other != name && other.contains(name.as_str()));
            !part_of_another && seen.insert(name.to_lowercase())
        });
        names.truncate(MOST_ENTITIES);
        names
    }

    fn capitalised(&self) -> Vec<String> {
        let mut names = Vec::new();
        let mut run: Vec<&str> = Vec::new();
        for (word, lower) in self.written.iter().zip(&self.lower) {
            let named = word.chars().any(char::is_uppercase)
                && !OPENERS.contains(&lower.as_str())
                && !MOMENTS.contains(&lower.as_str());
            if named {
                run.push(word);
            } else if !run.is_empty() {
                names.push(run.join(" "));
                run.clear();
            }
        }
        if !run.is_empty() {
            names.push(run.join(" "));
        }
        names
    }
}

fn is_address(word: &str) -> bool {
    if word.starts_with("http://") || word.starts_with("https://") {
        return true;
    }
    let host = word.split('/').next().unwrap_or_default();
    let Some((name, tld)) = host.rsplit_once('.') else {
        return false;
    };
    !name.is_empty()
        && (2..=12).contains(&tld.len())
        && tld.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// The phrases in double quotation marks, straight or curly.
fn quoted(text: &str) -> Vec<String> {
    let mut phrases = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(['"', '“', '„']) {
        let open = rest[start..].chars().next().map_or(1, char::len_utf8);
        let inside = &rest[start + open..];
        let Some(end) = inside.find(['"', '”', '“']) else {
            break;
        };
        let phrase = inside[..end].trim();
        if (2..=80).contains(&phrase.chars().count()) {
            phrases.push(phrase.to_owned());
        }
        let close = inside[end..].chars().next().map_or(1, char::len_utf8);
        rest = &inside[end + close..];
    }
    phrases
}
