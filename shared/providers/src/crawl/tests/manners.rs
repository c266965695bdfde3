//! How the crawler behaves towards a site: robots.txt, pacing, conditional requests, aliases.

use engine::ports::Validators;

use super::*;

fn page() -> Vec<u8> {
    reply(200, &[HTML], "<p>page</p>")
}

async fn with_robots(robots: Vec<u8>) -> Loopback {
    Loopback::serve_with_robots(move |_| Some(robots.clone()), |_, _| Some(page())).await
}

/// FETCH-028, and what of it is allowed.
#[tokio::test]
async fn rules_of_the_site_are_kept_and_read_once() {
    let rules = "User-agent: nightdesk\nDisallow: /private\nSitemap: https://a.example/map.xml\n\nUser-agent: *\nDisallow: /";
    let server = with_robots(reply(200, &[("content-type", "text/plain")], rules)).await;
    let crawler = crawler(&server);
    let found = fetch(&crawler, server.url("/public")).await.unwrap();
    assert_eq!(found.sitemaps, ["https://a.example/map.xml"]);
    for path in ["/private", "/private/x?y"] {
        assert_eq!(
            fetch(&crawler, server.url(path)).await,
            Err(FetchError::RobotsDenied)
        );
    }
    assert_eq!((server.requests().len(), server.asked_robots()), (1, 1));
}

#[tokio::test]
async fn pages_asked_for_at_once_share_one_robots_file() {
    let server = with_robots(reply(200, &[], "User-agent: *\nDisallow: /x")).await;
    let crawler = crawler(&server);
    let pages = (0..6).map(|i| fetch(&crawler, server.url(&format!("/{i}"))));
    for page in futures_of(pages).await {
        page.unwrap();
    }
    assert_eq!(server.asked_robots(), 1);
}

/// All of them at the same time, without a crate for it.
async fn futures_of<T>(pages: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut pages: Vec<_> = pages.map(Box::pin).collect();
    let mut done: Vec<Option<T>> = pages.iter().map(|_| None).collect();
    std::future::poll_fn(move |context| {
        let mut pending = false;
        for (page, done) in pages.iter_mut().zip(&mut done) {
            if done.is_none() {
                match page.as_mut().poll(context) {
                    std::task::Poll::Ready(value) => *done = Some(value),
                    std::task::Poll::Pending => pending = true,
                }
            }
        }
        if pending {
            std::task::Poll::Pending
        } else {
            std::task::Poll::Ready(done.iter_mut().map(|done| done.take().unwrap()).collect())
        }
    })
    .await
}

/// FETCH-030. An outage is an outage, not a refusal: it may be over at the next attempt.
#[tokio::test]
async fn a_site_whose_robots_file_is_out_of_reach_is_out_of_reach() {
    for answer in [
        Some(reply(503, &[], "")),
        Some(reply(500, &[], "")),
        Some(Vec::new()),
    ] {
        let server =
            Loopback::serve_with_robots(move |_| answer.clone(), |_, _| Some(page())).await;
        let result = fetch(&crawler(&server), server.url("/")).await;
        assert!(
            matches!(result, Err(FetchError::Unreachable { .. })),
            "{result:?}"
        );
        assert!(server.requests().is_empty(), "nothing was fetched");
    }
}

#[tokio::test]
async fn a_site_without_robots_file_allows_everything() {
    for status in [400, 401, 403, 404, 410, 451] {
        let server = with_robots(reply(status, &[], "User-agent: *\nDisallow: /")).await;
        assert!(
            fetch(&crawler(&server), server.url("/")).await.is_ok(),
            "{status}"
        );
    }
    // Redirects without end are no file either (RFC 9309, section 2.3.1.2).
    let hop = |n: usize| Some(reply(302, &[("location", &format!("/robots.txt?{n}"))], ""));
    let server = Loopback::serve_with_robots(hop, move |index, request| {
        if request.starts_with("GET /robots.txt?") {
            hop(index + 1)
        } else {
            Some(page())
        }
    })
    .await;
    let result = fetch(&crawler(&server), server.url("/")).await;
    assert!(result.is_ok(), "{result:?}");
}

#[tokio::test]
async fn a_redirected_robots_file_holds_for_the_site_that_was_asked() {
    let server = Loopback::serve_with_robots(
        |_| Some(reply(301, &[("location", "/rules")], "")),
        |_, request| {
            Some(if request.starts_with("GET /rules ") {
                reply(200, &[], "User-agent: *\nDisallow: /a")
            } else {
                page()
            })
        },
    )
    .await;
    let crawler = crawler(&server);
    assert_eq!(
        fetch(&crawler, server.url("/a")).await,
        Err(FetchError::RobotsDenied)
    );
    assert!(fetch(&crawler, server.url("/b")).await.is_ok());
}

/// FETCH-029: a rule behind the limit does not count, and the file is not read to its end.
#[tokio::test]
async fn only_the_beginning_of_a_long_robots_file_is_read() {
    let mut rules = b"User-agent: *\nDisallow: /a\n".to_vec();
    rules.extend(std::iter::repeat_n(b'#', 2 << 20));
    rules.extend_from_slice(b"\nDisallow: /b\n");
    let server = with_robots(reply(200, &[], rules)).await;
    let crawler = crawler(&server);
    assert_eq!(
        fetch(&crawler, server.url("/a")).await,
        Err(FetchError::RobotsDenied)
    );
    assert!(fetch(&crawler, server.url("/b")).await.is_ok());
}

/// The robots.txt of the site a redirect leads to counts there.
#[tokio::test]
async fn a_redirect_does_not_lead_around_the_rules_of_its_target() {
    let server = Loopback::serve_with_robots(
        |_| Some(reply(200, &[], "User-agent: *\nDisallow: /private")),
        |_, _| Some(reply(301, &[("location", "/private")], "")),
    )
    .await;
    assert_eq!(
        fetch(&crawler(&server), server.url("/")).await,
        Err(FetchError::RobotsDenied)
    );
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_crawl_delay_is_kept_and_a_turn_that_is_far_is_said_to_be() {
    let server = with_robots(reply(200, &[], "User-agent: *\nCrawl-delay: 30")).await;
    let crawler = crawler(&server);
    assert!(fetch(&crawler, server.url("/1")).await.is_ok());
    let result = fetch(&crawler, server.url("/2")).await;
    assert!(
        matches!(result, Err(FetchError::NotYet { wait }) if wait > Duration::from_secs(25)),
        "{result:?}"
    );
    assert_eq!(server.requests().len(), 1);
}

/// Two crawlers, as in two functions, with one memory.
#[tokio::test]
async fn functions_that_share_their_pacing_share_one_pace() {
    let server = Loopback::start(vec![reply(429, &[("retry-after", "600")], "")]).await;
    let pacing = Arc::new(ProcessPacing::default());
    let clock = Arc::new(pacing::MachineClock);
    let [one, other] =
        [(), ()].map(|()| crawler(&server).with_pacing(pacing.clone(), clock.clone()));
    let limited = fetch(&one, server.url("/1")).await;
    assert!(
        matches!(limited, Err(FetchError::RateLimited { .. })),
        "{limited:?}"
    );
    let result = fetch(&other, server.url("/2")).await;
    assert!(
        matches!(result, Err(FetchError::NotYet { wait }) if wait > Duration::from_secs(590)),
        "{result:?}"
    );
    assert_eq!(server.requests().len(), 1, "it is left alone");
}

#[tokio::test]
async fn what_is_known_is_asked_for_conditionally() {
    let server = Loopback::serve(|_, request| {
        let request = request.to_ascii_lowercase();
        Some(if request.contains("if-none-match: \"v1\"") {
            reply(304, &[("etag", "\"v1\"")], "")
        } else if request.starts_with("get /moved ") {
            reply(301, &[("location", "/page")], "")
        } else {
            reply(200, &[HTML, ("etag", "\"v1\"")], "<p>page</p>")
        })
    })
    .await;
    let crawler = crawler(&server);
    let first = fetch(&crawler, server.url("/moved")).await.unwrap();
    let validators = first.validators.clone().unwrap();
    assert_eq!(validators.url, server.url("/page").as_str());
    let mut request = PageRequest::new(server.url("/moved"), Duration::from_secs(5));
    request.validators = Some(validators);
    assert_eq!(crawler.fetch(&request).await, Ok(Fetched::Unchanged));
    let requests = server.requests();
    assert!(
        !requests[2].to_ascii_lowercase().contains("if-none-match"),
        "validators are of the page, not of what redirects to it: {}",
        requests[2]
    );
    request.validators = Some(Validators {
        url: server.url("/page").into(),
        etag: Some("\"v0\"".to_owned()),
        last_modified: None,
    });
    assert!(matches!(
        crawler.fetch(&request).await,
        Ok(Fetched::Page(_))
    ));
}

#[tokio::test]
async fn a_site_that_says_unchanged_without_being_asked_has_not_answered() {
    assert_eq!(
        fetch_one(reply(304, &[], "")).await,
        Err(FetchError::HttpStatus {
            status: 304,
            retry_after: None
        })
    );
}

#[tokio::test]
async fn permanent_redirects_and_the_canonical_address_are_aliases() {
    let server = Loopback::serve(|_, request| {
        Some(if request.starts_with("GET /old ") {
            reply(301, &[("location", "/new")], "")
        } else if request.starts_with("GET /new ") {
            reply(302, &[("location", "/today")], "")
        } else {
            reply(
                200,
                &[HTML],
                "<link rel=canonical href='/canonical#x'><p>page</p>",
            )
        })
    })
    .await;
    let page = fetch(&crawler(&server), server.url("/old")).await.unwrap();
    assert_eq!(page.final_url, server.url("/today").as_str());
    assert_eq!(
        page.aliases,
        [server.url("/new"), server.url("/canonical")].map(String::from)
    );
}
