//! Crawls over a site that a test has laid out.

use std::time::Duration;

use domain::execution::{ErrorCode, StepState};
use engine::consuming::{Consumer, Disposition};
use engine::ports::{FetchError, Page};
use serde_json::{Value, json};

use crate::world::World;

fn world(config: Value) -> World {
    World::new(json!([{"id": "read", "type": "crawl", "config": config}]))
}

async fn deliver(world: &World) -> Disposition {
    world
        .executor()
        .handle(World::delivery(
            "read",
            &format!("w{}", world.run().revision),
        ))
        .await
}

fn page(url: &str, links: &[&str]) -> Result<Page, FetchError> {
    Ok(Page {
        url: url.into(),
        final_url: url.into(),
        status: 200,
        title: "T".into(),
        text: "words of it".into(),
        links: links.iter().map(|link| (*link).to_owned()).collect(),
        ..Page::default()
    })
}

fn prepare(world: &World, url: &str, answer: Result<Page, FetchError>) {
    world
        .outside
        .pages
        .lock()
        .unwrap()
        .insert(url.to_owned(), answer);
}

#[tokio::test]
async fn every_page_is_read_once_and_what_cannot_be_read_is_named() {
    let world = world(
        json!({"urls": ["https://a.example/1", "https://a.example/1?utm_source=x", "https://a.example/2#x", "https://a.example/3"]}),
    );
    prepare(
        &world,
        "https://a.example/2",
        Err(FetchError::HttpStatus {
            status: 404,
            retry_after: None,
        }),
    );
    prepare(&world, "https://a.example/3", Err(FetchError::Timeout));
    deliver(&world).await;
    let output = world.output("read");
    assert_eq!(output["count"], 1);
    assert_eq!(
        output["results"][0],
        json!({"url": "https://a.example/1", "title": "https://a.example/1", "snippet": "text of https://a.example/1", "published_date": null})
    );
    assert_eq!(output["pages"][0]["status"], 200);
    assert_eq!(
        output["unreadable"],
        json!([
            {"url": "https://a.example/2", "reason": "http_status", "status": 404},
            {"url": "https://a.example/3", "reason": "timeout"},
        ])
    );
    assert!(output.get("truncated").is_none());
}

#[tokio::test]
async fn links_are_followed_on_the_same_host_breadth_first_up_to_the_limit() {
    let world =
        world(json!({"urls": ["https://a.example/"], "follow_links": true, "max_pages": 4}));
    let links = [
        "https://a.example/b",
        "https://other.example/",
        "https://a.example/logo.png",
        "https://a.example/c#x",
        "https://a.example/",
    ];
    prepare(
        &world,
        "https://a.example/",
        page("https://a.example/", &links),
    );
    prepare(
        &world,
        "https://a.example/b",
        page(
            "https://a.example/b",
            &["https://a.example/d", "https://a.example/e"],
        ),
    );
    deliver(&world).await;
    let fetched = world.outside.fetched.lock().unwrap().clone();
    assert_eq!(
        fetched,
        [
            "https://a.example/",
            "https://a.example/b",
            "https://a.example/c",
            "https://a.example/d"
        ]
    );
}

#[tokio::test]
async fn a_crawl_that_reads_nothing_fails_with_the_first_reason() {
    let unreachable = Err(FetchError::Unreachable {
        reason: "its name does not resolve".into(),
    });
    let world = world(json!({"urls": ["https://a.example/1", "https://a.example/2"]}));
    prepare(&world, "https://a.example/1", Err(FetchError::RobotsDenied));
    prepare(&world, "https://a.example/2", unreachable.clone());
    deliver(&world).await;
    match &world.run().step("read").unwrap().state {
        StepState::Failed { error, .. } => assert_eq!(error.code, ErrorCode::RobotsDenied),
        other => panic!("{other:?}"),
    }
    let world = self::world(json!({"urls": ["https://a.example/2"]}));
    prepare(&world, "https://a.example/2", unreachable);
    deliver(&world).await;
    assert_eq!(
        world.state("read"),
        "ready",
        "an unreachable site may come back"
    );
}

#[tokio::test]
async fn addresses_from_references_are_checked_and_none_is_an_empty_answer() {
    let crawl = |world: &World, urls: &[&str]| {
        let found = urls.iter().map(|url| domain::results::Found {
            url: (*url).to_owned(),
            ..Default::default()
        });
        world
            .outside
            .searches
            .lock()
            .unwrap()
            .push_back(Ok(found.collect()));
    };
    let steps = json!([
        {"id": "find", "type": "search", "config": {"query": "x"}},
        {"id": "read", "type": "crawl", "depends_on": ["find"], "config": {"urls": "${steps.find.results[*].url}"}},
    ]);
    let world = World::new(steps.clone());
    crawl(&world, &[]);
    world.executor().handle(World::delivery("find", "w")).await;
    deliver(&world).await;
    assert_eq!(
        world.output("read"),
        json!({"count": 0, "results": [], "pages": [], "unreadable": []})
    );

    let world = World::new(steps);
    crawl(
        &world,
        &["https://a.example/", "http://127.0.0.1/", "not a url"],
    );
    world.executor().handle(World::delivery("find", "w")).await;
    deliver(&world).await;
    let output = world.output("read");
    assert_eq!(
        (
            &output["count"],
            output["unreadable"].as_array().map(Vec::len)
        ),
        (&json!(1), Some(2))
    );
    assert_eq!(output["unreadable"][0]["reason"], "blocked_address");
}

#[tokio::test(start_paused = true)]
async fn a_long_crawl_yields_and_goes_on_where_it_stopped() {
    let urls: Vec<String> = (0..60).map(|i| format!("https://a.example/{i}")).collect();
    let world = World::new(
        json!([{"id": "read", "type": "crawl", "timeout_seconds": 60, "config": {"urls": urls, "max_pages": 60}}]),
    );
    *world.outside.page_time.lock().unwrap() = Duration::from_secs(10);
    assert_eq!(deliver(&world).await, Disposition::Done);
    let row = world.run().step("read").unwrap().clone();
    assert!(row.cursor.is_some() && row.attempts == 0, "{row:?}");
    let first = world.outside.fetched.lock().unwrap().len();
    assert!((6..60).contains(&first), "{first}");
    for _ in 0..5 {
        deliver(&world).await;
    }
    let output = world.output("read");
    assert_eq!(output["count"], 60);
    let fetched = world.outside.fetched.lock().unwrap().clone();
    assert_eq!(fetched, urls, "no page was read twice");
    let order: Vec<&str> = output["pages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|page| page["url"].as_str().unwrap())
        .collect();
    assert_eq!(order, urls);
}
