//! What is left out of a content: what surrounds it, what is about it, and lists of links.
//!
//! The rules are of three kinds, from sure to likely: what an element is (`nav`, `aside`), what it is
//! named (see [`super::words`]), and how much of it is links (Kohlschütter et al., "Boilerplate
//! Detection using Shallow Text Features", WSDM 2010: link density is the strongest single feature).
//! Names can mislead, so no name removes most of a page. The bounds on short lists and tables of links are those trafilatura
//! settled on (Barbaresi, ACL 2021; its source, 2.3), which has measured them on more pages than we have.

use super::outline::{Cut, Outline, Place, Weight, Weights};
use super::tag::Tag;
use super::words::Words;

/// How much is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strength {
    /// Everything the rules say.
    Strict,
    /// The same, but readers' comments are content.
    Discussion,
    /// Only by what elements are and by links: for pages whose names mislead.
    Elements,
}

/// A named part with more than this share of the page's running text is the page, whatever its name.
const MOST_OF_PAGE: usize = 2;

/// A page with this many characters in paragraphs is one of prose.
const PROSE: usize = 1_000;

/// Decides for every part of `outline` whether it is left out.
pub(super) fn cut(outline: &Outline<'_>, strength: Strength) -> Cut {
    let nothing = Cut::nothing(outline);
    let full = outline.weigh(&nothing);
    let mut cut = nothing;
    named(outline, &full, strength, &mut cut);
    // A box whose lists of links are gone may be one itself then; two rounds settle real pages.
    for _ in 0..2 {
        let weights = outline.weigh(&cut);
        linked(outline, &weights, &mut cut);
    }
    let weights = outline.weigh(&cut);
    headings(outline, &weights, &mut cut);
    cut
}

fn named(outline: &Outline<'_>, full: &Weights, strength: Strength, cut: &mut Cut) {
    let total = full.of(0).plain();
    let mut place = 1;
    // Where the innermost article or main part, and the innermost paragraph, end.
    let (mut inner_end, mut line_end) = (0, 0);
    while place < outline.parts.len() {
        let part = outline.at(place);
        if part.tag == Tag::Text {
            place += 1;
            continue;
        }
        let weight = full.of(place);
        let is_page = weight.plain() * MOST_OF_PAGE > total;
        let by_element = match part.tag {
            Tag::Nav | Tag::Footer | Tag::Aside | Tag::Form | Tag::Label => !is_page,
            Tag::Header => place >= inner_end && !is_page,
            // A picture's words are not the page's; a figure around code or a table is.
            Tag::Figure => !holds_text(outline, place),
            Tag::Caption => outline.at(part.parent).tag != Tag::Table,
            Tag::Time => place >= line_end,
            _ => false,
        };
        let by_name = !is_page && is_named_out(part.words, part.tag, strength, place < line_end);
        if by_element || by_name {
            cut.add(place);
            place = part.end.max(place + 1);
            continue;
        }
        match part.tag {
            Tag::Article | Tag::Main => inner_end = inner_end.max(part.end),
            Tag::Paragraph | Tag::Item | Tag::Cell => line_end = line_end.max(part.end),
            _ => {}
        }
        place += 1;
    }
}

fn holds_text(outline: &Outline<'_>, figure: Place) -> bool {
    outline.inside(figure).any(|place| {
        matches!(
            outline.at(place).tag,
            Tag::Table | Tag::Pre | Tag::Quote | Tag::Paragraph
        )
    })
}

fn is_named_out(words: Words, tag: Tag, strength: Strength, in_line: bool) -> bool {
    if words.has(Words::HIDDEN) {
        return true;
    }
    if strength == Strength::Elements || matches!(tag, Tag::Main | Tag::Body) {
        return false;
    }
    if strength == Strength::Strict && words.has(Words::COMMENTS) {
        return true;
    }
    // What is the body by one of its names is not left out for another.
    if words.has(Words::BODY) {
        return false;
    }
    if matches!(tag, Tag::Article) {
        return words.has(Words::TEASER);
    }
    let mut out = Words::AROUND.and(Words::CAPTION);
    if !words.has(Words::LEAD) {
        out = out.and(Words::TEASER);
    }
    // A name in running text is text.
    if !in_line {
        out = out.and(Words::ABOUT);
    }
    words.has(out)
}

/// Leaves out what is mostly links.
fn linked(outline: &Outline<'_>, weights: &Weights, cut: &mut Cut) {
    // On a page of prose a line that is all link leads elsewhere; on a page of links it is what is there.
    let is_prose = weights.of(0).prose >= PROSE;
    let mut place = 1;
    while place < outline.parts.len() {
        let part = outline.at(place);
        if cut.has(place) {
            place = part.end.max(place + 1);
            continue;
        }
        let weight = weights.of(place);
        let whole = weight.linked * 100 > weight.chars * 95
            && matches!(part.tag, Tag::Paragraph | Tag::List);
        if is_prose
            && weight.links > 0
            && whole
            && !matches!(outline.at(part.parent).tag, Tag::Item | Tag::Cell)
        {
            cut.add(place);
            place = part.end.max(place + 1);
            continue;
        }
        let tested = matches!(
            part.tag,
            Tag::Block | Tag::Section | Tag::List | Tag::Paragraph | Tag::Table | Tag::Details
        );
        if tested && weight.links > 0 && is_link_list(outline, place, weight) {
            cut.add(place);
            place = part.end.max(place + 1);
            continue;
        }
        place += 1;
    }
}

fn is_link_list(outline: &Outline<'_>, place: Place, weight: Weight) -> bool {
    let part = outline.at(place);
    let Weight {
        chars,
        linked,
        links,
        short_links,
        ..
    } = weight;
    if part.tag == Tag::Table {
        // Reference tables link many of their cells.
        return chars >= 200 && linked * 10 > chars * if chars < 1_000 { 8 } else { 5 };
    }
    let is_last = is_last(outline, place);
    let parent = outline.at(part.parent).tag;
    if part.tag == Tag::Paragraph && matches!(parent, Tag::Item | Tag::Cell) {
        return false;
    }
    let small = match (part.tag, is_last) {
        (Tag::Paragraph, false) => 30,
        (Tag::Paragraph, true) => 60,
        (_, false) => 100,
        (_, true) => 300,
    };
    if links == 1 && linked > 100 && linked * 10 > chars * 9 {
        return true;
    }
    if chars < small {
        return linked * 10 > chars * 8 || (links > 1 && short_links * 10 > links * 8);
    }
    // Many links of a few words each; cards with a sentence each are a listing.
    links > 4 && linked * 10 > chars * 9 && linked < 100 * links
}

/// Whether nothing with text follows in the same parent.
fn is_last(outline: &Outline<'_>, place: Place) -> bool {
    let part = outline.at(place);
    let end = outline.at(part.parent).end;
    (part.end..end).all(|after| {
        let part = outline.at(after);
        part.tag == Tag::Text && part.chars == 0
    })
}

/// Leaves out the headings of what was left out: those followed by nothing that is kept, up to the
/// next heading of their level, where something had been.
fn headings(outline: &Outline<'_>, weights: &Weights, cut: &mut Cut) {
    // Kept and full lengths of everything before a place, so that a range is a difference.
    let mut kept = Vec::with_capacity(outline.parts.len() + 1);
    let (mut sum, mut whole, mut cut_end) = (0, 0, 0);
    kept.push((0, 0));
    for (place, part) in outline.parts.iter().enumerate() {
        if cut.has(place) {
            cut_end = cut_end.max(part.end);
        }
        if part.tag == Tag::Text {
            whole += part.chars;
            if place >= cut_end {
                sum += part.chars;
            }
        }
        kept.push((sum, whole));
    }
    let found: Vec<(Place, u8)> = outline
        .parts
        .iter()
        .enumerate()
        .filter_map(|(place, part)| match part.tag {
            Tag::Heading(level) if weights.of(place).chars > 0 => Some((place, level)),
            _ => None,
        })
        .collect();
    // Backwards, with a stack of the headings seen, by level: each heading's section ends at the next
    // of its level or above.
    let mut next: [Place; 7] = [outline.parts.len(); 7];
    for (place, level) in found.into_iter().rev() {
        let section = next.iter().take(usize::from(level) + 1).min().copied();
        let end = section.unwrap_or(outline.parts.len());
        let start = outline.at(place).end;
        let (before, after) = (kept.get(start), kept.get(end));
        if let (Some(before), Some(after)) = (before, after)
            && after.0 == before.0
            && after.1 > before.1
            && level > 1
        {
            cut.add(place);
        }
        if let Some(slot) = next.get_mut(usize::from(level)) {
            *slot = place;
        }
    }
}
