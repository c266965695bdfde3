//! The tree of a page, at the cost of a page.
//!
//! What HTML's rules make of hostile mark-up can cost far more than its length: a parser looks through its
//! open elements at every tag (nest without end), makes the open formatting elements anew in every
//! paragraph (open five hundred), and compares a tag's attributes with each other (write a million of
//! them). To tell such mark-up from its look would take a second parser that agrees with the first in
//! everything. So the work itself is counted while it is done: every look at an open element is a call of
//! the sink, the page is fed in small pieces, and between two of them it is decided whether to go on. The
//! counts depend on the page alone, so the same page is read in the same way everywhere.

use std::borrow::Cow;
use std::cell::Cell;

use ego_tree::NodeId;
use ego_tree::iter::Edge;
use html5ever::driver::{self, ParseOpts, Parser};
use html5ever::interface::{ElementFlags, NodeOrText, QuirksMode, TreeSink};
use html5ever::tendril::{StrTendril, TendrilSink};
use html5ever::{Attribute, QualName, local_name, ns};
use scraper::{Html, HtmlTreeSink};

/// Bytes fed between two looks at the counts.
const PIECE: usize = 4_096;

/// Calls of the sink that any page may cost, and those that every byte of it may cost beside. Of the pages
/// this was developed on the dearest costs two a byte.
const FLAT_CALLS: usize = 1_000_000;
const CALLS_PER_BYTE: usize = 32;

/// Elements that any page may have, beside one for each byte. Written elements take three bytes and more:
/// what is beyond was made by the parser.
const FLAT_ELEMENTS: usize = 10_000;

/// What may separate attributes, in one tag or comment; the rest of it may be any length. Real tags have
/// dozens of attributes, long values are pictures (one such byte among 64), and whole scripts are commented
/// out. With as many attributes as this a tag takes a fraction of a second.
const MOST_SEPARATORS: usize = 32_768;
const BYTES_PER_SEPARATOR: usize = 48;

/// Blink, the engine of most browsers, builds no tree deeper than this.
const MOST_DEPTH: usize = 512;

/// The tree of a page; `None` where it would cost more than a page's, or where it is deeper than one's.
pub(super) fn parse(html: &str) -> Option<Html> {
    let sink = CountingSink::new(Html::new_document());
    build(driver::parse_document(sink, ParseOpts::default()), html)
}

/// The tree of mark-up that is part of a page; `None` as for [`parse`].
pub(super) fn parse_fragment(html: &str) -> Option<Html> {
    let sink = CountingSink::new(Html::new_fragment());
    let body = QualName::new(None, ns!(html), local_name!("body"));
    let parser = driver::parse_fragment(sink, ParseOpts::default(), body, Vec::new(), false);
    build(parser, html)
}

fn build(mut parser: Parser<CountingSink>, html: &str) -> Option<Html> {
    let mut rest = html;
    let (mut silent, mut separators) = (0, 0);
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(rest.floor_char_boundary(PIECE));
        rest = after;
        let before = parser.tokenizer.sink.sink.calls.get();
        parser.process(StrTendril::from_slice(piece));
        let sink = &parser.tokenizer.sink.sink;
        // Every token is a call: without one, all of the piece is within a tag or a comment.
        if sink.calls.get() == before {
            silent += piece.len();
            separators += piece.bytes().filter(|byte| separates(*byte)).count();
        } else {
            (silent, separators) = (0, 0);
        }
        let fed = html.len() - rest.len();
        let is_costly = sink.calls.get() > FLAT_CALLS + CALLS_PER_BYTE * fed
            || sink.elements.get() > FLAT_ELEMENTS + fed
            || (separators > MOST_SEPARATORS && separators * BYTES_PER_SEPARATOR > silent);
        if is_costly {
            return None;
        }
    }
    let tree = parser.finish();
    is_flat(&tree).then_some(tree)
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

/// Builds a tree of `scraper` and counts what it takes.
struct CountingSink {
    sink: HtmlTreeSink,
    calls: Cell<usize>,
    elements: Cell<usize>,
}

impl CountingSink {
    fn new(empty: Html) -> Self {
        Self {
            sink: HtmlTreeSink::new(empty),
            calls: Cell::new(0),
            elements: Cell::new(0),
        }
    }

    fn count(&self) -> &HtmlTreeSink {
        self.calls.set(self.calls.get() + 1);
        &self.sink
    }
}

impl TreeSink for CountingSink {
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
        self.elements.set(self.elements.get() + 1);
        self.count().create_element(name, attrs, flags)
    }

    fn create_comment(&self, text: StrTendril) -> NodeId {
        self.count().create_comment(text)
    }

    fn create_pi(&self, target: StrTendril, data: StrTendril) -> NodeId {
        self.count().create_pi(target, data)
    }

    fn append(&self, parent: &NodeId, child: NodeOrText<NodeId>) {
        self.count().append(parent, child);
    }

    fn append_based_on_parent_node(
        &self,
        element: &NodeId,
        previous: &NodeId,
        child: NodeOrText<NodeId>,
    ) {
        self.count()
            .append_based_on_parent_node(element, previous, child);
    }

    fn append_doctype_to_document(&self, name: StrTendril, public: StrTendril, system: StrTendril) {
        self.count()
            .append_doctype_to_document(name, public, system);
    }

    fn append_before_sibling(&self, sibling: &NodeId, node: NodeOrText<NodeId>) {
        self.count().append_before_sibling(sibling, node);
    }

    fn remove_from_parent(&self, target: &NodeId) {
        self.count().remove_from_parent(target);
    }

    fn reparent_children(&self, node: &NodeId, parent: &NodeId) {
        self.count().reparent_children(node, parent);
    }

    fn add_attrs_if_missing(&self, target: &NodeId, attrs: Vec<Attribute>) {
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
            assert_eq!(parse(html), Some(Html::parse_document(html)), "{html:.40}");
        }
        let unclosed = "<ul>".to_owned() + &"<li>item<p>text<br>".repeat(5_000) + "</ul>";
        let wide = "<div><a href='x>y' class=\"a b\">t</a></div>".repeat(20_000);
        let script = format!(
            "<script>{}</script>",
            "document.write('<div>');".repeat(9_000)
        );
        let comment = format!("<!-- {} --><p>x", "<div>".repeat(9_000));
        for html in [unclosed, wide, script, comment] {
            assert!(parse(&html).is_some(), "{html:.40}");
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
            assert!(parse(&trap).is_none(), "{trap:.40}");
        }
    }
}
