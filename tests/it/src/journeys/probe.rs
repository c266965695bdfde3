//! A long list through `nightdesk probe`: every line is answered before the next has to be there, whatever it is,
//! and the hundred-thousandth costs no more memory than the first (as Linux counts it).

use serde_json::{Value, json};

use crate::world::Probe;

/// A request of each kind.
fn requests() -> Vec<(&'static str, Value)> {
    let page = "<html lang=en><title>Harbour</title><h1>Harbour</h1><time datetime=2026-10-02></time><p>The ferry costs 9 euros.";
    let url = "https://site.example/a?utm_source=b";
    let price = json!({"type": "object", "properties": {"price": {"type": "number", "description": "what it costs"}}});
    vec![
        ("url", json!({"url": url})),
        ("egress", json!({"url": url, "resolved": ["93.184.216.34"]})),
        (
            "robots",
            json!({"robots_txt": "user-agent: *\ndisallow: /a", "user_agent": "Nightdesk", "url": url}),
        ),
        ("extract", json!({"html": page, "url": url})),
        ("fields", json!({"html": page, "url": url, "schema": price})),
        (
            "feed",
            json!({"body": "<rss><channel><title>News</title><item><title>One", "url": url}),
        ),
        (
            "cron",
            json!({"expression": "0 9 * * 1", "timezone": "Europe/Berlin", "after": "2026-01-01T00:00:00Z", "count": 2}),
        ),
        (
            "condition",
            json!({"condition": {"type": "always"}, "results": [{"url": url, "title": "One"}], "fields": {}}),
        ),
        (
            "diff",
            json!({"before": "9 euros\nby ferry", "after": "12 euros\nby ferry"}),
        ),
        (
            "plan",
            json!({"intent": "Watch the price of tea every day", "preset": "quick"}),
        ),
    ]
}

/// Asks `lines` lines of a kind, every fourth of them bad: a thousand one by one, the others fifty at a time. Gives the
/// growth of its memory in KiB since the first thousand, when all that is built once is there.
fn growth(kind: &str, request: &Value, lines: usize) -> u64 {
    let request = request.to_string();
    let is_bad = |n: usize| n % 4 == 3;
    let line = |n: usize| {
        let bad = ["not json", "[]", "{\"url\"", "\u{0}\u{7f}", "{}", "null"];
        if is_bad(n) {
            bad[n / 4 % bad.len()]
        } else {
            &request
        }
    };
    let mut probe = Probe::start(kind);
    let mut settled = None;
    let mut asked = 0;
    while asked < lines {
        let next = asked + if asked < 1_000 { 1 } else { 50 };
        (asked..next).for_each(|n| probe.tell(line(n)));
        for n in asked..next {
            let answer = probe.answer();
            let refused = answer.get("error").is_some();
            assert_eq!(refused, is_bad(n), "{kind}, line {n}: {answer}");
        }
        asked = next;
        if asked == 1_000 {
            settled = Some(probe.resident_kib());
        }
    }
    let grown = probe.resident_kib().saturating_sub(settled.unwrap());
    assert!(probe.end(), "{kind}");
    grown
}

/// Half a MiB is five bytes a line of the longest list, and a part of one page where a line holds a page.
#[test]
fn a_list_of_any_length_is_answered_line_by_line_in_the_same_memory() {
    for (kind, request) in requests() {
        let lines = if kind == "url" { 100_000 } else { 2_000 };
        let grown = growth(kind, &request, lines);
        assert!(grown < 512, "{kind}: {grown} KiB after {lines} lines");
    }
}
