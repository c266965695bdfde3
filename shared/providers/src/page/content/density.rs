//! Where running text gathers, whatever the page's parts are called.

use super::outline::{Cut, Outline, Place, Weights};
use super::tag::Tag;

/// A block with less text of its own, in characters, says nothing about where the content is.
const MIN_CHARS: usize = 25;

/// What a block's text counts for the part it is in, the one around that, and the next.
const SHARES: [f32; 3] = [1.0, 2.0, 6.0];

/// The frame running text gathers in: each block counts for the parts around it, the nearer the more,
/// and links count against (the scoring known from Arc90's Readability, 2009: a point a block, a point
/// a comma, a point a hundred characters up to three). Siblings of the best part that score a fifth of
/// it belong to it.
pub(super) fn dense(outline: &Outline<'_>, cut: &Cut, weights: &Weights) -> Vec<Place> {
    let scores = scores(outline, cut, weights);
    let best = scores
        .iter()
        .enumerate()
        .max_by(|(_, a), (_, b)| a.total_cmp(b))
        .filter(|(_, score)| **score > 0.0);
    let Some((place, top)) = best else {
        return Vec::new();
    };
    if place == 0 {
        return vec![0];
    }
    outline
        .children(outline.at(place).parent)
        .filter(|sibling| {
            if *sibling == place {
                return true;
            }
            if cut.has(*sibling) {
                return false;
            }
            let weight = weights.of(*sibling);
            let score = scores.get(*sibling).copied().unwrap_or_default();
            let tag = outline.at(*sibling).tag;
            let is_prose = matches!(tag, Tag::Paragraph | Tag::Quote | Tag::Pre | Tag::List)
                && weight.plain() > 80
                && weight.linked * 4 < weight.chars;
            score >= (top / 5.0).max(10.0) || is_prose
        })
        .collect()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "scores of at most millions of characters"
)]
fn scores(outline: &Outline<'_>, cut: &Cut, weights: &Weights) -> Vec<f32> {
    let mut scores = vec![0_f32; outline.parts.len()];
    let mut place = 1;
    while place < outline.parts.len() {
        if cut.has(place) {
            place = outline.inside(place).end;
            continue;
        }
        let own = own_text(outline, cut, place);
        if own.chars >= MIN_CHARS {
            let score = 1.0 + own.commas as f32 + (own.chars as f32 / 100.0).min(3.0);
            for (around, share) in outline.around(place).zip(SHARES) {
                if let Some(total) = scores.get_mut(around) {
                    *total += score / share;
                }
            }
        }
        place += 1;
    }
    for (place, score) in scores.iter_mut().enumerate() {
        let weight = weights.of(place);
        if weight.chars > 0 {
            *score *= 1.0 - weight.linked as f32 / weight.chars as f32;
        }
    }
    scores
}

#[derive(Debug, Default)]
pub(super) struct Own {
    /// Characters beside blanks.
    pub(super) chars: usize,
    pub(super) commas: usize,
}

/// The text directly in a block: its own, and that of what runs along in its lines.
pub(super) fn own_text(outline: &Outline<'_>, cut: &Cut, place: Place) -> Own {
    let mut own = Own::default();
    let part = outline.at(place);
    let counts = matches!(
        part.tag,
        Tag::Paragraph
            | Tag::Pre
            | Tag::Quote
            | Tag::Cell
            | Tag::Item
            | Tag::Block
            | Tag::Section
            | Tag::Article
    );
    if !counts {
        return own;
    }
    let mut next = place + 1;
    while next < part.end {
        let inner = outline.at(next);
        if cut.has(next) || inner.tag.is_block() || inner.tag == Tag::Link || inner.tag == Tag::Cell
        {
            next = inner.end.max(next + 1);
            continue;
        }
        if inner.tag == Tag::Text {
            own.chars += inner.chars;
            own.commas += inner
                .text
                .chars()
                .filter(|c| matches!(c, ',' | '،' | '、' | '，'))
                .count();
        }
        next += 1;
    }
    own
}
