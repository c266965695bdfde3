//! A stranger's URL: its identity, and whether it would be connected to. The second line is a redirect.

use std::net::IpAddr;
use std::time::Duration;

use domain::egress::{self, EgressRule, MAX_URL_CHARS, PORTS};
use domain::url_identity::{identity, parse_identity};
use url::{Host, Url, form_urlencoded};

use super::first_line;
use crate::mutation::Mutator;
use crate::target::{Target, shape};

pub(crate) const TARGET: Target = Target {
    name: "url",
    check,
    mutator: Mutator {
        words: &[
            "http://",
            "https://",
            "file:///",
            "HTTPS:",
            "//",
            "\\\\",
            "@",
            "user:pw@",
            "example.com",
            "EXAMPLE.com.",
            "xn--",
            "xn--bcher-kva",
            "bücher",
            "。",
            "①②⑦.⓪.⓪.①",
            "127.0.0.1",
            "127.1",
            "0x7f.1",
            "0177.0.0.1",
            "2130706433",
            "[::1]",
            "[::ffff:10.0.0.1]",
            "[2001:db8::1]",
            "[64:ff9b::a9fe:a9fe]",
            "[fe80::1%25eth0]",
            "169.254.169.254",
            "metadata.google.internal",
            "localhost",
            ".local",
            ":80",
            ":443",
            ":8080",
            ":22",
            ":0",
            "/../",
            "/./",
            "/%2e%2e/",
            ";jsessionid=A1",
            "?",
            "&",
            "=",
            "+",
            "%20",
            "%2B",
            "%26",
            "%3D",
            "%23",
            "%",
            "%ff",
            "%00",
            "#",
            "#!",
            "#!/a",
            "utm_source=x",
            "UTM_%4dedium=x",
            "fbclid=1",
            "ref=a",
            "a=1",
            "a=2",
            "a",
            "b=",
            "PHPSESSID=1",
            "youtu.be",
            "www.",
            "\u{200b}",
            "\u{ad}",
            "\u{202e}",
            "\t",
            " ",
            "javascript:",
            "data:,",
        ],
        most_bytes: 4 * 1024,
    },
    burst: 6_000,
    flat: Duration::from_millis(200),
    per_kib: Duration::from_millis(5),
    bombs: &[],
    readers: &[],
};

fn check(input: &[u8]) -> u64 {
    let (text, rest) = first_line(input);
    let (redirect, _) = first_line(rest);
    let key = identity_holds(&text);
    let allowed = egress_holds(&text);
    if let Some(base) = &allowed {
        redirect_holds(base, &redirect);
    }
    shape(&[
        usize::from(key.is_some()),
        key.as_ref().map_or(0, String::len),
        key.as_ref().map_or(0, |key| {
            key.matches('&').count() + usize::from(key.contains('?'))
        }),
        key.as_ref().map_or(0, |key| key.matches('%').count()),
        usize::from(allowed.is_some()),
        // Why it was refused.
        egress::check_url(&text).map_or_else(|denied| 1 << (denied.reason.len() % 60), |_| 0),
    ])
}

/// The laws of [`identity`].
fn identity_holds(text: &str) -> Option<String> {
    let key = parse_identity(text)?;
    assert_eq!(
        parse_identity(&key).as_deref(),
        Some(key.as_str()),
        "identity is not its own identity: {text:?}"
    );
    let url = Url::parse(text.trim()).expect("what has an identity is a URL");
    assert_eq!(
        identity(&url),
        key,
        "identity depends on who parses: {text:?}"
    );
    let keyed = Url::parse(&key).expect("an identity is a URL");
    let bare = |url: &Url| {
        let host = url.host_str().unwrap_or_default().to_owned();
        let named = host.strip_suffix('.');
        let named = named.filter(|named| !named.is_empty() && !named.ends_with('.'));
        named.map_or_else(|| host.clone(), str::to_owned)
    };
    assert_eq!(
        bare(&keyed),
        bare(&url),
        "identity changed the host: {text:?}"
    );
    assert_eq!(
        keyed.port_or_known_default(),
        url.port_or_known_default(),
        "identity changed the port: {text:?}"
    );
    assert_eq!(
        keyed.scheme(),
        url.scheme(),
        "identity changed the scheme: {text:?}"
    );

    let query = url.query().unwrap_or_default();
    let with_query = |query: &str| {
        let mut other = url.clone();
        other.set_query(Some(query));
        identity(&other)
    };
    if with_query(query) == key {
        assert_eq!(
            with_query(&format!("{query}&utm_source=x")),
            key,
            "identity keeps tracking: {text:?}"
        );
        assert_ne!(
            with_query(&format!("{query}&ndunknown=1")),
            key,
            "identity drops an unknown parameter: {text:?}"
        );
        let names: Vec<_> = form_urlencoded::parse(query.as_bytes())
            .map(|(name, _)| name.into_owned())
            .collect();
        let distinct = names
            .iter()
            .enumerate()
            .all(|(at, name)| !names[..at].contains(name));
        if distinct && names.len() < 64 {
            let reversed: Vec<&str> = query.split('&').rev().collect();
            assert_eq!(
                with_query(&reversed.join("&")),
                key,
                "identity depends on the order of parameters: {text:?}"
            );
        }
    }
    let mut elsewhere = url.clone();
    elsewhere.set_fragment(Some("place"));
    let mut nowhere = url;
    nowhere.set_fragment(None);
    assert_eq!(
        identity(&elsewhere),
        identity(&nowhere),
        "identity depends on a place in the page: {text:?}"
    );
    Some(key)
}

/// What the rule lets through is on the public web by every sign that does not need the rule.
fn egress_holds(text: &str) -> Option<Url> {
    let url = egress::check_url(text).ok()?;
    is_public(&url, text);
    let again = egress::check_url(url.as_str());
    assert_eq!(
        again.as_ref(),
        Ok(&url),
        "allowed text is refused once parsed: {text:?}"
    );
    Some(url)
}

fn redirect_holds(base: &Url, redirect: &str) {
    let Ok(target) = base.join(redirect) else {
        return;
    };
    let rule = EgressRule::public_only();
    let allowed = rule.check(&target).is_ok();
    if allowed {
        is_public(&target, redirect);
    }
    assert_eq!(
        allowed,
        rule.check_url(target.as_str()).is_ok(),
        "redirect is judged otherwise as text: {target}"
    );
}

#[track_caller]
fn is_public(url: &Url, text: &str) {
    assert!(
        matches!(url.scheme(), "http" | "https"),
        "allowed another scheme: {text:?}"
    );
    assert!(
        url.username().is_empty() && url.password().is_none(),
        "allowed credentials: {text:?}"
    );
    assert!(
        url.port_or_known_default()
            .is_some_and(|port| PORTS.contains(&port)),
        "allowed a port: {text:?}"
    );
    assert!(
        url.as_str().chars().count() <= MAX_URL_CHARS,
        "allowed without end: {text:?}"
    );
    match url.host().expect("http has a host") {
        Host::Ipv4(ip) => {
            let special = ip.is_loopback()
                || ip.is_private()
                || ip.is_link_local()
                || ip.is_multicast()
                || ip.is_broadcast()
                || ip.is_documentation()
                || ip.octets()[0] == 0
                || ip.octets()[0] >= 240
                || (ip.octets()[0] == 100 && ip.octets()[1] & 0xc0 == 64);
            assert!(!special, "allowed an address that is not public: {text:?}");
        }
        Host::Ipv6(ip) => {
            assert!(
                (0x2000..0x4000).contains(&ip.segments()[0]),
                "allowed an address that is not public: {text:?}"
            );
            assert!(
                ip.to_ipv4().is_none() && ip.segments()[0] != 0x2002,
                "allowed a wrapped address: {text:?}"
            );
        }
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            assert!(
                name.contains('.') && name.is_ascii(),
                "allowed a name of one label: {text:?}"
            );
            for private in ["localhost", "local", "internal", "home.arpa"] {
                let below = name
                    .strip_suffix(private)
                    .is_some_and(|head| head.is_empty() || head.ends_with('.'));
                assert!(!below, "allowed a private name: {text:?}");
            }
            // What a resolver of the system would take for an address: it knows more spellings than Rust does.
            let last = name.rsplit('.').next().unwrap_or_default();
            let digits = |text: &str, radix| text.chars().all(|c| char::is_digit(c, radix));
            let numeric =
                digits(last, 10) || last.strip_prefix("0x").is_some_and(|rest| digits(rest, 16));
            assert!(
                !numeric && name.parse::<IpAddr>().is_err(),
                "allowed an address as a name: {text:?}"
            );
        }
    }
}
