//! When two URLs are the same page.
//!
//! Patrols compare runs by this key, stop conditions find a URL by it, a session remembers it. It is
//! a key for comparison only: what is shown, stored and fetched stays as it was found.
//!
//! Two mistakes are possible and they do not weigh the same. Keeping two spellings of a page apart
//! repeats a line in a list; merging two pages hides one of them for good. So only what a standard
//! or the purpose of a parameter says is meaningless is removed: `http` is not `https`, `www.` stays,
//! a trailing slash stays, case of the path stays, and the parameters dropped are those that only
//! advertisers and mailing tools add, under names nobody else uses.

use std::fmt::Write as _;

use url::Url;

/// Parameters that say who sent the reader, never which page it is. Compared without case.
const TRACKING: &[&str] = &[
    // advertising click ids: Google, Meta, Microsoft, X, TikTok, LinkedIn, Yandex, Pinterest, Reddit
    "gclid",
    "gclsrc",
    "dclid",
    "gbraid",
    "wbraid",
    "fbclid",
    "msclkid",
    "twclid",
    "ttclid",
    "li_fat_id",
    "yclid",
    "ysclid",
    "epik",
    "rdt_cid",
    "igshid",
    // analytics carried across domains
    "_ga",
    "_gl",
    "mtm_campaign",
    "mtm_source",
    "mtm_medium",
    "pk_campaign",
    "pk_source",
    // mailing tools: Mailchimp, HubSpot, Marketo, Omeda, Vero
    "mc_cid",
    "mc_eid",
    "_hsenc",
    "_hsmi",
    "mkt_tok",
    "oly_enc_id",
    "oly_anon_id",
    "vero_id",
];

/// The key by which two URLs are the same page.
///
/// It is itself a URL, and its own identity. For other schemes than `http` and `https` only the
/// fragment is dropped.
#[must_use]
pub fn identity(url: &Url) -> String {
    if !matches!(url.scheme(), "http" | "https") {
        let mut bare = url.clone();
        bare.set_fragment(None);
        return bare.into();
    }
    // The parser has done: case of scheme and host, IDNA, dot segments, default ports.
    let mut key = format!("{}://", url.scheme());
    if !url.username().is_empty() || url.password().is_some() {
        key.push_str(url.username());
        if let Some(password) = url.password() {
            let _ = write!(key, ":{password}");
        }
        key.push('@');
    }
    let host = url.host_str().unwrap_or_default();
    // The root's dot names the same host.
    key.push_str(
        host.strip_suffix('.')
            .filter(|rest| !rest.is_empty())
            .unwrap_or(host),
    );
    if let Some(port) = url.port() {
        let _ = write!(key, ":{port}");
    }
    push_normal(&mut key, url.path(), Part::Path);
    push_query(&mut key, url.query().unwrap_or_default());
    // `#!` addresses a page of its own in sites that route by script; other fragments a place in it.
    if let Some(route) = url
        .fragment()
        .and_then(|fragment| fragment.strip_prefix('!'))
        .filter(|route| !route.is_empty())
    {
        let _ = write!(key, "#!{route}");
    }
    key
}

/// The identity of a URL's text, blanks around it ignored; `None` when it is not an http or https
/// URL.
#[must_use]
pub fn parse_identity(text: &str) -> Option<String> {
    let url = Url::parse(text.trim()).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then(|| identity(&url))
}

/// Appends the query without tracking, its pairs ordered by name. Pairs of one name keep their order:
/// `a=1&a=2` may mean something else than `a=2&a=1`.
fn push_query(key: &mut String, query: &str) {
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let mut normal = String::with_capacity(pair.len());
            push_normal(&mut normal, pair, Part::Query);
            let name = normal.split('=').next().unwrap_or_default().to_owned();
            (name, normal)
        })
        .filter(|(name, _)| !is_tracking(name))
        .collect();
    pairs.sort_by(|(a, _), (b, _)| a.cmp(b));
    for (index, (_, pair)) in pairs.iter().enumerate() {
        key.push(if index == 0 { '?' } else { '&' });
        key.push_str(pair);
    }
}

fn is_tracking(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.strip_prefix("utm_")
        .is_some_and(|rest| !rest.is_empty())
        || TRACKING.contains(&name.as_str())
}

#[derive(Clone, Copy, PartialEq)]
enum Part {
    Path,
    Query,
}

/// Normalises percent-encoding (RFC 3986, section 6.2.2): what need not be encoded is not, what must
/// be is, hexadecimal digits are upper case. In a query `+` is a blank, as forms write it.
fn push_normal(out: &mut String, text: &str, part: Part) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if byte == b'%'
            && let Some(decoded) = decode(bytes.get(at + 1..at + 3))
        {
            if is_unreserved(decoded) {
                out.push(char::from(decoded));
            } else {
                let _ = write!(out, "%{decoded:02X}");
            }
            at += 3;
            continue;
        }
        if byte == b'+' && part == Part::Query {
            out.push_str("%20");
        } else if is_unreserved(byte) || is_reserved(byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        at += 1;
    }
}

fn decode(digits: Option<&[u8]>) -> Option<u8> {
    let [high, low] = digits? else { return None };
    let digit = |byte: &u8| {
        char::from(*byte)
            .to_digit(16)
            .and_then(|value| u8::try_from(value).ok())
    };
    Some(digit(high)? << 4 | digit(low)?)
}

/// RFC 3986, section 2.3.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// RFC 3986, section 2.2, without `#`, which cannot stand in a path or a query.
fn is_reserved(byte: u8) -> bool {
    matches!(
        byte,
        b':' | b'/'
            | b'?'
            | b'['
            | b']'
            | b'@'
            | b'!'
            | b'$'
            | b'&'
            | b'\''
            | b'('
            | b')'
            | b'*'
            | b'+'
            | b','
            | b';'
            | b'='
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn same(a: &str, b: &str) {
        assert_eq!(parse_identity(a).unwrap(), parse_identity(b).unwrap());
    }

    #[track_caller]
    fn different(a: &str, b: &str) {
        assert_ne!(parse_identity(a).unwrap(), parse_identity(b).unwrap());
    }

    #[test]
    fn spellings_of_one_page_are_one() {
        same("HTTP://Example.COM:80/a/./b/../c", "http://example.com/a/c");
        same(
            "https://bücher.example/",
            "https://XN--BCHER-KVA.example:443",
        );
        same("https://example.com./x", "https://example.com/x");
        same(
            "https://example.com/%7euser/%e4",
            "https://example.com/~user/%E4",
        );
        same("https://example.com/a|b", "https://example.com/a%7Cb");
        same(
            "https://example.com/x?b=2&a=1",
            "https://example.com/x?a=1&b=2",
        );
        same("https://example.com/x?", "https://example.com/x");
        same("https://example.com/x?&&a=1&", "https://example.com/x?a=1");
        same(
            "https://example.com/x?q=a+b",
            "https://example.com/x?q=a%20b",
        );
        same("https://example.com/x#part", "https://example.com/x");
        same(
            "https://example.com/x?utm_source=n&UTM_Medium=m&fbclid=1&mc_eid=2",
            "https://example.com/x",
        );
        same(" https://example.com/x\n", "https://example.com/x");
    }

    #[test]
    fn different_pages_stay_different() {
        different("http://example.com/", "https://example.com/");
        different("https://www.example.com/", "https://example.com/");
        different("https://example.com/a", "https://example.com/a/");
        different("https://example.com/a", "https://example.com/A");
        different(
            "https://example.com/x?a=1&a=2",
            "https://example.com/x?a=2&a=1",
        );
        different("https://example.com/x?a", "https://example.com/x?a=");
        different("https://example.com/a%2Fb", "https://example.com/a/b");
        different(
            "https://example.com/x?q=a%26b",
            "https://example.com/x?q=a&b",
        );
        different(
            "https://example.com/x?q=c%2B%2B",
            "https://example.com/x?q=c++",
        );
        different("https://example.com/x?ref=a", "https://example.com/x");
        different("https://example.com/x?utm_=1", "https://example.com/x");
        different("https://example.com/#!/a", "https://example.com/#!/b");
        different("https://example.com:8443/", "https://example.com/");
    }

    #[test]
    fn only_web_urls_have_one() {
        for text in [
            "",
            "example.com",
            "mailto:a@example.com",
            "javascript:alert(1)",
            "http://",
        ] {
            assert_eq!(parse_identity(text), None, "{text:?}");
        }
    }

    /// A URL of odd parts: percent signs, blanks, separators and letters of several scripts.
    fn any_url() -> impl Strategy<Value = String> {
        let piece = "[a-zA-Z0-9%+=/:;,.~|\"<>{}^ äß日\\[\\]-]{0,12}";
        (
            "(http|https)",
            piece,
            proptest::collection::vec(piece, 0..5),
            proptest::option::of("!?[a-z/%]{0,6}"),
        )
            .prop_map(|(scheme, path, pairs, fragment)| {
                let mut url = format!("{scheme}://example.com/{path}");
                if !pairs.is_empty() {
                    url = format!("{url}?{}", pairs.join("&"));
                }
                fragment.map_or(url.clone(), |fragment| format!("{url}#{fragment}"))
            })
    }

    proptest! {
        #[test]
        fn the_identity_is_its_own_identity(url in any_url()) {
            let once = parse_identity(&url).unwrap();
            prop_assert_eq!(parse_identity(&once).unwrap(), once);
        }

        #[test]
        fn the_order_of_distinct_names_does_not_matter(
            pairs in proptest::collection::btree_map("[a-z]{1,5}", "[a-z0-9%]{0,5}", 1..6).prop_flat_map(|map| {
                let pairs: Vec<_> = map.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
                (Just(pairs.clone()), Just(pairs).prop_shuffle())
            })
        ) {
            let (ordered, shuffled) = pairs;
            let of = |pairs: &[String]| parse_identity(&format!("https://example.com/?{}", pairs.join("&"))).unwrap();
            prop_assert_eq!(of(&ordered), of(&shuffled));
        }

        #[test]
        fn tracking_changes_nothing(url in any_url(), at in 0..TRACKING.len(), utm in "utm_[a-z]{1,8}", value in "[a-z0-9%]{0,6}") {
            let plain = Url::parse(&url).unwrap();
            for name in [TRACKING[at], utm.as_str()] {
                let mut tracked = plain.clone();
                let query = plain.query().map_or_else(String::new, |query| format!("{query}&"));
                tracked.set_query(Some(&format!("{query}{name}={value}")));
                prop_assert_eq!(identity(&tracked), identity(&plain));
            }
        }
    }
}
