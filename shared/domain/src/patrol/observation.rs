//! What a run saw, before it is compared with anything; and whether it saw enough.
//!
//! An outage must never look like change. A run in which a search failed, or more than a fifth of the pages
//! could not be read, is degraded: it is shown, but not judged, and never becomes a baseline. A page that
//! answers 404 or 410 was read: the answer is that it is not there, which counts when it is given twice.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::results::Found;
use crate::words::words;

/// Most pages in a hundred that may be unreadable in a complete run.
const MOST_UNREADABLE_PERCENT: usize = 20;

/// One page, as it was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Content {
    pub url: String,
    /// Where the last redirect led.
    pub final_url: String,
    pub text: String,
    /// Further readings of the same page in the same run, made to confirm the first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub again: Vec<Reading>,
}

/// A confirming reading.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    pub text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extracted: Option<Value>,
}

/// A page that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unreadable {
    pub url: String,
    /// The step error's code (`timeout`, `http_status`, …).
    pub reason: String,
    /// It answered 404 or 410.
    #[serde(default)]
    pub gone: bool,
}

/// Everything the search and crawl steps of one run saw.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Observation {
    /// In the order of the steps; duplicates are fine.
    pub found: Vec<Found>,
    pub contents: Vec<Content>,
    pub unreadable: Vec<Unreadable>,
    /// Searches that ran, sub-queries not counted, and how many of them failed.
    pub searches_asked: usize,
    pub searches_failed: usize,
    /// Pages that were tried, the unreadable ones included.
    pub pages_asked: usize,
    /// Whether pages were found by following links: an unreadable page then hides others.
    #[serde(default)]
    pub follows_links: bool,
}

words! {
    /// Whether a run saw enough to be judged.
    Completeness {
        Complete = "complete",
        /// It watches nothing: no search and no crawl.
        NothingWatched = "nothing_watched",
        /// Degraded: a search failed.
        SearchFailed = "search_failed",
        /// Degraded: too many pages could not be read.
        PagesUnreadable = "pages_unreadable",
        /// Nothing could be read at all: the run fails.
        SourceUnavailable = "source_unavailable",
    }
}

impl Completeness {
    /// Whether the run may become a baseline, raise a signal and be asked its stop condition.
    #[must_use]
    pub fn is_complete(self) -> bool {
        matches!(self, Self::Complete | Self::NothingWatched)
    }
}

impl Observation {
    /// Judges whether enough was seen.
    #[must_use]
    pub fn completeness(&self) -> Completeness {
        if self.searches_asked == 0 && self.pages_asked == 0 {
            return Completeness::NothingWatched;
        }
        let unreadable = self.unreadable.iter().filter(|page| !page.gone).count();
        let answered = self.pages_asked.saturating_sub(unreadable);
        if answered == 0 && self.searches_failed >= self.searches_asked {
            return Completeness::SourceUnavailable;
        }
        if self.searches_failed > 0 {
            return Completeness::SearchFailed;
        }
        if unreadable * 100 > self.pages_asked.max(unreadable) * MOST_UNREADABLE_PERCENT {
            return Completeness::PagesUnreadable;
        }
        Completeness::Complete
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saw(searches: (usize, usize), pages: usize, unreadable: usize, gone: usize) -> Completeness {
        let page = |gone| Unreadable {
            url: String::new(),
            reason: "timeout".into(),
            gone,
        };
        let unreadable = (0..unreadable)
            .map(|_| page(false))
            .chain((0..gone).map(|_| page(true)))
            .collect();
        Observation {
            searches_asked: searches.0,
            searches_failed: searches.1,
            pages_asked: pages,
            unreadable,
            ..Observation::default()
        }
        .completeness()
    }

    #[test]
    fn enough_is_four_fifths_of_the_pages_and_every_search() {
        use Completeness::{
            Complete, NothingWatched, PagesUnreadable, SearchFailed, SourceUnavailable,
        };
        for (searches, pages, unreadable, gone, wanted) in [
            ((0, 0), 0, 0, 0, NothingWatched),
            ((1, 0), 0, 0, 0, Complete),
            ((1, 1), 0, 0, 0, SourceUnavailable),
            ((2, 1), 0, 0, 0, SearchFailed),
            ((1, 1), 3, 0, 0, SearchFailed),
            ((0, 0), 5, 1, 0, Complete),
            ((0, 0), 4, 1, 0, PagesUnreadable),
            ((1, 0), 1, 1, 0, PagesUnreadable),
            ((0, 0), 3, 3, 0, SourceUnavailable),
            ((0, 0), 1, 0, 1, Complete),
            ((0, 0), 2, 0, 1, Complete),
        ] {
            assert_eq!(
                saw(searches, pages, unreadable, gone),
                wanted,
                "{searches:?} {pages} {unreadable} {gone}"
            );
        }
    }
}
