//! The tree of a page, at the cost of a page.
//!
//! What HTML's rules make of hostile mark-up can cost far more than its length: a parser looks through its
//! open elements at every tag (nest without end), makes the open formatting elements anew in every
//! paragraph (open five hundred), compares a formatting element with those that are open, and a tag's
//! attributes with each other (write a million of them). To tell such mark-up from its look would take a second
//! parser that agrees with the first in everything. So what is done and what is held is counted where it
//! happens: in the sink that builds the tree, and at each token before the rules are applied to it. Beyond the
//! bounds no token is taken any more and no attribute kept, so that a page is over by no more than one token's
//! elements. The counts depend on the page alone: the same page is read in the same way everywhere.

use std::borrow::Cow;
use std::cell::Cell;

use ego_tree::NodeId;
use ego_tree::iter::Edge;
use html5ever::buffer_queue::BufferQueue;
use html5ever::interface::{ElementFlags, NodeOrText, QuirksMode, TokenizerResult, TreeSink};
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};
use html5ever::tree_builder::{Tracer, TreeBuilder, TreeBuilderOpts, create_element};
use html5ever::{Attribute, QualName, local_name, ns};
use scraper::{Html, HtmlTreeSink};

/// Bytes fed at a time. Within a tag or comment, which is no token before it ends, the bounds are looked at after
/// each.
const PIECE: usize = 4_096;

/// Work that any page may cost, and that every byte of it may cost beside; one is about a call of the sink, ten
/// nanoseconds. Of the pages this was developed on the dearest costs two a byte.
const FLAT_WORK: usize = 1_000_000;
const WORK_PER_BYTE: usize = 12;

/// What comparing formatting elements and attributes may cost beside: some eight hundred that are open at a time.
const FLAT_COMPARING: usize = 4_000_000;

/// Work to make and take a token: pages of nothing but mistakes have one a byte.
const WORK_PER_TOKEN: usize = 20;

/// Work to compare a formatting element with one that is open, and for each attribute of the two: they are copied
/// and sorted.
const WORK_PER_COMPARISON: usize = 12;
const WORK_PER_COMPARED_ATTRIBUTE: usize = 6;

/// The square of a tag's attributes in one unit of work: each is compared with those before it.
const COMPARED_ATTRIBUTES: usize = 4;

/// Attributes of a list that are moved in one unit of work.
const ATTRIBUTES_MOVED: usize = 16;

/// Elements, comments and texts of one tree. Of the pages this was developed on, none of which is larger than 1.5 MB,
/// the largest has 14,416.
const MOST_NODES: usize = 100_000;

/// Attributes of all elements together, those of elements made anew included. The largest page has 6,900.
const MOST_ATTRIBUTES: usize = 100_000;

/// Bytes of texts, comments and values of attributes.
const MOST_TEXT: usize = 6 * 1024 * 1024;

/// The longest name of an element in a list of classes, an id or the like, in bytes; what is longer is left out as a
/// whole. All names of one element of a real page take some hundreds.
const LONGEST_NAMES: usize = 8_192;

/// What may separate attributes, in one tag or comment; the rest of it may be any length. Real tags have
/// dozens of attributes, long values are pictures (one such byte among 64), and whole scripts are commented
/// out. With as many attributes as this a tag takes a fraction of a second.
const MOST_SEPARATORS: usize = 32_768;
const BYTES_PER_SEPARATOR: usize = 48;

/// Blink, the engine of most browsers, builds no tree deeper than this.
const MOST_DEPTH: usize = 512;

/// Why a page has no tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoTree {
    /// It would cost more than a page's.
    Costly,
    /// It is deeper than a page's.
    Deep,
}

/// The tree of a page.
pub(super) fn parse(html: &str) -> Result<Html, NoTree> {
    let sink = BoundedSink::new(Html::new_document());
    let builder = TreeBuilder::new(sink, TreeBuilderOpts::default());
    build(builder, TokenizerOpts::default(), html)
}

/// The tree of mark-up that is part of a page.
pub(super) fn parse_fragment(html: &str) -> Result<Html, NoTree> {
    let sink = BoundedSink::new(Html::new_fragment());
    let body = QualName::new(None, ns!(html), local_name!("body"));
    let body = create_element(&sink, body, Vec::new());
    let builder = TreeBuilder::new_for_fragment(sink, body, None, TreeBuilderOpts::default());
    let tokenizer = TokenizerOpts {
        initial_state: Some(builder.tokenizer_state_for_context_elem(false)),
        ..TokenizerOpts::default()
    };
    build(builder, tokenizer, html)
}

fn build(
    builder: TreeBuilder<NodeId, BoundedSink>,
    options: TokenizerOpts,
    html: &str,
) -> Result<Html, NoTree> {
    let tokenizer = Tokenizer::new(Guard { builder }, options);
    let input = BufferQueue::default();
    let mut rest = html;
    let (mut silent, mut separators) = (0, 0);
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(rest.floor_char_boundary(PIECE));
        rest = after;
        let sink = &tokenizer.sink.builder.sink;
        let before = sink.tokens.get();
        sink.allow(piece.len());
        input.push_back(StrTendril::from_slice(piece));
        while !matches!(tokenizer.feed(&input), TokenizerResult::Done) {}
        // Without a token, all of the piece is within a tag or a comment.
        if sink.tokens.get() == before {
            silent += piece.len();
            separators += piece.bytes().filter(|byte| separates(*byte)).count();
        } else {
            (silent, separators) = (0, 0);
        }
        let is_listing = separators > MOST_SEPARATORS && separators * BYTES_PER_SEPARATOR > silent;
        if is_listing {
            return Err(NoTree::Costly);
        }
        sink.verdict()?;
    }
    tokenizer.end();
    let sink = tokenizer.sink.builder.sink;
    sink.verdict()?;
    let tree = sink.finish();
    if is_flat(&tree) {
        Ok(tree)
    } else {
        Err(NoTree::Deep)
    }
}

/// What can stand between two attributes of a tag.
fn separates(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b'/' | b'"' | b'\'')
}

fn is_flat(html: &Html) -> bool {
    let mut depth = 0_usize;
    html.tree.root().traverse().all(|edge| {
        match edge {
            Edge::Open(_) => depth += 1,
            Edge::Close(_) => depth -= 1,
        }
        depth <= MOST_DEPTH
    })
}

/// Gives tokens to the rules of HTML, each at its price, while the page is within its bounds.
struct Guard {
    builder: TreeBuilder<NodeId, BoundedSink>,
}

impl Guard {
    /// What is compared for a tag beside calls of the sink.
    fn price(&self, token: &Token) -> usize {
        let Token::TagToken(tag) = token else {
            return 0;
        };
        let attributes = tag.attrs.len();
        let mut price = attributes * attributes / COMPARED_ATTRIBUTES;
        if is_formatting(&tag.name) {
            let open = Open::default();
            self.builder.trace_handles(&open);
            let open = open.handles.get();
            // Those that are open have as many attributes as this one where they are to be the same.
            price += open * (WORK_PER_COMPARISON + attributes * WORK_PER_COMPARED_ATTRIBUTE);
        }
        price
    }
}

impl TokenSink for Guard {
    type Handle = NodeId;

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<NodeId> {
        let sink = &self.builder.sink;
        // A mistake within a tag is told before the tag is.
        if !matches!(token, Token::ParseError(_)) {
            add(&sink.tokens, 1);
        }
        sink.work(WORK_PER_TOKEN);
        add(&sink.comparing, self.price(&token));
        if sink.is_over() {
            return TokenSinkResult::Continue;
        }
        self.builder.process_token(token, line)
    }

    fn end(&self) {
        if !self.builder.sink.is_over() {
            self.builder.end();
        }
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&self) -> bool {
        self.builder
            .adjusted_current_node_present_but_not_in_html_namespace()
    }
}

/// How many elements the rules keep open, in either of their two lists.
#[derive(Default)]
struct Open {
    handles: Cell<usize>,
}

impl Tracer for Open {
    type Handle = NodeId;

    fn trace_handle(&self, _: &NodeId) {
        self.handles.set(self.handles.get() + 1);
    }
}

/// The formatting elements of HTML (13.2.4.2).
fn is_formatting(name: &html5ever::LocalName) -> bool {
    matches!(
        *name,
        local_name!("a")
            | local_name!("b")
            | local_name!("big")
            | local_name!("code")
            | local_name!("em")
            | local_name!("font")
            | local_name!("i")
            | local_name!("nobr")
            | local_name!("s")
            | local_name!("small")
            | local_name!("strike")
            | local_name!("strong")
            | local_name!("tt")
            | local_name!("u")
    )
}

/// Attributes that the readers of a page take for names of its parts.
fn is_name(attribute: &html5ever::LocalName) -> bool {
    matches!(
        &**attribute,
        "class"
            | "id"
            | "itemprop"
            | "itemref"
            | "itemtype"
            | "lang"
            | "name"
            | "property"
            | "rel"
            | "resource"
            | "role"
            | "style"
            | "typeof"
    )
}

/// Builds a tree of `scraper`, and counts what it takes.
struct BoundedSink {
    sink: HtmlTreeSink,
    /// What the tokenizer has given so far.
    tokens: Cell<usize>,
    work: Cell<usize>,
    comparing: Cell<usize>,
    /// The work that the bytes fed so far may cost.
    allowed: Cell<usize>,
    attributes: Cell<usize>,
    text: Cell<usize>,
}

fn add(count: &Cell<usize>, more: usize) {
    count.set(count.get().saturating_add(more));
}

impl BoundedSink {
    fn new(empty: Html) -> Self {
        Self {
            sink: HtmlTreeSink::new(empty),
            tokens: Cell::new(0),
            work: Cell::new(0),
            comparing: Cell::new(0),
            allowed: Cell::new(0),
            attributes: Cell::new(0),
            text: Cell::new(0),
        }
    }

    fn allow(&self, bytes: usize) {
        add(&self.allowed, bytes * WORK_PER_BYTE);
    }

    fn work(&self, units: usize) {
        add(&self.work, units);
    }

    fn count(&self) -> &HtmlTreeSink {
        self.work(1);
        &self.sink
    }

    fn nodes(&self) -> usize {
        self.sink.0.borrow().tree.nodes().len()
    }

    fn hold_child(&self, child: &NodeOrText<NodeId>) {
        if let NodeOrText::AppendText(text) = child {
            self.hold(text);
        }
    }

    /// Counts a text or comment.
    fn hold(&self, text: &StrTendril) {
        add(&self.text, text.len());
    }

    /// Counts attributes; gives those that are kept.
    fn keep(&self, mut attributes: Vec<Attribute>) -> Vec<Attribute> {
        attributes.retain(|attribute| {
            attribute.value.len() <= LONGEST_NAMES || !is_name(&attribute.name.local)
        });
        add(&self.attributes, attributes.len());
        self.work(attributes.len());
        attributes
            .iter()
            .for_each(|attribute| self.hold(&attribute.value));
        if self.is_over() {
            Vec::new()
        } else {
            attributes
        }
    }

    fn is_over(&self) -> bool {
        self.verdict().is_err()
    }

    /// Whether the page is within its bounds. Where nothing but the parser's work is beyond them, it looks through the
    /// elements of a deep nest again and again, or through mistakes: nothing keeps from reading the page flat.
    fn verdict(&self) -> Result<(), NoTree> {
        let is_costly = self.comparing.get() > FLAT_COMPARING + self.allowed.get()
            || self.nodes() > MOST_NODES
            || self.attributes.get() > MOST_ATTRIBUTES
            || self.text.get() > MOST_TEXT;
        if is_costly {
            Err(NoTree::Costly)
        } else if self.work.get() > FLAT_WORK + self.allowed.get() {
            Err(NoTree::Deep)
        } else {
            Ok(())
        }
    }
}

impl TreeSink for BoundedSink {
    type Handle = NodeId;
    type Output = Html;
    type ElemName<'a> = <HtmlTreeSink as TreeSink>::ElemName<'a>;

    fn finish(self) -> Html {
        self.sink.finish()
    }

    fn elem_name<'a>(&'a self, target: &'a NodeId) -> Self::ElemName<'a> {
        self.count().elem_name(target)
    }

    fn same_node(&self, x: &NodeId, y: &NodeId) -> bool {
        self.count().same_node(x, y)
    }

    fn create_element(&self, name: QualName, attrs: Vec<Attribute>, flags: ElementFlags) -> NodeId {
        let attrs = self.keep(attrs);
        self.count().create_element(name, attrs, flags)
    }

    fn create_comment(&self, text: StrTendril) -> NodeId {
        self.hold(&text);
        self.count().create_comment(text)
    }

    fn create_pi(&self, target: StrTendril, data: StrTendril) -> NodeId {
        self.hold(&target);
        self.hold(&data);
        self.count().create_pi(target, data)
    }

    fn append(&self, parent: &NodeId, child: NodeOrText<NodeId>) {
        self.hold_child(&child);
        self.count().append(parent, child);
    }

    fn append_based_on_parent_node(
        &self,
        element: &NodeId,
        previous: &NodeId,
        child: NodeOrText<NodeId>,
    ) {
        self.hold_child(&child);
        self.count()
            .append_based_on_parent_node(element, previous, child);
    }

    fn append_doctype_to_document(&self, name: StrTendril, public: StrTendril, system: StrTendril) {
        self.count()
            .append_doctype_to_document(name, public, system);
    }

    fn append_before_sibling(&self, sibling: &NodeId, node: NodeOrText<NodeId>) {
        self.hold_child(&node);
        self.count().append_before_sibling(sibling, node);
    }

    fn remove_from_parent(&self, target: &NodeId) {
        self.count().remove_from_parent(target);
    }

    fn reparent_children(&self, node: &NodeId, parent: &NodeId) {
        let children = self
            .sink
            .0
            .borrow()
            .tree
            .get(*node)
            .map(|node| node.children().count());
        self.work(children.unwrap_or_default());
        self.count().reparent_children(node, parent);
    }

    fn add_attrs_if_missing(&self, target: &NodeId, attrs: Vec<Attribute>) {
        let attrs = self.keep(attrs);
        // Each is put in its place among all the element has.
        self.work(attrs.len() * (self.attributes.get() / ATTRIBUTES_MOVED));
        self.count().add_attrs_if_missing(target, attrs);
    }

    fn get_document(&self) -> NodeId {
        self.count().get_document()
    }

    fn get_template_contents(&self, target: &NodeId) -> NodeId {
        self.count().get_template_contents(target)
    }

    fn set_quirks_mode(&self, mode: QuirksMode) {
        self.sink.set_quirks_mode(mode);
    }

    fn parse_error(&self, message: Cow<'static, str>) {
        self.sink.parse_error(message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_have_the_tree_they_have_anywhere() {
        let long = format!("<p>{}", "ä word & more ".repeat(3_000));
        let picture = format!(
            "<img src='data:,{}'><p>x",
            "+abc/".repeat(2) + &"A".repeat(300_000)
        );
        for html in [
            "",
            "<",
            "</",
            "<a",
            "<script>",
            "a < b",
            "<!--",
            "<!doctype html><title>T</title><p>a<b>b<p>c</b>d<table><p>e",
            "<template><p>a</template><svg><title>x</title></svg>",
            &long,
            &picture,
        ] {
            assert_eq!(parse(html), Ok(Html::parse_document(html)), "{html:.40}");
        }
        let unclosed = "<ul>".to_owned() + &"<li>item<p>text<br>".repeat(5_000) + "</ul>";
        let wide = "<div><a href='x>y' class=\"a b\">t</a></div>".repeat(20_000);
        let script = format!(
            "<script>{}</script>",
            "document.write('<div>');".repeat(9_000)
        );
        let comment = format!("<!-- {} --><p>x", "<div>".repeat(9_000));
        for html in [unclosed, wide, script, comment] {
            assert!(parse(&html).is_ok(), "{html:.40}");
        }
    }

    #[test]
    fn traps_have_none() {
        let many = |unit: &str| unit.repeat(300_000 / unit.len());
        let formatting: String = (0..500).map(|n| format!("<b c{n}>")).collect();
        let attributes: String = (0..200_000).map(|n| format!(" b{n}")).collect();
        for trap in [
            many("<div>"),
            // End tags that end nothing hide the depth from whoever counts tags.
            many("<div></i>"),
            many("<span><div></span>"),
            many("<rt>"),
            many("<optgroup>"),
            many("<table><td>"),
            many("<svg><g>"),
            // Each paragraph opens all of them again.
            format!("<p>{formatting}</p>{}", many("<p>x")),
            format!("<a{attributes}>"),
            format!("<!--><title></title><svg><title><a{attributes}>"),
            many("<b>") + &many("<i></b>"),
        ] {
            assert!(parse(&trap).is_err(), "{trap:.40}");
        }
    }

    #[test]
    fn what_multiplies_or_fills_memory_is_costly_and_what_is_deep_is_not() {
        let open: String = (0..1_200).map(|n| format!("<font color={n:06}>")).collect();
        let attributes: String = (0..2_000).map(|n| format!(" b{n}")).collect();
        for costly in [
            open + &"<p>".repeat(1_365),
            "<p>x".repeat(200_000),
            format!("<table>{}", "<tr><td>1<td>2".repeat(100_000)),
            format!("<i{attributes}>").repeat(100),
            "<p a=1 b=2 c=3 d=4>".repeat(40_000),
        ] {
            assert_eq!(parse(&costly), Err(NoTree::Costly), "{costly:.40}");
        }
        for deep in ["<div>".repeat(50_000), "<div>".repeat(600)] {
            assert_eq!(parse(&deep), Err(NoTree::Deep), "{deep:.40}");
        }
    }
}
