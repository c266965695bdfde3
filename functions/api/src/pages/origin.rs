//! Whether a form was sent from a page of ours.
//!
//! `Sec-Fetch-Site` is the browser's own word and decides where it is sent. `Origin` must be ours where
//! it says anything: our own pages send `null`, because of their `Referrer-Policy: no-referrer` (Fetch
//! standard, "append a request Origin header"), so `null` alone proves nothing either way and the
//! nonce decides.

use http::HeaderMap;
use http::header::{HOST, HeaderName, ORIGIN};
use url::Url;

use crate::app::Settings;

/// Whether these headers allow the form to be ours.
pub(super) fn may_be_ours(headers: &HeaderMap, settings: &Settings) -> bool {
    let site_allows = match headers.get(HeaderName::from_static("sec-fetch-site")) {
        None => true,
        Some(site) => site == "same-origin" || site == "none",
    };
    let origin_allows = match headers
        .get(ORIGIN)
        .map(|origin| origin.to_str().unwrap_or_default())
    {
        None | Some("null") => true,
        Some(origin) => is_own(origin, headers, settings),
    };
    site_allows && origin_allows
}

/// Whether this is our own origin: the configured one, else the host the gateway was asked for.
fn is_own(origin: &str, headers: &HeaderMap, settings: &Settings) -> bool {
    let Ok(origin) = Url::parse(origin) else {
        return false;
    };
    match &settings.base_url {
        Some(base_url) => origin.origin() == base_url.origin(),
        None => {
            let host = headers
                .get(HOST)
                .and_then(|host| host.to_str().ok())
                .unwrap_or_default();
            Url::parse(&format!("https://{host}")).is_ok_and(|own| own.origin() == origin.origin())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(base_url: &str, headers: &[(&'static str, &str)]) -> bool {
        let settings = Settings::read(|name| {
            (name == "NIGHTDESK_BASE_URL" && !base_url.is_empty()).then(|| base_url.to_owned())
        })
        .unwrap();
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect();
        may_be_ours(&headers, &settings)
    }

    #[test]
    fn only_our_own_pages_may_send_forms() {
        let base = "https://desk.example/";
        assert!(allowed(base, &[]));
        assert!(allowed(
            base,
            &[
                ("origin", "https://desk.example"),
                ("sec-fetch-site", "same-origin")
            ]
        ));
        assert!(allowed(
            base,
            &[("origin", "null"), ("sec-fetch-site", "same-origin")]
        ));
        assert!(allowed(
            "http://127.0.0.1:8787",
            &[("origin", "http://127.0.0.1:8787")]
        ));
        assert!(allowed(
            "",
            &[
                ("origin", "https://abc.execute-api.eu-west-1.amazonaws.com"),
                ("host", "abc.execute-api.eu-west-1.amazonaws.com")
            ]
        ));
        for bad in [
            &[("origin", "https://evil.example")][..],
            &[("origin", "http://desk.example")],
            &[("origin", "https://desk.example:8443")],
            &[("origin", "https://desk.example.evil.example")],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
            &[("origin", "null"), ("sec-fetch-site", "cross-site")],
        ] {
            assert!(!allowed(base, bad), "{bad:?}");
        }
    }
}
