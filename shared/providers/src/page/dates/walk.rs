//! One pass over the tree of a page, taking down everything a date can be read from: the visible text with
//! its lines, marked elements, headings, parts of the page, metas, scripts and comments.
//!
//! Places are byte offsets into the visible text, so that "just below the heading" is arithmetic. The walk
//! does not recurse, and everything it keeps has a limit: the page chooses how deep and how long it is.

use ego_tree::iter::Edge;
use scraper::Html;
use scraper::node::{Element, Node};

use super::mark::{self, Mark};
use super::place::{self, Region};
use super::words;

/// Limits of what is kept of one page.
const MAX_TEXT: usize = 1 << 20;
const MAX_MARKS: usize = 1_000;
const MAX_BLOCKS: usize = 20_000;
const MAX_HEADINGS: usize = 60;
const MAX_OPEN_REGIONS: usize = 8;
const MAX_METAS: usize = 400;
const MAX_COMMENTS: usize = 200;

/// Elements without text for the reader.
const SKIPPED: &[&str] = &[
    "style", "noscript", "template", "svg", "iframe", "object", "textarea", "select", "button",
    "audio", "video", "math",
];

/// Elements within a line.
const INLINE: &[&str] = &[
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "em", "font", "i",
    "img", "ins", "kbd", "label", "mark", "nobr", "q", "s", "small", "span", "strong", "sub",
    "sup", "time", "tt", "u", "var", "wbr",
];

/// Inline elements that begin and end within words.
const WITHIN_WORDS: &[&str] = &[
    "b", "big", "em", "font", "i", "img", "mark", "nobr", "sub", "sup", "tt", "u", "wbr",
];

/// Where a text stands.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    /// Indexes of the regions around it, outermost first.
    pub(super) regions: Vec<usize>,
    /// Text of a link that is not the permanent one of the page.
    pub(super) in_link: bool,
    /// In a table or a quotation.
    pub(super) is_quoted: bool,
    pub(super) in_article: bool,
}

/// A stretch of the visible text.
#[derive(Debug, Clone)]
pub(super) struct Stretch {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) place: Place,
}

/// An element marked as a date, with its machine-readable value.
#[derive(Debug)]
pub(super) struct Marked<'a> {
    pub(super) mark: Mark,
    pub(super) value: Option<&'a str>,
    pub(super) stretch: Stretch,
}

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Seen<'a> {
    /// The visible text, a line for each block.
    pub(super) text: String,
    pub(super) lines: Vec<Stretch>,
    pub(super) marked: Vec<Marked<'a>>,
    pub(super) headings: Vec<Stretch>,
    pub(super) regions: Vec<(Region, usize, usize)>,
    /// Name and content.
    pub(super) metas: Vec<(&'a str, &'a str)>,
    pub(super) json_ld: Vec<&'a str>,
    pub(super) scripts: Vec<&'a str>,
    pub(super) comments: Vec<&'a str>,
    /// What the page calls its own address.
    pub(super) addresses: Vec<&'a str>,
    pub(super) title: String,
    /// Lower case, as in `lang` or `og:locale`.
    pub(super) language: String,
}

/// Lower-case letters and digits of a text, for comparing titles.
pub(super) fn letters(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

pub(super) fn walk(document: &Html) -> Seen<'_> {
    let mut walk = Walk::default();
    for edge in document.tree.root().traverse() {
        match edge {
            Edge::Open(node) => match node.value() {
                Node::Element(element) => {
                    let script = node.first_child().and_then(|child| child.value().as_text());
                    walk.open(element, script.map(|text| &**text));
                }
                Node::Text(text) => walk.text(text),
                Node::Comment(comment) if walk.seen.comments.len() < MAX_COMMENTS => {
                    walk.seen.comments.push(&**comment);
                }
                _ => {}
            },
            Edge::Close(node) => {
                if node.value().is_element() {
                    walk.close();
                }
            }
        }
    }
    walk.end_line();
    walk.seen
}

/// What closing an element has to undo or finish.
#[derive(Default)]
struct Frame {
    skips: bool,
    is_title: bool,
    is_block: bool,
    is_apart: bool,
    is_article: bool,
    is_link: bool,
    is_quote: bool,
    region: Option<usize>,
    listed_region: bool,
    marked: Option<usize>,
    heading: Option<usize>,
}

#[derive(Default)]
struct Walk<'a> {
    seen: Seen<'a>,
    frames: Vec<Frame>,
    open_regions: Vec<usize>,
    skipped: usize,
    titles: usize,
    links: usize,
    quotes: usize,
    articles: usize,
    line_start: usize,
    line_place: Option<Place>,
    /// An element began or ended since the last text.
    boundary: bool,
}

impl<'a> Walk<'a> {
    fn open(&mut self, element: &'a Element, script: Option<&'a str>) {
        let mut frame = Frame::default();
        let name = element.name();
        match name {
            "meta" => self.meta(element),
            "link" => {
                if element.attr("rel") == Some("canonical") && self.seen.addresses.len() < 4 {
                    self.seen.addresses.extend(element.attr("href"));
                }
            }
            "script" => {
                frame.skips = true;
                if let Some(script) = script {
                    self.script(element, script);
                }
            }
            "html" => {
                if let Some(language) = element.attr("lang").or_else(|| element.attr("xml:lang")) {
                    self.seen.language = language.trim().to_lowercase();
                }
            }
            "title" => frame.is_title = self.seen.title.is_empty(),
            _ => frame.skips = SKIPPED.contains(&name),
        }
        frame.is_block = !INLINE.contains(&name);
        if frame.is_block {
            self.end_line();
        } else if !WITHIN_WORDS.contains(&name) {
            frame.is_apart = true;
            self.boundary = true;
        }
        if frame.skips {
            self.skipped += 1;
        } else if self.skipped == 0 {
            self.open_place(element, &mut frame);
        }
        self.titles += usize::from(frame.is_title);
        self.frames.push(frame);
    }

    fn open_place(&mut self, element: &'a Element, frame: &mut Frame) {
        let name = element.name();
        frame.is_article = matches!(name, "article" | "main");
        frame.is_link = name == "a"
            && element.attr("href").is_some()
            && !element
                .attr("rel")
                .is_some_and(|rel| rel.contains("bookmark"));
        frame.is_quote = matches!(name, "table" | "blockquote" | "pre");
        self.articles += usize::from(frame.is_article);
        self.links += usize::from(frame.is_link);
        self.quotes += usize::from(frame.is_quote);
        let start = self.seen.text.len();
        // The foot of an article is its own, not the site's.
        let names = words::of_element(element);
        let region = place::region(element, &names)
            .filter(|region| *region != Region::Footer || self.articles == 0);
        if let Some(region) = region {
            let index = self.seen.regions.len();
            self.seen.regions.push((region, start, usize::MAX));
            frame.region = Some(index);
            if self.open_regions.len() < MAX_OPEN_REGIONS {
                self.open_regions.push(index);
                frame.listed_region = true;
            }
        }
        if matches!(name, "h1" | "h2" | "h3") && self.seen.headings.len() < MAX_HEADINGS {
            frame.heading = Some(self.seen.headings.len());
            let place = self.place();
            self.seen.headings.push(Stretch {
                start,
                end: start,
                place,
            });
        }
        if self.seen.marked.len() < MAX_MARKS
            && let Some(mark) = mark::mark(element, &names)
        {
            frame.marked = Some(self.seen.marked.len());
            let stretch = Stretch {
                start,
                end: start,
                place: self.place(),
            };
            let value = mark::value(element);
            self.seen.marked.push(Marked {
                mark,
                value,
                stretch,
            });
        }
    }

    fn close(&mut self) {
        let Some(frame) = self.frames.pop() else {
            return;
        };
        if frame.is_block {
            self.end_line();
        }
        self.boundary |= frame.is_apart;
        let end = self.seen.text.len();
        if let Some(region) = frame
            .region
            .and_then(|index| self.seen.regions.get_mut(index))
        {
            region.2 = end;
        }
        if frame.listed_region {
            self.open_regions.pop();
        }
        if let Some(marked) = frame
            .marked
            .and_then(|index| self.seen.marked.get_mut(index))
        {
            marked.stretch.end = end;
        }
        if let Some(heading) = frame
            .heading
            .and_then(|index| self.seen.headings.get_mut(index))
        {
            heading.end = end;
        }
        self.skipped -= usize::from(frame.skips);
        self.titles -= usize::from(frame.is_title);
        self.articles -= usize::from(frame.is_article);
        self.links -= usize::from(frame.is_link);
        self.quotes -= usize::from(frame.is_quote);
    }

    fn text(&mut self, text: &str) {
        if self.titles > 0 {
            self.seen.title.push_str(text.trim());
        } else if self.skipped == 0 {
            if self.line_place.is_none() && !text.trim().is_empty() {
                self.line_place = Some(self.place());
            }
            // Parts of a line are often kept apart by style alone: "Created on" and "13 May" in a span each.
            if std::mem::take(&mut self.boundary)
                && text.starts_with(char::is_alphanumeric)
                && self.seen.text.ends_with(char::is_alphanumeric)
            {
                self.push(" ");
            }
            self.push(text);
        }
    }

    /// Adds text with its blanks made single.
    fn push(&mut self, text: &str) {
        if self.seen.text.len() + text.len() > MAX_TEXT {
            return;
        }
        let out = &mut self.seen.text;
        let mut blank = out.is_empty() || out.ends_with([' ', '\n']);
        for part in text.split_inclusive(char::is_whitespace) {
            let word = part.trim_end();
            if !word.is_empty() {
                out.push_str(word);
                blank = false;
            }
            if word.len() < part.len() && !blank {
                out.push(' ');
                blank = true;
            }
        }
    }

    fn end_line(&mut self) {
        let (start, end) = (self.line_start, self.seen.text.len());
        if let Some(place) = self.line_place.take()
            && self.seen.lines.len() < MAX_BLOCKS
        {
            self.seen.lines.push(Stretch { start, end, place });
        }
        if end > start && !self.seen.text.ends_with('\n') {
            self.seen.text.push('\n');
        }
        self.line_start = self.seen.text.len();
    }

    fn place(&self) -> Place {
        Place {
            regions: self.open_regions.clone(),
            in_link: self.links > 0,
            is_quoted: self.quotes > 0,
            in_article: self.articles > 0,
        }
    }

    fn meta(&mut self, element: &'a Element) {
        let name = ["property", "name", "itemprop", "http-equiv"]
            .iter()
            .find_map(|key| element.attr(key));
        let (Some(name), Some(content)) = (name, element.attr("content")) else {
            return;
        };
        if self.seen.language.is_empty()
            && (name == "og:locale" || name.eq_ignore_ascii_case("content-language"))
        {
            self.seen.language = content.trim().to_lowercase();
        }
        if name == "og:url" && self.seen.addresses.len() < 4 {
            self.seen.addresses.push(content);
        }
        // One inside of another thing's microdata is that thing's.
        let others = self.open_regions.iter().any(|index| {
            self.seen
                .regions
                .get(*index)
                .is_some_and(|region| matches!(region.0, Region::Comments | Region::Other))
        });
        if self.seen.metas.len() < MAX_METAS && !others {
            self.seen.metas.push((name, content));
        }
    }

    fn script(&mut self, element: &Element, script: &'a str) {
        if element.attr("type").is_some_and(|kind| {
            kind.trim()
                .to_ascii_lowercase()
                .starts_with("application/ld+json")
        }) {
            self.seen.json_ld.push(script);
        } else {
            self.seen.scripts.push(script);
        }
    }
}
