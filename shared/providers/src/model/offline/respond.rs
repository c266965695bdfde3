//! An answer: the sentences of the material that speak of what the prompt asks, and where they stand.

use std::collections::BTreeSet;

use engine::ports::model::{Material, TextFormat};

use super::document::{Document, Span};
use super::sources::{running_text, sources};
use super::text::sentences;
use super::wishes::Wishes;
use crate::search::ranking::terms;

/// Sentences quoted.
const MOST: u32 = 6;

pub(super) fn write(prompt: &str, wishes: Wishes, material: &[Material]) -> String {
    let asked: BTreeSet<String> = terms(prompt).collect();
    let sources = sources(material);
    let mut candidates: Vec<Candidate> = Vec::new();
    for (source, found) in sources.iter().enumerate() {
        let topic: BTreeSet<String> = terms(&found.title).collect();
        let close = topic.intersection(&asked).count();
        candidates.extend(
            found
                .sentences()
                .into_iter()
                .enumerate()
                .map(|(at, text)| Candidate::of(text, Some(source), at, close, &asked)),
        );
    }
    candidates.extend(
        sentences(&running_text(material))
            .into_iter()
            .enumerate()
            .map(|(at, text)| Candidate::of(text, None, at, 0, &asked)),
    );
    let relevant = candidates.iter().any(|candidate| candidate.score > 0);
    candidates.sort_by(|a, b| {
        b.score
            .cmp(&a.score)
            .then(a.at.cmp(&b.at))
            .then(a.source.cmp(&b.source))
    });
    candidates.truncate(wishes.length(MOST) as usize);
    candidates.sort_by(|a, b| {
        a.source
            .is_none()
            .cmp(&b.source.is_none())
            .then(a.source.cmp(&b.source))
            .then(a.at.cmp(&b.at))
    });
    let mut document = Document::default();
    if candidates.is_empty() {
        document.text("There is no material to answer from, and without a model nothing is answered from memory.");
        return document.render(TextFormat::Markdown);
    }
    if !relevant {
        document.text("Nothing in the material answers this directly. What it says:");
    }
    for group in candidates.chunk_by(|a, b| a.source == b.source) {
        let quoted: Vec<&str> = group
            .iter()
            .map(|candidate| candidate.text.as_str())
            .collect();
        let mut line = vec![Span::plain(quoted.join(" "))];
        if let Some(source) = group
            .first()
            .and_then(|candidate| sources.get(candidate.source?))
        {
            line.push(Span::plain(" ("));
            line.push(Span::link(source.name(), &source.url));
            line.push(Span::plain(")"));
        }
        document.paragraph(line);
    }
    document.render(TextFormat::Markdown)
}

struct Candidate {
    text: String,
    source: Option<usize>,
    /// Its place in the source: earlier sentences say more.
    at: usize,
    score: usize,
}

impl Candidate {
    fn of(
        text: String,
        source: Option<usize>,
        at: usize,
        close: usize,
        asked: &BTreeSet<String>,
    ) -> Self {
        let here: BTreeSet<String> = terms(&text).collect();
        let score = 2 * here.intersection(asked).count() + close;
        Self {
            text,
            source,
            at,
            score,
        }
    }
}
