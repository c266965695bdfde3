//! Ranking a handful of documents for a query: word overlap, weighted by how rare a word is and where
//! it stands (the idea of Okapi BM25, whose constants are used).
//!
//! The same query over the same documents gives the same order, whatever the machine: ties go to the
//! newer document, then to the order given.

use std::collections::{BTreeSet, HashMap};

/// A document as the ranking reads it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Document<'a> {
    pub(crate) title: &'a str,
    pub(crate) tags: &'a str,
    pub(crate) summary: &'a str,
    pub(crate) text: &'a str,
    pub(crate) age_days: u32,
}

/// How much an occurrence counts by where it stands.
const TITLE_WEIGHT: f64 = 3.0;
const TAG_WEIGHT: f64 = 2.5;
const SUMMARY_WEIGHT: f64 = 1.5;
/// BM25's saturation: the fifth occurrence of a word says little more than the fourth.
const SATURATION: f64 = 1.2;
/// Results below this share of the best one matched by accident.
const MIN_SHARE: f64 = 0.3;

/// Words that are in every text and every question.
const STOP_WORDS: &[&str] = &[
    "a", "about", "all", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by", "can",
    "do", "does", "for", "from", "had", "has", "have", "how", "i", "if", "in", "into", "is", "it",
    "its", "me", "more", "most", "my", "new", "no", "not", "of", "on", "or", "our", "out", "so",
    "than", "that", "the", "their", "them", "then", "there", "these", "they", "this", "to", "up",
    "us", "was", "we", "were", "what", "when", "where", "which", "who", "why", "will", "with",
    "you", "your",
];

/// Indices of the documents that answer `query`, best first.
pub(crate) fn rank(query: &str, documents: &[Document<'_>]) -> Vec<usize> {
    let wanted: BTreeSet<String> = terms(query).collect();
    let weights: Vec<HashMap<String, f64>> = documents.iter().map(weights).collect();
    #[expect(clippy::cast_precision_loss, reason = "a few dozen documents")]
    let rarity = |term: &String| {
        let with = weights
            .iter()
            .filter(|weights| weights.contains_key(term))
            .count() as f64;
        ((documents.len() as f64 - with + 0.5) / (with + 0.5)).ln_1p()
    };
    let rarities: Vec<(&String, f64)> = wanted.iter().map(|term| (term, rarity(term))).collect();
    let mut scored: Vec<(usize, f64)> = weights
        .iter()
        .enumerate()
        .map(|(index, weights)| {
            let score = rarities
                .iter()
                .filter_map(|(term, rarity)| {
                    weights
                        .get(*term)
                        .map(|weight| rarity * weight / (weight + SATURATION))
                })
                .sum();
            (index, score)
        })
        .filter(|(_, score)| *score > 0.0)
        .collect();
    let best = scored.iter().map(|(_, score)| *score).fold(0.0, f64::max);
    scored.retain(|(_, score)| *score >= best * MIN_SHARE);
    let age = |index: usize| documents.get(index).map(|document| document.age_days);
    scored.sort_by(|(a, score_a), (b, score_b)| {
        score_b
            .total_cmp(score_a)
            .then_with(|| age(*a).cmp(&age(*b)))
            .then_with(|| a.cmp(b))
    });
    scored.into_iter().map(|(index, _)| index).collect()
}

fn weights(document: &Document<'_>) -> HashMap<String, f64> {
    let mut weights = HashMap::new();
    let fields = [
        (document.title, TITLE_WEIGHT),
        (document.tags, TAG_WEIGHT),
        (document.summary, SUMMARY_WEIGHT),
        (document.text, 1.0),
    ];
    for (text, weight) in fields {
        for term in terms(text) {
            *weights.entry(term).or_insert(0.0) += weight;
        }
    }
    weights
}

/// The words of a text that mean something, in lower case and the singular.
pub(crate) fn terms(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .filter(|word| !STOP_WORDS.contains(&word.as_str()))
        .map(|word| singular(&word))
}

/// The singular of regular English plurals; other words as they are.
fn singular(word: &str) -> String {
    let stem = if word.len() <= 3
        || word.ends_with("ss")
        || word.ends_with("us")
        || word.ends_with("is")
    {
        None
    } else if let Some(stem) = word.strip_suffix("ies") {
        return format!("{stem}y");
    } else if let Some(stem) = word.strip_suffix("es").filter(|stem| {
        ["ch", "sh", "x", "ss", "z"]
            .iter()
            .any(|end| stem.ends_with(end))
    }) {
        Some(stem)
    } else {
        word.strip_suffix('s')
    };
    stem.unwrap_or(word).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document<'a>(title: &'a str, text: &'a str, age_days: u32) -> Document<'a> {
        Document {
            title,
            tags: "",
            summary: "",
            text,
            age_days,
        }
    }

    #[test]
    fn rare_words_and_titles_decide() {
        let documents = [
            document("News of the day", "a ferry", 1),
            document("The ferry returns", "News", 5),
            document("News", "news news news", 2),
        ];
        assert_eq!(rank("ferry news", &documents)[0], 1);
        assert_eq!(rank("nothing of this", &documents), Vec::<usize>::new());
        assert_eq!(rank("", &documents), Vec::<usize>::new());
    }

    #[test]
    fn ties_go_to_the_newer() {
        let documents = [
            document("Same", "", 3),
            document("Same", "", 1),
            document("Same", "", 1),
        ];
        assert_eq!(rank("same", &documents), [1, 2, 0]);
    }

    #[test]
    fn plurals_meet_their_singular() {
        let of = |text: &str| terms(text).collect::<Vec<_>>();
        assert_eq!(
            of("The launches of batteries, boxes and releases"),
            ["launch", "battery", "box", "release"]
        );
        assert_eq!(
            of("news status class gas AI's"),
            ["new", "status", "class", "gas", "ai", "s"]
        );
    }
}
