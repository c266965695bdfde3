//! One question in several parts: asked one by one, answered as one list.
//!
//! Engines answer `solid-state batteries; grid storage` with pages about neither. So a query that plainly
//! is several is split where its writer did: at semicolons and lines, at `OR`, and between the members of
//! a longer list. The lists are merged by reciprocal rank (Cormack, Clarke and Büttcher, "Reciprocal Rank
//! Fusion", SIGIR 2009): a page that answers two parts well comes before one that answers one of them, and
//! each page comes once. A part that fails fails the whole: half an answer would look like a change.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use domain::results::Found;
use domain::url_identity::parse_identity;
use engine::ports::{Search, SearchError, SearchRequest};

use super::ranking::terms;

/// The most parts asked: each may cost the operator a question. A query with more is asked as it is.
const MOST_PARTS: usize = 5;

/// The constant of the paper: how little the first places stand out.
const SMOOTHING: f64 = 60.0;

/// Asks another search, part by part.
pub struct DecomposingSearch {
    inner: Arc<dyn Search>,
}

impl DecomposingSearch {
    #[must_use]
    pub fn new(inner: Arc<dyn Search>) -> Self {
        Self { inner }
    }
}

#[async_trait]
impl Search for DecomposingSearch {
    async fn search(
        &self,
        request: &SearchRequest,
        limit: Duration,
    ) -> Result<Vec<Found>, SearchError> {
        let parts = decompose(&request.query);
        if parts.len() < 2 {
            return self.inner.search(request, limit).await;
        }
        let until = Instant::now() + limit;
        let mut lists = Vec::with_capacity(parts.len());
        for query in parts {
            let remaining = until.saturating_duration_since(Instant::now());
            let part = SearchRequest {
                query,
                ..request.clone()
            };
            lists.push(self.inner.search(&part, remaining).await?);
        }
        Ok(merge(lists, request.max_results))
    }
}

/// The parts of a query; the query itself when it is one.
fn decompose(query: &str) -> Vec<String> {
    let whole = || vec![query.trim().to_owned()];
    for split in [split_at_marks, split_at_or, split_list] {
        let mut parts: Vec<String> = Vec::new();
        for part in split(query) {
            let part = part.trim();
            if terms(part).next().is_some() && !parts.iter().any(|known| known == part) {
                parts.push(part.to_owned());
            }
        }
        match parts.len() {
            0 | 1 => {}
            2..=MOST_PARTS => return parts,
            _ => return whole(),
        }
    }
    whole()
}

/// Cuts `query` where `cut` says, with the depth of quotes and brackets at nought; `cut` is given what
/// follows and says how much of it is the mark.
fn cut_where(query: &str, cut: impl Fn(&str) -> Option<usize>) -> Vec<&str> {
    let (mut parts, mut start, mut skip_to) = (Vec::new(), 0, 0);
    let (mut quoted, mut depth) = (false, 0_usize);
    for (at, c) in query.char_indices().filter(|(_, c)| c.is_ascii()) {
        if at < skip_to {
            continue;
        }
        match c {
            '"' => quoted = !quoted,
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if !quoted && depth == 0 => {
                if let Some(length) = query.get(at..).and_then(&cut) {
                    parts.push(&query[start..at]);
                    start = at + length;
                    skip_to = start;
                }
            }
            _ => {}
        }
    }
    parts.push(&query[start..]);
    parts
}

fn split_at_marks(query: &str) -> Vec<&str> {
    cut_where(query, |rest| rest.starts_with([';', '\n']).then_some(1))
}

fn split_at_or(query: &str) -> Vec<&str> {
    cut_where(query, |rest| {
        [" OR ", " | "]
            .iter()
            .find(|mark| rest.starts_with(**mark))
            .map(|mark| mark.len())
    })
}

/// A list of three or more members of two or more words each; a comma may also stand within one thought.
fn split_list(query: &str) -> Vec<&str> {
    let members: Vec<&str> = cut_where(query, |rest| rest.starts_with(", ").then_some(2))
        .into_iter()
        .map(|member| {
            let member = member.trim();
            ["and ", "or "]
                .iter()
                .find_map(|word| member.strip_prefix(word))
                .unwrap_or(member)
        })
        .collect();
    let is_list = members.len() >= 3 && members.iter().all(|member| terms(member).count() >= 2);
    if is_list { members } else { vec![query] }
}

/// One list of several, by reciprocal rank; ties go to the earlier part.
fn merge(lists: Vec<Vec<Found>>, max_results: u32) -> Vec<Found> {
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut merged: Vec<(f64, Found)> = Vec::new();
    for list in lists {
        for (rank, found) in (1_u32..).zip(list) {
            let Some(identity) = parse_identity(&found.url) else {
                continue;
            };
            let score = 1.0 / (SMOOTHING + f64::from(rank));
            if let Some(known) = places.get(&identity).and_then(|at| merged.get_mut(*at)) {
                known.0 += score;
                known.1.published_date = known.1.published_date.take().or(found.published_date);
            } else {
                places.insert(identity, merged.len());
                merged.push((score, found));
            }
        }
    }
    merged.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let most = usize::try_from(max_results).unwrap_or(usize::MAX);
    merged
        .into_iter()
        .map(|(_, found)| found)
        .take(most)
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use jiff::Timestamp;

    use super::*;

    #[test]
    fn a_query_is_split_where_its_writer_did() {
        for (query, parts) in [
            (
                "solid-state batteries; grid storage",
                &["solid-state batteries", "grid storage"][..],
            ),
            (
                "rust releases OR go releases",
                &["rust releases", "go releases"],
            ),
            ("rust | go", &["rust", "go"]),
            (
                "one thing\n\nanother thing\n",
                &["one thing", "another thing"],
            ),
            (
                "AI product launches, robotics funding, and chip export rules",
                &[
                    "AI product launches",
                    "robotics funding",
                    "chip export rules",
                ],
            ),
            // One thought, whatever it contains.
            (
                "AI product launches, this week",
                &["AI product launches, this week"],
            ),
            ("Paris, France, hotels", &["Paris, France, hotels"]),
            (
                "\"this; or that OR those\" news",
                &["\"this; or that OR those\" news"],
            ),
            ("rust (async OR threads)", &["rust (async OR threads)"]),
            ("terms or conditions", &["terms or conditions"]),
            ("ferry;", &["ferry;"]),
            ("ferry; ferry", &["ferry; ferry"]),
            (
                "tea; jam; oil; rye; fig; nut",
                &["tea; jam; oil; rye; fig; nut"],
            ),
            ("日本; 東京 OR x", &["日本", "東京 OR x"]),
            ("", &[""]),
        ] {
            assert_eq!(decompose(query), parts, "{query}");
        }
    }

    /// Answers each query with pages named after its words, and records what it was asked.
    #[derive(Default)]
    struct Echo(Mutex<Vec<String>>);

    #[async_trait]
    impl Search for Echo {
        async fn search(
            &self,
            request: &SearchRequest,
            _: Duration,
        ) -> Result<Vec<Found>, SearchError> {
            self.0.lock().unwrap().push(request.query.clone());
            if request.query.contains("down") {
                return Err(SearchError::Timeout);
            }
            let words = request.query.split(' ');
            Ok(words
                .map(|word| Found {
                    url: format!(
                        "https://a.example/{word}?utm_source={}",
                        request.query.len()
                    ),
                    ..Found::default()
                })
                .collect())
        }
    }

    async fn ask(query: &str, max_results: u32) -> (Result<Vec<String>, SearchError>, Vec<String>) {
        let echo = Arc::new(Echo::default());
        let request = SearchRequest {
            query: query.to_owned(),
            max_results,
            freshness: None,
            now: Timestamp::UNIX_EPOCH,
        };
        let found = DecomposingSearch::new(echo.clone())
            .search(&request, Duration::from_secs(5))
            .await;
        let pages = found.map(|found| {
            found
                .iter()
                .map(|found| found.url.split(['/', '?']).nth(3).unwrap().to_owned())
                .collect()
        });
        let asked = echo.0.lock().unwrap().clone();
        (pages, asked)
    }

    #[tokio::test]
    async fn parts_are_merged_and_each_page_comes_once() {
        let (pages, asked) = ask("red blue both; green both grey", 4).await;
        assert_eq!(asked, ["red blue both", "green both grey"]);
        assert_eq!(pages.unwrap(), ["both", "red", "green", "blue"]);
        let (pages, asked) = ask("red blue", 4).await;
        assert_eq!((pages.unwrap().len(), asked.len()), (2, 1));
    }

    #[tokio::test]
    async fn a_part_that_fails_fails_the_whole() {
        assert_eq!(ask("red; down", 5).await.0, Err(SearchError::Timeout));
    }
}
