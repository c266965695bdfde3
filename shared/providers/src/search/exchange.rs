//! One question to a search server: its failures as decisions, its answer within limits, its results as
//! ours. What every provider does in the same way.

use std::time::Duration;

use domain::results::Found;
use engine::ports::SearchError;
use jiff::Timestamp;
use jiff::civil::Date;
use reqwest::header::HeaderMap;
use reqwest::{RequestBuilder, Response};
use url::Url;

use crate::http::text_of;
use crate::retry_after::retry_after;

/// The largest answer read. A page of results is a few tens of KiB.
const MAX_BYTES: usize = 2 * 1024 * 1024;

/// The longest title and snippet kept, in characters.
const MAX_TITLE_CHARS: usize = 300;
const MAX_SNIPPET_CHARS: usize = 500;

/// A wait this short is waited here: plans of one question a second are common, and a question in
/// parts asks several.
const SHORT_WAIT: Duration = Duration::from_secs(2);

/// The address of `path` at the server at `base`, whatever folder that is in.
pub(super) fn endpoint(base: &Url, path: &str) -> Url {
    let mut endpoint = base.clone();
    let folder = base.path().trim_end_matches('/');
    endpoint.set_path(&format!("{folder}{path}"));
    endpoint.set_query(None);
    endpoint.set_fragment(None);
    endpoint
}

/// What `asking` comes to within `limit`.
pub(super) async fn within(
    limit: Duration,
    asking: impl Future<Output = Result<Vec<Found>, SearchError>>,
) -> Result<Vec<Found>, SearchError> {
    tokio::time::timeout(limit, asking)
        .await
        .unwrap_or(Err(SearchError::Timeout))
}

/// Asks once, and once more after a short wait that the server asked for. `limits` reads a server's own
/// headers when it says "too many".
pub(super) async fn ask(
    request: RequestBuilder,
    limits: fn(&HeaderMap) -> Option<SearchError>,
) -> Result<Vec<u8>, SearchError> {
    let again = request.try_clone();
    match ask_once(request, limits).await {
        Err(SearchError::RateLimited {
            retry_after: Some(wait),
        }) if wait <= SHORT_WAIT => {
            let Some(request) = again else {
                return Err(SearchError::RateLimited {
                    retry_after: Some(wait),
                });
            };
            tokio::time::sleep(wait).await;
            ask_once(request, limits).await
        }
        other => other,
    }
}

async fn ask_once(
    request: RequestBuilder,
    limits: fn(&HeaderMap) -> Option<SearchError>,
) -> Result<Vec<u8>, SearchError> {
    let response = request.send().await.map_err(|error| failure(&error))?;
    if response.status().as_u16() == 429
        && let Some(error) = limits(response.headers())
    {
        return Err(error);
    }
    refuse_failure(&response)?;
    body(response, MAX_BYTES).await
}

/// Why no answer came.
pub(super) fn failure(error: &reqwest::Error) -> SearchError {
    if error.is_timeout() {
        SearchError::Timeout
    } else {
        unavailable(text_of(error))
    }
}

/// A status that is no success, as what to do next.
pub(super) fn refuse_failure(response: &Response) -> Result<(), SearchError> {
    let status = response.status().as_u16();
    let refused = |reason: String| Err(SearchError::Refused { reason });
    match status {
        200..=299 => Ok(()),
        429 => Err(SearchError::RateLimited {
            retry_after: retry_after(response.headers(), Timestamp::now()),
        }),
        408 | 504 => Err(SearchError::Timeout),
        // Brave: 402. Tavily: 432 for the plan's limit, 433 for the one of pay-as-you-go.
        402 | 432 | 433 => refused(QUOTA.to_owned()),
        401 => refused("the key is not accepted (status 401)".to_owned()),
        // SearXNG answers 403 when its json format is switched off.
        400 | 403 | 404 | 405 | 410 | 422 => refused(format!("status {status}")),
        _ => Err(unavailable(format!("status {status}"))),
    }
}

/// Asking again does not help until somebody pays or the month ends.
pub(super) const QUOTA: &str = "the key's quota is used up";

/// A body of at most `most` bytes.
pub(super) async fn body(mut response: Response, most: usize) -> Result<Vec<u8>, SearchError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failure(&error))? {
        if bytes.len() + chunk.len() > most {
            return Err(unavailable(format!(
                "the answer is larger than {most} bytes"
            )));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

pub(super) fn unavailable(reason: String) -> SearchError {
    SearchError::Unavailable { reason }
}

/// A result; without a title its URL stands for it.
pub(super) fn found(
    url: String,
    title: &str,
    snippet: &str,
    published_date: Option<String>,
    source: &str,
) -> Found {
    let short = |text: &str, most: usize| -> String {
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        line.chars().take(most).collect()
    };
    let title = short(title, MAX_TITLE_CHARS);
    Found {
        title: if title.is_empty() { url.clone() } else { title },
        url,
        snippet: short(snippet, MAX_SNIPPET_CHARS),
        published_date,
        source: Some(source.to_owned()),
        extracted: None,
    }
}

/// A date as the engine wrote it: an instant, or the day it begins with.
pub(super) fn date(text: &str) -> Option<String> {
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(instant.to_string());
    }
    text.get(..10)?
        .parse::<Date>()
        .ok()
        .map(|date| date.to_string())
}

/// `query` within what a server takes: whole words, at most so many, and so many characters.
pub(super) fn concise(query: &str, most_words: usize, most_chars: usize) -> String {
    let mut out = String::new();
    for word in query.split_whitespace().take(most_words) {
        let blank = usize::from(!out.is_empty());
        if out.chars().count() + blank + word.chars().count() > most_chars {
            break;
        }
        if blank == 1 {
            out.push(' ');
        }
        out.push_str(word);
    }
    if out.is_empty() {
        query.trim().chars().take(most_chars).collect()
    } else {
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_cut_between_words() {
        assert_eq!(concise("one  two three", 2, 100), "one two");
        assert_eq!(concise("one two three", 9, 8), "one two");
        assert_eq!(concise("ööööö", 9, 3), "ööö");
    }

    #[test]
    fn days_and_instants_are_told_apart() {
        assert_eq!(
            date("2026-11-20T10:00:00+01:00").as_deref(),
            Some("2026-11-20T09:00:00Z")
        );
        assert_eq!(date("2026-11-20T10:00:00").as_deref(), Some("2026-11-20"));
        assert_eq!(date("2 hours ago"), None);
    }
}
