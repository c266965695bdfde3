//! A post in the manner of its channel, from the material's titles and first sentences.

use domain::plan::Channel;
use engine::ports::model::{Material, TextFormat};

use super::document::{Document, Span};
use super::sources::{Source, running_text, sources};
use super::text::{clipped, keywords, sentences, shared_keywords, words};
use super::wishes::Wishes;
use crate::search::ranking::terms;

/// The limit of X for accounts without a subscription, in characters.
const X_CHARACTERS: usize = 280;

/// Words of a post when nobody says how many.
const DEFAULT_WORDS: u32 = 200;

/// Things a post tells of; readers do not scroll further.
const MOST_ITEMS: usize = 5;

pub(super) fn write(
    channel: Channel,
    max_words: Option<u32>,
    wishes: Wishes,
    material: &[Material],
) -> String {
    let wanted = wishes.length(max_words.unwrap_or(DEFAULT_WORDS));
    // A limit that was set holds, whatever is wished for.
    let limit = max_words.map_or(wanted, |most| wanted.min(most)) as usize;
    let story = Story::of(material, limit, wishes);
    match channel {
        Channel::Linkedin => story.linkedin(),
        Channel::X => story.x(),
        Channel::Newsletter => story.newsletter(),
        Channel::Blog => story.blog(),
        Channel::Slack => story.slack(),
        Channel::Generic => story.generic(),
    }
}

/// What there is to tell.
struct Story {
    items: Vec<Item>,
    /// Words that more than one of them is about.
    shared: Vec<String>,
    keywords: Vec<String>,
    wishes: Wishes,
    /// Words left for the whole post.
    limit: usize,
}

struct Item {
    title: String,
    lead: String,
    url: String,
}

impl Story {
    fn of(material: &[Material], limit: usize, wishes: Wishes) -> Self {
        let sources = sources(material);
        let mut items: Vec<Item> = sources.iter().take(MOST_ITEMS).map(Item::of).collect();
        // What the texts have in common, in the words of the titles: a title says what matters.
        let titles: String = items
            .iter()
            .map(|item| format!("{}\n", item.title))
            .collect();
        let texts: Vec<String> = sources
            .iter()
            .take(MOST_ITEMS)
            .map(|source| format!("{}\n{}", source.title, source.sentences().join("\n")))
            .collect();
        let mut keywords = keywords(texts.iter().map(String::as_str), usize::MAX);
        let shared = shared_keywords(texts.iter().map(String::as_str), usize::MAX);
        let titled: Vec<String> = terms(&titles).collect();
        let in_titles = |word: &String| terms(word).all(|term| titled.contains(&term));
        let shared: Vec<String> = shared.into_iter().filter(in_titles).take(2).collect();
        keywords.retain(in_titles);
        keywords.truncate(4);
        if items.is_empty() {
            let text = running_text(material);
            keywords = super::text::keywords([text.as_str()], 4);
            items.extend(
                sentences(&text)
                    .into_iter()
                    .take(MOST_ITEMS)
                    .map(|lead| Item {
                        title: String::new(),
                        lead,
                        url: String::new(),
                    }),
            );
        }
        // Each item gets its share of the words; below a dozen only the title is told.
        let share = limit / items.len().max(1);
        for item in &mut items {
            if !item.title.is_empty() && words(&item.title) + words(&item.lead) > share.max(12) {
                item.lead = if share < 20 {
                    String::new()
                } else {
                    first_words(&item.lead, share - words(&item.title).min(share))
                };
            }
        }
        let mut story = Self {
            items,
            shared,
            keywords,
            wishes,
            limit,
        };
        while story.items.len() > 1 && story.words() > limit {
            story.items.pop();
        }
        story
    }

    fn words(&self) -> usize {
        // A line of introduction and the hashtags.
        self.items
            .iter()
            .map(|item| words(&item.title) + words(&item.lead))
            .sum::<usize>()
            + 12
    }

    fn subject(&self) -> String {
        match self.items.as_slice() {
            [] => "Nothing new to tell".to_owned(),
            [item] if !item.title.is_empty() => item.title.clone(),
            items if self.shared.is_empty() => format!("{} things to know", items.len()),
            items => format!("{} things to know: {}", items.len(), self.shared.join(", ")),
        }
    }

    fn hashtags(&self) -> String {
        if self.wishes.no_hashtags {
            return String::new();
        }
        let tags: Vec<String> = self
            .keywords
            .iter()
            .map(|word| hashtag(word))
            .filter(|tag| tag.chars().count() > 2)
            .collect();
        tags.join(" ")
    }

    fn url<'a>(&self, item: &'a Item) -> Option<&'a str> {
        (!self.wishes.no_links && !item.url.is_empty()).then_some(item.url.as_str())
    }

    fn linkedin(&self) -> String {
        let mut paragraphs = vec![self.subject()];
        match self.items.as_slice() {
            [] => {}
            [item] => {
                paragraphs.push(item.lead.clone());
                paragraphs.extend(self.url(item).map(str::to_owned));
            }
            items => {
                let bullets: Vec<String> = items
                    .iter()
                    .map(|item| format!("• {}", item.line(" – ")))
                    .collect();
                paragraphs.push(bullets.join("\n"));
                let links: Vec<&str> = items.iter().filter_map(|item| self.url(item)).collect();
                if !links.is_empty() {
                    paragraphs.push(format!("Sources:\n{}", links.join("\n")));
                }
            }
        }
        paragraphs.push(self.hashtags());
        joined(&paragraphs)
    }

    fn x(&self) -> String {
        let Some(item) = self.items.first() else {
            return self.subject();
        };
        let url = self.url(item).filter(|url| url.chars().count() <= 120);
        let tag = if self.wishes.no_hashtags {
            None
        } else {
            self.keywords
                .first()
                .map(|word| hashtag(word))
                .filter(|tag| tag.chars().count() <= 30)
        };
        let tail: String = url
            .into_iter()
            .map(str::to_owned)
            .chain(tag)
            .map(|part| format!(" {part}"))
            .collect();
        let room = X_CHARACTERS - tail.chars().count();
        let text = first_words(&item.line(": "), self.limit);
        let text = if text.chars().count() > room && !item.title.is_empty() {
            item.title.clone()
        } else {
            text
        };
        format!("{}{tail}", clipped(&text, room))
    }

    fn newsletter(&self) -> String {
        let mut document = Document::default();
        document.heading(1, &self.subject());
        if self.items.len() > 1 {
            let titles: Vec<&str> = self
                .items
                .iter()
                .map(|item| item.title.as_str())
                .filter(|title| !title.is_empty())
                .collect();
            if let Some(first) = titles.first() {
                document.text(format!(
                    "In this issue: {first}, and {} more.",
                    self.items.len() - 1
                ));
            }
        }
        for item in &self.items {
            if !item.title.is_empty() {
                document.heading(2, &item.title);
            }
            if !item.lead.is_empty() {
                document.text(item.lead.clone());
            }
            if let Some(url) = self.url(item) {
                document.paragraph(vec![Span::link("Read more", url)]);
            }
        }
        document.render(TextFormat::Markdown)
    }

    fn blog(&self) -> String {
        let mut document = Document::default();
        document.heading(1, &self.subject());
        for item in &self.items {
            if self.items.len() > 1 && !item.title.is_empty() {
                document.heading(2, &item.title);
            }
            if !item.lead.is_empty() {
                document.text(item.lead.clone());
            }
        }
        let links: Vec<Vec<Span>> = self
            .items
            .iter()
            .filter_map(|item| Some(vec![Span::link(item.name(), self.url(item)?)]))
            .collect();
        if !links.is_empty() {
            document.heading(2, "Sources");
            document.bullets(links);
        }
        document.render(TextFormat::Markdown)
    }

    /// Slack's own mark-up: `*bold*`, `<url|text>`, and three characters escaped.
    fn slack(&self) -> String {
        let mut lines = vec![format!("*{}*", slack_text(&self.subject()))];
        for item in &self.items {
            let name = slack_text(item.name()).replace('|', "¦");
            let name = match self.url(item) {
                Some(url) => format!("<{}|{name}>", url.replace('|', "%7C").replace('>', "%3E")),
                None => name,
            };
            let lead = if item.lead.is_empty() || item.title.is_empty() {
                String::new()
            } else {
                format!(" – {}", slack_text(&item.lead))
            };
            lines.push(format!("• {name}{lead}"));
        }
        lines.join("\n")
    }

    fn generic(&self) -> String {
        let mut paragraphs = vec![self.subject()];
        for item in &self.items {
            let text = if self.items.len() == 1 && !item.title.is_empty() {
                item.lead.clone()
            } else {
                item.line(": ")
            };
            paragraphs.push(text);
            paragraphs.extend(self.url(item).map(str::to_owned));
        }
        joined(&paragraphs)
    }
}

impl Item {
    fn of(source: &Source) -> Self {
        Self {
            title: source.name().to_owned(),
            lead: source.lead(),
            url: source.url.clone(),
        }
    }

    fn name(&self) -> &str {
        if self.title.is_empty() {
            &self.lead
        } else {
            &self.title
        }
    }

    fn line(&self, separator: &str) -> String {
        match (self.title.is_empty(), self.lead.is_empty()) {
            (false, false) => format!("{}{separator}{}", self.title, self.lead),
            (false, true) => self.title.clone(),
            (true, _) => self.lead.clone(),
        }
    }
}

fn joined(paragraphs: &[String]) -> String {
    let filled: Vec<&str> = paragraphs
        .iter()
        .map(String::as_str)
        .filter(|paragraph| !paragraph.is_empty())
        .collect();
    filled.join("\n\n")
}

fn first_words(text: &str, most: usize) -> String {
    if words(text) <= most {
        return text.to_owned();
    }
    let kept: Vec<&str> = text.split_whitespace().take(most).collect();
    if kept.is_empty() {
        String::new()
    } else {
        format!("{}…", kept.join(" ").trim_end_matches([',', ';', ':', '.']))
    }
}

/// `on-device` becomes `#OnDevice`.
fn hashtag(word: &str) -> String {
    let mut tag = String::from("#");
    for part in word.split(|c: char| !c.is_alphanumeric()) {
        let mut chars = part.chars();
        if let Some(first) = chars.next() {
            tag.extend(first.to_uppercase());
            tag.push_str(chars.as_str());
        }
    }
    tag
}

fn slack_text(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('*', "∗")
}
