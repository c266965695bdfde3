//! The web, the model and the mail service as the world has them, and what has reached them.

use std::collections::BTreeMap;

use domain::allowance::Day;
use domain::results::Found;
use engine::ports::{Mail, Page, Post};

/// Who reads what a workflow mails out.
pub(crate) const READER: &str = "reader@example.org";
/// How many recipients a day what workflows mail out may have.
pub(crate) const RECIPIENTS_A_DAY: u32 = 50;
/// How long a search provider that is asked too often wants to be left alone, in seconds.
pub(crate) const LEFT_ALONE_SECONDS: u64 = 120;

/// What is out there.
#[derive(Debug)]
pub(crate) struct Outside {
    /// Grows when the web changes.
    pub(crate) edition: u32,
    /// How many searches are still answered with "later".
    pub(crate) busy: u32,
    /// Whether somebody watches that it is left alone.
    pub(crate) patient: bool,
    /// Before this nobody should have searched again, in milliseconds since the beginning.
    pub(crate) left_alone_until: u64,
    /// How long a page takes, in milliseconds.
    pub(crate) page_ms: u64,
    pub(crate) searches: u32,
    pub(crate) pages: u32,
    pub(crate) tasks: u32,
    pub(crate) posts: Vec<Post>,
    /// What a workflow mailed out.
    pub(crate) published: Vec<Mail>,
    /// How many recipients it had, by the UTC day.
    pub(crate) recipients: BTreeMap<Day, u32>,
    /// What we mailed about runs and approvals.
    pub(crate) notices: Vec<Mail>,
}

impl Default for Outside {
    fn default() -> Self {
        Self {
            edition: 1,
            busy: 0,
            patient: false,
            left_alone_until: 0,
            page_ms: 0,
            searches: 0,
            pages: 0,
            tasks: 0,
            posts: Vec::new(),
            published: Vec::new(),
            recipients: BTreeMap::new(),
            notices: Vec::new(),
        }
    }
}

impl Outside {
    /// What a search finds: one page that stays, and one of each edition.
    pub(crate) fn found(&self, query: &str) -> Vec<Found> {
        let slug = query.replace(' ', "-");
        let one = |name: String| Found {
            url: format!("https://news.example/{slug}/{name}"),
            title: format!("{query}: {name}"),
            snippet: "what it says".to_owned(),
            ..Found::default()
        };
        let editions = (1..=self.edition).map(|n| one(format!("edition-{n}")));
        std::iter::once(one("home".to_owned()))
            .chain(editions)
            .collect()
    }

    pub(crate) fn page(&self, url: &str) -> Page {
        Page {
            url: url.to_owned(),
            final_url: url.to_owned(),
            status: 200,
            title: url.to_owned(),
            text: format!("Edition {} of {url}.", self.edition),
            ..Page::default()
        }
    }
}
