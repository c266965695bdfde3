//! Every kind on a thousand lines, good ones and bad ones in turn.

use serde_json::{Value, json};

use super::{kinds, run};

/// A request the kind answers.
fn good(kind: &str, n: usize) -> Value {
    match kind {
        "url" => json!({"url": format!("https://x.example/{n}?utm_source=a")}),
        "egress" => json!({"url": format!("https://x.example/{n}"), "resolved": ["93.184.216.34"]}),
        "robots" => {
            json!({"robots_txt": "user-agent: *\ndisallow: /", "user_agent": "a", "url": format!("/{n}")})
        }
        "extract" | "fields" => {
            json!({"html": format!("<p>Page {n}"), "url": "https://x.example/", "schema": {"type": "object", "properties": {}}})
        }
        "feed" => {
            json!({"body": format!("<rss><channel><item><title>{n}"), "url": "https://x.example/"})
        }
        "cron" => {
            json!({"expression": format!("{} * * * *", n % 60), "timezone": "UTC", "after": "2026-01-01T00:00:00Z", "count": 1})
        }
        "condition" => {
            json!({"condition": {"type": "always"}, "results": [{"url": format!("https://x.example/{n}")}], "fields": {}})
        }
        "diff" => json!({"before": format!("line {n}"), "after": "another"}),
        "plan" => {
            json!({"intent": format!("Watch the price of tea no. {n} every day"), "preset": "quick"})
        }
        other => panic!("{other} is a new kind: give it a line here"),
    }
}

#[test]
fn each_kind_answers_each_line_in_order() {
    let bad = [
        "not json",
        "[]",
        "{}",
        "{\"url\": 1}",
        "\"text\"",
        "{\"url\": \"https://x.example/\"",
        "\u{0}\u{1}",
        "null",
    ];
    for kind in kinds() {
        let lines: Vec<String> = (0..1_000)
            .map(|n| match n % 4 {
                3 => bad[n / 4 % bad.len()].to_owned(),
                _ => good(kind, n).to_string(),
            })
            .collect();
        let mut output = Vec::new();
        run(kind, lines.join("\n").as_bytes(), &mut output).unwrap();
        let answers: Vec<Value> = String::from_utf8(output)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(answers.len(), 1_000, "{kind}");
        for (n, answer) in answers.iter().enumerate() {
            assert_eq!(
                answer.get("error").is_some(),
                n % 4 == 3,
                "{kind}, line {n}: {answer}"
            );
        }
    }
}
