//! A site's robots.txt. The first line is whom and what is asked about (`Nightdesk /a?b`), the file follows.

use std::hint::black_box;
use std::time::Duration;

use domain::egress::MAX_URL_CHARS;
use domain::robots::{MAX_BYTES, PATH, Robots, product_token};

use super::first_line;
use crate::bombs;
use crate::mutation::Mutator;
use crate::target::{Reader, Target, shape};

pub(crate) const TARGET: Target = Target {
    name: "robots",
    check,
    mutator: Mutator {
        words: &[
            "User-agent:",
            "user agent ",
            "User-agent: *\n",
            "User-agent: Nightdesk\n",
            "User-agent: other\n",
            "Disallow:",
            "Disallow: /\n",
            "dissalow /",
            "Allow:",
            "Allow: /a$\n",
            "Crawl-delay: 5\n",
            "Crawl-delay: 1e9\n",
            "Crawl-delay: NaN\n",
            "Crawl-delay: -1\n",
            "Sitemap: https://a.example/s\n",
            "sitemap: x\n",
            "\nallow:\n",
            "crawldelay 1\n",
            "useragent a\n",
            "*",
            "$",
            "**",
            "*a",
            "/*",
            "/",
            "/a",
            "?",
            "#",
            "%2A",
            "%24",
            "%2F",
            "%e4",
            "%",
            "\r",
            "\n",
            "\r\n",
            "\u{feff}",
            "ä",
            "\0",
            ": ",
            "Nightdesk/1.0 (+https://a.example)",
            "Mozilla/5.0 (compatible; Nightdesk/1.0)",
            "/robots.txt",
        ],
        most_bytes: MAX_BYTES + 2_000,
    },
    burst: 1_200,
    flat: Duration::from_millis(300),
    per_kib: Duration::from_millis(4),
    bombs: bombs::robots::ALL,
    readers: &[Reader {
        name: "robots",
        read,
    }],
};

fn read(file: &[u8]) {
    let robots = Robots::parse(file);
    let path = format!("/{}", "a/b".repeat(600));
    black_box((
        robots.allows("Nightdesk", &path),
        robots.crawl_delay("Nightdesk"),
    ));
}

fn check(input: &[u8]) -> u64 {
    let (question, file) = first_line(input);
    let (agent, path) = question.split_once(' ').unwrap_or((&question, "/"));
    // What is asked about is part of a URL that was let through.
    let path = &path[..path.floor_char_boundary(MAX_URL_CHARS)];
    let robots = Robots::parse(file);
    assert_eq!(
        robots,
        Robots::parse(file),
        "a file is read in two ways: {question:?}"
    );
    assert!(
        robots.allows(agent, PATH),
        "the file itself is forbidden: {question:?}"
    );
    let allowed = robots.allows(agent, path);
    let delay = robots.crawl_delay(agent);
    assert!(
        delay.is_none_or(|wait| wait <= Duration::from_secs(86_400)),
        "a wait without end: {delay:?}"
    );
    for sitemap in robots.sitemaps() {
        let one_line = !sitemap.is_empty() && !sitemap.contains(['\n', '\r']);
        assert!(
            one_line && sitemap.trim_ascii() == sitemap,
            "a sitemap is no line: {sitemap:?}"
        );
    }
    prefixes_hold(agent, path, file);
    if file.len() < 4_096 {
        others_do_not_matter(agent, path, file, allowed);
    }
    // Half a megabyte is made for some inputs only.
    if input.iter().map(|byte| usize::from(*byte)).sum::<usize>() % 64 == 0 {
        the_end_does_not_matter(agent, path, file, allowed);
    }
    shape(&[
        usize::from(allowed),
        robots.sitemaps().len(),
        delay.map_or(0, |wait| {
            usize::try_from(wait.as_secs() + 1).unwrap_or(usize::MAX)
        }),
        usize::from(product_token(agent).len() < agent.len()),
        file.split(|byte| *byte == b'\n').count(),
        usize::from(Robots::parse(file).allows("zz-other", path)),
    ])
}

/// A rule is a prefix: below what it forbids everything is forbidden. The first line of the file is the rule.
fn prefixes_hold(agent: &str, path: &str, file: &[u8]) {
    let (rule, _) = first_line(file);
    let plain = |text: &str| !text.contains(['#', '\r', '%']);
    // With `$` it is no prefix; a half escape at the end would be completed by what follows.
    if rule.trim_end().ends_with('$') || !plain(&rule) || !plain(path) {
        return;
    }
    let robots = Robots::parse(format!("User-agent: *\nDisallow: {rule}"));
    if !robots.allows(agent, path) {
        assert!(
            !robots.allows(agent, &format!("{path}/below")),
            "a rule is no prefix: {rule:?} on {path:?}"
        );
    }
    // And the same rule allows and forbids the same paths.
    let both = Robots::parse(format!("User-agent: *\nDisallow: {rule}\nAllow: {rule}"));
    assert!(
        both.allows(agent, path),
        "of two as long the one that forbids won: {rule:?} on {path:?}"
    );
}

/// Rules for somebody else, ways to end a line, and the case of names change nothing.
fn others_do_not_matter(agent: &str, path: &str, file: &[u8], allowed: bool) {
    let token = product_token(agent);
    if token.starts_with("zz-other") || file.starts_with(b"\xEF\xBB\xBF") {
        return;
    }
    let mut longer = b"User-agent: zz-other\nDisallow: /\n".to_vec();
    longer.extend(file);
    assert_eq!(
        Robots::parse(&longer).allows(agent, path),
        allowed,
        "a rule for another counted: {token:?}"
    );
    let returned: Vec<u8> = file
        .iter()
        .flat_map(|byte| {
            if *byte == b'\n' {
                b"\r\n".to_vec()
            } else {
                vec![*byte]
            }
        })
        .collect();
    assert_eq!(
        Robots::parse(&returned).allows(agent, path),
        allowed,
        "the way to end a line counted: {token:?}"
    );
    if token == agent {
        assert_eq!(
            Robots::parse(file).allows(&agent.to_ascii_uppercase(), path),
            allowed,
            "the case of a name counted: {token:?}"
        );
    }
}

/// What stands beyond the limit is not read.
fn the_end_does_not_matter(agent: &str, path: &str, file: &[u8], allowed: bool) {
    let mut longer = file.to_vec();
    if longer.len() + 2 > MAX_BYTES {
        return;
    }
    longer.extend(b"\n#");
    longer.resize(MAX_BYTES, b'#');
    longer.extend(b"\nUser-agent: *\nDisallow: /\nAllow: /\n");
    assert_eq!(
        Robots::parse(&longer).allows(agent, path),
        allowed,
        "what is beyond the limit counted: {agent:?}"
    );
}
