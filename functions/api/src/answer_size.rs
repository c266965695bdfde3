//! How large an answer may be, and what becomes of one that is larger.
//!
//! What a function answers ends at 6 MB (Lambda quotas, "Invocation payload"), counted as it travels: JSON as a string
//! within JSON, whose every quote takes two bytes, and anything else in base64, which takes four for three. A list ends
//! its page before that ([`crate::page`]). Whatever else is larger is put into the blob store as it is, under its owner
//! and its hash, and the answer is where to fetch it: 303 to a presigned address that lives for five minutes.

use std::time::Duration;

use axum::body::{Body, HttpBody as _, to_bytes};
use axum::response::{IntoResponse as _, Response};
use domain::ids::OwnerId;
use engine::ports::downloads::Download;
use http::StatusCode;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION};

use crate::app::App;
use crate::problem::Problem;

/// The most bytes an answer travels with: 5 MB (API section 5), which leaves room for its headers.
pub(crate) const MOST_BYTES: usize = 5_000_000;

/// How long a presigned address lives (API section 5).
pub(crate) const ADDRESS_LIVES: Duration = Duration::from_secs(300);

/// How many bytes a JSON text takes on its way: within a string, where quotes and backslashes are escaped.
pub(crate) fn of_json(text: &[u8]) -> usize {
    let escaped = text.iter().filter(|byte| matches!(byte, b'"' | b'\\'));
    text.len() + escaped.count()
}

/// How many bytes other content takes on its way.
fn in_base64(bytes: usize) -> usize {
    bytes.div_ceil(3) * 4
}

/// Whether the runtime sends such content as text; it sends anything else in base64.
fn is_text(content_type: &str) -> bool {
    content_type.starts_with("text/")
        || content_type.contains("json")
        || content_type.contains("xml")
}

/// The answer, or where to fetch it.
pub(crate) async fn fit(app: &App, owner: &OwnerId, response: Response) -> Response {
    let known = response.body().size_hint().exact();
    let small = known.is_some_and(|bytes| bytes < (MOST_BYTES / 2) as u64);
    if small || !response.status().is_success() {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    // Our own answers are in memory: reading one cannot fail.
    let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let content_type = parts.headers.get(CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok());
    let content_type = content_type
        .unwrap_or("application/octet-stream")
        .to_owned();
    let travels = if is_text(&content_type) {
        of_json(&bytes)
    } else {
        in_base64(bytes.len())
    };
    if travels <= MOST_BYTES {
        return Response::from_parts(parts, Body::from(bytes));
    }
    let stored = app.engine.store.put_bytes(owner, &bytes).await;
    let stored = stored.map_err(Problem::from);
    let redirected = match &stored {
        Ok(sha256) => address(app, owner, sha256, &content_type).await,
        Err(_) => Err(Problem::unavailable()),
    };
    match redirected {
        Ok(location) => {
            parts.headers.remove(CONTENT_TYPE);
            parts.headers.remove(CONTENT_LENGTH);
            let mut response = elsewhere(location);
            // Its tag and what else was said of it stay true.
            let headers = std::mem::take(&mut parts.headers);
            for (name, value) in headers.iter().filter(|(name, _)| **name != LOCATION) {
                response.headers_mut().append(name, value.clone());
            }
            response
        }
        Err(problem) => problem.into_response(),
    }
}

/// The presigned address of what is stored as it is under its owner and its hash.
///
/// # Errors
/// The store cannot sign one.
pub(crate) async fn address(
    app: &App,
    owner: &OwnerId,
    sha256: &str,
    content_type: &str,
) -> Result<HeaderValue, Problem> {
    let download = Download {
        owner,
        sha256,
        content_type,
        lives: ADDRESS_LIVES,
        now: app.engine.now(),
    };
    let address = app.downloads.address(download).await?;
    let value = address.and_then(|address| HeaderValue::from_str(&address).ok());
    value.ok_or_else(|| {
        tracing::error!(
            "the blob store gives no addresses, and an answer is too large to be given"
        );
        Problem::unavailable()
    })
}

/// The answer that it is to be fetched elsewhere.
pub(crate) fn elsewhere(location: HeaderValue) -> Response {
    let headers: HeaderMap = [(LOCATION, location)].into_iter().collect();
    (StatusCode::SEE_OTHER, headers).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_answer_weighs_is_what_it_weighs_on_its_way() {
        for text in [
            "",
            "plain",
            r#"{"a": "b\\c\"d", "e": "\u0000\n"}"#,
            "\u{e9}\u{1f600}",
        ] {
            let within = serde_json::to_string(text).unwrap();
            assert_eq!(of_json(text.as_bytes()), within.len() - 2, "{text}");
        }
        assert_eq!(
            (in_base64(0), in_base64(1), in_base64(3), in_base64(4)),
            (0, 4, 4, 8)
        );
        assert!(is_text("application/problem+json") && !is_text("image/png"));
    }
}
