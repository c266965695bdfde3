//! Asking only for what has changed: validators out of an answer, conditions into a request (RFC 9110,
//! sections 8.8 and 13.1).

use engine::ports::Validators;
use jiff::SignedDuration;
use reqwest::RequestBuilder;
use reqwest::header::{
    DATE, ETAG, HeaderMap, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED,
};
use url::Url;

/// The longest validator kept, in bytes. Real ones are under a hundred; the header is a stranger's.
const LONGEST: usize = 512;

/// A date may be believed as a validator when it lies this long before the answer: within the same
/// second, and with clocks a little apart, a page may change again without its date changing (RFC
/// 9110, section 8.8.2.2).
const SETTLED: SignedDuration = SignedDuration::from_secs(60);

/// What the answer for `url` can be recognised by.
pub(super) fn validators(url: &Url, headers: &HeaderMap) -> Option<Validators> {
    let text = |name: HeaderName| {
        let value = headers.get(name)?.to_str().ok()?.trim();
        (!value.is_empty() && value.len() <= LONGEST).then(|| value.to_owned())
    };
    let etag = text(ETAG).filter(|etag| is_etag(etag));
    let last_modified = text(LAST_MODIFIED).filter(|modified| {
        let at = |text: &str| Some(jiff::fmt::rfc2822::parse(text).ok()?.timestamp());
        match (at(modified), text(DATE).and_then(|date| at(&date))) {
            (Some(modified), Some(date)) => date.duration_since(modified) >= SETTLED,
            (Some(_), None) | (None, _) => false,
        }
    });
    (etag.is_some() || last_modified.is_some()).then(|| Validators {
        url: url.as_str().to_owned(),
        etag,
        last_modified,
    })
}

/// A quoted string, weak or strong. Some servers forget the quotes; a condition they did not mean is
/// not sent.
fn is_etag(text: &str) -> bool {
    let quoted = text.strip_prefix("W/").unwrap_or(text);
    quoted.len() >= 2 && quoted.starts_with('"') && quoted.ends_with('"')
}

/// Makes a request conditional, when the validators are of this very address. Says whether it did.
pub(super) fn make_conditional(
    request: RequestBuilder,
    url: &Url,
    validators: Option<&Validators>,
) -> (RequestBuilder, bool) {
    let Some(validators) = validators.filter(|validators| validators.url == url.as_str()) else {
        return (request, false);
    };
    // Both are sent: a server that knows entity tags ignores the date (RFC 9110, section 13.1.3).
    let mut request = request;
    if let Some(etag) = &validators.etag {
        request = request.header(IF_NONE_MATCH, etag);
    }
    if let Some(modified) = &validators.last_modified {
        request = request.header(IF_MODIFIED_SINCE, modified);
    }
    let conditional = validators.etag.is_some() || validators.last_modified.is_some();
    (request, conditional)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(headers: &[(&'static str, &str)]) -> Option<(Option<String>, Option<String>)> {
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect();
        let url = Url::parse("https://a.example/").unwrap();
        validators(&url, &headers).map(|validators| (validators.etag, validators.last_modified))
    }

    #[test]
    fn validators_are_those_that_can_be_relied_on() {
        let date = ("date", "Sat, 21 Nov 2026 12:00:00 GMT");
        for (etag, kept) in [
            ("\"abc\"", true),
            ("W/\"abc\"", true),
            ("abc", false),
            ("\"", false),
        ] {
            assert_eq!(read(&[("etag", etag)]).is_some(), kept, "{etag}");
        }
        let old = ("last-modified", "Fri, 20 Nov 2026 12:00:00 GMT");
        let now = ("last-modified", "Sat, 21 Nov 2026 11:59:30 GMT");
        assert_eq!(read(&[date, old]), Some((None, Some(old.1.to_owned()))));
        assert_eq!(read(&[date, now]), None, "it may change within the minute");
        assert_eq!(read(&[old]), None, "no date to compare it with");
        assert_eq!(read(&[date, ("last-modified", "yesterday")]), None);
        assert_eq!(read(&[("etag", &format!("\"{}\"", "a".repeat(600)))]), None);
    }
}
