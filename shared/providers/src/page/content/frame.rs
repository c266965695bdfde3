//! Where the content is: the parts that may hold it, from the surest sign to the weakest.

use super::density::own_text;
use super::outline::{Cut, Outline, Place, Weights};
use super::tag::Tag;
use super::words::Words;

/// Parts of a size with the largest are content together: posts of a thread, blocks of an article,
/// entries of a list.
const PEER_SHARE: usize = 4;

/// The signs a content is found by, surest first.
const SIGNS: &[Sign] = &[
    Sign::Names(Words::BODY),
    Sign::Element(Tag::Article),
    Sign::Names(Words::STORY),
    Sign::Names(Words::CONTENT),
    Sign::Element(Tag::Main),
    Sign::Names(Words::MAIN),
];

#[derive(Debug, Clone, Copy)]
enum Sign {
    Names(Words),
    Element(Tag),
}

impl Sign {
    fn is_on(self, outline: &Outline<'_>, place: Place) -> bool {
        let part = outline.at(place);
        match self {
            Self::Names(words) => part.tag.is_container() && part.words.has(words),
            Self::Element(tag) => part.tag == tag,
        }
    }
}

/// The frames of each sign the page has, surest first; a frame is one or more parts, none inside of
/// another.
pub(super) fn signed(outline: &Outline<'_>, cut: &Cut, weights: &Weights) -> Vec<Vec<Place>> {
    SIGNS
        .iter()
        .map(|sign| peers(outline, cut, outermost(outline, cut, *sign), weights))
        .filter(|frame| !frame.is_empty())
        .collect()
}

fn outermost(outline: &Outline<'_>, cut: &Cut, sign: Sign) -> Vec<Place> {
    let mut found = Vec::new();
    let mut place = 1;
    while place < outline.parts.len() {
        let end = outline.at(place).end.max(place + 1);
        if cut.has(place) {
            place = end;
        } else if sign.is_on(outline, place) {
            found.push(place);
            place = end;
        } else {
            place += 1;
        }
    }
    found
}

fn peers(outline: &Outline<'_>, cut: &Cut, found: Vec<Place>, weights: &Weights) -> Vec<Place> {
    let size = |place: &Place| weights.of(*place).plain();
    let Some(most) = found.iter().map(size).max().filter(|most| *most > 0) else {
        return Vec::new();
    };
    let mut peers: Vec<Place> = found
        .into_iter()
        .filter(|place| size(place) * PEER_SHARE >= most)
        .collect();
    // One whose heading links elsewhere is the beginning of another page; when all are, they are a list.
    let leads_on: Vec<bool> = peers
        .iter()
        .map(|place| leads_on(outline, cut, *place))
        .collect();
    if leads_on.contains(&false) {
        let mut leads_on = leads_on.into_iter();
        peers.retain(|_| leads_on.next() == Some(false));
    }
    peers
}

/// Whether the first heading inside of `place` is a link.
fn leads_on(outline: &Outline<'_>, cut: &Cut, place: Place) -> bool {
    let heading = outline
        .inside(place)
        .find(|inner| matches!(outline.at(*inner).tag, Tag::Heading(_)) && !cut.has(*inner));
    heading.is_some_and(|heading| {
        let is_link = |place: Place| outline.at(place).tag == Tag::Link;
        outline.inside(heading).any(is_link) || is_link(outline.at(heading).parent)
    })
}

/// A block between title and body with fewer characters is a date or a name.
const LEAD_CHARS: usize = 45;

/// How far above a body its title is looked for, in levels.
const TITLE_LEVELS: usize = 6;

/// The blocks between the page's title and `body`: many templates keep the first paragraph there.
pub(super) fn lead(outline: &Outline<'_>, cut: &Cut, weights: &Weights, body: Place) -> Vec<Place> {
    let is_title = |place: &Place| {
        matches!(outline.at(*place).tag, Tag::Heading(1)) && weights.of(*place).chars > 0
    };
    let title = outline
        .around(body)
        .take(TITLE_LEVELS)
        .find_map(|around| (around..body).rev().find(is_title));
    let is_heading = |place: &Place| {
        matches!(outline.at(*place).tag, Tag::Heading(2)) && weights.of(*place).chars > 0
    };
    let title = title.or_else(|| {
        outline
            .around(body)
            .take(3)
            .find_map(|around| (around..body).rev().find(is_heading))
    });
    let Some(title) = title else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let mut place = outline.at(title).end;
    while place < body {
        let part = outline.at(place);
        let end = part.end.max(place + 1);
        if cut.has(place) {
            place = end;
            continue;
        }
        let own = own_text(outline, cut, place);
        if own.chars >= LEAD_CHARS && end <= body {
            found.push(place);
            place = end;
            continue;
        }
        place += 1;
    }
    found
}
