//! Reading a goal: what is asked for, in which form, for whom, how often.
//!
//! The goal is read by taking things out of it: addresses, cadence, window of time, counts, channels.
//! What is left when nothing more can be recognised is what it is about (`topics`).

use std::sync::LazyLock;

use domain::plan::{Aspect, Channel, Freshness};
use regex::Regex;

use super::cadence::{self, Cadence};
use super::lexicon::{NUMBER, number};
use super::topics;

/// What a goal says.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Goal {
    /// What it is about, at most [`topics::MOST`].
    pub(super) topics: Vec<String>,
    /// Pages named in it.
    pub(super) urls: Vec<String>,
    pub(super) emails: Vec<String>,
    pub(super) webhook: Option<String>,
    pub(super) channels: Vec<Channel>,
    /// How many things are wanted, 1-50.
    pub(super) count: Option<u32>,
    pub(super) freshness: Option<Freshness>,
    pub(super) cadence: Option<Cadence>,
    pub(super) wants: Wants,
    pub(super) length_words: Option<u32>,
    pub(super) max_words: Option<u32>,
    pub(super) sections: Option<u32>,
    pub(super) html: bool,
    pub(super) plain_text: bool,
    pub(super) aspect: Option<Aspect>,
    /// Whether links of the named pages are to be followed.
    pub(super) whole_site: bool,
    /// Whether the goal names a page without its address ("the pricing page of …").
    pub(super) names_page: bool,
}

/// The forms that are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Wants {
    pub(super) watch: bool,
    pub(super) compare: bool,
    pub(super) report: bool,
    pub(super) outline: bool,
    pub(super) summary: bool,
    pub(super) image: bool,
    pub(super) answer: bool,
    /// A list is enough: "find", "list", "collect".
    pub(super) list: bool,
    /// The web is to be searched, although pages are named.
    pub(super) search: bool,
}

fn regex(pattern: &str) -> Regex {
    Regex::new(&format!("(?i){pattern}")).expect("the pattern is a constant of this crate")
}

macro_rules! pattern {
    ($name:ident, $pattern:expr) => {
        static $name: LazyLock<Regex> = LazyLock::new(|| regex($pattern));
    };
}

pattern!(URL, r#"https?://[^\s<>"'`]+"#);
pattern!(
    TO_ENDPOINT,
    r"(?:\bweb-?hook\b|\b(?:post|send|deliver|push|forward|publish|submit)\b[^.;,]*?\bto)[^.;,a-z]*(?:(?:the|a|an|my|our|this|url|endpoint|address|web-?hook|at)\b[^.;,a-z]*)*$"
);
pattern!(EMAIL, r"[a-z0-9._%+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+");
pattern!(
    SITE,
    r#"\b(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?:com|org|net|io|dev|ai|co|app|gov|edu|eu|de|uk|fr|ch|at|nl|se|example|test)\b(?:/[^\s<>"'`]*)?"#
);

impl Goal {
    /// Reads a goal. Any text can be read; one that says nothing has neither topics nor addresses.
    pub(super) fn read(intent: &str) -> Self {
        // A reference's opening in a goal is text, and must not become one in a configuration.
        let intent = intent.replace("${", "$ {");
        let mut goal = Self {
            wants: wants(&intent),
            ..Self::default()
        };
        let mut rest = intent.clone();
        goal.take_addresses(&mut rest);
        goal.cadence = cadence::take(&mut rest);
        goal.take_sizes(&mut rest);
        goal.freshness = take_freshness(&mut rest);
        goal.count = take_count(&mut rest);
        goal.channels = take_channels(&mut rest);
        goal.take_form(&mut rest);
        goal.topics = topics::of(&rest);
        // "hydrogen storage?" is a question; "compare prices" with a deliverable is no watch.
        goal.wants.answer |= intent.trim_end().ends_with('?');
        goal
    }

    /// Whether nothing in it can be looked for.
    pub(super) fn is_vague(&self) -> bool {
        self.topics.is_empty() && self.urls.is_empty()
    }

    /// Whether anything is to be written.
    pub(super) fn is_written(&self) -> bool {
        let wants = self.wants;
        wants.report
            || wants.outline
            || wants.summary
            || wants.image
            || wants.answer
            || !self.channels.is_empty()
    }

    fn take_addresses(&mut self, text: &mut String) {
        while let Some(found) = URL.find(text) {
            let url = found
                .as_str()
                .trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '}', '*'])
                .to_owned();
            let start = found.start();
            let before = text.get(..start).unwrap_or_default();
            let endpoint = TO_ENDPOINT.find(before).map(|phrase| phrase.start());
            // What of the match was only punctuation stays: it ends a clause.
            text.replace_range(start..start + url.len(), " ");
            match endpoint {
                Some(phrase) if self.webhook.is_none() => {
                    self.webhook = Some(url);
                    text.replace_range(phrase..start, ", ");
                }
                _ if !self.urls.contains(&url) => self.urls.push(url),
                _ => {}
            }
        }
        while let Some(found) = EMAIL.find(text) {
            let email = found.as_str().trim_end_matches('.').to_owned();
            let range = found.start()..found.start() + email.len();
            text.replace_range(range, " ");
            if !self.emails.contains(&email) {
                self.emails.push(email);
            }
        }
        while let Some(found) = SITE.find(text) {
            let url = format!(
                "https://{}",
                found.as_str().trim_end_matches(['.', ',', ';', ')', '?'])
            );
            let range = found.range();
            text.replace_range(range, " ");
            if !self.urls.contains(&url) {
                self.urls.push(url);
            }
        }
    }

    fn take_sizes(&mut self, text: &mut String) {
        static MOST_WORDS: LazyLock<Regex> = LazyLock::new(|| {
            regex(
                r"\b(?:(?:in|with)\s+)?(?:under|below|at most|max(?:imum)?|no more than|up to|less than)\s+(\d{1,4})\s+words\b",
            )
        });
        static WORDS: LazyLock<Regex> = LazyLock::new(|| {
            regex(r"\b(?:(?:in|of|about|around|with)\s+)*(\d{2,4})[\s-]+words?\b")
        });
        static SECTIONS: LazyLock<Regex> = LazyLock::new(|| {
            regex(&format!(
                r"\b(?:with|in|of)?\s*({NUMBER})[\s-]+(?:sections?|chapters?|headings?)\b"
            ))
        });
        self.max_words = take_number(text, &MOST_WORDS).map(|words| words.clamp(10, 3_000));
        self.length_words = take_number(text, &WORDS).map(|words| words.clamp(50, 3_000));
        self.sections = take_number(text, &SECTIONS).map(|sections| sections.clamp(2, 12));
        if self.length_words.is_none() && self.wants.report {
            static SHORT: LazyLock<Regex> =
                LazyLock::new(|| regex(r"\b(?:short|brief|quick|concise|one[- ]paragraph)\b"));
            static LONG: LazyLock<Regex> = LazyLock::new(|| {
                regex(r"\b(?:detailed|in[- ]depth|long|comprehensive|thorough|deep[- ]dive)\b")
            });
            if LONG.is_match(text) {
                self.length_words = Some(900);
            } else if SHORT.is_match(text) {
                self.length_words = Some(200);
            }
        }
    }

    fn take_form(&mut self, text: &mut String) {
        static HTML: LazyLock<Regex> = LazyLock::new(|| regex(r"\b(?:(?:in|as)\s+)?html\b"));
        static PLAIN: LazyLock<Regex> =
            LazyLock::new(|| regex(r"\b(?:(?:in|as)\s+)?plain[- ]text\b"));
        static SQUARE: LazyLock<Regex> = LazyLock::new(|| regex(r"\bsquare\b"));
        static PORTRAIT: LazyLock<Regex> =
            LazyLock::new(|| regex(r"\b(?:portrait|vertical|tall)\b"));
        static WIDE: LazyLock<Regex> = LazyLock::new(|| regex(r"\b(?:wide|landscape|16:9)\b"));
        static AUDIENCE: LazyLock<Regex> = LazyLock::new(|| {
            regex(
                r"\bfor\s+(?:(?:my|our|the|a|an|your)\s+)?(?:[\w-]+\s+){0,3}?(?:teams?|readers|customers|clients|followers|subscribers|boss|board|audience|investors|students|colleagues|executives|managers|newsletter|blog|me|us)\b",
            )
        });
        static WHOLE: LazyLock<Regex> = LazyLock::new(|| {
            regex(
                r"\b(?:whole|entire|full)\s+(?:web\s?)?site\b|\b(?:all|every)\s+(?:its\s+|the\s+)?(?:sub)?pages?\b",
            )
        });
        static PAGE: LazyLock<Regex> = LazyLock::new(|| {
            regex(
                r"\b(?:page|site|website|homepage|changelog|docs|documentation|pricing|price|prices|terms|policy)\b",
            )
        });
        self.names_page = PAGE.is_match(text);
        self.html = take_all(text, &HTML);
        self.plain_text = take_all(text, &PLAIN);
        self.whole_site = take_all(text, &WHOLE);
        if self.wants.image {
            static PICTURE: LazyLock<Regex> = LazyLock::new(|| {
                regex(
                    r"\b(?:(?:and|with|plus)\s+)?(?:(?:a|an|the|some)\s+)?(?:[a-z-]+\s+)??(?:images?|pictures?|illustrations?|graphics?|thumbnails?|banners?|posters?|drawings?|visuals?|cover\s+art)\b",
                )
            });
            self.aspect = [
                (&SQUARE, Aspect::Square),
                (&PORTRAIT, Aspect::Portrait),
                (&WIDE, Aspect::Wide),
            ]
            .into_iter()
            .find(|(pattern, _)| take_all(text, pattern))
            .map(|(_, aspect)| aspect);
            *text = PICTURE.replace_all(text, ", ").into_owned();
        }
        take_all(text, &AUDIENCE);
    }
}

/// Replaces every match by a blank; whether there was one.
fn take_all(text: &mut String, pattern: &Regex) -> bool {
    let replaced = pattern.replace_all(text, " ").into_owned();
    let found = replaced != *text;
    *text = replaced;
    found
}

/// Takes the first match out of the text and reads its first group as a number.
fn take_number(text: &mut String, pattern: &Regex) -> Option<u32> {
    let found = pattern.captures(text)?;
    let value = number(found.get(1)?.as_str())?;
    let range = found.get(0)?.range();
    text.replace_range(range, " ");
    Some(value)
}

fn take_freshness(text: &mut String) -> Option<Freshness> {
    static WINDOWS: LazyLock<[(Freshness, Regex); 4]> = LazyLock::new(|| {
        let window = |words: &str| {
            regex(&format!(
                r"\b(?:(?:from|of|in|over|during|within|since|for)\s+)?(?:the\s+)?(?:{words})\b(?:.s\b)?"
            ))
        };
        [
            (
                Freshness::Day,
                window(
                    r"today|yesterday|overnight|this morning|last night|(?:past|last) day|(?:past|last) (?:24|twenty-four) hours",
                ),
            ),
            (
                Freshness::Week,
                window(r"(?:this|past|last|current) week|(?:past|last) (?:7|seven) days|week"),
            ),
            (
                Freshness::Month,
                window(
                    r"(?:this|past|last|latest|current) month|(?:past|last) (?:30|thirty) days|(?:past|last) (?:4|four) weeks|month",
                ),
            ),
            (
                Freshness::Year,
                window(r"(?:this|past|last|current) year|(?:past|last) (?:12|twelve) months|year"),
            ),
        ]
    });
    WINDOWS
        .iter()
        .find_map(|(freshness, pattern)| take_all(text, pattern).then_some(*freshness))
}

fn take_count(text: &mut String) -> Option<u32> {
    static RANKED: LazyLock<Regex> = LazyLock::new(|| {
        regex(&format!(
            r"\b(?:the\s+)?(?:top|best|first|latest|newest|biggest|most\s+(?:important|recent|interesting|relevant))[\s-]+({NUMBER})\b"
        ))
    });
    static COUNTED: LazyLock<Regex> = LazyLock::new(|| {
        regex(&format!(
            r"\b(?:a\s+)?({NUMBER})\s+(?:of\s+the\s+)?(?:(?:top|best|latest|newest|biggest|new|recent|most\s+(?:important|recent|interesting|relevant)|key|main|good|different|[a-z-]+)\s+){{0,2}}(articles|stories|items|launches|results|posts|papers|headlines|links|sources|examples|ideas|recipes|releases|products|options|tools|companies|incidents|developments|announcements|updates|facts|things|points|picks|pages|news|startups|books|events)\b"
        ))
    });
    static RANKING: LazyLock<Regex> = LazyLock::new(|| {
        regex(&format!(
            r"\b(?:the\s+)?({NUMBER})\s+(?:top|best|latest|newest|biggest|most\s+(?:important|recent|interesting|relevant))\b"
        ))
    });
    if let Some(count) = take_number(text, &RANKED).or_else(|| take_number(text, &RANKING)) {
        return (1..=50).contains(&count).then_some(count);
    }
    let found = COUNTED.captures(text)?;
    let digits = found.get(1)?;
    let count = number(digits.as_str()).filter(|count| (1..=50).contains(count))?;
    let range = digits.range();
    text.replace_range(range, " ");
    Some(count)
}

fn take_channels(text: &mut String) -> Vec<Channel> {
    static CHANNELS: LazyLock<[(Channel, Regex); 6]> = LazyLock::new(|| {
        [
            (Channel::Linkedin, regex(r"\b(?:(?:on|to|for)\s+)?linked-?in\b(?:\s+(?:post|article|update)s?)?")),
            (Channel::X, Regex::new(r"\b(?:(?:on|to|for|On|To|For)\s+)?(?:X|Twitter|twitter)(?:\s+(?:post|thread)s?)?(?:[\s.,;!]|$)|\b[Tt]weets?\b|\b[xX]\s+(?:post|thread)s?\b").expect("the pattern is a constant of this crate")),
            (Channel::Newsletter, regex(r"\b(?:(?:in|to|for)\s+)?(?:(?:a|an|my|our|the|an?\s+e-?mail)\s+)?newsletters?\b(?:\s+(?:issue|edition|section|item)s?)?")),
            (Channel::Blog, regex(r"\bblog\s*(?:post|article|entry|entries)s?\b|\b(?:on|to|for)\s+(?:my|our|the)\s+blog\b")),
            (Channel::Slack, regex(r"\b(?:(?:on|to|in|for)\s+)?(?:(?:my|our|the|a)\s+)?slack\b(?:\s+(?:channel|message|post|update)s?)?")),
            (Channel::Generic, regex(r"\b(?:social(?:\s+media)?\s+posts?|(?:draft|write|create|prepare|publish)\s+(?:a|an|the|some)\s+(?:[a-z]+\s+)?posts?)\b")),
        ]
    });
    let mut channels = Vec::new();
    for (channel, pattern) in CHANNELS.iter() {
        let wanted = *channel != Channel::Generic || channels.is_empty();
        // Something follows the channel's name more often than not: keep a boundary there.
        let replaced = pattern.replace_all(text, " , ").into_owned();
        if wanted && replaced != *text {
            channels.push(*channel);
            *text = replaced;
        }
    }
    channels
}

fn wants(text: &str) -> Wants {
    static WATCH: LazyLock<Regex> = LazyLock::new(|| {
        regex(
            r"\b(?:watch|monitor|track|alert|notify|detect|warn|keep\s+(?:an\s+eye|track|me\s+(?:informed|posted|up to date))|look\s+out|(?:tell|ping|remind)\s+(?:me|us)\s+(?:when|if|whenever|as soon)|let\s+(?:me|us)\s+know|when(?:ever)?\s+(?:it|there|the|a|an)\b.*\b(?:change|drop|appear|launch|release)|changes?\s+(?:to|on|in|of)|any\s+changes?|has\s+changed|price\s+(?:change|drop)s?|pric(?:e|es|ing))\b",
        )
    });
    static COMPARE: LazyLock<Regex> = LazyLock::new(|| {
        regex(r"\b(?:compar(?:e|ing|ison|isons)|versus|vs|differences?\s+between)\b")
    });
    static REPORT: LazyLock<Regex> = LazyLock::new(|| {
        regex(
            r"\b(?:reports?|brief(?:ing)?|write[- ]?ups?|analys(?:is|e)|analyze|memo|digest|round-?up|overview|white\s?paper|essay|dossier|deep[- ]dive|(?:write|draft)\s+(?:an?|the)\s+(?:[a-z-]+\s+)?article)\b",
        )
    });
    static OUTLINE: LazyLock<Regex> =
        LazyLock::new(|| regex(r"\boutlines?\b|\btable of contents\b"));
    static SUMMARY: LazyLock<Regex> = LazyLock::new(|| {
        regex(r"\b(?:summar(?:y|ies|i[sz]e[sd]?|i[sz]ing)|recap|sum\s+up|tl;?dr|gist)\b")
    });
    static IMAGE: LazyLock<Regex> = LazyLock::new(|| {
        regex(
            r"\b(?:draw|generate|create|make|design|paint|illustrate|add|attach|include|with|plus|and)\b[^.;]{0,50}\b(?:images?|pictures?|illustrations?|graphics?|thumbnails?|banners?|posters?|drawings?|visuals?|cover\s+art)\b|\b(?:draw|paint|illustrate)\b",
        )
    });
    static ANSWER: LazyLock<Regex> = LazyLock::new(|| {
        regex(
            r"^\s*(?:what|who|whom|how|why|which|when|where|is|are|does|do|did|can|should|will)\b|\b(?:explain|answer|find\s+out\s+(?:what|who|how|why|which|when|where|if|whether))\b",
        )
    });
    static LIST: LazyLock<Regex> = LazyLock::new(|| {
        regex(r"\b(?:find|list|collect|gather|get|show|search|fetch|give|bookmark|rank|pick)\b")
    });
    static SEARCH: LazyLock<Regex> = LazyLock::new(|| {
        regex(r"\b(?:search|find|look\s+for|research|news|elsewhere|the\s+web)\b")
    });
    Wants {
        watch: WATCH.is_match(text),
        compare: COMPARE.is_match(text),
        report: REPORT.is_match(text),
        outline: OUTLINE.is_match(text),
        summary: SUMMARY.is_match(text),
        image: IMAGE.is_match(text),
        answer: ANSWER.is_match(text),
        list: LIST.is_match(text),
        search: SEARCH.is_match(text),
    }
}
