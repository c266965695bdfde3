//! RSS 0.9x, 1.0 and 2.0, and CDF, its ancestor. They share their words and differ in where they put them:
//! in 0.90 and 1.0 the items stand beside the channel. So items are taken wherever they stand.

use super::date::When;
use super::markup::{Node, Tree, Vocabulary};
use super::prose::{line, lines, of_html};
use super::{Entry, Feed, MOST_ENTRIES, atom};

/// Reads a document that has a channel or items.
pub(super) fn read(tree: &Tree) -> Option<Feed> {
    let core = |node: &Node<'_>| {
        matches!(
            node.element().vocabulary,
            Vocabulary::Rss | Vocabulary::Rdf | Vocabulary::Other | Vocabulary::Atom
        )
    };
    let named = |name: &str| {
        tree.all()
            .filter(core)
            .find(|node| node.element().name == name)
    };
    let channel = named("channel")
        .or_else(|| named("rss"))
        .or_else(|| named("rdf"));
    let items: Vec<Node<'_>> = tree
        .all()
        .filter(core)
        .filter(|node| node.element().name == "item")
        .take(MOST_ENTRIES)
        .collect();
    if channel.is_none() && items.is_empty() {
        return None;
    }
    Some(Feed {
        title: channel.map(title).unwrap_or_default(),
        link: channel.and_then(url),
        entries: items.into_iter().map(entry).map(Entry::shortened).collect(),
    })
}

fn entry(item: Node<'_>) -> Entry {
    Entry {
        id: id(item),
        url: url(item),
        title: title(item),
        published: date(item, &["pubdate", "published", "issued"])
            .or_else(|| foreign_date(item, Vocabulary::Atom, "published"))
            .or_else(|| foreign_date(item, Vocabulary::Terms, "issued"))
            .or_else(|| foreign_date(item, Vocabulary::Terms, "created"))
            // A date "in the life of the resource" (Dublin Core): where it is the only one, both.
            .or_else(|| foreign_date(item, Vocabulary::DublinCore, "date")),
        updated: date(item, &["updated", "modified", "lastmod", "lastbuilddate"])
            .or_else(|| foreign_date(item, Vocabulary::Atom, "updated"))
            .or_else(|| foreign_date(item, Vocabulary::Terms, "modified"))
            .or_else(|| foreign_date(item, Vocabulary::DublinCore, "date"))
            .or_else(|| When::read(item.attribute("lastmod")?)),
        summary: summary(item),
    }
}

fn id(item: Node<'_>) -> Option<String> {
    own(item, "guid")
        .chain(item.named(Vocabulary::DublinCore, "identifier"))
        .chain(item.named(Vocabulary::Atom, "id"))
        .map(|id| id.text().trim().to_owned())
        .find(|id| !id.is_empty())
        .or_else(|| Some(item.attribute("rdf:about")?.to_owned()))
        .filter(|id| !id.is_empty())
}

/// The page of an item or channel: its link, else an Atom link, else a guid that says it is one.
fn url(node: Node<'_>) -> Option<String> {
    let link = own(node, "link").find_map(|link| {
        let text = link.text();
        let reference = match text.trim() {
            "" => link.attribute("href")?,
            text => text,
        };
        (!reference.is_empty()).then(|| link.resolve(reference))
    });
    link.or_else(|| {
        node.named(Vocabulary::Atom, "link").find_map(|link| {
            let is_alternate = link.attribute("rel").is_none_or(|rel| rel == "alternate");
            let href = link.attribute("href").filter(|href| !href.is_empty())?;
            is_alternate.then(|| link.resolve(href))
        })
    })
    .or_else(|| {
        let guid = own(node, "guid").next()?;
        let is_link = guid
            .attribute("ispermalink")
            .is_none_or(|value| !value.eq_ignore_ascii_case("false"));
        let text = guid.text();
        (is_link && text.trim().starts_with("http")).then(|| guid.resolve(&text))
    })
    .or_else(|| {
        // CDF names the page on the element itself.
        let href = node.attribute("href").filter(|href| !href.is_empty())?;
        Some(node.resolve(href))
    })
}

fn title(node: Node<'_>) -> String {
    let told = own(node, "title").map(|title| of_html(&title.html()));
    let other = [
        Vocabulary::DublinCore,
        Vocabulary::Atom,
        Vocabulary::Media,
        Vocabulary::Itunes,
    ]
    .into_iter()
    .flat_map(|vocabulary| node.named(vocabulary, "title"))
    .map(|title| of_html(&title.html()));
    told.chain(other)
        .map(|title| line(&title))
        .find(|title| !title.is_empty())
        .unwrap_or_default()
}

fn summary(item: Node<'_>) -> String {
    use Vocabulary::{Atom, Content, DublinCore, Itunes, Media, Xhtml};
    let own = ["description", "abstract", "summary"]
        .into_iter()
        .flat_map(|name| own(item, name))
        .map(|text| of_html(&text.html()));
    let short = [
        (DublinCore, "description"),
        (Itunes, "summary"),
        (Media, "description"),
    ]
    .into_iter()
    .flat_map(|(vocabulary, name)| item.named(vocabulary, name))
    .map(|text| of_html(&text.html()));
    let atom = ["summary", "content"]
        .into_iter()
        .flat_map(|name| item.named(Atom, name))
        .map(atom::construct);
    let whole = item
        .named(Content, "encoded")
        .chain(self::own(item, "fullitem"))
        .map(|text| of_html(&text.html()));
    let body = item
        .named(Xhtml, "body")
        .chain(self::own(item, "body"))
        .map(|text| of_html(&text.xhtml()));
    own.chain(short)
        .chain(atom)
        .chain(whole)
        .chain(body)
        .map(|text| lines(&text))
        .find(|text| !text.is_empty())
        .unwrap_or_default()
}

fn date(item: Node<'_>, names: &[&str]) -> Option<When> {
    names
        .iter()
        .flat_map(|name| own(item, name))
        .find_map(|date| When::read(&date.text()))
}

fn foreign_date(item: Node<'_>, vocabulary: Vocabulary, name: &str) -> Option<When> {
    item.named(vocabulary, name)
        .find_map(|date| When::read(&date.text()))
}

/// The children in RSS's own vocabulary, whichever the document thinks that is.
fn own<'a, 'n>(node: Node<'a>, name: &'n str) -> impl Iterator<Item = Node<'a>> + use<'a, 'n> {
    let mine = node.element().vocabulary;
    node.children().filter(move |child| {
        let element = child.element();
        element.name == name
            && (element.vocabulary == mine || element.vocabulary == Vocabulary::Rss)
    })
}
