//! Atom 1.0 (RFC 4287) and 0.3.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::Url;

use super::date::When;
use super::markup::{Node, Tree, Vocabulary};
use super::prose::{line, lines, of_html};
use super::{Entry, Feed, MOST_ENTRIES};

/// Reads a document whose first known element is an Atom feed or a lone entry.
pub(super) fn read(tree: &Tree) -> Option<Feed> {
    let root = tree.all().find(|node| {
        let name = node.element().name.as_str();
        let known = !matches!(
            node.element().vocabulary,
            Vocabulary::Media | Vocabulary::Xhtml | Vocabulary::Sitemap
        );
        known && matches!(name, "feed" | "entry" | "rss" | "rdf" | "channel")
    })?;
    if !matches!(root.element().name.as_str(), "feed" | "entry") {
        return None;
    }
    let own = root.element().vocabulary;
    let entries = tree
        .all()
        .filter(|node| node.is(own, "entry"))
        .take(MOST_ENTRIES)
        .map(entry)
        .map(Entry::shortened);
    Some(Feed {
        title: text(root, &["title"]).map_or_else(String::new, |title| line(&title)),
        link: link(root),
        entries: entries.collect(),
    })
}

fn entry(node: Node<'_>) -> Entry {
    let date = |names: &[&str]| {
        names
            .iter()
            .find_map(|name| own(node, name).find_map(|date| When::read(&date.text())))
    };
    let id = own(node, "id")
        .map(|id| id.text().trim().to_owned())
        .find(|id| !id.is_empty());
    Entry {
        title: text(node, &["title"]).map_or_else(String::new, |title| line(&title)),
        url: link(node),
        published: date(&["published", "issued", "created"]),
        updated: date(&["updated", "modified"]),
        summary: text(node, &["summary", "content"])
            .or_else(|| media_description(node))
            .unwrap_or_default(),
        id,
    }
}

/// The children of the feed's own vocabulary; an entry is in the same one.
fn own<'a, 'n>(node: Node<'a>, name: &'n str) -> impl Iterator<Item = Node<'a>> + use<'a, 'n> {
    node.named(node.element().vocabulary, name)
}

/// The first of these elements that says something, as plain text.
fn text(node: Node<'_>, names: &[&str]) -> Option<String> {
    names
        .iter()
        .flat_map(|name| own(node, name))
        .map(construct)
        .find(|text| !text.is_empty())
}

/// Videos of some sites say everything about themselves in Media RSS.
fn media_description(node: Node<'_>) -> Option<String> {
    let group = node.named(Vocabulary::Media, "group").next();
    let mut descriptions = std::iter::once(node)
        .chain(group)
        .flat_map(|node| node.named(Vocabulary::Media, "description"));
    descriptions
        .next()
        .map(|description| lines(&description.text()))
}

/// A text construct (RFC 4287, section 3.1) or content; 0.3 says `mode` where 1.0 says `type`.
pub(super) fn construct(node: Node<'_>) -> String {
    let kind = node.attribute("type").unwrap_or_default();
    let kind = kind.to_ascii_lowercase();
    let is_html = matches!(
        kind.as_str(),
        "html" | "text/html" | "application/xhtml+xml"
    );
    match node.attribute("mode") {
        Some("base64") => return base64(&node.text(), is_html),
        Some("escaped") => return of_html(&node.html()),
        Some(_) | None => {}
    }
    if node.children().next().is_some() {
        // Elements are mark-up, whatever the type says.
        if is_html {
            of_html(&node.html())
        } else {
            of_html(&node.xhtml())
        }
    } else if is_html {
        of_html(&node.html())
    } else if kind.is_empty() || kind.starts_with("text") || kind.ends_with("xml") {
        lines(&node.text())
    } else {
        // RFC 4287, section 4.1.3.3: any other media type is in base64.
        base64(&node.text(), false)
    }
}

fn base64(text: &str, is_html: bool) -> String {
    let packed: String = text.split_whitespace().collect();
    let Some(text) = STANDARD
        .decode(&packed)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
    else {
        return String::new();
    };
    if is_html {
        of_html(&text)
    } else {
        lines(&text)
    }
}

/// The page an entry or feed is about: its first alternate link, HTML before anything else. A link
/// without `rel` is alternate (RFC 4287, section 4.2.7.2).
pub(super) fn link(node: Node<'_>) -> Option<String> {
    let mut best: Option<(bool, String)> = None;
    for link in own(node, "link").chain(
        (node.element().vocabulary != Vocabulary::Atom)
            .then(|| node.named(Vocabulary::Atom, "link"))
            .into_iter()
            .flatten(),
    ) {
        let rel = link.attribute("rel").unwrap_or("alternate");
        let href = link.attribute("href").unwrap_or_default();
        let is_alternate = rel.is_empty()
            || rel.eq_ignore_ascii_case("alternate")
            || rel == "http://www.iana.org/assignments/relation/alternate";
        if !is_alternate || href.is_empty() {
            continue;
        }
        let is_page = link
            .attribute("type")
            .is_none_or(|kind| kind.contains("html"));
        if best.as_ref().is_none_or(|(page, _)| !page && is_page) {
            best = Some((is_page, link.resolve(href)));
        }
    }
    best.map(|(_, url)| url).or_else(|| {
        // Without a link, an id that is an address is the only one there is.
        let id = own(node, "id").next()?.text();
        let url = Url::parse(id.trim()).ok()?;
        matches!(url.scheme(), "http" | "https").then(|| url.into())
    })
}
