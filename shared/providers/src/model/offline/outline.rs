//! An outline as Markdown: `## heading` with `- point` lines under it.

use engine::ports::model::{Material, TextFormat};

use super::document::{Document, Span};
use super::sources::{running_text, sources};
use super::text::{clipped, sentences};
use super::wishes::Wishes;

/// Points under one heading.
const POINTS: u32 = 3;

pub(super) fn write(
    topic: Option<&str>,
    sections: u32,
    wishes: Wishes,
    material: &[Material],
) -> String {
    let wanted = sections as usize;
    let sources = sources(material);
    let mut parts: Vec<(String, Vec<String>)> = Vec::new();
    if sources.len() >= wanted {
        parts.extend(
            sources
                .iter()
                .take(wanted)
                .map(|source| (source.name().to_owned(), source.sentences())),
        );
    } else {
        // Fewer sources than sections: the longer ones are cut where their text goes on.
        let per_source = wanted.div_ceil(sources.len().max(1));
        for source in &sources {
            let sentences = source.sentences();
            let chunk = sentences.len().div_ceil(per_source).max(1);
            for (index, part) in sentences.chunks(chunk).enumerate() {
                parts.push(if index == 0 {
                    (source.name().to_owned(), part.to_vec())
                } else {
                    headed(part)
                });
            }
        }
        let rest = sentences(&running_text(material));
        if parts.len() < wanted && !rest.is_empty() {
            let chunk = rest.len().div_ceil(wanted - parts.len());
            parts.extend(rest.chunks(chunk).map(headed));
        }
        parts.truncate(wanted);
    }
    let mut document = Document::default();
    if parts.is_empty() {
        document.heading(2, topic.unwrap_or("Outline"));
        document.bullets(vec![vec![Span::plain(
            "The steps before this one found nothing to outline.",
        )]]);
    }
    for (heading, points) in &parts {
        document.heading(2, heading);
        let points: Vec<Vec<Span>> = points
            .iter()
            .take(wishes.length(POINTS) as usize)
            .map(|point| vec![Span::plain(clipped(point, 200))])
            .collect();
        if !points.is_empty() {
            document.bullets(points);
        }
    }
    document.render(TextFormat::Markdown)
}

/// A section without a title of its own: its first sentence is the heading.
fn headed(sentences: &[String]) -> (String, Vec<String>) {
    let heading = sentences.first().map_or_else(
        || "More".to_owned(),
        |first| clipped(first.trim_end_matches('.'), 70),
    );
    let points = if sentences.len() > 1 {
        sentences.get(1..)
    } else {
        sentences.get(..)
    };
    (heading, points.unwrap_or_default().to_vec())
}
