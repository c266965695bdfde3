//! A report: what the sources say, each quoted by its first sentences, and where it stands.

use engine::ports::model::{Material, TextFormat};

use super::document::{Document, Span};
use super::sources::{Source, running_text, sources, span};
use super::text::{keywords, sentences, words};
use super::wishes::Wishes;

/// Words a section needs to be worth a heading.
const SECTION_WORDS: usize = 60;

/// Words outside of the quoted text (heads, introduction) that count towards the length.
const FRAME_WORDS: usize = 25;

pub(super) fn write(
    title: Option<&str>,
    length_words: u32,
    format: TextFormat,
    wishes: Wishes,
    material: &[Material],
) -> String {
    let sources = sources(material);
    let mut document = Document::default();
    document.heading(1, &title.map_or_else(|| title_of(&sources), str::to_owned));
    let budget = (wishes.length(length_words) as usize)
        .saturating_sub(FRAME_WORDS)
        .max(SECTION_WORDS / 2);
    if sources.is_empty() {
        from_running_text(&mut document, &running_text(material), budget);
        return document.render(format);
    }
    let sections = (budget / SECTION_WORDS).clamp(1, sources.len());
    document.text(introduction(&sources, sections));
    // Sections share the words; what a short source leaves over goes to those after it.
    let mut left = budget;
    for (index, source) in sources.iter().take(sections).enumerate() {
        let share = left / (sections - index);
        document.heading(2, source.name());
        let quoted = quote(source, share);
        left -= words(&quoted).min(left);
        document.text(quoted);
    }
    document.heading(2, "Sources");
    let listed = sources.iter().map(|source| {
        let name = source.name();
        let mut line = vec![if wishes.no_links {
            Span::plain(name)
        } else {
            Span::link(name, &source.url)
        }];
        if let Some(day) = source
            .published
            .as_deref()
            .and_then(|published| published.get(..10))
        {
            line.push(Span::plain(format!(", {day}")));
        }
        line
    });
    document.numbers(listed.collect());
    document.render(format)
}

fn title_of(sources: &[Source]) -> String {
    let words = keywords(sources.iter().map(|source| source.title.as_str()), 3);
    if words.is_empty() {
        "Report".to_owned()
    } else {
        format!("Report: {}", words.join(", "))
    }
}

fn introduction(sources: &[Source], sections: usize) -> String {
    let count = match sources.len() {
        1 => "one source".to_owned(),
        count => format!("{count} sources"),
    };
    let when = match span(sources) {
        Some((first, last)) if first == last => format!(" of {first}"),
        Some((first, last)) => format!(" published between {first} and {last}"),
        None => String::new(),
    };
    let which = if sections < sources.len() {
        format!(" The {sections} ranked highest are quoted.")
    } else {
        String::new()
    };
    format!("This report rests on {count}{when}.{which}")
}

/// The first sentences of a source within `budget` words, at least one.
fn quote(source: &Source, budget: usize) -> String {
    let mut quoted: Vec<String> = Vec::new();
    let mut used = 0;
    for sentence in source.sentences() {
        let length = words(&sentence);
        if !quoted.is_empty() && used + length > budget {
            break;
        }
        used += length;
        quoted.push(sentence);
    }
    quoted.join(" ")
}

fn from_running_text(document: &mut Document, text: &str, budget: usize) {
    let mut used = 0;
    let kept: Vec<String> = sentences(text)
        .into_iter()
        .take_while(|sentence| {
            used += words(sentence);
            used <= budget
        })
        .collect();
    if kept.is_empty() {
        document.text("The steps before this one found nothing to report on.");
    }
    for paragraph in kept.chunks(4) {
        document.text(paragraph.join(" "));
    }
}
