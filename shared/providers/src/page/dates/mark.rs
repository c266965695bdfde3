//! Elements that are marked as a date: `<time>`, microdata and `RDFa`, microformats, and the classes of
//! content systems (`entry-date`, `post-meta`, `newsdate`).

use scraper::node::Element;

use super::candidate::Source;
use super::words::{self, Role};

/// What an element says of the date in it, before the date is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) source: Source,
    /// The role it names; without one the date is taken for the publication's, if it is the page's.
    pub(super) role: Option<Role>,
    /// How far a date in it is believed, before its place is known.
    pub(super) strength: i32,
}

/// Classes of lines that hold a date among other things.
const LINES: &[&str] = &[
    "meta",
    "byline",
    "info",
    "infos",
    "details",
    "submitted",
    "timeline",
    "postinfo",
    "postmeta",
    "entrymeta",
    "author",
    "dachzeile",
    "kicker",
    "credits",
];

/// Classes of a time in a page.
const TIMES: &[&str] = &[
    "time",
    "posttime",
    "newstime",
    "posttimestamp",
    "created",
    "erstellt",
];

/// The mark of an element whose class and id have the words `class_words`.
pub(super) fn mark(element: &Element, class_words: &[String]) -> Option<Mark> {
    let name = element.name();
    if matches!(
        name,
        "html"
            | "body"
            | "head"
            | "meta"
            | "link"
            | "main"
            | "form"
            | "input"
            | "select"
            | "table"
            | "img"
            | "video"
    ) {
        return None;
    }
    if class_words
        .iter()
        .any(|word| words::is_of_another_thing(word))
    {
        return None;
    }
    if let Some(property) = element
        .attr("itemprop")
        .or_else(|| element.attr("property"))
    {
        let words = words::of_name(property);
        if words.iter().any(|word| words::is_of_another_thing(word)) {
            return None;
        }
        if let Some(naming) = words::naming(&words) {
            let strength = if naming.is_plain { 82 } else { 68 };
            return Some(Mark {
                source: Source::Microdata,
                role: Some(naming.role),
                strength,
            });
        }
    }
    let naming = words::naming(class_words);
    // `<relative-time datetime>` and its kind are elements of libraries that show "two days ago".
    let has_datetime = element.attr("datetime").is_some() && !matches!(name, "ins" | "del");
    let is_machine =
        name == "time" || has_datetime || (name == "abbr" && element.attr("title").is_some());
    if is_machine
        || class_words
            .windows(2)
            .any(|pair| pair[0] == "dt" && matches!(pair[1].as_str(), "published" | "updated"))
    {
        let pubdate = element.attr("pubdate").is_some();
        // `<time class="entry-date published updated">` is one that was never changed.
        let published = class_words.iter().any(|word| word == "published") || pubdate;
        let role = if published {
            Some(Role::Published)
        } else {
            naming.map(|naming| naming.role)
        };
        let strength = match role {
            Some(_) if published || naming.is_some_and(|naming| naming.is_plain) => 76,
            Some(_) => 66,
            None => 60,
        };
        return Some(Mark {
            source: Source::TimeElement,
            role,
            strength,
        });
    }
    let role = naming.map(|naming| naming.role);
    let strength = match naming {
        Some(naming) if naming.is_plain => 58,
        Some(_) => 54,
        None if class_words
            .iter()
            .any(|word| TIMES.contains(&word.as_str())) =>
        {
            48
        }
        None if class_words
            .iter()
            .any(|word| LINES.contains(&word.as_str())) =>
        {
            44
        }
        None => return None,
    };
    Some(Mark {
        source: Source::MarkedText,
        role,
        strength,
    })
}

/// The machine-readable value beside the text, if the element has one.
pub(super) fn value(element: &Element) -> Option<&str> {
    [
        "datetime",
        "content",
        "data-datetime",
        "data-date",
        "data-published",
        "data-time",
        "data-timestamp",
        "data-utime",
        "data-epoch",
        "title",
    ]
    .iter()
    .filter_map(|name| element.attr(name))
    .find(|value| value.bytes().filter(u8::is_ascii_digit).count() >= 5)
}

#[cfg(test)]
mod tests {
    use scraper::{Html, Selector};

    use super::*;

    fn of(html: &str) -> Option<(Source, Option<Role>)> {
        let document = Html::parse_fragment(html);
        let any = Selector::parse("html > *").unwrap();
        let element = document.select(&any).next().unwrap().value();
        mark(element, &words::of_element(element)).map(|mark| (mark.source, mark.role))
    }

    #[test]
    fn marked_elements() {
        let published = Some(Role::Published);
        assert_eq!(of("<time></time>"), Some((Source::TimeElement, None)));
        assert_eq!(
            of("<time pubdate></time>"),
            Some((Source::TimeElement, published))
        );
        assert_eq!(
            of("<time class='entry-date published updated'></time>"),
            Some((Source::TimeElement, published))
        );
        assert_eq!(
            of("<time class='updated'></time>"),
            Some((Source::TimeElement, Some(Role::Modified)))
        );
        assert_eq!(
            of("<abbr class=published title=x></abbr>"),
            Some((Source::TimeElement, published))
        );
        assert_eq!(
            of("<span itemprop=datePublished></span>"),
            Some((Source::Microdata, published))
        );
        assert_eq!(
            of("<span property='dc:issued'></span>"),
            Some((Source::Microdata, published))
        );
        assert_eq!(
            of("<span class=article__date></span>"),
            Some((Source::MarkedText, published))
        );
        assert_eq!(
            of("<div class=newsdatum></div>"),
            Some((Source::MarkedText, published))
        );
        assert_eq!(
            of("<p class=post-meta></p>"),
            Some((Source::MarkedText, None))
        );
    }

    #[test]
    fn elements_of_other_things() {
        for html in [
            "<span itemprop=startDate></span>",
            "<span class=event-date></span>",
            "<div class=candidate></div>",
            "<p></p>",
            "<div class=countdown-time></div>",
        ] {
            assert_eq!(of(html), None, "{html}");
        }
    }
}
