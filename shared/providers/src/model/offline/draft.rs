//! The steps of a plan, written one after the other: sources, gathering, writing, delivery.
//!
//! Each step refers only to steps written before it, so that a plan cannot have a cycle; ids are made of
//! a topic's letters, so that a person can read them.

use domain::plan::{Aspect, Channel};
use serde_json::{Map, Value, json};

use super::goal::Goal;
use super::lexicon::HEADS;
use super::planner::Scope;

/// Items kept for writing when the goal names no number.
const DEFAULT_ITEMS: u32 = 5;

/// Pages of a site that are read when the whole of it is asked for.
const SITE_PAGES: u32 = 20;

/// Steps under construction.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) steps: Vec<Value>,
    /// What a run costs at most, by the contract's price list.
    pub(super) credits: u32,
}

impl Draft {
    /// The steps for as much of the goal as `scope` says.
    pub(super) fn of(intent: &str, goal: &Goal, scope: &Scope) -> Self {
        let mut draft = Self::default();
        let sources = draft.add_sources(goal, scope);
        if scope.only_watches {
            return draft;
        }
        let gathered = draft.add_gathering(goal, scope, &sources);
        // Whoever writes gets the ranked items first and the pages' texts after them.
        let mut material = vec![gathered.clone()];
        material.extend(
            sources
                .iter()
                .filter(|source| source.pages && source.id != gathered)
                .map(|source| source.id.clone()),
        );
        let written = draft.add_writing(intent, goal, scope, &material);
        draft.add_delivery(goal, scope, &gathered, written.as_deref(), &material);
        draft
    }

    fn add(
        &mut self,
        id: &str,
        kind: &str,
        description: String,
        config: Value,
        depends_on: &[String],
        credits: u32,
    ) -> String {
        let mut step = Map::new();
        step.insert("id".to_owned(), id.into());
        step.insert("type".to_owned(), kind.into());
        step.insert("description".to_owned(), description.into());
        step.insert("config".to_owned(), config);
        if !depends_on.is_empty() {
            step.insert("depends_on".to_owned(), depends_on.into());
        }
        if matches!(
            kind,
            "format_post" | "generate_image" | "send_email" | "post_webhook"
        ) {
            step.insert("requires_approval".to_owned(), true.into());
        }
        self.steps.push(Value::Object(step));
        self.credits += credits;
        id.to_owned()
    }

    fn add_sources(&mut self, goal: &Goal, scope: &Scope) -> Vec<Source> {
        let mut sources = Vec::new();
        if !goal.urls.is_empty() {
            let urls: Vec<&String> = goal.urls.iter().take(100).collect();
            let pages = u32::try_from(urls.len())
                .unwrap_or(1)
                .max(if goal.whole_site { SITE_PAGES } else { 1 });
            let mut config = json!({ "urls": urls, "max_pages": pages });
            if goal.whole_site {
                config["follow_links"] = true.into();
            }
            let id = self.add(
                "pages",
                "crawl",
                "Read the pages named in the goal".to_owned(),
                config,
                &[],
                pages.div_ceil(10),
            );
            sources.push(Source { id, pages: true });
        }
        let topics: Vec<&String> = goal.topics.iter().take(scope.lanes).collect();
        let single = topics.len() == 1;
        for topic in topics {
            let suffix = if single {
                String::new()
            } else {
                format!("_{}", slug(topic))
            };
            let results = goal.count.map_or(10, |count| (count * 2).clamp(5, 50));
            let mut config = json!({ "query": query(topic, goal), "max_results": results });
            if let Some(freshness) = goal.freshness {
                config["freshness"] = freshness.as_str().into();
            }
            let id = self.unused(&format!("search{suffix}"));
            let search = self.add(&id, "search", format!("Search for {topic}"), config, &[], 1);
            if !scope.reads_found {
                sources.push(Source {
                    id: search,
                    pages: false,
                });
                continue;
            }
            let pages = if scope.only_watches {
                3
            } else {
                goal.count.unwrap_or(DEFAULT_ITEMS)
            };
            let config = json!({ "urls": format!("${{steps.{search}.results[*].url}}"), "max_pages": pages });
            let id = self.unused(&format!("read{suffix}"));
            let read = self.add(
                &id,
                "crawl",
                format!("Read what was found on {topic}"),
                config,
                &[search],
                pages.div_ceil(10),
            );
            sources.push(Source {
                id: read,
                pages: true,
            });
        }
        sources
    }

    /// Brings the sources together; gives the output everything else is written from.
    fn add_gathering(&mut self, goal: &Goal, scope: &Scope, sources: &[Source]) -> String {
        let from: Vec<String> = sources.iter().map(|source| source.id.clone()).collect();
        let written = goal.is_written() || !goal.wants.list;
        let count = goal.count.or((written && scope.lanes > 0)
            .then_some(DEFAULT_ITEMS * u32::try_from(from.len()).unwrap_or(1)));
        let (kind, description) = match (count, from.len()) {
            (Some(count), _) => ("top_n", format!("Keep the best {count}")),
            (None, 1) => ("dedupe", "List what was found, each thing once".to_owned()),
            (None, _) => ("merge", "Bring what was found together".to_owned()),
        };
        let mut config = json!({ "aggregation_type": kind, "from": from, "format": "markdown" });
        if let Some(count) = count {
            config["n"] = count.min(100).into();
        }
        self.add("gather", "aggregate", description, config, &from, 0)
    }

    /// Adds what is written for reading; gives the step whose `text` is the most finished.
    fn add_writing(
        &mut self,
        intent: &str,
        goal: &Goal,
        scope: &Scope,
        material: &[String],
    ) -> Option<String> {
        let wants = goal.wants;
        let mut written = None;
        let mut from = material.to_vec();
        let title = title(goal);
        if wants.summary {
            let config =
                json!({ "aggregation_type": "summarize", "from": from, "format": format(goal) });
            written = Some(self.add(
                "summary",
                "aggregate",
                "Summarise".to_owned(),
                config,
                &from,
                1,
            ));
        }
        if scope.outline {
            let mut config = json!({ "from": from, "sections": goal.sections.unwrap_or(5) });
            config["topic"] = title.clone().into();
            let outline = self.add(
                "outline",
                "generate_outline",
                "Outline the material".to_owned(),
                config,
                &from,
                1,
            );
            from.insert(0, outline.clone());
            written = Some(outline);
        }
        if wants.answer && !wants.report {
            let config =
                json!({ "prompt": shortened(&intent.replace("${", "$ {"), 2_000), "from": from });
            written = Some(self.add(
                "answer",
                "llm_response",
                "Answer from what was read".to_owned(),
                config,
                &from,
                1,
            ));
        }
        let nothing_else =
            written.is_none() && goal.channels.is_empty() && !wants.image && !wants.list;
        if wants.report || nothing_else {
            let words = goal
                .length_words
                .unwrap_or(if wants.compare { 600 } else { 400 });
            let format = if goal.html {
                "html"
            } else if goal.plain_text {
                "text"
            } else {
                "markdown"
            };
            let config =
                json!({ "from": from, "length_words": words, "format": format, "title": title });
            written = Some(self.add(
                "report",
                "generate_report",
                format!("Write a report of about {words} words"),
                config,
                &from,
                1,
            ));
        }
        written
    }

    fn add_delivery(
        &mut self,
        goal: &Goal,
        scope: &Scope,
        gathered: &str,
        written: Option<&str>,
        material: &[String],
    ) {
        let mut text = written.map_or_else(|| gathered.to_owned(), str::to_owned);
        for (index, channel) in goal.channels.iter().take(scope.channels.max(1)).enumerate() {
            let mut from = material.to_vec();
            if let Some(written) = written {
                from.insert(0, written.to_owned());
            }
            let mut config = json!({ "from": from, "channel": channel.as_str() });
            if let Some(words) = goal
                .max_words
                .or(goal.length_words.filter(|_| !goal.wants.report))
            {
                config["max_words"] = words.into();
            }
            let id = format!("post_{}", channel.as_str());
            let post = self.add(
                &id,
                "format_post",
                format!("Draft a post for {}", channel_name(*channel)),
                config,
                &from,
                1,
            );
            if index == 0 && written.is_none() {
                text = post;
            }
        }
        if scope.image {
            let aspect = goal.aspect.unwrap_or(Aspect::Wide);
            let prompt = format!("Editorial illustration: {}", title(goal));
            let config = json!({ "prompt": prompt, "aspect": aspect.as_str() });
            // It waits for what it illustrates, so that one sitting decides on both.
            self.add(
                "picture",
                "generate_image",
                "Draw a picture".to_owned(),
                config,
                &[text.clone()],
                2,
            );
        }
        if !goal.emails.is_empty() {
            let to: Vec<&String> = goal.emails.iter().take(50).collect();
            let config = json!({ "to": to, "subject": shortened(&title(goal), 150), "body": format!("${{steps.{text}.text}}") });
            self.add(
                "mail",
                "send_email",
                "Mail it to the addresses named in the goal".to_owned(),
                config,
                &[text.clone()],
                0,
            );
        }
        if let Some(url) = &goal.webhook {
            let body = json!({ "title": shortened(&title(goal), 150), "text": format!("${{steps.{text}.text}}") });
            let config = json!({ "url": url, "body": body });
            self.add(
                "webhook",
                "post_webhook",
                "Post it to the address named in the goal".to_owned(),
                config,
                &[text.clone()],
                0,
            );
        }
    }

    /// `id`, with a number when it is taken: two topics may shorten to one word.
    fn unused(&self, id: &str) -> String {
        let taken = |id: &str| self.steps.iter().any(|step| step["id"] == id);
        if !taken(id) {
            return id.to_owned();
        }
        (2..)
            .map(|number| format!("{id}_{number}"))
            .find(|id| !taken(id))
            .unwrap_or_else(|| id.to_owned())
    }
}

/// A step whose output is what was found.
struct Source {
    id: String,
    /// Whether it holds the pages' texts.
    pages: bool,
}

/// A topic as a query. News of a window of time are found by their date, others by the word.
fn query(topic: &str, goal: &Goal) -> String {
    let bare =
        topic.split_whitespace().count() == 1 && goal.freshness.is_none() && goal.urls.is_empty();
    let headed = topic
        .split_whitespace()
        .any(|word| HEADS.contains(&word.to_lowercase().as_str()));
    let query = if bare && !headed {
        format!("{topic} news")
    } else {
        topic.to_owned()
    };
    shortened(&query, 200)
}

/// What the result is called.
fn title(goal: &Goal) -> String {
    let mut title = match goal.topics.as_slice() {
        [] => {
            let hosts: Vec<String> = goal
                .urls
                .iter()
                .filter_map(|url| url::Url::parse(url).ok()?.host_str().map(str::to_owned))
                .take(2)
                .collect();
            if hosts.is_empty() {
                "What was found".to_owned()
            } else {
                hosts.join(" and ")
            }
        }
        [one] => one.clone(),
        [a, b] if goal.wants.compare => format!("{a} compared with {b}"),
        [a, b] => format!("{a} and {b}"),
        [first, rest @ .., last] => format!("{first}, {} and {last}", rest.join(", ")),
    };
    if let Some(first) = title.chars().next() {
        let upper: String = first.to_uppercase().collect();
        title.replace_range(..first.len_utf8(), &upper);
    }
    shortened(&title, 200)
}

fn format(goal: &Goal) -> &'static str {
    if goal.html {
        "html"
    } else if goal.plain_text {
        "text"
    } else {
        "markdown"
    }
}

/// A channel as a person calls it.
pub(super) fn channel_name(channel: Channel) -> &'static str {
    match channel {
        Channel::Linkedin => "LinkedIn",
        Channel::X => "X",
        Channel::Newsletter => "a newsletter",
        Channel::Blog => "a blog",
        Channel::Slack => "Slack",
        Channel::Generic => "any channel",
    }
}

/// Letters and digits of a topic as a part of an id, at most 40 long.
fn slug(topic: &str) -> String {
    let mut slug = String::new();
    for c in topic.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.ends_with('_') && !slug.is_empty() {
            slug.push('_');
        }
    }
    slug.truncate(40);
    let slug = slug.trim_matches('_');
    if slug.is_empty() {
        "topic".to_owned()
    } else {
        slug.to_owned()
    }
}

/// At most `most` characters, cut at a word where there is one.
fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let cut: String = text.chars().take(most).collect();
    cut.rsplit_once(char::is_whitespace)
        .map_or(cut.clone(), |(head, _)| head.to_owned())
}
