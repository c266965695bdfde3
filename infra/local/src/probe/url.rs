//! When two URLs are the same page.

use domain::url_identity::identity;
use serde_json::{Value, json};
use url::Url;

use super::{Fault, request};

/// `{url, base?}` → `{identity, canonical, host}`: the key two spellings of a page share, the URL as it
/// is fetched, and its host in ASCII.
pub(super) fn answer(request: &Value) -> Result<Value, Fault> {
    let text = request::text(request, "url")?.trim();
    let no_url = |error| Fault::invalid(format!("/url: is no URL: {error}"));
    let url = match request::optional_text(request, "base")? {
        Some(_) => request::url(request, "base")?.join(text).map_err(no_url)?,
        None => Url::parse(text).map_err(no_url)?,
    };
    let (true, Some(host)) = (matches!(url.scheme(), "http" | "https"), url.host_str()) else {
        return Err(Fault::invalid("/url: is not an http or https URL"));
    };
    let mut canonical = url.clone();
    canonical.set_fragment(None);
    Ok(json!({ "identity": identity(&url), "canonical": canonical.as_str(), "host": host }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_share_a_key_and_keep_their_address() {
        let answer = |request| answer(&request).unwrap();
        let found =
            answer(json!({"url": "HTTPS://Bücher.example:443/a/../b?utm_source=x&b=2&a=1#part"}));
        assert_eq!(
            found,
            json!({
                "identity": "https://xn--bcher-kva.example/b?a=1&b=2",
                "canonical": "https://xn--bcher-kva.example/b?utm_source=x&b=2&a=1",
                "host": "xn--bcher-kva.example",
            })
        );
        let joined = answer(json!({"url": "../c?x", "base": "https://example.com/a/b/"}));
        assert_eq!(joined["identity"], "https://example.com/a/c?x");
    }

    #[test]
    fn what_is_no_page_is_refused() {
        for request in [
            json!({}),
            json!({"url": 7}),
            json!({"url": "/relative"}),
            json!({"url": "mailto:a@example.com"}),
            json!({"url": "/a", "base": "nowhere"}),
        ] {
            assert_eq!(
                answer(&request).unwrap_err().code,
                "validation_failed",
                "{request}"
            );
        }
    }
}
