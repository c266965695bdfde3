//! Addresses of pages, receivers and mailboxes as a person reads them: with the host that they lead to.
//!
//! A host can be written so that it looks like another: `аcme.example` with a Cyrillic а (the confusables of Unicode's
//! UTS #39), or `https://acme.example@evil.example/` with the known name in front of the real one. What DNS is asked for
//! cannot.

use std::borrow::Cow;

use url::Url;

/// The host of a URL or of a mail address in the form that DNS has (ASCII; IDNA, UTS #46). `None` where there is none,
/// or it is only known in the run.
#[must_use]
pub fn host(address: &str) -> Option<String> {
    let of_url = Url::parse(address)
        .ok()
        .and_then(|url| url.host_str().map(str::to_owned));
    let host = of_url.or_else(|| {
        let (_, domain) = address.rsplit_once('@')?;
        let host = url::Host::parse(domain).ok()?;
        Some(host.to_string())
    })?;
    // The URL standard lets a host have these characters.
    let is_reference = host.contains("${");
    (!is_reference).then_some(host)
}

/// The address, and before it, where no length can hide it, its host when that is not what is written.
#[must_use]
pub fn with_host(address: &str) -> Cow<'_, str> {
    match host(address) {
        Some(host) if !written_host(address).eq_ignore_ascii_case(&host) => {
            Cow::Owned(format!("(host {host}) {address}"))
        }
        Some(_) | None => Cow::Borrowed(address),
    }
}

/// Several addresses on one line, each as [`with_host`] shows it.
#[must_use]
pub fn listed(addresses: &[String]) -> String {
    let shown: Vec<_> = addresses.iter().map(|address| with_host(address)).collect();
    shown.join(", ")
}

/// What a reader takes for the host: in a URL what stands between `//` and the first character that ends a host, in a
/// mail address what stands behind the `@`.
fn written_host(address: &str) -> &str {
    let Some((_, rest)) = address.split_once("://") else {
        return address.rsplit_once('@').map_or("", |(_, domain)| domain);
    };
    // The colon of an address of IPv6 stands in its brackets.
    let from = rest.starts_with('[').then(|| rest.find(']')).flatten();
    let from = from.unwrap_or_default();
    let ends = |c: char| matches!(c, '/' | '\\' | '?' | '#' | ':' | '@');
    let end = rest[from..].find(ends).map_or(rest.len(), |at| from + at);
    &rest[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_is_what_it_looks_like_stays_as_it_is() {
        for (address, of) in [
            ("https://Acme.example/hook?q=1", Some("acme.example")),
            ("https://acme.example:8443", Some("acme.example")),
            ("http://127.0.0.1/x", Some("127.0.0.1")),
            ("https://[2001:db8::1]:8080/x", Some("[2001:db8::1]")),
            (
                "https://xn--bcher-kva.example/",
                Some("xn--bcher-kva.example"),
            ),
            (
                "https://acme.example/?q=${steps.find.results[0].title}",
                Some("acme.example"),
            ),
            // A browser's reading: the backslash ends the host.
            ("https://acme.example\\@evil.example/", Some("acme.example")),
            ("ann@acme.example", Some("acme.example")),
            ("${steps.find.results[*].url}", None),
            ("https://${steps.find.host}/", None),
            ("ann@${steps.find.host}", None),
            ("", None),
        ] {
            assert_eq!(host(address).as_deref(), of, "{address}");
            assert_eq!(with_host(address), address);
        }
    }

    #[test]
    fn a_host_that_is_written_otherwise_is_said() {
        for (address, host) in [
            ("https://\u{430}cme.example/hook", "xn--cme-5cd.example"),
            ("https://bücher.example/", "xn--bcher-kva.example"),
            ("https://acme.example@evil.example/", "evil.example"),
            ("https://acme.example:443@evil.example/", "evil.example"),
            ("https:evil.example/", "evil.example"),
            ("https:/\\evil.example/", "evil.example"),
            ("https://ａcme.example/", "acme.example"),
            ("https://acme%2Eexample/", "acme.example"),
            ("http://0x7f.1/", "127.0.0.1"),
            ("ann@\u{430}cme.example", "xn--cme-5cd.example"),
        ] {
            assert_eq!(with_host(address), format!("(host {host}) {address}"));
        }
    }
}
