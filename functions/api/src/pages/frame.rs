//! What every page is sent with: headers that leave a browser nothing to run, to frame, to keep or to
//! tell others.

use std::sync::LazyLock;

use askama::Template;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use http::header::{self, HeaderName, HeaderValue};
use ring::digest::{SHA256, digest};

/// The style sheet as it stands in the page: the template engine drops the last line's end.
const STYLE: &str = include_str!("../../web/style.css");

/// Everything is forbidden but the one style sheet (by its hash), our own pictures and our own forms.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let hash = STANDARD.encode(digest(&SHA256, STYLE.trim_end().as_bytes()));
    let policy = format!(
        "default-src 'none'; script-src 'none'; style-src 'sha256-{hash}'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    );
    HeaderValue::from_str(&policy).expect("ASCII")
});

/// The headers of every page, its pictures and its redirects.
pub(super) fn headers() -> [(HeaderName, HeaderValue); 6] {
    let fixed = HeaderValue::from_static;
    [
        (header::CONTENT_SECURITY_POLICY, POLICY.clone()),
        (header::X_FRAME_OPTIONS, fixed("DENY")),
        (header::REFERRER_POLICY, fixed("no-referrer")),
        (header::CACHE_CONTROL, fixed("no-store")),
        (header::X_CONTENT_TYPE_OPTIONS, fixed("nosniff")),
        (
            HeaderName::from_static("x-robots-tag"),
            fixed("noindex, nofollow"),
        ),
    ]
}

/// A page.
pub(super) fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => (
            status,
            headers(),
            [(header::CONTENT_TYPE, "text/html; charset=utf-8")],
            html,
        )
            .into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be written");
            (StatusCode::SERVICE_UNAVAILABLE, headers()).into_response()
        }
    }
}

/// A page that only says something.
#[derive(Debug, Template)]
#[template(path = "notice.html")]
pub(super) struct Notice<'a> {
    pub(super) title: &'a str,
    pub(super) lines: Vec<String>,
    /// A link onwards: its words and its target.
    pub(super) link: Option<(&'a str, &'a str)>,
}

/// A page that only says something.
pub(super) fn notice(status: StatusCode, title: &str, line: impl Into<String>) -> Response {
    page(
        status,
        &Notice {
            title,
            lines: vec![line.into()],
            link: None,
        },
    )
}

/// A page for a failure that is not the reader's.
pub(super) fn unavailable() -> Response {
    let mut response = notice(
        StatusCode::SERVICE_UNAVAILABLE,
        "Not available at the moment",
        "Nothing was changed and nothing is lost. Please try again in a minute.",
    );
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
    response
}

/// On to another page of ours.
pub(super) fn see_other(target: &'static str) -> Response {
    (
        StatusCode::SEE_OTHER,
        headers(),
        [(header::LOCATION, target)],
    )
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_allows_exactly_the_style_in_the_page() {
        let html = Notice {
            title: "t",
            lines: vec![],
            link: None,
        }
        .render()
        .unwrap();
        let style = html
            .split_once("<style>")
            .unwrap()
            .1
            .split_once("</style>")
            .unwrap()
            .0;
        let hash = STANDARD.encode(digest(&SHA256, style.as_bytes()));
        assert!(
            POLICY
                .to_str()
                .unwrap()
                .contains(&format!("'sha256-{hash}'"))
        );
        assert!(!html.contains("<script") && !html.contains(" style=\""));
    }

    #[test]
    fn what_a_stranger_wrote_is_text() {
        let html = Notice {
            title: "</title><script>",
            lines: vec!["</p><img src=x onerror=alert(1)>".to_owned()],
            link: None,
        }
        .render()
        .unwrap();
        assert!(!html.contains("<script>") && !html.contains("<img"));
    }
}
