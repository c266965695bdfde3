//! Dates in `<meta>`: `OpenGraph`, Dublin Core, schema.org, and the names that search engines, archives and
//! analytics asked for over the years.
//!
//! There are hundreds of such names and they are made of few words; so the words are judged, not a list
//! of names kept.

use super::candidate::{Candidate, Source};
use super::machine;
use super::order::Order;
use super::words::{self, Role};

/// Names in these vocabularies date a film, a song or an offer.
const OTHER_VOCABULARIES: &[&str] = &[
    "video",
    "music",
    "book",
    "product",
    "profile",
    "place",
    "twitter",
    "msapplication",
];

/// The candidate in `<meta name|property|itemprop|http-equiv=name content=content>`.
pub(super) fn read(name: &str, content: &str, language: &str, order: Order) -> Option<Candidate> {
    if content.len() < 4 || !content.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let words = words::of_name(name);
    if words
        .first()
        .is_some_and(|first| OTHER_VOCABULARIES.contains(&first.as_str()))
    {
        return None;
    }
    // `http-equiv=date` is when the answer was sent; as a name it is used for the page's.
    let naming = words::naming(&words)?;
    let moment = machine::read(content, language, order).or_else(|| machine::epoch(content))?;
    let strength = match (naming.role, naming.is_plain) {
        (Role::Published, true) => 92,
        (Role::Published, false) => 74,
        (Role::Modified, _) => 80,
    };
    Some(Candidate::new(moment, naming.role, Source::Meta, strength))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(name: &str, content: &str) -> Option<(String, Role)> {
        read(name, content, "en", Order::MonthFirst)
            .map(|found| (found.moment.to_string(), found.role))
    }

    #[test]
    fn reads_metas_of_many_vocabularies() {
        let day = |role| Some(("2016-05-13".to_owned(), role));
        assert_eq!(
            shown("article:published_time", "2016-05-13"),
            day(Role::Published)
        );
        assert_eq!(shown("DC.date.issued", "2016-05-13"), day(Role::Published));
        assert_eq!(
            shown("citation_publication_date", "2016/05/13"),
            day(Role::Published)
        );
        assert_eq!(shown("date", "13 May 2016"), day(Role::Published));
        assert_eq!(
            shown("last-modified", "Fri, 13 May 2016 00:00:00 GMT"),
            day(Role::Modified)
        );
    }

    #[test]
    fn leaves_other_things_alone() {
        assert_eq!(shown("video:release_date", "2016-05-13"), None);
        assert_eq!(shown("article:expiration_time", "2016-05-13"), None);
        assert_eq!(shown("description", "2016-05-13"), None);
        assert_eq!(shown("date", "yesterday"), None);
    }
}
