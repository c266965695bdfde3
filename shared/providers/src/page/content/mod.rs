//! The content of a page: what a reader came for, without what surrounds it on every page of the site.
//!
//! No single method finds it. Pages say where it is by elements and names, and those mislead; text
//! gathers where it is, and so it does in comments and terms of use; some pages are lists of records,
//! some put the text into data and leave the rest to script. So there is a ladder: candidates from the
//! surest sign to the weakest, each freed of what does not belong to it, and a check on what is left
//! that decides how far down to go. (The order of work — containers by name, pruning by name and link
//! density, comparison with a generic scoring — is that of Barbaresi, "Trafilatura", ACL 2021.)

mod density;
mod embedded;
mod frame;
mod furniture;
mod outline;
mod phrases;
mod prune;
mod render;
mod tag;
mod vocabulary;
mod words;

use std::sync::LazyLock;

use domain::json::Allowance;
use scraper::{Html, Selector};
use serde_json::Value;

use super::MOST_VALUES;
use super::html::selector;
use super::structured::embedded as state;
use super::tree;
use outline::{Cut, Outline, Place, Weights};
use prune::Strength;

/// A content shorter than this, in characters beside blanks, is doubted.
const ENOUGH: usize = 250;

/// A content shorter than this is none; names have misled.
const NOTHING: usize = 180;

/// How many times longer another candidate has to be to replace one that was found by a surer sign.
const MUCH_LONGER: usize = 2;

/// Reads the content of `document`, whose data for machines is `structured`.
pub(super) fn read(document: &Html, structured: &Value) -> String {
    let shown = shown(document);
    if shown.chars >= ENOUGH {
        return shown.text;
    }
    // Little is shown: what is meant to be may be in the data, or in what the page shows without script.
    let others: [&dyn Fn() -> String; 4] = [
        &|| embedded::of_data(structured),
        &|| without_script(document),
        &|| embedded::of_states(state::read(document).iter().map(|state| &state.data)),
        &|| embedded::of_states(&preloaded(document)),
    ];
    let more = others
        .into_iter()
        .map(|read| Found::of(read()))
        .find(|found| found.chars > ENOUGH.max(shown.chars * MUCH_LONGER));
    more.unwrap_or(shown).text
}

/// What a reader sees.
fn shown(document: &Html) -> Found {
    let outline = Outline::of(document);
    if outline.parts.is_empty() {
        return Found::default();
    }
    let mut best = Cutting::of(&outline, Strength::Strict).ladder();
    for (strength, doubted) in [
        (Strength::Discussion, ENOUGH),
        (Strength::Elements, NOTHING),
    ] {
        if best.chars < doubted {
            let other = Cutting::of(&outline, strength).ladder();
            if other.chars > best.chars * MUCH_LONGER {
                best = other;
            }
        }
    }
    best
}

/// What is shown to readers without script.
fn without_script(document: &Html) -> String {
    static NOSCRIPT: LazyLock<Selector> = LazyLock::new(|| selector("body noscript"));
    let inside: String = document
        .select(&NOSCRIPT)
        .flat_map(|element| element.text())
        .collect();
    if inside.len() < ENOUGH {
        return String::new();
    }
    tree::parse(&inside).map_or_else(|_| String::new(), |document| shown(&document).text)
}

/// The state Discourse, the most used forum system, keeps in an attribute: objects whose values are
/// texts in JSON themselves.
fn preloaded(document: &Html) -> Vec<Value> {
    static PRELOADED: LazyLock<Selector> = LazyLock::new(|| selector("[data-preloaded]"));
    let allowance = Allowance::new(MOST_VALUES);
    let objects = document
        .select(&PRELOADED)
        .filter_map(|element| allowance.read(element.attr("data-preloaded")?).ok());
    objects
        .filter_map(|object: Value| match object {
            Value::Object(fields) => Some(fields),
            _ => None,
        })
        .flatten()
        .filter_map(|(_, value)| allowance.read(value.as_str()?).ok())
        .collect()
}

/// All of a piece of mark-up as text.
fn whole(mark_up: &str) -> String {
    let Ok(document) = tree::parse_fragment(mark_up) else {
        return String::new();
    };
    let outline = Outline::of(&document);
    if outline.parts.is_empty() {
        return String::new();
    }
    render::text(&outline, &[0], &Cut::nothing(&outline))
}

/// A content that was found.
#[derive(Debug, Default)]
struct Found {
    text: String,
    /// Beside blanks.
    chars: usize,
}

impl Found {
    fn of(text: String) -> Self {
        let chars = text.chars().filter(|c| !c.is_whitespace()).count();
        Self { text, chars }
    }
}

/// An outline with what is left out of it.
struct Cutting<'a, 'b> {
    outline: &'b Outline<'a>,
    cut: Cut,
    weights: Weights,
}

impl<'a, 'b> Cutting<'a, 'b> {
    fn of(outline: &'b Outline<'a>, strength: Strength) -> Self {
        let cut = prune::cut(outline, strength);
        let weights = outline.weigh(&cut);
        Self {
            outline,
            cut,
            weights,
        }
    }

    fn size(&self, frame: &[Place]) -> usize {
        frame
            .iter()
            .map(|place| self.weights.of(*place).chars)
            .sum()
    }

    fn ladder(&self) -> Found {
        let frames = frame::signed(self.outline, &self.cut, &self.weights);
        let dense = density::dense(self.outline, &self.cut, &self.weights);
        let dense_size = self.size(&dense);
        let mut chosen = frames
            .iter()
            .find(|frame| self.size(frame) >= ENOUGH)
            .cloned()
            .unwrap_or_default();
        if dense_size > self.size(&chosen) * 2 {
            chosen = dense;
        }
        if self.size(&chosen) < ENOUGH {
            // A short notice in the part the page names is a content, unless there is much around it.
            let body = self.size(&[0]);
            chosen = frames
                .into_iter()
                .find(|frame| self.size(frame) * MUCH_LONGER > body)
                .unwrap_or_else(|| vec![0]);
        }
        if let Some(&first) = chosen.first().filter(|first| **first != 0) {
            let mut lead = frame::lead(self.outline, &self.cut, &self.weights, first);
            if self.size(&lead) * 3 < self.size(&chosen) {
                lead.append(&mut chosen);
                chosen = lead;
            }
        }
        let mut cut = self.cut.clone();
        furniture::cut(self.outline, &self.weights, &chosen, &mut cut);
        Found {
            chars: self.size(&chosen),
            text: render::text(self.outline, &chosen, &cut),
        }
    }
}

#[cfg(test)]
mod tests;
