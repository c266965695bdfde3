//! What a site's robots.txt asks of a crawler: RFC 9309, "Robots Exclusion Protocol".
//!
//! A site says there which of its paths a crawler should leave alone, and a patrol that comes back
//! every hour had better listen. Two mistakes are possible: reading a rule that is not there keeps a
//! person from the page they asked for; missing one that is there breaks a site's word. Where the RFC
//! is silent the reading of its reference implementation (Google's parser) is taken, and where both
//! are silent the reading that asks for less of the site.
//!
//! The text is a stranger's and may be anything: a page of HTML, half a megabyte of one line, bytes of
//! no encoding. Nothing here fails; what is not a rule is passed over. Fetching, caching and pacing are
//! the crawler's; the figures the RFC gives for them stand here, beside the rules.

mod line;
mod pattern;

use std::collections::BTreeSet;
use std::ops::Range;
use std::time::Duration;

use line::{Line, lines};
use pattern::{Pattern, Target};

/// The bytes of a file that are read; the RFC asks for at least 500 KiB (section 2.5).
pub const MAX_BYTES: usize = 500 * 1024;

/// How many redirects in a row the file is fetched through; the RFC asks for at least five (section
/// 2.3.1.2). After that the file counts as unavailable.
pub const MAX_REDIRECTS: usize = 5;

/// How long a fetched file may be used, unless it cannot be fetched again (section 2.4).
pub const FRESH_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// The file's path, which no rule can forbid (section 2.2.2).
pub const PATH: &str = "/robots.txt";

/// The longest delay believed. A site that asks for more means "stay away" and can say so.
const LONGEST_DELAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The rules of one site.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Robots {
    groups: Vec<Group>,
    delays: Vec<Delay>,
    sitemaps: Vec<String>,
}

/// Rules and the agents they are for.
#[derive(Debug, Clone, PartialEq, Default)]
struct Group {
    agents: Vec<Agent>,
    rules: Vec<Rule>,
}

#[derive(Debug, Clone, PartialEq)]
struct Rule {
    allows: bool,
    pattern: Pattern,
}

/// A wait between two requests, and the agents named before it: these of this group. It is not part of
/// the RFC and must not end a group (section 2.2.4), so it is kept apart from them.
#[derive(Debug, Clone, PartialEq)]
struct Delay {
    group: usize,
    agents: Range<usize>,
    wait: Duration,
}

/// Whom a user-agent line names.
#[derive(Debug, Clone, PartialEq)]
enum Agent {
    /// `*`: everybody who is not named.
    Anybody,
    /// A product token in lower case: as the RFC spells them, and with the digits many write.
    Named { token: String, with_digits: String },
}

impl Robots {
    /// Reads a file as it was served, text or bytes. Everything after [`MAX_BYTES`] is left out, a line
    /// that is cut there as a whole: half a path would forbid more than was meant.
    #[must_use]
    pub fn parse(file: impl AsRef<[u8]>) -> Self {
        let mut robots = Self::default();
        // Whether the last group has begun to state rules: the next agent then begins another.
        let mut has_rules = false;
        // The first of its agents that a delay is for: those named since the last one.
        let (mut delayed_from, mut has_delay) = (0, false);
        let mut known = BTreeSet::new();
        for line in lines(within_limit(file.as_ref())) {
            match line {
                Line::UserAgent(value) => {
                    if has_rules || robots.groups.is_empty() {
                        robots.groups.push(Group::default());
                        (has_rules, delayed_from, has_delay) = (false, 0, false);
                    }
                    let Some(group) = robots.groups.last_mut() else {
                        continue;
                    };
                    if has_delay {
                        (delayed_from, has_delay) = (group.agents.len(), false);
                    }
                    group.agents.extend(Agent::read(value));
                }
                Line::Rule { allows, path } => {
                    // A rule before any agent is for nobody.
                    let Some(group) = robots.groups.last_mut() else {
                        continue;
                    };
                    has_rules = true;
                    if let Some(pattern) = Pattern::read(path) {
                        group.rules.push(Rule { allows, pattern });
                    }
                }
                Line::CrawlDelay(value) => {
                    let Some(group) = robots.groups.last() else {
                        continue;
                    };
                    has_delay = true;
                    let (group, agents) =
                        (robots.groups.len() - 1, delayed_from..group.agents.len());
                    let Some(wait) = read_delay(value) else {
                        continue;
                    };
                    match robots.delays.last_mut() {
                        // Said again to the same agents.
                        Some(last) if last.group == group && last.agents == agents => {
                            last.wait = last.wait.max(wait);
                        }
                        _ => robots.delays.push(Delay {
                            group,
                            agents,
                            wait,
                        }),
                    }
                }
                Line::Sitemap(value) => {
                    let url = String::from_utf8_lossy(value).into_owned();
                    if !url.is_empty() && known.insert(url.clone()) {
                        robots.sitemaps.push(url);
                    }
                }
            }
        }
        robots
    }

    /// The rules of a site that has none: its file is unavailable, which is what a status of 400 to
    /// 499 says (section 2.3.1.3). Everything is allowed.
    #[must_use]
    pub fn unavailable() -> Self {
        Self::default()
    }

    /// The rules while the file is unreachable: a status of 500 to 599, no answer in time, no
    /// connection (section 2.3.1.4). Nothing is allowed.
    #[must_use]
    pub fn unreachable() -> Self {
        Self::parse("User-agent: *\nDisallow: /")
    }

    /// Whether `agent` may fetch a path.
    ///
    /// `agent` is a product token (`Nightdesk`) or a whole User-Agent header that carries one;
    /// `path_and_query` begins with `/`, percent-encoded or not, and a fragment in it is ignored.
    #[must_use]
    pub fn allows(&self, agent: &str, path_and_query: &str) -> bool {
        let target = Target::read(path_and_query);
        if target.is(PATH) {
            return true;
        }
        let asking = self.asking(agent);
        // The longest pattern decides, and of two as long the one that allows (section 2.2.2).
        self.groups
            .iter()
            .filter(|group| asking.is_meant(&group.agents))
            .flat_map(|group| &group.rules)
            .filter(|rule| rule.pattern.matches(&target))
            .map(|rule| (rule.pattern.octets(), rule.allows))
            .max()
            .is_none_or(|(_, allows)| allows)
    }

    /// How long `agent` is asked to wait between two requests; the longest of several. At most a day.
    #[must_use]
    pub fn crawl_delay(&self, agent: &str) -> Option<Duration> {
        let asking = self.asking(agent);
        self.delays
            .iter()
            .filter(|delay| {
                let group = self.groups.get(delay.group);
                let agents = group.and_then(|group| group.agents.get(delay.agents.clone()));
                agents.is_some_and(|agents| asking.is_meant(agents))
            })
            .map(|delay| delay.wait)
            .max()
    }

    /// The sitemaps named anywhere in the file, in order, as they are written: a stranger's text, not
    /// checked to be URLs.
    #[must_use]
    pub fn sitemaps(&self) -> &[String] {
        &self.sitemaps
    }

    fn asking<'a>(&self, agent: &'a str) -> Asking<'a> {
        let token = product_token(agent);
        let mut agents = self.groups.iter().flat_map(|group| &group.agents);
        Asking {
            token,
            is_named: agents.any(|agent| agent.names(token)),
        }
    }
}

/// The crawler that asks. Whether the file names it is looked up once: a file may have as many groups as
/// lines.
struct Asking<'a> {
    token: &'a str,
    is_named: bool,
}

impl Asking<'_> {
    /// Whether what is for `agents` is for this crawler: it is named there, or everybody is and it is
    /// named nowhere (section 2.2.1).
    fn is_meant(&self, agents: &[Agent]) -> bool {
        agents.iter().any(|agent| match agent {
            Agent::Anybody => !self.is_named,
            named @ Agent::Named { .. } => named.names(self.token),
        })
    }
}

impl Agent {
    /// The agent of a user-agent line. Versions and remarks behind the token are passed over.
    fn read(value: &[u8]) -> Option<Self> {
        if let [b'*', rest @ ..] = value
            && rest.first().is_none_or(u8::is_ascii_whitespace)
        {
            return Some(Self::Anybody);
        }
        let prefix = |allowed: fn(&u8) -> bool| -> String {
            value
                .iter()
                .take_while(|byte| allowed(byte))
                .map(|byte| char::from(byte.to_ascii_lowercase()))
                .collect()
        };
        let with_digits = prefix(|byte| is_token_byte(*byte) || byte.is_ascii_digit());
        (!with_digits.is_empty()).then(|| Self::Named {
            token: prefix(|byte| is_token_byte(*byte)),
            with_digits,
        })
    }

    fn names(&self, token: &str) -> bool {
        match self {
            Self::Anybody => false,
            Self::Named {
                token: known,
                with_digits,
            } => {
                !token.is_empty()
                    && (known.eq_ignore_ascii_case(token)
                        || with_digits.eq_ignore_ascii_case(token))
            }
        }
    }
}

/// The product token of a User-Agent header: `Nightdesk` of `Nightdesk/1.0 (+https://…)`, of
/// `Mozilla/5.0 (compatible; Nightdesk/1.0; …)`, and of the bare token. What is neither is given back
/// as it is, and no rule names it.
#[must_use]
pub fn product_token(agent: &str) -> &str {
    let agent = agent.trim();
    let header = agent
        .split_once("(compatible;")
        .map_or(agent, |(_, product)| product.trim_start());
    let end = header
        .find(|c: char| !c.is_ascii() || !(is_token_byte(c as u8) || c.is_ascii_digit()))
        .unwrap_or(header.len());
    // A version, the rest of a comment, or a comment may follow; another word may not, or `Foo Bar`
    // would have to be taken for `Foo`.
    let (token, rest) = header.split_at(end);
    if rest.is_empty() || rest.starts_with(['/', ';', ')']) || rest.trim_start().starts_with('(') {
        token
    } else {
        agent
    }
}

/// RFC 9309, section 2.2.1: letters, `_` and `-`.
fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'-')
}

/// Seconds, whole or with a point.
fn read_delay(value: &[u8]) -> Option<Duration> {
    let seconds: f64 = std::str::from_utf8(value).ok()?.parse().ok()?;
    if seconds.is_nan() || seconds < 0.0 {
        return None;
    }
    Some(Duration::try_from_secs_f64(seconds).map_or(LONGEST_DELAY, |wait| wait.min(LONGEST_DELAY)))
}

/// The whole lines of the first [`MAX_BYTES`].
fn within_limit(file: &[u8]) -> &[u8] {
    let Some((head, rest)) = file.split_at_checked(MAX_BYTES) else {
        return file;
    };
    if rest.first().is_none_or(|byte| line::ends_line(*byte)) {
        return head;
    }
    let end = head.iter().rposition(|byte| line::ends_line(*byte));
    end.map_or(&[], |end| &head[..end])
}

#[cfg(test)]
mod tests;
