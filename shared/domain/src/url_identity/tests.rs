//! The laws of identity, as tables and as properties.

use proptest::prelude::*;

use super::tracking::{EVERYWHERE, ON_SITES};
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
    same("https://../x", "https://%2e%2e/x");
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
    same(
        "https://example.com/a;jsessionid=0A1B?x=1&PHPSESSID=3f",
        "https://example.com/a?x=1",
    );
    same(
        "https://example.com/a;jsessionid=1;JSESSIONID=2",
        "https://example.com/a",
    );
    same("https://[2001:DB8:0::1]/", "https://[2001:db8::1]/");
    same("https://example.com/a%2fb", "https://example.com/a%2Fb");
    same("https://example.com/ä", "https://example.com/%C3%A4");
    same(
        "https://example.com/%7Efoo/../bar",
        "https://example.com/bar",
    );
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
    // Whose dots are dropped one by one has more than one key; without any it would be an address.
    different("https://example.com../x", "https://example.com/x");
    different("https://127.0.0../", "https://127.0.0/");
    // Without its session the first would be the folder above.
    different(
        "https://example.com/a/..;jsessionid=1",
        "https://example.com/",
    );
    different(
        "https://example.com/a/%2E;jsessionid=1",
        "https://example.com/a/",
    );
    different("https://example.com/x?ref=a", "https://example.com/x");
    different("https://example.com/x?utm_=1", "https://example.com/x");
    different("https://example.com/#!/a", "https://example.com/#!/b");
    different("https://example.com:8443/", "https://example.com/");
    different("https://example.com/?si=1", "https://example.com/?si=2");
    different(
        "https://notyoutube.com/?si=1",
        "https://notyoutube.com/?si=2",
    );
    different("https://youtube.com/?v=1", "https://youtube.com/?v=2");
    different("https://example.com/a;v=1/b", "https://example.com/a;v=2/b");
    different(
        "https://example.com/a;jsessionid=1/b",
        "https://example.com/a/b",
    );
    different("https://example.com/?session=1", "https://example.com/");
    different("https://example.com//a", "https://example.com/a");
}

#[test]
fn a_site_has_names_of_its_own() {
    same(
        "https://www.youtube.com/watch?v=1&si=abc&feature=share",
        "https://www.youtube.com/watch?v=1",
    );
    same(
        "https://www.facebook.com/p?__cft__[0]=a&__cft__%5B0%5D=b",
        "https://www.facebook.com/p",
    );
    same(
        "https://x.com./a/status/1?s=20&t=q",
        "https://x.com/a/status/1",
    );
}

#[test]
fn the_lists_are_written_as_they_are_compared() {
    let on_sites = ON_SITES.iter().flat_map(|(_, names)| names.iter());
    for name in EVERYWHERE.iter().chain(on_sites) {
        assert_eq!(*name, name.to_ascii_lowercase());
    }
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
    fn tracking_changes_nothing(url in any_url(), at in 0..EVERYWHERE.len(), utm in "utm_[a-z]{1,8}", value in "[a-z0-9%]{0,6}") {
        let plain = Url::parse(&url).unwrap();
        for name in [EVERYWHERE[at], utm.as_str()] {
            let mut tracked = plain.clone();
            let query = plain.query().map_or_else(String::new, |query| format!("{query}&"));
            tracked.set_query(Some(&format!("{query}{name}={value}")));
            prop_assert_eq!(identity(&tracked), identity(&plain));
        }
    }

    #[test]
    fn what_a_site_adds_changes_nothing_there(at in 0..ON_SITES.len(), which in 0..100_usize, below in "([a-z]{1,5}\\.)?", value in "[a-z0-9]{0,6}") {
        let (site, names) = ON_SITES[at];
        let plain = format!("https://{below}{site}/a?page=2");
        let tracked = format!("{plain}&{}={value}", names[which % names.len()]);
        prop_assert_eq!(parse_identity(&tracked), parse_identity(&plain));
    }

    #[test]
    fn an_unknown_parameter_always_counts(name in "[a-z]{1,8}", one in "[a-z0-9]{1,6}", other in "[a-z0-9]{1,6}") {
        prop_assume!(one != other && !is_tracking(&name, "example.com"));
        let of = |value: &str| parse_identity(&format!("https://example.com/?{name}={value}"));
        prop_assert_ne!(of(&one), of(&other));
    }
}
