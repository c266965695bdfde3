//! What the names of an element say it is for.
//!
//! Authors name the parts of their pages for themselves, in `class` and `id`, and all over the web they
//! choose from the same few words: template systems (those of blogs, wikis, newspapers and
//! shops) named them once for millions of sites. A name is read as the words it is made of
//! (`articleBody`, `article__body` and `article-body` are the same two), so a rule here is about a word
//! and never about a page. Modifiers (`has-sidebar`, `article--wide`, `md:hidden`) describe the element's
//! looks, not what it is.

use std::collections::HashMap;

use scraper::node::Element;

use super::tag::Tag;
use super::vocabulary as known;

/// A set of meanings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Words(u16);

impl Words {
    pub(super) const NONE: Self = Self(0);
    /// Around the content: navigation, advertising, sharing, related pages, consent, forms.
    pub(super) const AROUND: Self = Self(1);
    /// About the content: author, date, tags, ratings.
    pub(super) const ABOUT: Self = Self(1 << 1);
    /// Readers' comments.
    pub(super) const COMMENTS: Self = Self(1 << 2);
    /// Another page's beginning.
    pub(super) const TEASER: Self = Self(1 << 3);
    /// Not shown.
    pub(super) const HIDDEN: Self = Self(1 << 4);
    /// The body of an article or post.
    pub(super) const BODY: Self = Self(1 << 5);
    /// An article or post with all that belongs to it.
    pub(super) const STORY: Self = Self(1 << 6);
    /// The content of the page.
    pub(super) const CONTENT: Self = Self(1 << 7);
    /// The main part of the page.
    pub(super) const MAIN: Self = Self(1 << 8);
    /// The first paragraph, set apart.
    pub(super) const LEAD: Self = Self(1 << 10);
    /// Words of a picture.
    pub(super) const CAPTION: Self = Self(1 << 9);

    pub(super) fn has(self, any: Self) -> bool {
        self.0 & any.0 != 0
    }

    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// What `element` says of itself. `known` remembers the names already read on this page, which are
/// mostly the same.
pub(super) fn of<'a>(element: &'a Element, tag: Tag, known: &mut HashMap<&'a str, Words>) -> Words {
    let mut words = Words::NONE;
    for (name, value) in element.attrs() {
        let said = match name {
            "class" | "id" => *known.entry(value).or_insert_with(|| of_names(value)),
            "role" => of_role(value),
            "itemprop" => of_property(value),
            _ => Words::NONE,
        };
        words = words.and(said);
    }
    // The page's own frame carries the names of everything it may contain.
    if tag == Tag::Body { Words::NONE } else { words }
}

/// ARIA landmarks (WAI-ARIA 1.2, 5.3.4).
fn of_role(role: &str) -> Words {
    match role.trim().to_ascii_lowercase().as_str() {
        "main" => Words::MAIN,
        "article" => Words::STORY,
        "navigation" | "complementary" | "contentinfo" | "search" | "menu" | "menubar"
        | "toolbar" | "tablist" | "dialog" | "alertdialog" => Words::AROUND,
        _ => Words::NONE,
    }
}

/// Properties of schema.org in microdata.
fn of_property(property: &str) -> Words {
    match property.trim() {
        "articleBody" | "reviewBody" => Words::BODY,
        "author" | "publisher" | "datePublished" | "dateModified" | "aggregateRating"
        | "interactionCount" | "keywords" => Words::ABOUT,
        "description" | "alternativeHeadline" | "abstract" => Words::LEAD,
        "comment" => Words::COMMENTS,
        _ => Words::NONE,
    }
}

/// The names of a `class` or `id`.
fn of_names(value: &str) -> Words {
    let mut words = Words::NONE;
    let shown_elsewhere = value.contains(":block")
        || value.contains(":flex")
        || value.contains(":grid")
        || value.contains(":inline");
    for name in value.split_ascii_whitespace() {
        // A variant of a utility framework: `md:hidden`, `hover:menu`.
        if name.contains(':') || name.len() > 120 {
            continue;
        }
        let found = of_name(name);
        if found == Words::HIDDEN && shown_elsewhere {
            continue;
        }
        words = words.and(found);
    }
    words
}

fn of_name(name: &str) -> Words {
    if known::HIDING
        .iter()
        .any(|hiding| name.eq_ignore_ascii_case(hiding))
    {
        return Words::HIDDEN;
    }
    let base = name.split_once("--").map_or(name, |(base, _)| base);
    let split = split(base);
    let mut parts: Vec<&str> = split.iter().map(String::as_str).collect();
    if matches!(parts.first(), Some(&"js" | &"c" | &"o" | &"m" | &"l")) && parts.len() > 1 {
        parts.remove(0);
    }
    let Some((&first, rest)) = parts.split_first() else {
        return Words::NONE;
    };
    if known::MODIFIERS.contains(&first) && !rest.is_empty() {
        return Words::NONE;
    }
    let mut words = of_body(&parts);
    for (at, word) in parts.iter().enumerate() {
        words = words.and(of_word(word, at, &parts));
    }
    for pair in parts.windows(2) {
        if let [a, b] = pair
            && known::AROUND_PAIRS.contains(&(a, b))
        {
            words = words.and(Words::AROUND);
        }
    }
    words
}

/// Names of containers.
fn of_body(parts: &[&str]) -> Words {
    let is_thing = |word: &&str| known::THINGS.contains(word);
    let is_body = |word: &&str| known::BODIES.contains(word);
    match parts {
        [one] if known::BODY_WORDS.contains(one) => Words::BODY,
        ["post" | "entry" | "hentry"]
        | ["h", "entry"]
        | ["story" | "article"]
        | ["type", "post"] => Words::STORY,
        ["e", "content"] | ["mw", "parser", "output"] | ["markdown", "body"] => Words::BODY,
        [one] if known::CONTENT_WORDS.contains(one) => Words::CONTENT,
        [
            "main" | "page" | "content" | "site" | "theme" | "primary",
            second,
        ] if is_body(second) || *second == "main" => Words::CONTENT,
        ["main" | "primary"] => Words::MAIN,
        ["main", "column"] | ["wpb", "text", "column"] | ["single", "post"] => Words::STORY,
        _ => {
            let body = parts.windows(2).any(|pair| match pair {
                [a, b] => is_thing(a) && is_body(b),
                _ => false,
            });
            // `article-body-wrapper` still is one; `article-body-image` is something in it.
            let ends = parts.last().is_some_and(|last| {
                is_body(last)
                    || is_thing(last)
                    || matches!(
                        *last,
                        "wrapper"
                            | "wrap"
                            | "container"
                            | "inner"
                            | "main"
                            | "area"
                            | "block"
                            | "box"
                            | "section"
                            | "column"
                            | "col"
                    )
            });
            if body && ends {
                Words::BODY
            } else {
                Words::NONE
            }
        }
    }
}

fn of_word(word: &str, at: usize, parts: &[&str]) -> Words {
    let alone = parts.len() == 1;
    let last = at + 1 == parts.len();
    if word == "widget" || word == "widgets" {
        // A page builder's every box is a widget.
        let builder = parts
            .first()
            .is_some_and(|first| known::BUILDERS.contains(first));
        return if builder { Words::NONE } else { Words::AROUND };
    }
    if known::AROUND.contains(&word)
        || known::AROUND_STARTS
            .iter()
            .any(|stem| word.starts_with(stem))
        || known::AROUND_INSIDE.iter().any(|stem| word.contains(stem))
        || (last && known::AROUND_LAST.contains(&word))
        || (word.len() > 4 && (word.ends_with("menu") || word.ends_with("nav")))
    {
        return Words::AROUND;
    }
    if known::COMMENT_STEMS
        .iter()
        .any(|stem| word.starts_with(stem))
        && !known::NO_COMMENT.contains(&word)
    {
        return Words::COMMENTS;
    }
    if word.contains("teaser") {
        return Words::TEASER;
    }
    if known::LEADS.contains(&word) {
        return Words::LEAD;
    }
    if known::CAPTIONS.contains(&word) {
        return Words::CAPTION;
    }
    if known::ABOUT.contains(&word)
        || (word.len() > 5 && (word.ends_with("meta") || word.ends_with("tags")))
        || (word.starts_with("author") && !word.starts_with("authori"))
        || word.starts_with("byline")
    {
        return Words::ABOUT;
    }
    if (alone || last) && known::ABOUT_LAST.contains(&word) {
        return Words::ABOUT;
    }
    Words::NONE
}

/// The words a name is made of, in lower case: separators, and humps of `camelCase`.
fn split(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut was_lower = false;
    for c in name.chars() {
        let hump = c.is_uppercase() && was_lower;
        if (hump || !c.is_alphanumeric()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        was_lower = c.is_lowercase();
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_by_their_words() {
        for name in [
            "articleBody",
            "article-body",
            "article__body",
            "entry-content",
            "post_text",
            "storybody",
            "js-article-body",
            "article-body--wide",
        ] {
            assert!(of_name(name).has(Words::BODY), "{name}");
        }
        for name in [
            "share",
            "social-links",
            "nav",
            "mainmenu",
            "sidebar",
            "jp-relatedposts",
            "breadcrumbs",
            "newsletter-form",
            "read-more",
            "ad",
            "widget",
        ] {
            assert!(of_name(name).has(Words::AROUND), "{name}");
        }
        for name in ["byline", "post-meta", "authorbox", "tags"] {
            assert!(of_name(name).has(Words::ABOUT), "{name}");
        }
        for name in ["comments", "kommentare", "comment-list"] {
            assert!(of_name(name).has(Words::COMMENTS), "{name}");
        }
    }

    #[test]
    fn other_words_and_modifiers_say_nothing() {
        for name in [
            "has-sidebar",
            "page--with-nav",
            "md:hidden",
            "commentary",
            "shaded",
            "adapter",
            "elementor-widget",
            "navy",
            "shadow",
            "",
        ] {
            assert_eq!(of_names(name), Words::NONE, "{name}");
        }
        assert_eq!(of_names("hidden"), Words::HIDDEN);
        assert_eq!(of_names("hidden md:block"), Words::NONE);
    }
}
