//! The rule as tables: what must be refused in every spelling, and what must not.

use std::net::IpAddr;

use super::*;

const REFUSED: &[&str] = &[
    // Loopback, spelled in every way a resolver or a parser accepts
    "http://127.0.0.1/",
    "http://127.1/",
    "http://127.0.0.1:9001/2018-06-01/runtime/invocation/next",
    "http://127.0.0.1.",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0177.0.0.1/",
    "http://127。0。0。1/",
    "http://①②⑦.⓪.⓪.①/",
    "http://%31%32%37.0.0.1/",
    "http://0/",
    "http://0.0.0.0:8080/",
    "http://[::1]/",
    "http://[::]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::127.0.0.1]/",
    "http://[64:ff9b:1::a00:1]/",
    "http://[2002:a9fe:a9fe::]/",
    "http://[2001:0:53aa:64c::]/",
    "http://[2a00:1450:4001:81b:0:5efe:a9fe:a9fe]/",
    "http://[2a00:1450:4001:81b:200:5efe:a9fe:a9fe]/",
    // Link-local, private, metadata
    "http://[fe80::1]/",
    "http://[fe80::1%25eth0]/",
    "http://[fec0::1]/",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "http://[ff02::1]/",
    "http://[2001:db8::1]/",
    "http://[3fff::1]/",
    "http://[5f00::1]/",
    "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
    "http://169.254.170.2/v2/credentials/",
    "http://169.254.100.1/",
    "http://2852039166/",
    "http://0xa9fea9fe/",
    "http://169.254.43518/",
    "http://168.63.129.16/",
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://172.31.255.255/",
    "http://192.168.1.1/",
    "http://100.64.0.1/",
    "http://198.18.0.1/",
    "http://192.0.0.192/",
    "http://192.0.2.1/",
    "http://198.51.100.7/",
    "http://203.0.113.1/",
    "http://192.88.99.1/",
    "http://224.0.0.1/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    // Names that are not public
    "http://localhost/",
    "http://LOCALHOST./",
    "http://foo.localhost/",
    "http://intranet/",
    "http://instance-data/latest/meta-data/",
    "http://printer.local/",
    "http://printer.local./",
    "http://metadata.google.internal/",
    "http://metadata.goog/computeMetadata/v1/",
    "http://internal/",
    "http://x.home.arpa/",
    "http://home.arpa/",
    "https://xn--/",
    "https://a..example.com/",
    "https://-example.com/",
    "https://example-.com/",
    "https://a.-b-.example.com/",
    "https://example.-com/",
    // Ports
    "http://example.com:22/",
    "http://example.com:25/",
    "http://example.com:6379/",
    "http://example.com:0/",
    "http://example.com:65536/",
    // Schemes
    "file:///etc/passwd",
    "file://localhost/etc/passwd",
    "gopher://127.0.0.1:6379/_INFO",
    "dict://127.0.0.1:11211/",
    "ldap://127.0.0.1/",
    "jar:http://example.com!/",
    "data:text/html,hi",
    "javascript:alert(1)",
    "blob:https://example.com/x",
    "ws://example.com/",
    "ftp://example.com/",
    // Credentials, and hosts hidden behind them
    "http://user:pass@example.com/",
    "http://user@example.com/",
    "http://example.com@127.0.0.1/",
    "http://127.0.0.1#@example.com/",
    "http://a:b@[::1]:80/",
    // What parsers disagree about
    "http:\\\\127.0.0.1\\",
    "http://example.com\\@127.0.0.1/",
    "http://exa mple.com/",
    "https://exa\tmple.com/",
    "https://example.com/\r\nHost: other",
    " https://example.com/",
    // Not URLs
    "https://",
    "https:///",
    "example.com",
    "//example.com/",
    "",
    "http://[::1",
    "http://1.2.3.4.5/",
];

const ALLOWED: &[(&str, &str)] = &[
    ("https://example.com", "https://example.com/"),
    ("https://bücher.example/", "https://xn--bcher-kva.example/"),
    ("HTTPS://EXAMPLE.com:443/a/../b", "https://example.com/b"),
    ("https://93.184.216.34/", "https://93.184.216.34/"),
    (
        "http://[2606:2800:220:1:248:1893:25c8:1946]/",
        "http://[2606:2800:220:1:248:1893:25c8:1946]/",
    ),
    ("http://example.com:8080/x", "http://example.com:8080/x"),
    ("https://example.com:8443/", "https://example.com:8443/"),
    ("https://example.com./", "https://example.com./"),
    (
        "https://localhost.example.com/",
        "https://localhost.example.com/",
    ),
    ("https://notlocal.example/", "https://notlocal.example/"),
    (
        "https://example.com/?path=C:\\x",
        "https://example.com/?path=C:\\x",
    ),
    (
        "https://example.com/#@127.0.0.1",
        "https://example.com/#@127.0.0.1",
    ),
];

#[test]
fn refuses_everything_that_is_not_public() {
    for text in REFUSED {
        assert!(
            check_url(text).is_err(),
            "{text:?} was let through as {:?}",
            check_url(text)
        );
    }
}

#[test]
fn allows_public_names_and_addresses_and_normalises_them() {
    for (text, normal) in ALLOWED {
        let url = check_url(text).unwrap_or_else(|denied| panic!("{text:?} was refused: {denied}"));
        assert_eq!(url.as_str(), *normal);
    }
}

#[test]
fn lengths_are_in_characters() {
    let longest = format!("https://example.com/{}", "ä".repeat(MAX_URL_CHARS - 20));
    // Within the limit as written, over it once percent-encoded: the encoded form is what is sent.
    assert!(check_url(&longest).is_err());
    let longest = format!("https://example.com/{}", "a".repeat(MAX_URL_CHARS - 20));
    assert!(check_url(&longest).is_ok());
    assert!(check_url(&format!("{longest}a")).is_err());
    let name = vec!["a".repeat(60); 5].join(".");
    assert!(check_url(&format!("https://{name}/")).is_err());
    assert!(check_url(&format!("https://{}.com/", "a".repeat(64))).is_err());
}

#[test]
fn resolved_addresses_are_checked_in_both_families() {
    let bad = [
        "127.0.0.1",
        "169.254.169.254",
        "::ffff:169.254.169.254",
        "::1",
        "fd12::1",
        "10.1.2.3",
        "2002:7f00:1::",
    ];
    for ip in bad {
        assert!(check_ip(ip.parse::<IpAddr>().unwrap()).is_err(), "{ip}");
    }
    for ip in [
        "93.184.216.34",
        "1.1.1.1",
        "172.32.0.1",
        "100.128.0.1",
        "2606:4700::1111",
        "2a00:1450:4001:81b::200e",
    ] {
        assert!(check_ip(ip.parse::<IpAddr>().unwrap()).is_ok(), "{ip}");
    }
}

#[test]
fn an_exception_is_one_host_with_one_port() {
    let rule =
        EgressRule::new(Exceptions::parse(" 127.0.0.1:8787, [::1]:9000,site.test:80 ,").unwrap());
    let allowed = [
        "http://127.0.0.1:8787/x",
        "http://127.1:8787/",
        "http://[::1]:9000/",
        "http://site.test/",
    ];
    for text in allowed {
        assert!(rule.check_url(text).is_ok(), "{text}");
    }
    let refused = [
        "http://127.0.0.1:8788/",
        "http://127.0.0.2:8787/",
        "http://localhost:8787/",
        "http://[::1]:9001/",
        "ftp://127.0.0.1:8787/",
        "http://user@127.0.0.1:8787/",
    ];
    for text in refused {
        assert!(rule.check_url(text).is_err(), "{text}");
    }
    let loopback = "127.0.0.1".parse().unwrap();
    assert!(
        rule.check_resolved(&Url::parse("http://site.test/").unwrap(), loopback)
            .is_ok()
    );
    assert!(
        rule.check_resolved(&Url::parse("https://site.test/").unwrap(), loopback)
            .is_err()
    );
}

#[test]
fn an_exception_that_cannot_be_read_is_named() {
    for entry in [
        "localhost",
        "localhost:",
        "localhost:0",
        "localhost:65536",
        "http://a:80",
        "a/b:80",
        "u@a:80",
        ":80",
    ] {
        let error = Exceptions::parse(&format!("ok.test:80,{entry}")).expect_err(entry);
        assert_eq!(error.entry, entry);
    }
    assert!(Exceptions::parse("").unwrap().is_empty());
}
