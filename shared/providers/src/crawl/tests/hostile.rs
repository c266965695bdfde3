//! What a site does to reach behind the egress rule or to exhaust the reader, on real sockets. The
//! cases named FETCH are those of the project's catalogue of bad inputs.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use domain::egress::Denied;
use tokio::net::TcpListener;

use super::*;
use crate::loopback::Endless;

/// A guard for tests, on one machine: 127.0.0.2 stands for the public web, all other addresses for
/// what must not be reached. Everything but this line is what runs in production.
#[cfg(target_os = "linux")]
fn only_the_second_loopback(ip: IpAddr) -> Result<(), Denied> {
    if ip == IpAddr::from([127, 0, 0, 2]) {
        Ok(())
    } else {
        check_ip(ip)
    }
}

/// Names whose answer changes from one look-up to the next.
#[cfg(target_os = "linux")]
struct Rebinding {
    answers: Vec<&'static str>,
    asked: AtomicUsize,
}

#[cfg(target_os = "linux")]
impl Names for Rebinding {
    fn lookup<'a>(&'a self, _: &'a str) -> Lookup<'a> {
        let turn = self.asked.fetch_add(1, Ordering::SeqCst);
        let answer = self.answers[turn.min(self.answers.len() - 1)];
        Box::pin(async move { Ok(vec![answer.parse().unwrap()]) })
    }
}

/// FETCH-003. The public-looking address and the private one listen at the same port. The first
/// connection goes where the first answer pointed; the one after the redirect is looked up anew, finds the private
/// address and is not made.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_name_that_turns_private_between_two_hops_reaches_nothing_private() {
    let outside = TcpListener::bind("127.0.0.2:0").await.unwrap();
    let port = outside.local_addr().unwrap().port();
    let inside = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let trapped = std::sync::Arc::new(AtomicUsize::new(0));
    let counted = trapped.clone();
    let trap = tokio::spawn(async move {
        while inside.accept().await.is_ok() {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    let server = Loopback::serve_on(
        outside,
        |_| Some(reply(404, &[], "")),
        |_, _| Some(reply(302, &[("location", "/secret")], "")),
    );
    let names = Arc::new(Rebinding {
        // The robots.txt, the page, and then the trap.
        answers: vec!["127.0.0.2", "127.0.0.2", "127.0.0.1"],
        asked: AtomicUsize::new(0),
    });
    let rule = EgressRule::new(Exceptions::parse(&format!("evil.test:{port}")).unwrap());
    let guard = only_the_second_loopback;
    let crawler = WebCrawler::with_guards(rule, "", names.clone(), guard, guard).unwrap();
    let url = Url::parse(&format!("http://evil.test:{port}/")).unwrap();
    let result = fetch(&crawler, url).await;
    assert!(
        matches!(result, Err(FetchError::BlockedAddress { .. })),
        "{result:?}"
    );
    assert_eq!(server.requests().len(), 1, "the first hop was public");
    assert_eq!(names.asked.load(Ordering::SeqCst), 3, "one look-up a hop");
    assert_eq!(trapped.load(Ordering::SeqCst), 0);
    trap.abort();
}

/// The redirect's target is blocked however many public hops come before it, and is never connected to.
#[tokio::test]
async fn a_chain_of_redirects_ends_before_the_private_address() {
    let trap = Loopback::start(vec![reply(200, &[HTML], "<p>secret</p>")]).await;
    let target = trap.url("/latest/meta-data/").to_string();
    let server = Loopback::serve(move |index, _| {
        let location = if index < 3 {
            format!("/hop{index}")
        } else {
            target.clone()
        };
        Some(reply(307, &[("location", &location)], ""))
    })
    .await;
    let result = fetch(&crawler(&server), server.url("/")).await;
    assert!(
        matches!(result, Err(FetchError::BlockedAddress { .. })),
        "{result:?}"
    );
    assert_eq!(server.requests().len(), 4);
    assert!(trap.requests().is_empty() && trap.asked_robots() == 0);
}

/// A site's robots.txt is a URL of a stranger like any other.
#[tokio::test]
async fn a_robots_file_that_redirects_to_a_private_address_is_not_fetched_there() {
    let trap = Loopback::start(vec![reply(200, &[HTML], "secret")]).await;
    let target = trap.url("/robots.txt").to_string();
    let server = Loopback::serve_with_robots(
        move |_| Some(reply(301, &[("location", &target)], "")),
        |_, _| Some(reply(200, &[HTML], "<p>page</p>")),
    )
    .await;
    let result = fetch(&crawler(&server), server.url("/")).await;
    assert!(
        matches!(result, Err(FetchError::BlockedAddress { .. })),
        "{result:?}"
    );
    assert_eq!(trap.asked_robots(), 0);
    assert!(server.requests().is_empty());
}

fn excepted(port: u16) -> WebCrawler {
    let rule = EgressRule::new(Exceptions::parse(&format!("127.0.0.1:{port}")).unwrap());
    WebCrawler::with_names(rule, "", names(&[])).unwrap()
}

/// FETCH-014.
#[tokio::test]
async fn a_body_without_end_is_read_to_the_limit_and_no_further() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n";
    let server = Endless::start(head, vec![b'a'; 64 << 10], Duration::ZERO).await;
    let url = Url::parse(&format!("http://127.0.0.1:{}/", server.port)).unwrap();
    assert_eq!(
        fetch(&excepted(server.port), url).await,
        Err(FetchError::TooLarge {
            limit_bytes: body::MAX_BYTES as u64
        })
    );
    // What the kernels hold between the two comes on top.
    let sent = server.sent.load(Ordering::SeqCst);
    assert!(sent < body::MAX_BYTES + (16 << 20), "{sent}");
}

/// FETCH-015.
#[tokio::test]
async fn a_length_that_lies_is_believed() {
    let mut answer = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 10\r\nconnection: close\r\n\r\n".to_vec();
    answer.extend_from_slice(&vec![b'a'; 1 << 20]);
    assert_eq!(fetch_one(answer).await.unwrap().text, "a".repeat(10));
}

/// FETCH-018.
#[tokio::test]
async fn a_body_that_drips_ends_with_the_pages_limit() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n";
    let server = Endless::start(head, b"a".to_vec(), Duration::from_millis(20)).await;
    let url = Url::parse(&format!("http://127.0.0.1:{}/", server.port)).unwrap();
    let request = PageRequest::new(url, Duration::from_millis(300));
    let begun = Instant::now();
    assert_eq!(
        excepted(server.port).fetch(&request).await,
        Err(FetchError::Timeout)
    );
    assert!(begun.elapsed() < Duration::from_secs(2));
}

/// A compressed robots.txt is bounded as a page is.
#[tokio::test]
async fn a_robots_file_that_unpacks_without_end_is_read_to_its_limit() {
    let mut bomb =
        b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-encoding: gzip\r\n\r\n".to_vec();
    bomb.extend_from_slice(&gzip_of_zeros(8 << 20));
    let server = Loopback::serve_with_robots(
        move |_| Some(bomb.clone()),
        |_, _| Some(reply(200, &[HTML], "<p>page</p>")),
    )
    .await;
    assert_eq!(
        fetch(&crawler(&server), server.url("/"))
            .await
            .unwrap()
            .text,
        "page"
    );
}

/// No cookie that was set, no address we came from, no credentials: neither at the next hop nor at the next page.
#[tokio::test]
async fn nothing_is_carried_from_one_request_to_the_next() {
    let server = Loopback::serve(|index, _| {
        Some(if index == 0 {
            reply(
                302,
                &[("location", "/next"), ("set-cookie", "id=1; path=/")],
                "",
            )
        } else {
            reply(200, &[HTML, ("set-cookie", "id=2; path=/")], "<p>x</p>")
        })
    })
    .await;
    let crawler = crawler(&server);
    fetch(&crawler, server.url("/")).await.unwrap();
    fetch(&crawler, server.url("/again")).await.unwrap();
    let requests = server.requests();
    assert_eq!(requests.len(), 3);
    for request in requests {
        let request = request.to_ascii_lowercase();
        for header in ["cookie:", "referer:", "authorization:", "proxy-"] {
            assert!(!request.contains(header), "{request}");
        }
    }
}
