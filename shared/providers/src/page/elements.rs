//! The elements the readers of this folder ask for, found in one pass over a page's tree.
//!
//! A selector looks at every node of the tree, and a dozen of them cost more than building it did. Most ask
//! for elements of one name; here they are by name, and a selector is asked of those alone.

use html5ever::local_name;
use scraper::{ElementRef, Html, Selector};

/// Elements in the order of the tree's nodes, which is that of [`Html::select`].
pub(super) struct Elements<'a> {
    pub(super) document: &'a Html,
    pub(super) root: Option<ElementRef<'a>>,
    pub(super) metas: Vec<ElementRef<'a>>,
    pub(super) links: Vec<ElementRef<'a>>,
    pub(super) scripts: Vec<ElementRef<'a>>,
    pub(super) titles: Vec<ElementRef<'a>>,
    pub(super) headings: Vec<ElementRef<'a>>,
    pub(super) bases: Vec<ElementRef<'a>>,
    /// `a` and `area`.
    pub(super) anchors: Vec<ElementRef<'a>>,
    /// Some element opens an item of microdata, or of RDFa.
    pub(super) has_microdata: bool,
    pub(super) has_rdfa: bool,
    /// Some class, property or relation has to do with who wrote the page.
    pub(super) names_author: bool,
}

impl<'a> Elements<'a> {
    pub(super) fn of(document: &'a Html) -> Self {
        let mut found = Self {
            document,
            root: None,
            metas: Vec::new(),
            links: Vec::new(),
            scripts: Vec::new(),
            titles: Vec::new(),
            headings: Vec::new(),
            bases: Vec::new(),
            anchors: Vec::new(),
            has_microdata: false,
            has_rdfa: false,
            names_author: false,
        };
        for element in document.tree.nodes().filter_map(ElementRef::wrap) {
            found.add(element);
        }
        found
    }

    fn add(&mut self, element: ElementRef<'a>) {
        match element.value().name.local {
            local_name!("html") => {
                self.root.get_or_insert(element);
            }
            local_name!("meta") => self.metas.push(element),
            local_name!("link") => self.links.push(element),
            local_name!("script") => self.scripts.push(element),
            local_name!("title") => self.titles.push(element),
            local_name!("h1") => self.headings.push(element),
            local_name!("base") => self.bases.push(element),
            local_name!("a") | local_name!("area") => self.anchors.push(element),
            _ => {}
        }
        for (name, value) in element.value().attrs() {
            match name {
                "itemscope" => self.has_microdata = true,
                "typeof" => self.has_rdfa = true,
                "class" | "itemprop" | "rel" if !self.names_author => {
                    self.names_author = names_author(value);
                }
                _ => {}
            }
        }
    }

    /// Those of `elements` that `selector` takes.
    pub(super) fn select<'s>(
        elements: &'s [ElementRef<'a>],
        selector: &'s Selector,
    ) -> impl Iterator<Item = ElementRef<'a>> + 's {
        elements
            .iter()
            .filter(|element| selector.matches(element))
            .copied()
    }
}

fn names_author(value: &str) -> bool {
    value
        .as_bytes()
        .windows(6)
        .any(|word| word.eq_ignore_ascii_case(b"author") || word.eq_ignore_ascii_case(b"byline"))
}
