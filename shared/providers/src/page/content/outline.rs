//! A page's body laid out flat: its elements and texts in document order, each knowing its parent and
//! where its subtree ends.
//!
//! Everything the reader of content asks is a question about ranges of this list: how much text is in
//! here, how much of it is linked, what was cut. Each is answered by one pass from the back (children
//! stand after their parent), so nothing recurses and nothing is quadratic, however the page is nested.

use std::collections::HashMap;

use ego_tree::iter::Edge;
use scraper::Html;
use scraper::node::{Element, Node};

use super::tag::Tag;
use super::words::{self, Words};

/// Place of a part in its outline.
pub(super) type Place = usize;

/// An element or a text.
#[derive(Debug)]
pub(super) struct Part<'a> {
    pub(super) tag: Tag,
    /// The part this one is in; the first part is in itself.
    pub(super) parent: Place,
    /// The place after the last part inside of this one.
    pub(super) end: Place,
    /// What the element's names and attributes say it is.
    pub(super) words: Words,
    /// The text of a text; empty for elements.
    pub(super) text: &'a str,
    /// Characters of `text` beside blanks.
    pub(super) chars: usize,
    in_link: bool,
    in_prose: bool,
}

/// How much text is inside of a part, cut parts left out. Lengths are in characters beside blanks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Weight {
    pub(super) chars: usize,
    /// Those in links.
    pub(super) linked: usize,
    /// Those in paragraphs, outside of links.
    pub(super) prose: usize,
    /// Links with text.
    pub(super) links: usize,
    /// Those of fewer than [`SHORT_LINK`] characters.
    pub(super) short_links: usize,
}

/// A link shorter than this is a label, not a sentence.
const SHORT_LINK: usize = 10;

impl Weight {
    fn add(&mut self, other: Self) {
        self.chars += other.chars;
        self.linked += other.linked;
        self.prose += other.prose;
        self.links += other.links;
        self.short_links += other.short_links;
    }

    /// Characters outside of links.
    pub(super) fn plain(&self) -> usize {
        self.chars.saturating_sub(self.linked)
    }
}

/// A page's body.
#[derive(Debug, Default)]
pub(super) struct Outline<'a> {
    pub(super) parts: Vec<Part<'a>>,
}

impl<'a> Outline<'a> {
    /// Lays out what a reader may see of `document`.
    pub(super) fn of(document: &'a Html) -> Self {
        let mut parts: Vec<Part<'a>> = Vec::new();
        let mut open: Vec<Place> = Vec::new();
        let mut unseen = 0_usize;
        let mut known: HashMap<&'a str, Words> = HashMap::new();
        for edge in document.tree.root().traverse() {
            match edge {
                Edge::Open(node) => match node.value() {
                    Node::Element(element) if unseen > 0 || is_unseen(element) => unseen += 1,
                    Node::Element(element) => {
                        let parent = open.last().copied().unwrap_or_default();
                        open.push(parts.len());
                        let tag = Tag::of(element.name());
                        parts.push(Part {
                            tag,
                            parent,
                            end: 0,
                            words: words::of(element, tag, &mut known),
                            text: "",
                            chars: 0,
                            in_link: false,
                            in_prose: false,
                        });
                    }
                    Node::Text(text) if unseen == 0 && !open.is_empty() => {
                        let parent = open.last().copied().unwrap_or_default();
                        let end = parts.len() + 1;
                        let text: &str = text;
                        parts.push(Part {
                            tag: Tag::Text,
                            parent,
                            end,
                            words: Words::NONE,
                            text,
                            chars: text.chars().filter(|c| !c.is_whitespace()).count(),
                            in_link: false,
                            in_prose: false,
                        });
                    }
                    _ => {}
                },
                Edge::Close(node) => {
                    if let Node::Element(_) = node.value() {
                        if unseen > 0 {
                            unseen -= 1;
                        } else if let Some(place) = open.pop() {
                            let end = parts.len();
                            if let Some(part) = parts.get_mut(place) {
                                part.end = end;
                            }
                        }
                    }
                }
            }
        }
        let mut outline = Self { parts };
        outline.mark_texts();
        outline
    }

    /// The part at `place`, which came from this outline.
    pub(super) fn at(&self, place: Place) -> &Part<'a> {
        self.parts.get(place).expect("places come from the outline")
    }

    /// The parts inside of `place`, itself included.
    pub(super) fn inside(&self, place: Place) -> std::ops::Range<Place> {
        place..self.at(place).end.max(place + 1)
    }

    /// The parts `place` is in, innermost first, itself not included.
    pub(super) fn around(&self, place: Place) -> impl Iterator<Item = Place> + '_ {
        let mut place = place;
        std::iter::from_fn(move || {
            let parent = self.parts.get(place)?.parent;
            (parent != place).then(|| {
                place = parent;
                parent
            })
        })
    }

    /// The parts directly in `place`.
    pub(super) fn children(&self, place: Place) -> impl Iterator<Item = Place> + '_ {
        let range = self.inside(place);
        let mut next = place + 1;
        std::iter::from_fn(move || {
            (next < range.end).then(|| {
                let child = next;
                next = self.inside(child).end;
                child
            })
        })
    }

    /// Weighs every part; `cut` parts weigh nothing.
    pub(super) fn weigh(&self, cut: &Cut) -> Weights {
        let mut weights = vec![Weight::default(); self.parts.len()];
        for (place, part) in self.parts.iter().enumerate().rev() {
            let Some(weight) = weights.get_mut(place) else {
                continue;
            };
            if cut.has(place) {
                *weight = Weight::default();
                continue;
            }
            if part.tag == Tag::Text {
                let is_prose = part.in_prose && !part.in_link;
                weight.chars = part.chars;
                weight.linked = if part.in_link { part.chars } else { 0 };
                weight.prose = if is_prose { part.chars } else { 0 };
            } else if part.tag == Tag::Link && weight.chars > 0 {
                weight.links = 1;
                weight.short_links = usize::from(weight.chars < SHORT_LINK);
            }
            let weight = *weight;
            if part.parent < place
                && weight.chars > 0
                && let Some(parent) = weights.get_mut(part.parent)
            {
                parent.add(weight);
            }
        }
        Weights(weights)
    }

    /// Notes for every text whether it is in a link, and whether it is in a paragraph.
    fn mark_texts(&mut self) {
        let (mut link_end, mut prose_end) = (0, 0);
        for (place, part) in self.parts.iter_mut().enumerate() {
            match part.tag {
                Tag::Link => link_end = link_end.max(part.end),
                Tag::Paragraph | Tag::Pre | Tag::Quote => prose_end = prose_end.max(part.end),
                _ => {}
            }
            part.in_link = place < link_end;
            part.in_prose = place < prose_end;
        }
    }
}

/// The weight of every part of an outline.
#[derive(Debug)]
pub(super) struct Weights(Vec<Weight>);

impl Weights {
    pub(super) fn of(&self, place: Place) -> Weight {
        self.0.get(place).copied().unwrap_or_default()
    }
}

/// The parts that are left out, each with all that is inside of it.
#[derive(Debug, Clone)]
pub(super) struct Cut(Vec<bool>);

impl Cut {
    pub(super) fn nothing(outline: &Outline<'_>) -> Self {
        Self(vec![false; outline.parts.len()])
    }

    /// Whether `place` itself is cut. Parts inside of a cut part may say no.
    pub(super) fn has(&self, place: Place) -> bool {
        self.0.get(place).copied().unwrap_or_default()
    }

    pub(super) fn add(&mut self, place: Place) {
        if let Some(cut) = self.0.get_mut(place) {
            *cut = true;
        }
    }
}

/// Whether an element's inside is not shown, or is no text.
fn is_unseen(element: &Element) -> bool {
    matches!(
        element.name(),
        "script"
            | "style"
            | "noscript"
            | "template"
            | "svg"
            | "math"
            | "head"
            | "iframe"
            | "object"
            | "embed"
            | "applet"
            | "canvas"
            | "audio"
            | "video"
            | "map"
            | "select"
            | "datalist"
            | "textarea"
            | "button"
            | "input"
            | "progress"
            | "meter"
            | "dialog"
            | "frameset"
            | "rp"
            | "rt"
            | "noindex"
    ) || element
        .attr("hidden")
        .is_some_and(|value| !value.eq_ignore_ascii_case("until-found"))
        || element.attr("aria-hidden") == Some("true")
        || element.attr("style").is_some_and(is_hiding)
}

/// Whether an inline style hides its element.
fn is_hiding(style: &str) -> bool {
    style.split(';').any(|declaration| {
        let Some((name, value)) = declaration.split_once(':') else {
            return false;
        };
        let value = value.trim().trim_end_matches("!important").trim();
        match name.trim().to_ascii_lowercase().as_str() {
            "display" => value.eq_ignore_ascii_case("none"),
            "visibility" => value.eq_ignore_ascii_case("hidden"),
            _ => false,
        }
    })
}
