//! The small print between paragraphs: labels, counters, credits that have no name to know them by.

use super::outline::{Cut, Outline, Place, Weights};
use super::tag::Tag;

/// A line directly in a box with fewer characters is a label.
const LABEL_CHARS: usize = 60;

/// So much text in paragraphs, and this share of a content (in tenths), make it one of paragraphs.
const PROSE_CHARS: usize = 750;
const PROSE_TENTHS: usize = 7;

/// Leaves out the labels in `frame` where its running text is in paragraphs: there, what stands directly
/// in a box is not meant as text. Where boxes are used for paragraphs nothing is left out.
pub(super) fn cut(outline: &Outline<'_>, weights: &Weights, frame: &[Place], cut: &mut Cut) {
    let sum = |of: &dyn Fn(Place) -> usize| frame.iter().map(|place| of(*place)).sum::<usize>();
    let prose = sum(&|place| weights.of(place).prose);
    let plain = sum(&|place| weights.of(place).plain());
    if prose < PROSE_CHARS || prose * 10 < plain * PROSE_TENTHS {
        return;
    }
    for place in frame.iter().flat_map(|place| outline.inside(*place)) {
        let is_box = matches!(
            outline.at(place).tag,
            Tag::Block | Tag::Section | Tag::Article
        );
        if is_box && !cut.has(place) {
            cut_labels(outline, weights, place, cut);
        }
    }
}

fn cut_labels(outline: &Outline<'_>, weights: &Weights, place: Place, cut: &mut Cut) {
    let in_line = |child: &Place| {
        let tag = outline.at(*child).tag;
        !tag.is_block() && tag != Tag::Cell && !cut.has(*child)
    };
    let line: Vec<Place> = outline.children(place).filter(in_line).collect();
    let chars: usize = line.iter().map(|child| weights.of(*child).chars).sum();
    if chars < LABEL_CHARS {
        line.into_iter().for_each(|child| cut.add(child));
    }
}
