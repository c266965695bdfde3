//! Conformance: RFC 9309 section by section, then what its reference implementation does where the RFC
//! is silent, then what nobody should have to write.

use proptest::prelude::*;

use super::*;

#[track_caller]
fn expect(robots: &str, agent: &str, table: &[(&str, bool)]) {
    let rules = Robots::parse(robots);
    for (path, allowed) in table {
        assert_eq!(
            rules.allows(agent, path),
            *allowed,
            "{agent} at {path} under\n{robots}"
        );
    }
}

const ALLOWED: bool = true;
const FORBIDDEN: bool = false;

/// Section 2.1 and 2.2.1: groups and whom they are for.
mod groups {
    use super::*;

    #[test]
    fn several_groups_for_one_agent_are_one() {
        let robots = "user-agent: ExampleBot\ndisallow: /foo\ndisallow: /bar\n\n\
            user-agent: OtherBot\ndisallow: /other\n\nuser-agent: ExampleBot\ndisallow: /baz\n";
        expect(
            robots,
            "ExampleBot",
            &[
                ("/foo", FORBIDDEN),
                ("/bar", FORBIDDEN),
                ("/baz", FORBIDDEN),
                ("/other", ALLOWED),
            ],
        );
        // The groups for everybody merge in the same way.
        let everybody =
            "user-agent: *\ndisallow: /a\nuser-agent: b\nallow: /\nuser-agent: *\ndisallow: /c";
        expect(
            everybody,
            "x",
            &[("/a", FORBIDDEN), ("/c", FORBIDDEN), ("/b", ALLOWED)],
        );
    }

    #[test]
    fn several_agents_share_one_group() {
        let robots = "user-agent: a\nuser-agent: b\n\n# a remark\nuser-agent: c\ndisallow: /x\nuser-agent: d\ndisallow: /y";
        for agent in ["a", "b", "c"] {
            expect(robots, agent, &[("/x", FORBIDDEN), ("/y", ALLOWED)]);
        }
        expect(robots, "d", &[("/x", ALLOWED), ("/y", FORBIDDEN)]);
    }

    #[test]
    fn everybody_means_who_is_not_named() {
        let robots =
            "user-agent: *\ndisallow: /\nuser-agent: named\ndisallow: /private\nuser-agent: free\n";
        expect(robots, "stranger", &[("/", FORBIDDEN), ("/a", FORBIDDEN)]);
        expect(
            robots,
            "named",
            &[("/", ALLOWED), ("/private/a", FORBIDDEN)],
        );
        // A group without rules allows everything; it does not fall back to everybody's.
        expect(robots, "free", &[("/", ALLOWED), ("/private", ALLOWED)]);
    }

    #[test]
    fn without_a_group_everything_is_allowed() {
        expect(
            "user-agent: other\ndisallow: /",
            "me",
            &[("/", ALLOWED), ("/x", ALLOWED)],
        );
        expect("", "me", &[("/", ALLOWED)]);
    }

    #[test]
    fn tokens_are_compared_whole_and_without_case() {
        let robots = "User-Agent: ExampleBot\nDisallow: /";
        for agent in ["ExampleBot", "EXAMPLEBOT", "examplebot"] {
            expect(robots, agent, &[("/x", FORBIDDEN)]);
        }
        for agent in [
            "Example",
            "ExampleBotNews",
            "ExampleBot-News",
            "MyExampleBot",
            "",
        ] {
            expect(robots, agent, &[("/x", ALLOWED)]);
        }
        // "The identification string": the token is read from a whole header, too.
        for agent in [
            "ExampleBot/1.0",
            "ExampleBot (+https://example.com/bot)",
            "Mozilla/5.0 (compatible; ExampleBot/0.1; https://www.example.com/bot.html)",
            "Mozilla/5.0 (compatible; examplebot)",
        ] {
            expect(robots, agent, &[("/x", FORBIDDEN)]);
        }
    }

    #[test]
    fn a_version_in_the_file_is_passed_over() {
        expect(
            "user-agent: FooBot/2.1\ndisallow: /",
            "foobot",
            &[("/", FORBIDDEN)],
        );
        expect(
            "user-agent: foo bar\ndisallow: /",
            "foo",
            &[("/", FORBIDDEN)],
        );
        expect(
            "user-agent: foo bar\ndisallow: /",
            "foo bar",
            &[("/", ALLOWED)],
        );
        expect("user-agent: bot9\ndisallow: /", "Bot9", &[("/", FORBIDDEN)]);
        expect(
            "user-agent: * everybody\ndisallow: /",
            "foo",
            &[("/", FORBIDDEN)],
        );
        expect("user-agent: *foo\ndisallow: /", "foo", &[("/", ALLOWED)]);
        expect("user-agent:\ndisallow: /", "foo", &[("/", ALLOWED)]);
    }

    #[test]
    fn rules_before_the_first_agent_are_for_nobody() {
        expect(
            "disallow: /\nuser-agent: a\ndisallow: /x",
            "a",
            &[("/", ALLOWED), ("/x", FORBIDDEN)],
        );
    }
}

/// Section 2.2.2: which rule decides.
mod rules {
    use super::*;

    #[test]
    fn the_longest_match_decides() {
        let robots = "user-agent: a\nallow: /example/page/\ndisallow: /example/page/disallowed.gif\ndisallow: /example/\n";
        expect(
            robots,
            "a",
            &[
                ("/example/page/", ALLOWED),
                ("/example/page/ok.gif", ALLOWED),
                ("/example/page/disallowed.gif", FORBIDDEN),
                ("/example/other", FORBIDDEN),
                ("/else", ALLOWED),
            ],
        );
    }

    #[test]
    fn of_two_as_long_the_one_that_allows_decides() {
        for robots in [
            "user-agent: a\nallow: /folder\ndisallow: /folder",
            "user-agent: a\ndisallow: /folder\nallow: /folder",
            "user-agent: a\ndisallow: /folder\nuser-agent: b\nuser-agent: a\nallow: /folder",
        ] {
            expect(robots, "a", &[("/folder/page", ALLOWED)]);
        }
    }

    #[test]
    fn a_rule_is_a_prefix_with_case() {
        let robots = "user-agent: *\ndisallow: /fish";
        expect(
            robots,
            "a",
            &[
                ("/fish", FORBIDDEN),
                ("/fish.html", FORBIDDEN),
                ("/fish/salmon.html", FORBIDDEN),
                ("/fishheads?x=1", FORBIDDEN),
                ("/Fish.asp", ALLOWED),
                ("/catfish", ALLOWED),
                ("/?id=fish", ALLOWED),
                ("/desert/fish", ALLOWED),
            ],
        );
    }

    #[test]
    fn an_empty_rule_forbids_nothing_and_ends_the_agents() {
        let robots = "user-agent: a\ndisallow:\nuser-agent: b\ndisallow: /";
        expect(robots, "a", &[("/", ALLOWED), ("/x", ALLOWED)]);
        expect(robots, "b", &[("/x", FORBIDDEN)]);
        expect(
            "user-agent: a\ndisallow: /\nallow:",
            "a",
            &[("/x", FORBIDDEN)],
        );
    }

    #[test]
    fn a_rule_that_is_no_path_is_no_rule() {
        expect(
            "user-agent: a\ndisallow: private",
            "a",
            &[("/private", ALLOWED), ("/", ALLOWED)],
        );
        expect(
            "user-agent: a\ndisallow: https://x.example/b",
            "a",
            &[("/b", ALLOWED)],
        );
    }

    #[test]
    fn the_file_itself_is_always_allowed() {
        let robots = "user-agent: *\ndisallow: /";
        expect(
            robots,
            "a",
            &[
                ("/robots.txt", ALLOWED),
                ("/robots.txt.bak", FORBIDDEN),
                ("/a/robots.txt", FORBIDDEN),
            ],
        );
    }

    #[test]
    fn a_fragment_is_never_sent() {
        expect(
            "user-agent: *\ndisallow: /a$",
            "x",
            &[("/a#part", FORBIDDEN)],
        );
    }

    /// The table of section 2.2.2: path of the rule, path of the URL, both directions.
    #[test]
    fn spellings_of_one_path_match() {
        for (rule, path) in [
            ("/foo/bar?baz=quz", "/foo/bar?baz=quz"),
            (
                "/foo/bar?baz=https://foo.bar",
                "/foo/bar?baz=https%3A%2F%2Ffoo.bar",
            ),
            ("/foo/bar/\u{30C4}", "/foo/bar/%E3%83%84"),
            ("/foo/bar/%E3%83%84", "/foo/bar/%E3%83%84"),
            ("/foo/bar/%e3%83%84", "/foo/bar/\u{30C4}"),
            ("/foo/bar/%62%61%7A", "/foo/bar/baz"),
        ] {
            for (rule, path) in [(rule, path), (path, rule)] {
                let robots = format!("user-agent: *\ndisallow: /\nallow: {rule}");
                expect(&robots, "a", &[(path, ALLOWED)]);
            }
        }
    }

    #[test]
    fn what_is_reserved_keeps_its_meaning() {
        let robots = "user-agent: *\ndisallow: /a%2Fb\ndisallow: /q?a=1%26b";
        expect(
            robots,
            "x",
            &[
                ("/a%2fb", FORBIDDEN),
                ("/a/b", ALLOWED),
                ("/q?a=1%26b=2", FORBIDDEN),
                ("/q?a=1&b=2", ALLOWED),
            ],
        );
        // A percent sign that encodes nothing means itself.
        expect(
            "user-agent: *\ndisallow: /100%",
            "x",
            &[("/100%zz", FORBIDDEN), ("/100", ALLOWED)],
        );
    }

    #[test]
    fn bytes_of_no_encoding_are_compared_as_they_are() {
        let rules = Robots::parse(b"user-agent: *\ndisallow: /caf\xe9".as_slice());
        assert!(!rules.allows("x", "/caf%E9"));
        assert!(rules.allows("x", "/caf%C3%A9"));
    }
}

/// Section 2.2.3: `*`, `$` and `#`.
mod special_characters {
    use super::*;

    #[test]
    fn a_star_is_anything() {
        let robots =
            "user-agent: *\ndisallow: /foo/bar/*/qux\ndisallow: /*.php\nallow: /*/free/*.php";
        expect(
            robots,
            "x",
            &[
                ("/foo/bar//qux", FORBIDDEN),
                ("/foo/bar/a/qux", FORBIDDEN),
                ("/foo/bar/a/b/qux/more", FORBIDDEN),
                ("/foo/bar/a/qu", ALLOWED),
                ("/foo/bar/qux", ALLOWED),
                ("/index.php", FORBIDDEN),
                ("/folder/any.php?parameters", FORBIDDEN),
                ("/x?file=a.php", FORBIDDEN),
                ("/windows.PHP", ALLOWED),
                ("/a/free/b.php", ALLOWED),
            ],
        );
        expect(
            "user-agent: *\ndisallow: *.gif",
            "x",
            &[("/a/b.gif", FORBIDDEN), ("/gif", ALLOWED)],
        );
        expect(
            "user-agent: *\ndisallow: /fish*",
            "x",
            &[
                ("/fish", FORBIDDEN),
                ("/fishes", FORBIDDEN),
                ("/fis", ALLOWED),
            ],
        );
    }

    #[test]
    fn a_last_dollar_is_the_end() {
        let robots = "user-agent: *\ndisallow: /*.php$\nallow: /$\ndisallow: /a$b";
        expect(
            robots,
            "x",
            &[
                ("/filename.php", FORBIDDEN),
                ("/folder/filename.php", FORBIDDEN),
                ("/filename.php?parameters", ALLOWED),
                ("/filename.php/", ALLOWED),
                ("/filename.php5", ALLOWED),
                ("/a.php.php", FORBIDDEN),
                ("/a$b", FORBIDDEN),
                ("/a%24bc", FORBIDDEN),
                ("/a", ALLOWED),
            ],
        );
        expect(
            "user-agent: *\ndisallow: /\nallow: /$",
            "x",
            &[("/", ALLOWED), ("/page", FORBIDDEN)],
        );
        expect(
            "user-agent: *\ndisallow: /a*$",
            "x",
            &[("/abc", FORBIDDEN), ("/b", ALLOWED)],
        );
        // The end must not be found inside what is matched already.
        expect(
            "user-agent: *\ndisallow: /ab*ba$",
            "x",
            &[("/aba", ALLOWED), ("/abba", FORBIDDEN)],
        );
    }

    #[test]
    fn encoded_they_mean_themselves() {
        let robots = "user-agent: *\ndisallow: /file-with-a-%2A.html\ndisallow: /foo-%24";
        expect(
            robots,
            "x",
            &[
                ("/file-with-a-*.html", FORBIDDEN),
                ("/file-with-a-%2a.html", FORBIDDEN),
                ("/file-with-a-thing.html", ALLOWED),
                ("/foo-$", FORBIDDEN),
                ("/foo-$more", FORBIDDEN),
                ("/foo-", ALLOWED),
            ],
        );
    }

    #[test]
    fn a_hash_begins_a_remark() {
        let robots = "# all\nuser-agent: a # b\ndisallow: /x#y\n#disallow: /\ndisallow: # nothing";
        expect(
            robots,
            "a",
            &[("/x", FORBIDDEN), ("/xyz", FORBIDDEN), ("/", ALLOWED)],
        );
    }

    #[test]
    fn the_longer_of_two_patterns_decides() {
        for (robots, path, allowed) in [
            ("allow: /p\ndisallow: /", "/page", ALLOWED),
            ("allow: /folder\ndisallow: /folder", "/folder/page", ALLOWED),
            ("allow: /page\ndisallow: /*.htm", "/page.htm", FORBIDDEN),
            ("allow: /page\ndisallow: /*.ph", "/page.php5", ALLOWED),
            ("allow: /$\ndisallow: /", "/", ALLOWED),
            ("allow: /$\ndisallow: /", "/page.htm", FORBIDDEN),
        ] {
            expect(&format!("user-agent: *\n{robots}"), "x", &[(path, allowed)]);
        }
    }
}

/// Section 2.2 and 2.2.4: the form of the file, and other records.
mod form {
    use super::*;

    #[test]
    fn any_end_of_line_and_any_blanks() {
        for end in ["\n", "\r", "\r\n", "\n\n", "\r\r\n"] {
            let robots =
                format!("\u{feff}User-agent:foo{end} \tDISALLOW \t:\t /x \t{end}allow: /x/y");
            expect(
                &robots,
                "foo",
                &[("/x", FORBIDDEN), ("/x/y", ALLOWED), ("/z", ALLOWED)],
            );
        }
    }

    #[test]
    fn other_records_interfere_with_nothing() {
        let robots = "Sitemap: https://a.example/one.xml\nuser-agent: a\nsitemap:https://a.example/two.xml\nhost: x\n\
            noindex: /\ncrawl-delay: 2\nuser-agent: b\n<html>\nclean-param: ref /\ndisallow: /x\nSITEMAP: https://a.example/one.xml\nsitemap:\n";
        for agent in ["a", "b"] {
            expect(robots, agent, &[("/x", FORBIDDEN), ("/y", ALLOWED)]);
        }
        assert_eq!(
            Robots::parse(robots).sitemaps(),
            ["https://a.example/one.xml", "https://a.example/two.xml"]
        );
    }

    #[test]
    fn delays_belong_to_the_agents_named_before() {
        let robots = Robots::parse(
            "crawl-delay: 99\nuser-agent: a\ncrawl-delay: 2.5\ndisallow:\nuser-agent: *\ncrawl-delay: 1\n\
             user-agent: b\ndisallow: /x\nuser-agent: a\ncrawl-delay: 1\ncrawl-delay: -3\ncrawl-delay: soon\nuser-agent: c\ncrawl-delay: 1e300",
        );
        let seconds = |agent| robots.crawl_delay(agent).map(|wait| wait.as_secs_f64());
        assert_eq!(seconds("A/1.0"), Some(2.5), "the longest asked for");
        assert_eq!(seconds("stranger"), Some(1.0));
        assert_eq!(seconds("b"), None, "named, without a delay of its own");
        assert_eq!(seconds("c"), Some(86_400.0));
    }

    #[test]
    fn usual_misspellings_are_understood() {
        expect(
            "useragent: a\ndissallow: /x\ndisalow /y\nallow /y/z w",
            "a",
            &[("/x", FORBIDDEN), ("/y/z", FORBIDDEN)],
        );
        expect("foo: a\nbar: /", "a", &[("/", ALLOWED)]);
    }

    #[test]
    fn only_whole_lines_within_the_limit_are_read() {
        let mut robots = b"user-agent: *\ndisallow: /first\n".to_vec();
        robots.resize(MAX_BYTES - 20, b'\n');
        robots.extend(b"\ndisallow: /the-limit-is-here\ndisallow: /late\n");
        let rules = Robots::parse(&robots);
        assert!(!rules.allows("x", "/first"));
        assert!(
            rules.allows("x", "/the-limit"),
            "a line that is cut would say something else"
        );
        assert!(rules.allows("x", "/late"));
        // A line that ends exactly at the limit is whole.
        let last = b"\ndisallow: /last";
        robots.truncate(MAX_BYTES - last.len());
        robots.extend(last);
        assert!(!Robots::parse(&robots).allows("x", "/last"));
        robots.extend(b"\ndisallow: /late");
        assert!(!Robots::parse(&robots).allows("x", "/last"));
        assert!(Robots::parse(&robots).allows("x", "/late"));
    }

    #[test]
    fn what_is_no_such_file_says_nothing() {
        for file in [
            "<!doctype html><html><body><p>Not: found</p></body></html>".as_bytes(),
            &[0, 159, 146, 150, b'\n', 0xff, b':', b'/'],
            &[b'*'; 100],
        ] {
            assert!(Robots::parse(file).allows("x", "/"));
        }
    }

    #[test]
    fn no_file_and_no_answer_are_opposites() {
        assert!(Robots::unavailable().allows("x", "/a"));
        assert!(!Robots::unreachable().allows("x", "/a"));
    }
}

#[test]
fn files_full_of_one_thing_are_read_in_one_pass() {
    let full_of = |head: &str, line: &str| {
        let mut file = head.to_owned();
        while file.len() < MAX_BYTES {
            file.push_str(line);
        }
        file
    };
    // Twenty thousand agents, then as many delays: each for all of them.
    let mut agents = full_of("", "user-agent a\n");
    agents.truncate(MAX_BYTES / 2);
    let delays = Robots::parse(full_of(&agents, "\ncrawldelay 1"));
    assert_eq!(delays.crawl_delay("a"), Some(Duration::from_secs(1)));
    assert_eq!(delays.crawl_delay("b"), None);
    // As many groups as lines: everybody's, if nobody is named.
    let groups = Robots::parse(full_of("", "user-agent *\nallow:\ncrawldelay 2\n"));
    assert!(groups.allows("Nightdesk", "/"));
    assert_eq!(
        groups.crawl_delay("Nightdesk"),
        Some(Duration::from_secs(2))
    );
    let numbered: String = (0..10_000).map(|n| format!("sitemap:{n}\n")).collect();
    assert_eq!(Robots::parse(numbered.repeat(2)).sitemaps().len(), 10_000);
}

#[test]
fn the_worst_pattern_is_still_bounded_work() {
    let path = format!("/{}", "a".repeat(2_000));
    let rule = format!("disallow: /{}b\n", "a*".repeat(1_000));
    let robots = format!("user-agent: *\n{}", rule.repeat(200));
    assert!(Robots::parse(robots).allows("x", &path));
}

/// The pattern by the letter: a star tries every length. Slow and plainly right.
fn matches_by_trial(pattern: &[u8], path: &[u8]) -> bool {
    match (pattern, path) {
        ([], _) | ([b'$'], []) => true,
        ([b'*', rest @ ..], _) => {
            (0..=path.len()).any(|skip| matches_by_trial(rest, &path[skip..]))
        }
        ([first, pattern @ ..], [byte, path @ ..]) => {
            first == byte && matches_by_trial(pattern, path)
        }
        (_, []) => false,
    }
}

proptest! {
    #[test]
    fn a_pattern_matches_as_by_trial(pattern in "/[ab*/]{0,10}\\$?", path in "/[ab/]{0,10}") {
        let rules = Robots::parse(format!("user-agent: *\ndisallow: {pattern}"));
        prop_assert_eq!(!rules.allows("x", &path), matches_by_trial(pattern.as_bytes(), path.as_bytes()));
    }

    #[test]
    fn any_file_is_taken(file in prop::collection::vec(any::<u8>(), 0..400), agent in "\\PC{0,20}", path in "\\PC{0,40}") {
        let rules = Robots::parse(&file);
        let _ = rules.allows(&agent, &path);
        let _ = rules.crawl_delay(&agent);
    }
}
