//! Sentences and key words of running text.

use std::collections::HashMap;

use crate::search::ranking::terms;

/// Abbreviations whose full stop ends no sentence.
const ABBREVIATIONS: &[&str] = &[
    "mr", "mrs", "ms", "dr", "prof", "st", "no", "vs", "inc", "ltd", "co", "corp", "jr", "sr",
    "e.g", "i.e", "u.s", "u.k", "fig", "approx",
];

/// Phrases of the page around the text, not of the text.
const BOILERPLATE: &[&str] = &[
    "cookie",
    "subscribe",
    "sign up",
    "newsletter",
    "all rights reserved",
    "javascript",
    "log in",
    "privacy policy",
    "advertisement",
];

/// The shortest and longest sentence worth quoting, in words.
const MIN_WORDS: usize = 5;
const MAX_WORDS: usize = 50;

/// The sentences of a text that stand by themselves, in order.
pub(super) fn sentences(text: &str) -> Vec<String> {
    text.lines()
        .flat_map(split)
        .filter(|sentence| is_quotable(sentence))
        .collect()
}

fn split(line: &str) -> Vec<String> {
    let mut sentences = Vec::new();
    let mut current = String::new();
    let mut words = line.split_whitespace().peekable();
    while let Some(word) = words.next() {
        if !current.is_empty() {
            current.push(' ');
        }
        current.push_str(word);
        let next_begins = words
            .peek()
            .is_none_or(|next| next.chars().next().is_some_and(|c| !c.is_lowercase()));
        if ends_sentence(word) && next_begins {
            sentences.push(std::mem::take(&mut current));
        }
    }
    if !current.is_empty() {
        sentences.push(current);
    }
    sentences
}

fn ends_sentence(word: &str) -> bool {
    let bare = word.trim_end_matches(['"', '\'', '”', '’', ')', ']']);
    if bare.ends_with(['!', '?', '…', '。']) {
        return true;
    }
    let Some(stem) = bare.strip_suffix('.') else {
        return false;
    };
    let stem = stem.trim_start_matches(['"', '(', '“']).to_lowercase();
    // After initials ("J.") and abbreviations the sentence goes on.
    let initial = stem.chars().count() == 1 && stem.chars().all(char::is_alphabetic);
    !(initial || ABBREVIATIONS.contains(&stem.as_str()))
}

fn is_quotable(sentence: &str) -> bool {
    let words = sentence.split_whitespace().count();
    let lower = sentence.to_lowercase();
    (MIN_WORDS..=MAX_WORDS).contains(&words)
        && sentence
            .trim_end_matches(['"', '”', '’', ')'])
            .ends_with(['.', '!', '?', '…', '。'])
        && !BOILERPLATE.iter().any(|phrase| lower.contains(phrase))
}

pub(super) fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

/// The words that mark these texts, most marking first, as they are first written. A word counts
/// once a text, so that no single text decides.
pub(super) fn keywords<'a>(texts: impl IntoIterator<Item = &'a str>, most: usize) -> Vec<String> {
    ranked_keywords(texts)
        .into_iter()
        .map(|(_, surface)| surface)
        .take(most)
        .collect()
}

/// Only those that stand in more than one of the texts.
pub(super) fn shared_keywords<'a>(
    texts: impl IntoIterator<Item = &'a str>,
    most: usize,
) -> Vec<String> {
    ranked_keywords(texts)
        .into_iter()
        .filter(|(count, _)| *count > 1)
        .map(|(_, surface)| surface)
        .take(most)
        .collect()
}

fn ranked_keywords<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<(usize, String)> {
    let mut counts: HashMap<String, (usize, usize, String)> = HashMap::new();
    let mut order = 0;
    for text in texts {
        let mut seen = Vec::new();
        for surface in text
            .split(|c: char| !c.is_alphanumeric() && c != '-')
            .filter(|word| word.chars().count() >= 2)
        {
            let Some(term) = terms(surface).last() else {
                continue;
            };
            let telling = surface.chars().count() > 3
                || surface.chars().filter(|c| c.is_uppercase()).count() > 1;
            if !telling || surface.chars().all(|c| c.is_ascii_digit()) || seen.contains(&term) {
                continue;
            }
            let entry = counts
                .entry(term.clone())
                .or_insert_with(|| (0, order, surface.trim_matches('-').to_owned()));
            entry.0 += 1;
            order += 1;
            seen.push(term);
        }
    }
    let mut ranked: Vec<(usize, usize, String)> = counts.into_values().collect();
    ranked.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    ranked
        .into_iter()
        .map(|(count, _, surface)| (count, surface))
        .collect()
}

/// `text` cut to `most` characters at a word, with an ellipsis when something was cut.
pub(super) fn clipped(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let cut: String = text.chars().take(most.saturating_sub(1)).collect();
    let head = cut.rsplit_once(' ').map_or(cut.as_str(), |(head, _)| head);
    format!("{}…", head.trim_end_matches([',', ';', ':', ' ', '.']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_sentences_where_they_end() {
        let text = "A heading\nDr. J. Smith of the U.S. agency said 3.5 million were paid. \"It was enough for us,\" he added! too short.\nThis line never stops";
        assert_eq!(
            sentences(text),
            [
                "Dr. J. Smith of the U.S. agency said 3.5 million were paid.",
                "\"It was enough for us,\" he added! too short."
            ]
        );
        assert!(sentences("We use cookies to make this site better for you.").is_empty());
        assert!(sentences("").is_empty());
    }

    #[test]
    fn keywords_are_those_shared_by_the_texts() {
        let words = keywords(
            [
                "AI launches in Europe",
                "An AI launch for clinics",
                "Clinics and AI",
            ],
            2,
        );
        assert_eq!(words, ["AI", "launches"]);
    }

    #[test]
    fn clips_at_words() {
        assert_eq!(clipped("one two three", 9), "one two…");
        assert_eq!(clipped("one two", 7), "one two");
        assert!(clipped(&"ä".repeat(300), 280).chars().count() <= 280);
    }
}
