//! A summary: one line a source, or the weightiest sentences of running text.

use engine::ports::model::{Material, TextFormat};

use super::document::{Document, Span};
use super::sources::{running_text, sources};
use super::text::{keywords, sentences};
use crate::search::ranking::terms;

/// The most lines of a summary.
const MOST_LINES: usize = 10;

/// The most sentences taken from running text.
const MOST_SENTENCES: usize = 5;

pub(super) fn write(format: TextFormat, material: &[Material]) -> String {
    let sources = sources(material);
    let mut document = Document::default();
    if sources.is_empty() {
        let kept = weightiest(&running_text(material));
        document.text(if kept.is_empty() {
            "There was nothing to summarise.".to_owned()
        } else {
            kept.join(" ")
        });
        return document.render(format);
    }
    let lines = sources.iter().take(MOST_LINES).map(|source| {
        let lead = source.lead();
        let mut line = vec![Span::link(source.name(), &source.url)];
        if !lead.is_empty() {
            line.push(Span::plain(format!(": {lead}")));
        }
        line
    });
    document.bullets(lines.collect());
    if sources.len() > MOST_LINES {
        document.text(format!("And {} more.", sources.len() - MOST_LINES));
    }
    document.render(format)
}

/// The sentences that hold the most of the text's key words, in their own order.
fn weightiest(text: &str) -> Vec<String> {
    let sentences = sentences(text);
    let keys: Vec<String> = keywords(sentences.iter().map(String::as_str), 12)
        .iter()
        .flat_map(|word| terms(word))
        .collect();
    let mut ranked: Vec<(usize, usize)> = sentences
        .iter()
        .enumerate()
        .map(|(index, sentence)| {
            (
                terms(sentence).filter(|term| keys.contains(term)).count(),
                index,
            )
        })
        .collect();
    ranked.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut chosen: Vec<usize> = ranked
        .into_iter()
        .take(MOST_SENTENCES)
        .map(|(_, index)| index)
        .collect();
    chosen.sort_unstable();
    chosen
        .into_iter()
        .filter_map(|index| sentences.get(index).cloned())
        .collect()
}
