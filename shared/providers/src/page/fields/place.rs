//! A place in the mark-up as a CSS selector: short, readable, and the first match of itself.

use scraper::{ElementRef, Html, Selector};

/// The most steps of a selector, from the element upwards.
const MOST_STEPS: usize = 8;

/// A selector whose first match in `document` is `element`; `None` where a short one does not exist.
pub(super) fn selector_of(document: &Html, element: ElementRef<'_>) -> Option<String> {
    let mut steps: Vec<String> = Vec::new();
    let ancestors = element.ancestors().filter_map(ElementRef::wrap);
    for at in std::iter::once(element).chain(ancestors).take(MOST_STEPS) {
        for step in [step(at), counted(at)] {
            let mut all = vec![step];
            all.extend(steps.iter().rev().cloned());
            let text = all.join(" > ");
            if first(document, &text).is_some_and(|found| found.id() == element.id()) {
                return Some(text);
            }
        }
        steps.push(counted(at));
    }
    None
}

/// The first element a selector matches.
pub(super) fn first<'a>(document: &'a Html, selector: &str) -> Option<ElementRef<'a>> {
    let selector = Selector::parse(selector).ok()?;
    document.select(&selector).next()
}

/// An element by its id, else its property, else its tag with its telling class.
fn step(element: ElementRef<'_>) -> String {
    let name = element.value().name();
    if let Some(id) = element.attr("id").filter(|id| is_telling(id)) {
        return format!("{name}#{id}");
    }
    if let Some(property) = element.attr("itemprop").filter(|word| is_telling(word)) {
        return format!("{name}[itemprop=\"{property}\"]");
    }
    match element.value().classes().find(|class| is_telling(class)) {
        Some(class) => format!("{name}.{class}"),
        None => name.to_owned(),
    }
}

/// An element by its tag and its number among those of its tag.
fn counted(element: ElementRef<'_>) -> String {
    let name = element.value().name();
    if matches!(name, "html" | "body") {
        return name.to_owned();
    }
    let before = element
        .prev_siblings()
        .filter_map(ElementRef::wrap)
        .filter(|sibling| sibling.value().name() == name);
    format!("{name}:nth-of-type({})", before.count() + 1)
}

/// A name a person chose, and no build tool: letters and dashes, few digits.
fn is_telling(name: &str) -> bool {
    let digits = name.chars().filter(char::is_ascii_digit).count();
    name.len() <= 40
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        && digits <= 1
}

/// What a reader sees of an element, on one line, or what it says for machines.
pub(super) fn said(element: ElementRef<'_>) -> String {
    let attribute = match element.value().name() {
        "time" => "datetime",
        "data" | "meter" => "value",
        "img" => "src",
        _ => "content",
    };
    match element.attr(attribute) {
        Some(said) if !said.trim().is_empty() => said.trim().to_owned(),
        Some(_) | None => shown(element),
    }
}

/// The text of an element on one line, without script.
pub(super) fn shown(element: ElementRef<'_>) -> String {
    let pieces = element.descendants().filter_map(|node| {
        let is_code = node.parent().is_some_and(|parent| {
            parent.value().as_element().is_some_and(|element| {
                matches!(element.name(), "script" | "style" | "noscript" | "template")
            })
        });
        node.value().as_text().filter(|_| !is_code)
    });
    let mut text = String::new();
    for piece in pieces {
        if text.len() > 4_000 {
            break;
        }
        // Two elements side by side are two words.
        text.push(' ');
        text.push_str(piece);
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_found_again() {
        let html = "<div class=x9f3a2><p class=price>1</p><p class=price>2</p></div><div id=main><p>3</p><p>4</p></div>";
        let document = Html::parse_document(html);
        for (css, wanted) in [
            ("p.price", "p.price"),
            ("p:nth-of-type(2)", "p:nth-of-type(2)"),
            ("#main p", "div#main > p:nth-of-type(1)"),
            ("#main p + p", "div#main > p:nth-of-type(2)"),
        ] {
            let element = first(&document, css).unwrap();
            let place = selector_of(&document, element).unwrap();
            assert_eq!(place, wanted);
            assert_eq!(first(&document, &place).unwrap().id(), element.id());
        }
    }
}
