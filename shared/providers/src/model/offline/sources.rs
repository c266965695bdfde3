//! The sources in the material, each once, with the best text there is of it.

use std::collections::HashMap;

use domain::url_identity::parse_identity;
use engine::ports::model::Material;

use super::text::sentences;

/// One source, merged over all outputs that hold it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Source {
    pub(super) url: String,
    pub(super) title: String,
    pub(super) published: Option<String>,
    snippet: String,
    text: String,
}

impl Source {
    /// Its sentences, in order: of its text, else of its snippet.
    pub(super) fn sentences(&self) -> Vec<String> {
        let mut found = sentences(&self.text);
        found.retain(|sentence| sentence.trim_end_matches('.') != self.title);
        if found.is_empty() {
            found = sentences(&self.snippet);
        }
        if found.is_empty() && !self.snippet.trim().is_empty() {
            found.push(self.snippet.trim().to_owned());
        }
        found
    }

    /// The one sentence to quote when there is room for one.
    pub(super) fn lead(&self) -> String {
        self.sentences().into_iter().next().unwrap_or_default()
    }

    /// The title, or the address where there is none.
    pub(super) fn name(&self) -> &str {
        if self.title.is_empty() {
            &self.url
        } else {
            &self.title
        }
    }
}

/// All sources in the order they are first named; what an earlier output lacks, later ones fill in.
pub(super) fn sources(material: &[Material]) -> Vec<Source> {
    let mut found: Vec<Source> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for item in material.iter().flat_map(|material| &material.items) {
        let key =
            parse_identity(&item.url).unwrap_or_else(|| format!("{}\n{}", item.url, item.title));
        let index = *known.entry(key).or_insert_with(|| {
            found.push(Source {
                url: item.url.clone(),
                ..Source::default()
            });
            found.len() - 1
        });
        let Some(source) = found.get_mut(index) else {
            continue;
        };
        fill(&mut source.title, &item.title);
        fill(&mut source.snippet, &item.snippet);
        if item.text.len() > source.text.len() {
            source.text.clone_from(&item.text);
        }
        if source.published.is_none() {
            source.published.clone_from(&item.published);
        }
    }
    found.retain(|source| !source.name().is_empty());
    found
}

fn fill(field: &mut String, value: &str) {
    if field.is_empty() {
        *field = value.split_whitespace().collect::<Vec<_>>().join(" ");
    }
}

/// Running text of the material: earlier reports, summaries, answers.
pub(super) fn running_text(material: &[Material]) -> String {
    let texts: Vec<&str> = material
        .iter()
        .map(|material| material.text.trim())
        .filter(|text| !text.is_empty())
        .collect();
    texts.join("\n\n")
}

/// The days between which the sources were published, as `YYYY-MM-DD`.
pub(super) fn span(sources: &[Source]) -> Option<(String, String)> {
    let mut days: Vec<&str> = sources
        .iter()
        .filter_map(|source| source.published.as_deref()?.get(..10))
        .collect();
    days.sort_unstable();
    Some(((*days.first()?).to_owned(), (*days.last()?).to_owned()))
}
