//! A tolerant reader of XML: a tree of elements from whatever was sent.
//!
//! It differs from a parser of XML in what it forgives: an end tag that closes nothing is passed over,
//! one that closes an outer element closes the inner ones with it, an attribute may lack its quotes, an
//! ampersand may stand alone, a prefix may be undeclared, the text may stop anywhere. A document type is
//! passed over with everything in it: no entity of its own is ever defined, so none can grow.

use std::sync::Arc;

use domain::egress::MAX_URL_CHARS;
use url::Url;

use super::entity::unescape;

/// The deepest nesting kept; elements further down become their ancestor's.
const DEEPEST: usize = 100;

/// The most elements and attributes kept: a dozen elements for each of the most entries.
const MOST_ELEMENTS: usize = 60_000;
const MOST_ATTRIBUTES: usize = 60_000;

/// The most attributes of one tag; a root declares some forty namespaces.
const MOST_OF_ONE_TAG: usize = 200;

/// The longest text of one element that is put together, in bytes: many times what is kept of a summary. Elements may
/// lie within each other a hundred deep, and the text of the innermost is in all of them.
const LONGEST_TEXT: usize = 256 * 1024;

/// The most bytes of addresses that elements are the base of.
const MOST_BASES: usize = 2 * 1024 * 1024;

/// The most prefixes declared at a time.
const MOST_PREFIXES: usize = 100;

/// The vocabularies told apart, by the URI of their namespace or, undeclared, by their usual prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Vocabulary {
    /// RSS in all its versions: elements without a namespace, or in one of RSS's own.
    Rss,
    Atom,
    Rdf,
    DublinCore,
    Terms,
    Content,
    Xhtml,
    Itunes,
    Media,
    Sitemap,
    Other,
}

/// An element.
#[derive(Debug)]
pub(super) struct Element {
    pub(super) vocabulary: Vocabulary,
    /// Without prefix, in lower case.
    pub(super) name: String,
    /// The tag as it was written: prefix, name.
    written: String,
    attributes: Vec<(String, String)>,
    children: Vec<Child>,
    base: Option<Arc<Url>>,
}

#[derive(Debug)]
enum Child {
    Element(usize),
    /// Without references.
    Text(String),
}

/// A document. Element 0 is above its root.
#[derive(Debug)]
pub(super) struct Tree {
    elements: Vec<Element>,
    base: Arc<Url>,
}

/// A place in a [`Tree`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Node<'a> {
    tree: &'a Tree,
    index: usize,
}

impl Tree {
    pub(super) fn read(text: &str, base: &Url) -> Self {
        let mut reader = Reader::new(base);
        for token in Tokens::of(text) {
            if reader.tree.elements.len() > MOST_ELEMENTS || reader.attributes > MOST_ATTRIBUTES {
                break;
            }
            match token {
                Token::Start {
                    name,
                    attributes,
                    closed,
                } => reader.open(name, attributes, closed),
                Token::End(name) => reader.close(name),
                Token::Text(text) => reader.text(unescape(text)),
                Token::Raw(text) => reader.text(text.to_owned()),
            }
        }
        reader.tree
    }

    /// Every element in document order.
    pub(super) fn all(&self) -> impl Iterator<Item = Node<'_>> {
        (1..self.elements.len()).map(|index| Node { tree: self, index })
    }
}

impl<'a> Node<'a> {
    pub(super) fn element(self) -> &'a Element {
        &self.tree.elements[self.index]
    }

    pub(super) fn is(self, vocabulary: Vocabulary, name: &str) -> bool {
        let element = self.element();
        element.vocabulary == vocabulary && element.name == name
    }

    pub(super) fn children(self) -> impl Iterator<Item = Self> + use<'a> {
        let tree = self.tree;
        self.element()
            .children
            .iter()
            .filter_map(move |child| match child {
                Child::Element(index) => Some(Self {
                    tree,
                    index: *index,
                }),
                Child::Text(_) => None,
            })
    }

    /// The children with a name.
    pub(super) fn named<'n>(
        self,
        vocabulary: Vocabulary,
        name: &'n str,
    ) -> impl Iterator<Item = Self> + use<'a, 'n> {
        self.children()
            .filter(move |child| child.is(vocabulary, name))
    }

    pub(super) fn attribute(self, name: &str) -> Option<&'a str> {
        let attributes = &self.element().attributes;
        attributes
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.trim())
    }

    /// The text in it and in everything below.
    pub(super) fn text(self) -> String {
        let mut out = String::new();
        self.push(&mut out, Written::Text);
        out
    }

    /// What is in it as HTML: text that was escaped is mark-up, elements are written out.
    pub(super) fn html(self) -> String {
        let mut out = String::new();
        self.push(&mut out, Written::Escaped);
        out
    }

    /// What is in it as HTML, its elements being the mark-up and its text only text.
    pub(super) fn xhtml(self) -> String {
        let mut out = String::new();
        self.push(&mut out, Written::Elements);
        out
    }

    /// `reference` as an absolute URL, by the nearest `xml:base`; as it is when that is no URL.
    pub(super) fn resolve(self, reference: &str) -> String {
        if reference.len() > MAX_URL_CHARS {
            return shortened_address(reference);
        }
        let reference: String = reference
            .chars()
            .filter(|c| !matches!(c, '\n' | '\r' | '\t'))
            .collect();
        let base = self.element().base.as_ref();
        let base = base.unwrap_or(&self.tree.base);
        base.join(reference.trim())
            .map_or_else(|_| reference.trim().to_owned(), String::from)
    }

    fn push(self, out: &mut String, how: Written) {
        for child in &self.element().children {
            if out.len() > LONGEST_TEXT {
                return;
            }
            match child {
                Child::Text(text) if how == Written::Elements => {
                    out.push_str(&text.replace('&', "&amp;").replace('<', "&lt;"));
                }
                Child::Text(text) => out.push_str(text),
                Child::Element(index) => {
                    let below = Self {
                        tree: self.tree,
                        index: *index,
                    };
                    let tag = &below.element().name;
                    if how != Written::Text {
                        out.extend(["<", tag, ">"]);
                    }
                    below.push(out, how);
                    if how != Written::Text {
                        out.extend(["</", tag, ">"]);
                    }
                }
            }
        }
    }
}

/// The beginning of what is too long to be an address: it tells entries apart, and is fetched by nobody.
fn shortened_address(reference: &str) -> String {
    let end = reference.floor_char_boundary(MAX_URL_CHARS);
    reference[..end].trim().to_owned()
}

#[derive(Clone, Copy, PartialEq)]
enum Written {
    Text,
    Escaped,
    Elements,
}

/// A tree under construction.
struct Reader {
    tree: Tree,
    /// The open elements, the document first.
    open: Vec<usize>,
    /// Declared prefixes, innermost last: depth, prefix, vocabulary.
    declared: Vec<(usize, String, Vocabulary)>,
    /// How many attributes the elements have, and how long their bases are together.
    attributes: usize,
    bases: usize,
}

impl Reader {
    fn new(base: &Url) -> Self {
        let document = Element {
            vocabulary: Vocabulary::Other,
            name: String::new(),
            written: String::new(),
            attributes: Vec::new(),
            children: Vec::new(),
            base: None,
        };
        Self {
            tree: Tree {
                elements: vec![document],
                base: Arc::new(base.clone()),
            },
            open: vec![0],
            declared: Vec::new(),
            attributes: 0,
            bases: 0,
        }
    }

    fn current(&mut self) -> &mut Element {
        let index = self.open.last().copied().unwrap_or_default();
        &mut self.tree.elements[index]
    }

    fn open(&mut self, written: &str, attributes: Vec<(String, String)>, closed: bool) {
        let written = written.to_ascii_lowercase();
        let (prefix, name) = written.split_once(':').unwrap_or(("", &written));
        // An entry does not hold entries: the one before was never closed.
        if matches!(name, "item" | "entry")
            && let Some(at) = self.position(|open| open.written == written)
        {
            self.open.truncate(at);
        }
        let depth = self.open.len();
        self.declared.retain(|(at, _, _)| *at < depth);
        for (key, value) in &attributes {
            let declares = match key.as_str() {
                "xmlns" => Some(""),
                other => other.strip_prefix("xmlns:"),
            };
            if let Some(prefix) = declares
                && self.declared.len() < MOST_PREFIXES
            {
                self.declared
                    .push((depth, prefix.to_owned(), Vocabulary::of_uri(value)));
            }
        }
        let vocabulary = self
            .declared
            .iter()
            .rev()
            .find(|(_, declared, _)| declared == prefix)
            .map_or_else(|| Vocabulary::of_prefix(prefix), |(_, _, known)| *known);
        self.attributes += attributes.len();
        let outer = self.current().base.clone();
        let own = attributes.iter().find(|(key, _)| key == "xml:base");
        let base = own
            .filter(|(_, value)| value.len() <= MAX_URL_CHARS && self.bases <= MOST_BASES)
            .and_then(|(_, value)| {
                let outer = outer.as_ref().unwrap_or(&self.tree.base);
                outer.join(value.trim()).ok()
            })
            // Nothing is fetched from an address that is longer, and what is relative to it is no shorter.
            .filter(|base| base.as_str().len() <= MAX_URL_CHARS);
        if let Some(base) = &base {
            self.bases += base.as_str().len() + size_of::<Url>();
        }
        let base = base.map(Arc::new).or(outer);
        let index = self.tree.elements.len();
        self.tree.elements.push(Element {
            vocabulary,
            name: name.to_owned(),
            written,
            attributes,
            children: Vec::new(),
            base,
        });
        self.current().children.push(Child::Element(index));
        if !closed && depth < DEEPEST {
            self.open.push(index);
        }
    }

    fn close(&mut self, written: &str) {
        let written = written.to_ascii_lowercase();
        if let Some(at) = self.position(|open| open.written == written) {
            self.open.truncate(at);
        }
    }

    /// The innermost open element that fits; the document is never one.
    fn position(&self, fits: impl Fn(&Element) -> bool) -> Option<usize> {
        self.open
            .iter()
            .rposition(|index| *index != 0 && fits(&self.tree.elements[*index]))
    }

    fn text(&mut self, text: String) {
        let children = &mut self.current().children;
        if let Some(Child::Text(before)) = children.last_mut() {
            before.push_str(&text);
        } else if !text.is_empty() {
            children.push(Child::Text(text));
        }
    }
}

impl Vocabulary {
    fn of_uri(uri: &str) -> Self {
        let uri = uri.trim().to_ascii_lowercase();
        match uri.trim_end_matches(['/', '#']) {
            ""
            | "http://purl.org/rss/1.0"
            | "http://backend.userland.com/rss"
            | "http://backend.userland.com/rss2"
            | "http://blogs.law.harvard.edu/tech/rss"
            | "http://my.netscape.com/rdf/simple/0.9"
            | "http://channel.netscape.com/rdf/simple/0.9"
            | "http://my.netscape.com/publish/formats/rss-0.91.dtd"
            | "http://purl.org/net/rss1.1" => Self::Rss,
            "http://www.w3.org/2005/atom"
            | "https://www.w3.org/2005/atom"
            | "http://purl.org/atom/ns"
            | "http://example.com/newformat"
            | "http://purl.org/atom-blog/ns" => Self::Atom,
            "http://www.w3.org/1999/02/22-rdf-syntax-ns" => Self::Rdf,
            "http://purl.org/dc/elements/1.1" | "http://purl.org/dc/elements/1.0" => {
                Self::DublinCore
            }
            "http://purl.org/dc/terms" => Self::Terms,
            "http://purl.org/rss/1.0/modules/content" => Self::Content,
            "http://www.w3.org/1999/xhtml" => Self::Xhtml,
            "http://www.itunes.com/dtds/podcast-1.0.dtd"
            | "http://example.com/dtds/podcast-1.0.dtd" => Self::Itunes,
            "http://search.yahoo.com/mrss" | "https://search.yahoo.com/mrss" => Self::Media,
            "http://www.sitemaps.org/schemas/sitemap/0.9"
            | "https://www.sitemaps.org/schemas/sitemap/0.9"
            | "http://www.google.com/schemas/sitemap/0.84"
            | "http://www.google.com/schemas/sitemap/0.9" => Self::Sitemap,
            // Every version of RSS had an address of its own, and each was misspelt.
            other if other.starts_with("http://backend.userland.com/rss") => Self::Rss,
            _ => Self::Other,
        }
    }

    fn of_prefix(prefix: &str) -> Self {
        match prefix {
            "" | "rss" => Self::Rss,
            "atom" | "atom10" | "atom03" => Self::Atom,
            "rdf" => Self::Rdf,
            "dc" => Self::DublinCore,
            "dcterms" => Self::Terms,
            "content" => Self::Content,
            "xhtml" => Self::Xhtml,
            "itunes" => Self::Itunes,
            "media" => Self::Media,
            _ => Self::Other,
        }
    }
}

/// What stands between two angle brackets, or between two of those.
pub(super) enum Token<'a> {
    Start {
        name: &'a str,
        /// Keys in lower case, values without references.
        attributes: Vec<(String, String)>,
        closed: bool,
    },
    End(&'a str),
    Text(&'a str),
    /// Character data that is taken as it is.
    Raw(&'a str),
}

/// The tokens of a text, remarks and instructions left out.
pub(super) struct Tokens<'a> {
    rest: &'a str,
    /// A declaration was found that never ends.
    is_unbalanced: bool,
    /// A remark was found that never ends, and so none will.
    is_remark_open: bool,
}

impl<'a> Tokens<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self {
            rest: text,
            is_unbalanced: false,
            is_remark_open: false,
        }
    }

    /// Takes everything up to `end`, and `end`; everything when it never comes.
    fn take(&mut self, skip: usize, end: &str) -> &'a str {
        let body = self.rest.get(skip..).unwrap_or_default();
        let at = body.find(end);
        self.rest = at.map_or("", |at| &body[at + end.len()..]);
        at.map_or(body, |at| &body[..at])
    }

    /// Takes a tag up to its bracket, which may also stand in an attribute's quotes.
    fn take_tag(&mut self) -> &'a str {
        let bytes = self.rest.as_bytes();
        let mut quote = None;
        let mut end = bytes.len();
        for (at, byte) in bytes.iter().copied().enumerate().skip(1) {
            match quote {
                None if byte == b'<' => end = at,
                // A quote that is never closed must not swallow the rest of the text.
                Some(open) if byte == b'<' && !closes_soon(&bytes[at..], open) => end = at,
                Some(open) if open == byte => quote = None,
                None if matches!(byte, b'"' | b'\'') && bytes[at - 1] == b'=' => quote = Some(byte),
                None if byte == b'>' => end = at,
                Some(_) | None => {}
            }
            if end == at {
                break;
            }
        }
        let (tag, rest) = (&self.rest[1..end], &self.rest[end..]);
        self.rest = rest.strip_prefix('>').unwrap_or(rest);
        tag
    }

    /// Passes over a remark; one that never ends ends at the next bracket, or the rest would be lost.
    fn skip_remark(&mut self) {
        self.is_remark_open |= !self.rest.contains("-->");
        let end = if self.is_remark_open { ">" } else { "-->" };
        self.take(4, end);
    }

    /// Passes over a document type with the declarations in it.
    fn skip_declaration(&mut self) {
        let mut depth = 0_usize;
        let end = (!self.is_unbalanced).then(|| {
            self.rest.bytes().position(|byte| {
                match byte {
                    b'<' => depth += 1,
                    b'>' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                depth == 0
            })
        });
        match end.flatten() {
            Some(end) => self.rest = &self.rest[end + 1..],
            None => {
                // Looked through once, and not again for each of the next.
                self.is_unbalanced = true;
                self.take(2, ">");
            }
        }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            if self.rest.is_empty() {
                return None;
            }
            if self.rest.starts_with("<![CDATA[") {
                return Some(Token::Raw(self.take(9, "]]>")));
            } else if self.rest.starts_with("<!--") {
                self.skip_remark();
            } else if self.rest.starts_with("<?") {
                self.take(2, ">");
            } else if self.rest.starts_with("<!") {
                self.skip_declaration();
            } else if let Some(rest) = self.rest.strip_prefix("</") {
                if rest.starts_with(is_name_start) {
                    let tag = self.take_tag();
                    let name = tag[1..].split(|c: char| c.is_whitespace()).next();
                    return Some(Token::End(name.unwrap_or_default()));
                }
                self.take(2, ">");
            } else if self
                .rest
                .get(1..)
                .is_some_and(|rest| rest.starts_with(is_name_start))
                && self.rest.starts_with('<')
            {
                return Some(start(self.take_tag()));
            } else {
                // A bracket that opens no tag is text.
                let end = self
                    .rest
                    .char_indices()
                    .skip(1)
                    .find(|(_, c)| *c == '<')
                    .map_or(self.rest.len(), |(at, _)| at);
                let (text, rest) = self.rest.split_at(end);
                self.rest = rest;
                return Some(Token::Text(text));
            }
        }
    }
}

/// Whether a quote is closed within reach, with the rest of a tag behind it.
fn closes_soon(bytes: &[u8], quote: u8) -> bool {
    const REACH: usize = 500;
    let near = bytes.get(..REACH).unwrap_or(bytes);
    near.iter()
        .position(|byte| *byte == quote)
        .and_then(|at| near.get(at + 1))
        .is_some_and(|next| next.is_ascii_whitespace() || matches!(next, b'/' | b'>'))
}

fn is_name_start(c: char) -> bool {
    c.is_alphabetic() || c == '_' || c == ':'
}

fn start(tag: &str) -> Token<'_> {
    let (tag, closed) = tag
        .trim_end()
        .strip_suffix('/')
        .map_or((tag, false), |open| (open, true));
    let end = tag
        .find(|c: char| c.is_whitespace() || c == '/')
        .unwrap_or(tag.len());
    let (name, rest) = tag.split_at(end);
    Token::Start {
        name,
        attributes: attributes(rest),
        closed,
    }
}

fn attributes(mut text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    loop {
        text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if text.is_empty() || found.len() >= MOST_OF_ONE_TAG {
            return found;
        }
        let end = text
            .find(|c: char| c.is_whitespace() || c == '=')
            .unwrap_or(text.len());
        // A sign without a name before it: nothing to be had from it.
        let (key, rest) = text.split_at(end.max(text.chars().next().map_or(0, char::len_utf8)));
        let rest = rest.trim_start();
        let Some(value) = rest.strip_prefix('=') else {
            found.push((key.to_ascii_lowercase(), String::new()));
            text = rest;
            continue;
        };
        let value = value.trim_start();
        let quoted = value.chars().next().filter(|c| matches!(c, '"' | '\''));
        let (value, rest) = match quoted {
            Some(quote) => value[1..].split_once(quote).unwrap_or((&value[1..], "")),
            None => value.split_at(value.find(char::is_whitespace).unwrap_or(value.len())),
        };
        found.push((key.to_ascii_lowercase(), unescape(value)));
        text = rest;
    }
}
