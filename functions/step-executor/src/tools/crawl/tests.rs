//! Crawls over a site that a test has laid out.

use std::time::Duration;

use domain::execution::{ErrorCode, StepState};
use engine::consuming::{Consumer, Disposition};
use engine::ports::{FetchError, Fields, Page, Validators};
use serde_json::{Value, json};

use crate::world::World;

fn world(config: Value) -> World {
    World::new(json!([{"id": "read", "type": "crawl", "config": config}]))
}

async fn deliver(world: &World) -> Disposition {
    world
        .executor()
        .handle(world.delivery("read", &format!("w{}", world.run().revision)))
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
    world.executor().handle(world.delivery("find", "w")).await;
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
    world.executor().handle(world.delivery("find", "w")).await;
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

fn gone() -> Result<Page, FetchError> {
    Err(FetchError::HttpStatus {
        status: 404,
        retry_after: None,
    })
}

#[tokio::test]
async fn a_page_that_is_gone_is_an_observation_and_an_outage_is_none() {
    let world = self::world(json!({"urls": ["https://a.example/1", "https://a.example/2"]}));
    prepare(&world, "https://a.example/1", Err(FetchError::Timeout));
    prepare(&world, "https://a.example/2", gone());
    deliver(&world).await;
    let output = world.output("read");
    assert_eq!(output["count"], 0);
    assert_eq!(output["unreadable"][1]["status"], 404);
    let world = self::world(json!({"urls": ["https://a.example/1"]}));
    prepare(&world, "https://a.example/1", gone());
    deliver(&world).await;
    assert_eq!(
        world.output("read")["unreadable"],
        json!([{"url": "https://a.example/1", "reason": "http_status", "status": 404}])
    );
    for outage in [
        FetchError::Timeout,
        FetchError::Unreachable {
            reason: "its name does not resolve".into(),
        },
        FetchError::HttpStatus {
            status: 503,
            retry_after: None,
        },
        FetchError::RateLimited { retry_after: None },
    ] {
        let world = self::world(json!({"urls": ["https://a.example/1"]}));
        prepare(&world, "https://a.example/1", Err(outage.clone()));
        deliver(&world).await;
        assert_eq!(world.state("read"), "ready", "{outage:?} may pass");
    }
}

/// Whichever page answers first, and however the limit cuts: the site decides what is read.
#[tokio::test]
async fn a_level_is_finished_before_the_next_and_follows_its_order() {
    let world =
        world(json!({"urls": ["https://a.example/"], "follow_links": true, "max_pages": 5}));
    let url = |path: &str| format!("https://a.example/{path}");
    let links = |paths: &[&str]| paths.iter().map(|path| url(path)).collect::<Vec<_>>();
    for (path, to) in [
        ("", &["slow", "fast"][..]),
        ("slow", &["slow/1", "slow/2"]),
        ("fast", &["fast/1", "slow/1"]),
    ] {
        let to = links(to);
        let to: Vec<&str> = to.iter().map(String::as_str).collect();
        prepare(&world, &url(path), page(&url(path), &to));
    }
    deliver(&world).await;
    let output = world.output("read");
    let read: Vec<&str> = output["pages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|page| page["url"].as_str().unwrap())
        .collect();
    assert_eq!(
        read,
        links(&["", "slow", "fast", "slow/1", "slow/2"]),
        "the links of the first page come first"
    );
}

#[tokio::test]
async fn sitemaps_are_asked_when_links_end_before_the_limit() {
    let world =
        world(json!({"urls": ["https://a.example/"], "follow_links": true, "max_pages": 4}));
    let sitemap = "https://a.example/map.xml";
    let Ok(mut home) = page("https://a.example/", &[]) else {
        unreachable!("it is a page")
    };
    home.sitemaps = vec![sitemap.into(), "https://a.example/missing.xml".into()];
    prepare(&world, "https://a.example/", Ok(home));
    prepare(&world, "https://a.example/missing.xml", gone());
    let nested = "https://a.example/nested.xml";
    prepare(
        &world,
        sitemap,
        page(sitemap, &[nested, "https://other.example/x"]),
    );
    prepare(
        &world,
        nested,
        page(nested, &["https://a.example/1", "https://a.example/"]),
    );
    deliver(&world).await;
    let output = world.output("read");
    assert_eq!(output["count"], 2, "{output}");
    assert_eq!(output["pages"][1]["url"], "https://a.example/1");
    assert_eq!(output["unreadable"], json!([]), "a sitemap is no page");
}

#[tokio::test]
async fn the_next_run_asks_conditionally_and_an_unchanged_page_is_what_it_was() {
    let world =
        world(json!({"urls": ["https://a.example/"], "follow_links": true, "max_pages": 2}));
    let Ok(mut home) = page("https://a.example/", &["https://a.example/b"]) else {
        unreachable!("it is a page")
    };
    home.validators = Some(Validators {
        url: "https://a.example/".into(),
        etag: Some("\"v1\"".into()),
        last_modified: None,
    });
    home.aliases = vec!["https://a.example/home".into()];
    prepare(&world, "https://a.example/", Ok(home));
    deliver(&world).await;
    let first = world.output("read");
    assert_eq!(
        first["pages"][0]["aliases"],
        json!(["https://a.example/home"])
    );
    assert!(first["pages"][1].get("aliases").is_none());
    let again = world.another_run();
    deliver(&again).await;
    let requests = again.outside.requests.lock().unwrap().clone();
    let asked: Vec<(&str, bool)> = requests
        .iter()
        .map(|request| (request.url.path(), request.validators.is_some()))
        .collect();
    assert_eq!(
        asked,
        [("/", false), ("/b", false), ("/", true), ("/b", false)]
    );
    assert_eq!(again.output("read"), first, "unchanged, its links included");
}

#[tokio::test]
async fn where_a_field_was_found_is_remembered_and_its_loss_is_told() {
    let world = world(json!({
        "urls": ["https://a.example/"],
        "extraction_schema": {"type": "object", "properties": {"price": {"type": "number"}}},
    }));
    let place = json!({"source": "element", "locator": "b.price", "confidence": 0.6});
    let with = |fields: Fields| {
        page("https://a.example/", &[]).map(|page| Page {
            fields: Some(fields),
            ..page
        })
    };
    let found = Fields {
        values: json!({"price": 9}).as_object().cloned().unwrap(),
        provenance: json!({"price": place}).as_object().cloned().unwrap(),
        lost: Vec::new(),
    };
    prepare(&world, "https://a.example/", with(found));
    deliver(&world).await;
    let output = world.output("read");
    assert_eq!(output["results"][0]["extracted"], json!({"price": 9}));
    assert_eq!(output["pages"][0]["provenance"]["price"], place);
    let lost = Fields {
        lost: vec!["price".into()],
        ..Fields::default()
    };
    prepare(&world, "https://a.example/", with(lost));
    // It is missed until it is found again, not only once.
    let mut run = world;
    for _ in 0..2 {
        run = run.another_run();
        deliver(&run).await;
        assert_eq!(
            run.output("read")["pages"][0]["lost_fields"],
            json!(["price"])
        );
        let requests = run.outside.requests.lock().unwrap().clone();
        let fields = requests.last().unwrap().fields.clone().unwrap();
        assert_eq!(fields.locators["price"], place);
    }
}

#[tokio::test(start_paused = true)]
async fn a_sites_turn_is_waited_for_and_one_that_is_far_is_no_reason_to_wait() {
    let world = world(json!({"urls": ["https://a.example/1", "https://a.example/2"]}));
    let later = |seconds| {
        Err(FetchError::NotYet {
            wait: Duration::from_secs(seconds),
        })
    };
    prepare(&world, "https://a.example/2", later(600));
    deliver(&world).await;
    assert_eq!(
        world.output("read")["unreadable"],
        json!([{"url": "https://a.example/2", "reason": "rate_limited"}])
    );
    let world = self::world(json!({"urls": ["https://a.example/1", "https://a.example/2"]}));
    prepare(&world, "https://a.example/2", later(50));
    deliver(&world).await;
    let row = world.run().step("read").unwrap().clone();
    assert!(
        row.cursor.is_some(),
        "it yields until the site's turn: {row:?}"
    );
    world.outside.pages.lock().unwrap().clear();
    world.advance_clock(60);
    deliver(&world).await;
    assert_eq!(world.output("read")["count"], 2);
    let fetched = world.outside.fetched.lock().unwrap().clone();
    assert_eq!(
        fetched.iter().filter(|url| url.ends_with("/1")).count(),
        1,
        "what was read is not read again"
    );
}

#[tokio::test]
async fn a_page_another_crawl_of_the_run_has_read_is_not_asked_for_again() {
    let crawl = |id: &str, needs: &[&str]| json!({"id": id, "type": "crawl", "depends_on": needs, "config": {"urls": ["https://a.example/1"]}});
    let world = World::new(json!([crawl("first", &[]), crawl("read", &["first"])]));
    world.executor().handle(world.delivery("first", "w")).await;
    deliver(&world).await;
    assert_eq!(world.outside.fetched.lock().unwrap().len(), 1);
    assert_eq!(world.output("read"), world.output("first"));
}

/// Delivers until the step is no longer ready, and says how long the longest of the deliveries took.
async fn deliver_to_the_end(world: &World) -> Duration {
    let mut longest = Duration::ZERO;
    for _ in 0..40 {
        let begun = tokio::time::Instant::now();
        deliver(world).await;
        longest = longest.max(begun.elapsed());
        if world.state("read") != "ready" {
            return longest;
        }
    }
    panic!("it never ends");
}

#[tokio::test(start_paused = true)]
async fn a_crawl_of_slow_pages_yields_within_half_a_minute_whatever_its_step_allows() {
    for seconds in [1, 7, 12, 19] {
        let urls: Vec<String> = (0..20)
            .map(|i| format!("https://slow.example/{i}"))
            .collect();
        let world = World::new(
            json!([{"id": "read", "type": "crawl", "timeout_seconds": 600, "config": {"urls": urls, "max_pages": 20}}]),
        );
        let times = urls
            .iter()
            .map(|url| (url.clone(), Duration::from_secs(seconds)));
        world.outside.slow_pages.lock().unwrap().extend(times);
        let longest = deliver_to_the_end(&world).await;
        assert!(longest <= Duration::from_secs(30), "{seconds}: {longest:?}");
        let output = world.output("read");
        assert_eq!(
            (&output["count"], &output["unreadable"]),
            (&json!(20), &json!([])),
            "{seconds}"
        );
    }
}

/// A page that the end of a stretch cuts off is asked for again with all the time there is, and one that never comes is
/// named.
#[tokio::test(start_paused = true)]
async fn no_page_is_unreadable_because_a_stretch_ended() {
    let urls: Vec<String> = (0..14)
        .map(|i| format!("https://slow.example/{i}"))
        .collect();
    let world = World::new(
        json!([{"id": "read", "type": "crawl", "timeout_seconds": 600, "config": {"urls": urls, "max_pages": 14}}]),
    );
    let time = |i: usize| match i {
        0..6 => 9,
        6 => 19,
        7 => 3_600,
        _ => 1,
    };
    let times = urls.iter().enumerate();
    let times = times.map(|(i, url)| (url.clone(), Duration::from_secs(time(i))));
    world.outside.slow_pages.lock().unwrap().extend(times);
    let longest = deliver_to_the_end(&world).await;
    assert!(longest <= Duration::from_secs(30), "{longest:?}");
    let output = world.output("read");
    assert_eq!(output["count"], 13);
    assert_eq!(
        output["unreadable"],
        json!([{"url": "https://slow.example/7", "reason": "timeout"}])
    );
}

/// Claims the step and is never heard of again: as a worker that is ended while it reads.
fn die(world: &World, worker: &str) {
    let engine = world.engine();
    let run = world.run();
    let claimed = domain::execution::Event::StepClaimed {
        step: "read".to_owned(),
        worker: worker.to_owned(),
    };
    let advanced = engine::memory::at_once(engine.advance_from(
        run,
        &claimed,
        engine::advance::SYSTEM,
        &engine::advance::Alongside::default(),
    ));
    assert!(advanced.is_ok());
    world.advance_clock(3_600);
}

/// Delivers until the step is settled; before each delivery whose attempt would read `bomb` alone, or with others when
/// nobody knows yet, the worker dies. Gives how many died.
async fn deliver_past(world: &World, bomb: &str) -> usize {
    let mut deaths = 0;
    for n in 0..40 {
        if world.state("read") == "completed" {
            return deaths;
        }
        let fetched = world.outside.fetched.lock().unwrap().len();
        let row = world.run().steps[0].clone();
        let next = match &row.cursor {
            None => true,
            Some(cursor) => {
                let output = serde_json::from_str(cursor).unwrap();
                let progress = engine::memory::at_once(engine::ports::Store::output(
                    &*world.store,
                    &crate::world::owner_id(),
                    &output,
                ));
                let progress = progress.unwrap().unwrap();
                let announced = progress["announced"].to_string();
                let waits = progress["waiting"].as_object().unwrap();
                if announced == "null" {
                    waits.values().any(|url| url == bomb)
                } else {
                    waits[&announced] == bomb
                }
            }
        };
        if next && matches!(row.state, StepState::Ready { .. }) && row.cut_off == 0 {
            deaths += 1;
            die(world, &format!("dies{n}"));
            continue;
        }
        deliver(world).await;
        assert!(world.outside.fetched.lock().unwrap().len() <= fetched + 6);
    }
    panic!("the crawl does not end: {:?}", world.run().steps[0]);
}

#[tokio::test]
async fn a_page_that_ends_its_worker_is_left_out_and_the_others_are_read() {
    let urls: Vec<String> = (1..=9).map(|n| format!("https://a.example/{n}")).collect();
    let world = world(json!({ "urls": urls, "max_pages": 20 }));
    let bomb = "https://a.example/4";
    let deaths = deliver_past(&world, bomb).await;
    assert_eq!(deaths, 2);
    let output = world.output("read");
    assert_eq!(output["count"], 8);
    assert_eq!(
        output["unreadable"],
        json!([{"url": bomb, "reason": "infrastructure"}])
    );
    let fetched = world.outside.fetched.lock().unwrap().clone();
    assert!(!fetched.contains(&bomb.to_owned()));
    // What was read before it is not read again.
    assert_eq!(fetched.len(), 8);
    assert_eq!(world.run().steps[0].cut_off, 0);
}

#[tokio::test]
async fn a_worker_that_ends_once_costs_no_page() {
    let urls: Vec<String> = (1..=9).map(|n| format!("https://a.example/{n}")).collect();
    let world = world(json!({ "urls": urls, "max_pages": 20 }));
    die(&world, "dies");
    for _ in 0..40 {
        if world.state("read") == "completed" {
            break;
        }
        deliver(&world).await;
    }
    let output = world.output("read");
    assert_eq!(
        (output["count"].as_u64(), &output["unreadable"]),
        (Some(9), &json!([]))
    );
}
