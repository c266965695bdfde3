//! When a page was published and when it was changed.
//!
//! Pages say it in many places, and rarely in all of them: in data for search engines, in metas, in a
//! `<time>`, in the address, in a line below the heading. Every place is read, each claim gets a strength
//! by how reliable its kind is on the web and where on the page it stands, and [`choice`] weighs them.
//! All of it is done in one pass over the tree and is bounded, as pages are written by strangers.
//!
//! What can go wrong, and what is done about it: dates of comments, of other articles and of events (parts
//! of the page are told apart, [`place`]); day and month exchanged ([`order`]); the day in UTC instead of
//! the page's own (the written day is kept, [`moment`]); a month or a year made into a day (granularity
//! is part of the answer). The idea of trying markup, address and text in turn, with a window of plausible
//! dates, is that of htmldate (Barbaresi 2020, Journal of Open Source Software 5(51), 2439).

mod candidate;
mod choice;
mod gather;
mod home;
mod json_ld;
mod machine;
mod mark;
mod meta;
mod moment;
mod months;
mod order;
mod pattern;
mod place;
mod script;
mod token;
mod url_path;
mod walk;
mod weight;
mod words;

use jiff::civil::Date;
use scraper::Html;
use serde::{Deserialize, Serialize};
use url::Url;

pub use candidate::Source;
use choice::Choice;
pub use moment::Granularity;
use words::Role;

/// A date of a page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PageDate {
    /// `2016`, `2016-05`, `2016-05-13` or RFC 3339 with the page's own offset, by `granularity`. The first
    /// ten characters of the last two are the day where the page is at home.
    pub date: String,
    pub granularity: Granularity,
    pub source: Source,
    /// Between 0 and 1: the strength of the best source and of those that agree with it.
    pub confidence: f64,
}

/// The dates of a page.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct PageDates {
    /// Where a page tells only of its last change, this is it, with low confidence: it was published
    /// by then.
    pub published: Option<PageDate>,
    pub modified: Option<PageDate>,
}

/// Reads the dates of the page at `url`. No date after `latest` (the day it was fetched) is believed;
/// without a bound all up to the year 2100 are.
pub(crate) fn read(document: &Html, url: &Url, latest: Option<Date>) -> PageDates {
    let mut candidates = gather::gather(document, url, latest);
    let modified = choice::choose(&candidates, Role::Modified);
    // What a text tells of after the last change is yet to come: the next meeting, not the publication.
    if let Some(changed) = &modified {
        let changed = changed
            .candidate
            .moment
            .date
            .tomorrow()
            .unwrap_or(Date::MAX);
        candidates.retain(|candidate| {
            candidate.source != Source::Text || candidate.moment.date <= changed
        });
    }
    let published = choice::choose(&candidates, Role::Published);
    let published = match (published, &modified) {
        (Some(published), _) => Some(page_date(&published)),
        (None, Some(modified)) => {
            let mut date = page_date(modified);
            date.confidence = (date.confidence / 2.0).min(0.4);
            Some(date)
        }
        (None, None) => None,
    };
    PageDates {
        published,
        modified: modified.as_ref().map(page_date),
    }
}

fn page_date(choice: &Choice) -> PageDate {
    PageDate {
        date: choice.candidate.moment.to_string(),
        granularity: choice.candidate.moment.granularity,
        source: choice.candidate.source,
        confidence: choice.confidence(),
    }
}

#[cfg(test)]
mod tests;
