//! Elements that are named for what they hold: `class="price"`, `id="sku"`, `data-testid="stock"`.

use scraper::{ElementRef, Html};
use serde_json::Value;

use super::coerce::Coercion;
use super::place::{said, selector_of};
use super::wanted::{LONGEST_NAME, Wanted, normal, words};

/// The longest text taken for a value, in characters.
const LONGEST: usize = 300;
/// Words that say that a price is not the one to be paid.
const NOT_NOW: [&str; 12] = [
    "old", "was", "before", "strike", "striked", "crossed", "list", "regular", "original",
    "compare", "rrp", "uvp",
];

/// A value with its place.
pub(super) struct Marked {
    pub(super) value: Value,
    pub(super) selector: String,
    /// Whether the element is called exactly so; else the name is the last word of a longer one.
    pub(super) is_exact: bool,
}

/// The first element that is named for `wanted` and holds one.
pub(super) fn find(
    document: &Html,
    wanted: &Wanted<'_>,
    coercion: &Coercion<'_>,
) -> Option<Marked> {
    let mut longer = None;
    for node in document.tree.nodes() {
        let Some(element) = ElementRef::wrap(node) else {
            continue;
        };
        let Some(is_exact) = named(element, wanted) else {
            continue;
        };
        if longer.is_some() && !is_exact {
            continue;
        }
        let text = said(element);
        if text.chars().count() > LONGEST {
            continue;
        }
        let Some(value) = coercion.field(&text.into(), wanted) else {
            continue;
        };
        let Some(selector) = selector_of(document, element) else {
            continue;
        };
        let found = Marked {
            value,
            selector,
            is_exact,
        };
        if is_exact {
            return Some(found);
        }
        longer = Some(found);
    }
    longer
}

/// Whether an element's names are `wanted`: exactly (`true`), or as the last word of one (`false`).
fn named(element: ElementRef<'_>, wanted: &Wanted<'_>) -> Option<bool> {
    if matches!(
        element.value().name(),
        "html"
            | "body"
            | "head"
            | "script"
            | "style"
            | "meta"
            | "link"
            | "input"
            | "form"
            | "del"
            | "s"
            | "nav"
    ) {
        return None;
    }
    let attributes = ["id", "data-testid", "data-test", "data-field", "itemprop"];
    let names = element
        .value()
        .classes()
        .chain(attributes.into_iter().filter_map(|name| element.attr(name)));
    let mut longer = None;
    for name in names.filter(|name| name.len() <= LONGEST_NAME) {
        let words = words(name);
        if words.iter().any(|word| NOT_NOW.contains(&word.as_str())) {
            return None;
        }
        if wanted.names.contains(&normal(name)) {
            return Some(true);
        }
        if words.last().is_some_and(|last| wanted.names.contains(last)) {
            longer = Some(false);
        }
    }
    longer
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use url::Url;

    #[test]
    fn the_price_to_be_paid_is_the_one_that_is_not_crossed_out() {
        let html = "<div class='product-price'><span class='old-price'>€ 12</span><del class=price>€ 11</del>
            <b class=price>€ 9,50</b></div><p class='related-price'>€ 1</p>";
        let document = Html::parse_document(html);
        let property = json!({"type": "number"});
        let base = Url::parse("https://a.example/").unwrap();
        let coercion = Coercion { base: &base };
        let found = find(&document, &Wanted::new("price", &property), &coercion).unwrap();
        assert_eq!(
            (found.value, found.selector),
            (json!(9.5), "b.price".to_owned())
        );
    }
}
