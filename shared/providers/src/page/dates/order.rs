//! Which of two small numbers is the day: `05/06/2019` is the fifth of June nearly everywhere, and May
//! the sixth in the United States.
//!
//! What the page shows elsewhere decides first: one date with a 13 in it settles the order for all
//! others, as a site writes its dates in one way. Else the declared language and region, else the
//! country of the host.

use url::Url;

/// The order of day and month in dates of two small numbers and a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    DayFirst,
    MonthFirst,
}

/// Top-level domains that belong to no country, or to the United States.
const WITHOUT_COUNTRY: &[&str] = &[
    "com", "org", "net", "edu", "gov", "mil", "us", "info", "biz", "news", "blog", "io", "tv",
    "co", "me",
];

impl Order {
    /// The order usual in `language` (a BCP 47 tag or `og:locale`, lower case) on a page at `url`.
    ///
    /// CLDR gives month before day for en-US, en-PH, es-US, es-PR, fil and a few Pacific territories.
    pub(super) fn of(language: &str, url: &Url) -> Self {
        let mut parts = language.split(['-', '_']);
        let first = parts.next().unwrap_or_default();
        let region = parts.find(|part| part.len() == 2);
        let here = match (first, region) {
            (_, Some("us" | "ph" | "pr" | "gu")) | ("fil", _) => true,
            (_, Some(_)) => false,
            ("en" | "", None) => url
                .host_str()
                .and_then(|host| host.rsplit('.').next())
                .is_none_or(|domain| WITHOUT_COUNTRY.contains(&domain)),
            (_, None) => false,
        };
        if here {
            Self::MonthFirst
        } else {
            Self::DayFirst
        }
    }

    /// The order that a date of the two numbers `first/second` shows, if it shows one.
    pub(super) fn shown_by(first: u32, second: u32) -> Option<Self> {
        match (first, second) {
            (13..=31, 1..=12) => Some(Self::DayFirst),
            (1..=12, 13..=31) => Some(Self::MonthFirst),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_language_then_host() {
        let order = |language, url| Order::of(language, &Url::parse(url).unwrap());
        assert_eq!(
            order("en-us", "https://a.example.co.uk/"),
            Order::MonthFirst
        );
        assert_eq!(order("en-gb", "https://a.example.com/"), Order::DayFirst);
        assert_eq!(order("en_gb", "https://a.example.com/"), Order::DayFirst);
        assert_eq!(order("en", "https://a.example.com/"), Order::MonthFirst);
        assert_eq!(order("en", "https://a.example.ie/"), Order::DayFirst);
        assert_eq!(order("de", "https://a.example.com/"), Order::DayFirst);
        assert_eq!(
            order("zh-hant-tw", "https://a.example.com/"),
            Order::DayFirst
        );
    }
}
