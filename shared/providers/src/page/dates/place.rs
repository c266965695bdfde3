//! Where on the page something stands: in the article, or beside it.
//!
//! Content systems name their boxes alike: comments, related, sidebar, footer. The words of an element's
//! class and id, and the elements HTML has for the purpose, tell one from the other. A box that holds the
//! page's heading is the article's, however it is named (`class="post has-comments"`): that is decided
//! when the heading is known, in [`super::weight`].

use scraper::node::Element;

use super::words;

/// A part of the page that is not the article.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Region {
    /// What readers wrote, with dates of its own.
    Comments,
    /// Teasers of other pages, sidebars, menus.
    Beside,
    /// The foot of the site: copyright, imprint.
    Footer,
    /// The head of the site, where newspapers show today's date.
    SiteHead,
    /// An `<article>`; it is beside when the heading is in another one.
    Article,
    /// Named like an event's. Some systems call all they publish events, so this is a weak sign.
    Event,
    /// Another thing with dates, by its declared type: an event, a person, an offer.
    Other,
}

const COMMENTS: &[&str] = &[
    "comment",
    "comments",
    "commentlist",
    "respond",
    "reply",
    "replies",
    "disqus",
    "kommentar",
    "kommentare",
    "commentaires",
    "commentaire",
    "comentarios",
    "comentario",
    "commenti",
    "reacties",
    "pingback",
    "trackback",
    "pings",
    "reviews",
    "usercomments",
];

const BESIDE: &[&str] = &[
    "related",
    "recommend",
    "recommended",
    "recommendations",
    "sidebar",
    "aside",
    "teaser",
    "teasers",
    "recent",
    "latest",
    "popular",
    "trending",
    "mostread",
    "similar",
    "promo",
    "promoted",
    "sponsored",
    "advertisement",
    "archive",
    "archives",
    "nav",
    "navigation",
    "menu",
    "pagination",
    "breadcrumb",
    "newsletter",
    "ticker",
    "upcoming",
    "carousel",
    "slider",
    "readmore",
    "mehr",
    "weitere",
    "verwandt",
    "aehnliche",
    "relacionadas",
    "relacionados",
    "correlati",
    "gerelateerd",
    "previous",
    "next",
    "tagcloud",
    "blogroll",
    "topstories",
    "outbrain",
    "taboola",
    "cookie",
    "popup",
    "modal",
    "search",
    "tweet",
    "twitter",
    "instagram",
    "infobox",
];

const EVENT: &[&str] = &[
    "event",
    "events",
    "vevent",
    "calendar",
    "kalender",
    "termin",
    "termine",
    "countdown",
    "agenda",
];

/// Font icons: `fa-calendar`, `bi-calendar` and their kind stand before any date.
const ICONS: &[&str] = &[
    "icon",
    "icons",
    "fa",
    "fas",
    "far",
    "bi",
    "glyphicon",
    "dashicons",
    "svg",
];

/// What content systems call the thing they show; its foot (`entry-footer`) is no foot of the site.
const ARTICLES: &[&str] = &[
    "article", "asset", "content", "entry", "news", "node", "post", "story",
];

/// An inline element that names another thing's date: `<span class="event-date">`.
fn inline(names: &[String]) -> Option<Region> {
    let is_others = names.iter().any(|name| words::is_of_another_thing(name))
        && names.iter().any(|name| words::is_date_word(name));
    is_others.then_some(Region::Event)
}

/// The region an element opens whose class and id have these words.
pub(super) fn region(element: &Element, names: &[String]) -> Option<Region> {
    match element.name() {
        "nav" | "aside" | "dialog" => return Some(Region::Beside),
        "footer" => return Some(Region::Footer),
        "article" => return Some(Region::Article),
        "html" | "body" | "main" | "time" | "h1" => return None,
        "a" | "span" | "p" | "abbr" => return inline(names),
        _ => {}
    }
    if let Some(region) = inline(names) {
        return Some(region);
    }
    if let Some(kind) = element.attr("itemtype") {
        let name = kind.rsplit('/').next().unwrap_or_default();
        match name {
            "Comment" | "UserComments" | "Review" | "Answer" => return Some(Region::Comments),
            "Person" | "Organization" | "Offer" | "Place" | "ImageObject" => {
                return Some(Region::Other);
            }
            _ if name.ends_with("Event") => return Some(Region::Other),
            _ => {}
        }
    }
    let has = |known: &[&str]| names.iter().any(|word| known.contains(&word.as_str()));
    if has(COMMENTS) {
        Some(Region::Comments)
    } else if has(BESIDE) {
        Some(Region::Beside)
    } else if has(EVENT) && !has(ICONS) {
        Some(Region::Event)
    } else if has(&["footer", "copyright", "imprint", "impressum", "colophon"]) && !has(ARTICLES) {
        Some(Region::Footer)
    } else if has(&["masthead", "topbar", "weather"]) {
        Some(Region::SiteHead)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use scraper::{Html, Selector};

    use super::*;

    fn of(html: &str) -> Option<Region> {
        let document = Html::parse_fragment(html);
        let any = Selector::parse("html > *").unwrap();
        let element = document.select(&any).next().unwrap().value();
        region(element, &words::of_element(element))
    }

    #[test]
    fn boxes_by_element_and_by_name() {
        assert_eq!(of("<aside></aside>"), Some(Region::Beside));
        assert_eq!(of("<footer></footer>"), Some(Region::Footer));
        assert_eq!(of("<div id=comments></div>"), Some(Region::Comments));
        assert_eq!(
            of("<div class='box relatedArticles'></div>"),
            Some(Region::Beside)
        );
        assert_eq!(
            of("<section class=post-comments__list></section>"),
            Some(Region::Comments)
        );
        assert_eq!(
            of("<div itemscope itemtype='https://schema.org/MusicEvent'></div>"),
            Some(Region::Other)
        );
        assert_eq!(of("<div class=article-body></div>"), None);
        assert_eq!(of("<div class=entry-footer></div>"), None);
        assert_eq!(of("<li class='date fa fa-calendar'></li>"), None);
        assert_eq!(of("<div class=calendar></div>"), Some(Region::Event));
        assert_eq!(of("<div id=site-footer></div>"), Some(Region::Footer));
        assert_eq!(
            of("<article class=comments-open></article>"),
            Some(Region::Article)
        );
    }
}
