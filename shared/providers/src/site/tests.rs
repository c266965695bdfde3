//! The bundled site: every page is whole, every link leads somewhere, editions differ.

use super::*;

fn today() -> Date {
    "2026-11-21".parse().unwrap()
}

fn site() -> Site {
    Site::at(&Url::parse("http://127.0.0.1:8787/_site").unwrap())
}

fn text(path: &str, edition: u32) -> String {
    let (path, query) = path
        .split_once('?')
        .map_or((path, None), |(path, query)| (path, Some(query)));
    let response = site().respond(path, query, edition, today());
    assert_eq!(response.status, 200, "{path}");
    String::from_utf8(response.body).unwrap()
}

#[test]
fn every_link_on_the_site_leads_to_a_page_of_it() {
    let mut open = vec!["/".to_owned()];
    let mut seen = std::collections::HashSet::new();
    while let Some(path) = open.pop() {
        if !seen.insert(path.clone()) {
            continue;
        }
        let body = text(&path, LAST_EDITION);
        for link in body
            .split("href=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
        {
            let path = link
                .strip_prefix("http://127.0.0.1:8787/_site/")
                .unwrap_or_else(|| panic!("{link} leads away"));
            open.push(format!("/{path}"));
        }
    }
    assert!(seen.len() > 40, "{}", seen.len());
}

#[test]
fn editions_differ_in_a_price_and_an_article() {
    assert!(text("/pricing", 1).contains("€29") && !text("/pricing", 1).contains("€35"));
    assert!(text("/pricing", 2).contains("€35") && !text("/pricing", 2).contains("€29"));
    assert_eq!(
        site()
            .respond("/articles/corvid-desk", None, 1, today())
            .status,
        404
    );
    assert!(text("/articles/corvid-desk", 2).contains("Corvid launches Desk"));
    assert!(!text("/", 1).contains("corvid-desk") && text("/", 2).contains("corvid-desk"));
    assert_eq!(text("/", 2), text("/", 7));
}

#[test]
fn dates_follow_today() {
    assert!(
        text("/articles/northbeam-atlas-agent", 1).contains("\"datePublished\":\"2026-11-19\"")
    );
    assert!(text("/feed.xml", 1).contains("Thu, 19 Nov 2026 06:00:00 GMT"));
    // The passing of a day changes no list.
    let later = site().respond("/topics/ai", None, 1, "2026-12-24".parse().unwrap());
    assert_eq!(
        String::from_utf8(later.body).unwrap(),
        text("/topics/ai", 1)
    );
}

#[test]
fn the_search_speaks_searxng() {
    let answer: serde_json::Value = serde_json::from_str(&text(
        "/search?q=rust+release&format=json&time_range=week",
        1,
    ))
    .unwrap();
    let first = &answer["results"][0];
    assert_eq!(
        first["url"],
        "http://127.0.0.1:8787/_site/articles/rust-release-borrow-hints"
    );
    assert_eq!(first["publishedDate"], "2026-11-19T00:00:00");
    let page = text("/search?q=%3Cscript%3E", 1);
    assert!(page.contains("&lt;script&gt;") && !page.contains("<script>"));
}

#[test]
fn what_is_not_there_is_404() {
    for path in [
        "/articles/none",
        "/topics/none",
        "/x/y/z",
        "/articles",
        "/feed.xml/x",
    ] {
        assert_eq!(site().respond(path, None, 1, today()).status, 404, "{path}");
    }
}
