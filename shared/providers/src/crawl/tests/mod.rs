//! The crawler against a loopback server, names answered by the test: no network.

mod certificates;
mod hostile;
mod manners;

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::Mutex;

use domain::egress::Exceptions;

use super::*;
use crate::loopback::{Loopback, reply};

/// Names that resolve to what the test says, and how often each was asked for.
#[derive(Default)]
struct Scripted {
    answers: HashMap<&'static str, Vec<&'static str>>,
    asked: Mutex<Vec<String>>,
}

impl Names for Scripted {
    fn lookup<'a>(&'a self, name: &'a str) -> Lookup<'a> {
        self.asked.lock().unwrap().push(name.to_owned());
        let answer = self
            .answers
            .get(name)
            .map(|ips| ips.iter().map(|ip| ip.parse::<IpAddr>().unwrap()).collect());
        Box::pin(async move { answer.ok_or_else(|| io::Error::other("no such name")) })
    }
}

fn names(answers: &[(&'static str, &[&'static str])]) -> Arc<Scripted> {
    Arc::new(Scripted {
        answers: answers
            .iter()
            .map(|(name, ips)| (*name, ips.to_vec()))
            .collect(),
        ..Scripted::default()
    })
}

/// A crawler that may talk to `server` by its address, and to nothing else that is not public.
fn crawler(server: &Loopback) -> WebCrawler {
    let rule = EgressRule::new(Exceptions::parse(&format!("127.0.0.1:{}", server.port())).unwrap());
    WebCrawler::with_names(rule, "https://nightdesk.example/bot", names(&[])).unwrap()
}

async fn fetch(crawler: &WebCrawler, url: Url) -> Result<Page, FetchError> {
    let request = PageRequest::new(url, Duration::from_secs(5));
    match crawler.fetch(&request).await? {
        Fetched::Page(page) => Ok(*page),
        Fetched::Unchanged => panic!("nothing was asked conditionally"),
    }
}

async fn fetch_one(answer: Vec<u8>) -> Result<Page, FetchError> {
    let server = Loopback::start(vec![answer]).await;
    fetch(&crawler(&server), server.url("/")).await
}

const HTML: (&str, &str) = ("content-type", "text/html");

#[tokio::test]
async fn reads_a_page_and_says_who_it_is() {
    let server = Loopback::start(vec![reply(
        200,
        &[HTML, ("set-cookie", "a=b")],
        "<title>T</title><p>Text.</p>",
    )])
    .await;
    let crawler = crawler(&server);
    let page = fetch(&crawler, server.url("/a?b#c")).await.unwrap();
    assert_eq!(
        (page.status, page.title.as_str(), page.text.as_str()),
        (200, "T", "Text.")
    );
    assert_eq!(page.final_url, server.url("/a?b").as_str());
    fetch(&crawler, server.url("/a")).await.unwrap();
    let second = server.requests()[1].to_ascii_lowercase();
    assert!(
        second.contains("user-agent: nightdesk/")
            && second.contains("(+https://nightdesk.example/bot)"),
        "{second}"
    );
    assert!(
        !second.contains("cookie") && !second.contains("referer"),
        "{second}"
    );
}

#[tokio::test]
async fn names_that_resolve_to_anything_private_are_not_connected_to() {
    for ips in [
        &["127.0.0.1"][..],
        &["93.184.216.34", "169.254.169.254"],
        &["::ffff:169.254.169.254"],
        &["fd00:ec2::254"],
    ] {
        let names = names(&[("evil.test", ips)]);
        let crawler = WebCrawler::with_names(EgressRule::public_only(), "", names.clone()).unwrap();
        let result = fetch(&crawler, Url::parse("http://evil.test/").unwrap()).await;
        assert!(
            matches!(result, Err(FetchError::BlockedAddress { .. })),
            "{ips:?}: {result:?}"
        );
        assert_eq!(
            names.asked.lock().unwrap().len(),
            1,
            "one resolution a connection"
        );
    }
}

#[tokio::test]
async fn an_exception_opens_one_port_of_one_name() {
    let server = Loopback::start(vec![reply(200, &[HTML], "<p>in</p>")]).await;
    let rule = EgressRule::new(Exceptions::parse(&format!("site.test:{}", server.port())).unwrap());
    let crawler =
        WebCrawler::with_names(rule, "", names(&[("site.test", &["127.0.0.1"])])).unwrap();
    let url = |port| Url::parse(&format!("http://site.test:{port}/")).unwrap();
    assert_eq!(
        fetch(&crawler, url(server.port())).await.unwrap().text,
        "in"
    );
    assert!(matches!(
        fetch(&crawler, url(80)).await,
        Err(FetchError::BlockedAddress { .. })
    ));
}

#[tokio::test]
async fn a_name_without_address_is_unreachable() {
    let crawler =
        WebCrawler::with_names(EgressRule::public_only(), "", names(&[("empty.test", &[])]))
            .unwrap();
    for url in ["http://nowhere.test/", "http://empty.test/"] {
        let result = fetch(&crawler, Url::parse(url).unwrap()).await;
        assert_eq!(
            result,
            Err(FetchError::Unreachable {
                reason: "its name does not resolve".to_owned()
            }),
            "{url}"
        );
    }
}

#[tokio::test]
async fn every_redirect_is_checked() {
    for target in [
        "http://169.254.169.254/",
        "http://[::1]:8080/",
        "file:///etc/passwd",
        "http://localhost/",
        "http://u:p@example.com/",
    ] {
        let result = fetch_one(reply(302, &[("location", target)], "")).await;
        assert!(
            matches!(result, Err(FetchError::BlockedAddress { .. })),
            "{target}: {result:?}"
        );
    }
}

#[tokio::test]
async fn five_redirects_are_followed_and_no_loop() {
    let hops = |count: usize| {
        let mut answers: Vec<_> = (1..=count)
            .map(|hop| reply(301, &[("location", &format!("/{hop}"))], ""))
            .collect();
        answers.push(reply(200, &[HTML], "<p>there</p>"));
        answers
    };
    let server = Loopback::start(hops(5)).await;
    let page = fetch(&crawler(&server), server.url("/")).await.unwrap();
    assert_eq!(page.final_url, server.url("/5").as_str());
    assert_eq!(page.url, server.url("/").as_str());
    let server = Loopback::start(hops(6)).await;
    assert_eq!(
        fetch(&crawler(&server), server.url("/")).await,
        Err(FetchError::TooManyRedirects)
    );
    assert_eq!(server.requests().len(), 6);
    assert_eq!(
        fetch_one(reply(302, &[("location", "/#x")], "")).await,
        Err(FetchError::TooManyRedirects)
    );
}

#[tokio::test]
async fn statuses_are_told_apart() {
    assert_eq!(
        fetch_one(reply(404, &[HTML], "")).await,
        Err(FetchError::HttpStatus {
            status: 404,
            retry_after: None
        })
    );
    assert_eq!(
        fetch_one(reply(302, &[], "")).await,
        Err(FetchError::HttpStatus {
            status: 302,
            retry_after: None
        })
    );
    let minute = Some(Duration::from_secs(60));
    assert_eq!(
        fetch_one(reply(503, &[("retry-after", "60")], "")).await,
        Err(FetchError::HttpStatus {
            status: 503,
            retry_after: minute
        })
    );
    let longest = Some(Duration::from_secs(900));
    assert_eq!(
        fetch_one(reply(429, &[("retry-after", "999999999")], "")).await,
        Err(FetchError::RateLimited {
            retry_after: longest
        })
    );
}

#[tokio::test]
async fn bodies_have_a_size_and_a_kind() {
    let large = vec![b'a'; body::MAX_BYTES + 1];
    let too_large = Err(FetchError::TooLarge {
        limit_bytes: 5 * 1024 * 1024,
    });
    assert_eq!(fetch_one(reply(200, &[HTML], &large)).await, too_large);
    // Without a length the body is cut off while reading.
    let mut endless =
        b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: text/html\r\n\r\n".to_vec();
    endless.extend_from_slice(&large);
    assert_eq!(fetch_one(endless).await, too_large);
    for content_type in ["image/png", "application/pdf"] {
        let result = fetch_one(reply(200, &[("content-type", content_type)], "x")).await;
        assert_eq!(
            result,
            Err(FetchError::UnsupportedContentType {
                content_type: content_type.to_owned()
            })
        );
    }
    let twice = fetch_one(reply(200, &[HTML, ("content-encoding", "gzip, gzip")], "x")).await;
    assert!(
        matches!(twice, Err(FetchError::UnsupportedContentType { .. })),
        "{twice:?}"
    );
    let broken = fetch_one(reply(
        200,
        &[HTML, ("content-encoding", "gzip")],
        "not gzip",
    ))
    .await;
    assert!(
        matches!(broken, Err(FetchError::Unreachable { .. })),
        "{broken:?}"
    );
    let latin = fetch_one(reply(
        200,
        &[("content-type", "text/html; charset=iso-8859-1")],
        b"<p>caf\xe9</p>",
    ))
    .await;
    assert_eq!(latin.unwrap().text, "café");
}

#[tokio::test]
async fn a_decompressed_page_has_the_same_size_limit() {
    // 1,024 bytes of zeros in gzip's fixed form, repeated: small on the wire, large when unpacked.
    let mut bomb = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: text/html\r\ncontent-encoding: gzip\r\n\r\n".to_vec();
    bomb.extend_from_slice(&gzip_of_zeros(body::MAX_BYTES + 1));
    assert_eq!(
        fetch_one(bomb).await,
        Err(FetchError::TooLarge {
            limit_bytes: 5 * 1024 * 1024
        })
    );
}

/// A gzip stream of `length` zeros. PNG's encoder holds the only deflate this crate links; a stored
/// image of one row is a zlib stream whose body is what gzip wraps as well.
fn gzip_of_zeros(length: usize) -> Vec<u8> {
    let mut png = Vec::new();
    let width = u32::try_from(length).unwrap();
    let mut encoder = png::Encoder::new(&mut png, width, 1);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::High);
    encoder
        .write_header()
        .unwrap()
        .write_image_data(&vec![0; length])
        .unwrap();
    let mut deflated = Vec::new();
    let mut rest = &png[8..];
    while rest.len() >= 12 {
        let size = u32::from_be_bytes(rest[..4].try_into().unwrap()) as usize;
        if &rest[4..8] == b"IDAT" {
            deflated.extend_from_slice(&rest[8..8 + size]);
        }
        rest = &rest[12 + size..];
    }
    let mut gzip = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    gzip.extend_from_slice(&deflated[2..deflated.len() - 4]);
    // The checks at the end are not reached.
    gzip.extend_from_slice(&[0; 8]);
    gzip
}

#[tokio::test]
async fn what_is_not_http_is_unreachable() {
    for answer in [
        b"SSH-2.0-OpenSSH\r\n".to_vec(),
        Vec::new(),
        format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "a".repeat(1 << 20)).into_bytes(),
    ] {
        let result = fetch_one(answer).await;
        assert!(
            matches!(result, Err(FetchError::Unreachable { .. })),
            "{result:?}"
        );
    }
}

#[tokio::test]
async fn a_page_has_one_deadline() {
    let server = Loopback::hanging().await;
    let request = PageRequest::new(server.url("/"), Duration::from_millis(200));
    assert_eq!(
        crawler(&server).fetch(&request).await,
        Err(FetchError::Timeout)
    );
}

#[tokio::test]
async fn the_bundled_site_is_read_like_any_other() {
    let today = "2026-11-21".parse().unwrap();
    let site = crate::site::Site::notional();
    let server = Loopback::serve(move |_, request| {
        let path = request.split(' ').nth(1).unwrap_or("/");
        let answer = site.respond(path, None, 1, today);
        Some(reply(
            answer.status,
            &[("content-type", answer.content_type)],
            answer.body,
        ))
    })
    .await;
    let crawler = crawler(&server);
    let page = fetch(&crawler, server.url("/articles/lumenforge-quill-3"))
        .await
        .unwrap();
    assert_eq!(
        page.title,
        "Lumenforge launches Quill 3, a writing model that cites its sources"
    );
    assert_eq!(page.published.as_deref(), Some("2026-11-20"));
    assert!(
        page.text.contains("very careful meeting") && !page.text.contains("2026"),
        "{}",
        page.text
    );
    assert!(
        !page.text.contains("Everything on this site"),
        "{}",
        page.text
    );
    let prices = fetch(&crawler, server.url("/pricing")).await.unwrap();
    for price in ["€9", "€29", "€79"] {
        assert!(prices.text.contains(price), "{}", prices.text);
    }
    assert_eq!(prices.structured["json_ld"][0]["offers"][1]["price"], "29");
}
