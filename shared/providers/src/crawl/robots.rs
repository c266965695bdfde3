//! Which robots.txt holds for a URL (RFC 9309): fetched before the first page of an origin, once
//! however many pages are asked for at the same time, and kept.
//!
//! Three answers are possible. A file has rules. No file (400-499, or redirects without end) has none,
//! so everything is allowed. A site that does not answer, or answers 500-599, has said nothing:
//! nothing may be fetched, and the page's error is the outage it is (promise 8), never a refusal.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::robots::{self, Robots};
use engine::ports::FetchError;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex as AsyncMutex;
use url::Url;

/// How long an outage is taken for granted: enough for the other pages of the same moment, and over
/// before a step is tried again a second time.
const OUTAGE_FOR: Duration = Duration::from_secs(5);

/// The most origins kept by one process.
const MOST_ORIGINS: usize = 1_024;

/// What a fetch of the file came to.
pub(super) type Answer = Result<Arc<Robots>, FetchError>;

struct Known {
    answer: Answer,
    until: Timestamp,
}

/// The files by origin. The inner lock is held while a file is fetched: whoever comes second waits for
/// the first one's answer.
#[derive(Default)]
pub(super) struct RobotsFiles {
    known: Mutex<HashMap<String, Arc<AsyncMutex<Option<Known>>>>>,
}

impl RobotsFiles {
    /// What holds for `url`, asking `fetch` when nothing fresh is known.
    pub(super) async fn of(
        &self,
        url: &Url,
        now: Timestamp,
        fetch: impl Future<Output = Answer>,
    ) -> Answer {
        let place = self.place(url.origin().ascii_serialization());
        let mut known = place.lock().await;
        if let Some(known) = known.as_ref().filter(|known| now < known.until) {
            return known.answer.clone();
        }
        let answer = fetch.await;
        let fresh_for = if answer.is_ok() {
            robots::FRESH_FOR
        } else {
            OUTAGE_FOR
        };
        let until = SignedDuration::try_from(fresh_for)
            .ok()
            .and_then(|fresh_for| now.checked_add(fresh_for).ok());
        *known = Some(Known {
            answer: answer.clone(),
            until: until.unwrap_or(now),
        });
        answer
    }

    fn place(&self, origin: String) -> Arc<AsyncMutex<Option<Known>>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_ORIGINS && !known.contains_key(&origin) {
            known.clear();
        }
        Arc::clone(known.entry(origin).or_default())
    }
}

/// Where the file of `url`'s origin is.
pub(super) fn address(url: &Url) -> Url {
    let mut address = url.clone();
    address.set_path(robots::PATH);
    address.set_query(None);
    address.set_fragment(None);
    address
}

/// The part of a URL that rules are matched against.
pub(super) fn path_and_query(url: &Url) -> &str {
    &url[url::Position::BeforePath..url::Position::AfterQuery]
}
