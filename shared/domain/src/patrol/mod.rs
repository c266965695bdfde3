//! A patrol: a run whose results are compared with those of the last complete run before it.
//!
//! Three steps, each a plain function: [`compare`] turns what was seen ([`Observation`]) and what is
//! remembered ([`Baseline`]) into [`ResultChanges`] and the next baseline; somebody judges the new items'
//! [`Classification`]; [`decide`] says whether anything is sent, and why not.
//!
//! The set algebra holds on every run: new + retained are the results now, dropped + retained those before.
//! What could not be seen counts as it last was, so that it is neither dropped nor new when it comes back.
//! The one exception is a session: what its memory holds is not new, although this patrol never saw it.

mod baseline;
mod change;
mod decision;
mod observation;

pub use baseline::{Baseline, Entry, Page, Seen};
pub use change::{ChangeKind, Changed};
pub use decision::{Decision, Outcome as DecisionWord, Reason, decide};
pub use observation::{Completeness, Content, Observation, Reading, Unreadable};

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{ExecutionId, SessionId};
use crate::results::Found;
use crate::url_identity;
use crate::words::words;
use change::Outcome;

/// How many runs in a row a page must answer 404 or 410 to be dropped.
const TIMES_GONE: u32 = 2;

words! {
    /// What a new item is to the watcher's intent.
    Classification { New = "NEW", Context = "CONTEXT", Update = "UPDATE", Irrelevant = "IRRELEVANT" }
}

/// A result that was not there in the last complete run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewResult {
    pub url: String,
    pub title: String,
    pub snippet: String,
    pub published_date: Option<String>,
    pub first_seen: Timestamp,
    /// Seen in some run before the last one; alone it causes no signal.
    pub returned: bool,
    /// `NEW` until judged otherwise: what cannot be judged is delivered.
    pub classification: Classification,
}

/// What changed between two runs (contract, section 5).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResultChanges {
    pub net_new_count: usize,
    pub dropped_count: usize,
    pub retained_count: usize,
    /// Of the retained, those listed in `changed`.
    pub changed_count: usize,
    /// Of the new, those that had been seen before.
    pub returned_count: usize,
    /// (new + dropped) / results of both runs × 100; 0 when there are none.
    pub change_rate: f64,
    /// In the order they were found.
    pub net_new_urls: Vec<NewResult>,
    pub dropped_urls: Vec<String>,
    pub changed: Vec<Changed>,
    pub previous_execution_id: Option<ExecutionId>,
}

/// The run that is compared.
#[derive(Clone, Copy)]
pub struct Patrol<'a> {
    pub execution_id: &'a ExecutionId,
    /// Fingerprint of everything that decides what is watched (steps, not schedule or delivery).
    pub definition: &'a str,
    pub now: Timestamp,
    /// The session whose memory it shares.
    pub session: Option<&'a SessionId>,
    /// Whether the session's memory holds a URL identity; without a session, nothing.
    pub session_holds: &'a dyn Fn(&str) -> bool,
}

words! {
    /// What a run was compared with.
    Basis {
        Previous = "previous",
        /// Nothing: it is the first.
        First = "first",
        /// Nothing: what is watched was edited.
        DefinitionChanged = "definition_changed",
    }
}

/// The comparison of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    pub completeness: Completeness,
    pub basis: Basis,
    /// Absent when nothing is watched or nothing could be seen.
    pub changes: Option<ResultChanges>,
    /// The next baseline; only complete runs make one.
    pub baseline: Option<Baseline>,
}

/// The key by which a result is the same: its URL identity, or for what is no URL its very text.
#[must_use]
pub fn identity(url: &str) -> String {
    url_identity::parse_identity(url).unwrap_or_else(|| url.trim().to_owned())
}

/// Compares what a run saw with the last complete run.
#[must_use]
pub fn compare(
    previous: Option<&Baseline>,
    observed: &Observation,
    patrol: Patrol<'_>,
) -> Comparison {
    let completeness = observed.completeness();
    let basis = match previous {
        None => Basis::First,
        Some(baseline) if baseline.definition != patrol.definition => Basis::DefinitionChanged,
        Some(_) => Basis::Previous,
    };
    if matches!(
        completeness,
        Completeness::NothingWatched | Completeness::SourceUnavailable
    ) {
        return Comparison {
            completeness,
            basis,
            changes: None,
            baseline: None,
        };
    }
    let previous = previous.filter(|_| basis == Basis::Previous);
    let view = View::of(observed, previous, patrol.now);
    let kept = kept_unseen(previous, observed, &view, completeness);
    let (changes, entries) = view.compared(previous, kept, patrol);
    let mut seen = previous
        .map(|baseline| baseline.seen.clone())
        .unwrap_or_default();
    entries
        .iter()
        .for_each(|(identity, entry)| seen.remember(identity, entry.first_seen));
    let baseline = Baseline {
        execution_id: patrol.execution_id.clone(),
        definition: patrol.definition.to_owned(),
        entries,
        seen,
        session: patrol.session.cloned(),
    };
    let baseline = completeness.is_complete().then(|| baseline.bounded());
    Comparison {
        completeness,
        basis,
        changes: Some(changes),
        baseline,
    }
}

/// The URLs whose page, as first read, differs from the baseline: those to read again where changes must be
/// confirmed.
#[must_use]
pub fn to_confirm(
    previous: Option<&Baseline>,
    observed: &Observation,
    patrol: Patrol<'_>,
) -> Vec<String> {
    let Some(previous) = previous.filter(|baseline| baseline.definition == patrol.definition)
    else {
        return Vec::new();
    };
    let view = View::of(observed, Some(previous), patrol.now);
    let suspect = |(identity, entry): &(String, Entry)| {
        let before = previous.entries.get(identity)?;
        let read = view.readings.contains_key(identity);
        (read && matches!(change::outcome(before, entry, &[]), Outcome::Changed(_)))
            .then(|| entry.url.clone())
    };
    view.entries.iter().filter_map(suspect).collect()
}

impl ResultChanges {
    /// Compares the states after two complete runs, whichever came between them.
    #[must_use]
    pub fn between(before: &Baseline, after: &Baseline) -> Self {
        let view = View {
            entries: after.entries.clone().into_iter().collect(),
            readings: HashMap::new(),
        };
        let patrol = Patrol {
            execution_id: &after.execution_id,
            definition: &after.definition,
            now: Timestamp::UNIX_EPOCH,
            session: None,
            session_holds: &|_| false,
        };
        view.compared(Some(before), BTreeMap::new(), patrol).0
    }
}

/// The results of a run as entries, each once, in the order they were found.
struct View<'a> {
    entries: Vec<(String, Entry)>,
    /// The confirming readings of the pages that were read, by identity.
    readings: HashMap<String, &'a [Reading]>,
}

impl<'a> View<'a> {
    /// The union of what was found; a page that could not be read has its last known content.
    fn of(observed: &'a Observation, previous: Option<&Baseline>, now: Timestamp) -> Self {
        let contents: HashMap<String, &Content> = observed
            .contents
            .iter()
            .map(|content| (identity(&content.url), content))
            .collect();
        let readings = contents
            .iter()
            .map(|(identity, content)| (identity.clone(), content.again.as_slice()))
            .collect();
        let mut entries: Vec<(String, Entry)> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        for found in &observed.found {
            let identity = identity(&found.url);
            if let Some((_, entry)) = places
                .get(&identity)
                .and_then(|place| entries.get_mut(*place))
            {
                complete(entry, found);
                continue;
            }
            let before = previous.and_then(|baseline| baseline.entries.get(&identity));
            let page = match contents.get(&identity) {
                Some(content) => Some(Page::new(&content.final_url, &content.text)),
                None => before.and_then(|before| before.page.clone()),
            };
            let first_seen = before.map(|before| before.first_seen);
            let first_seen = first_seen
                .or_else(|| previous.and_then(|baseline| baseline.seen.first(&identity)))
                .unwrap_or(now);
            places.insert(identity.clone(), entries.len());
            entries.push((
                identity,
                Entry {
                    url: found.url.clone(),
                    title: found.title.clone(),
                    snippet: found.snippet.clone(),
                    published_date: found.published_date.clone(),
                    first_seen,
                    page,
                    extracted: found
                        .extracted
                        .clone()
                        .filter(|extracted| !extracted.is_null()),
                    times_gone: 0,
                },
            ));
        }
        for (identity, entry) in &mut entries {
            // Nothing extracted this time: as it last was.
            if entry.extracted.is_none() {
                entry.extracted = previous
                    .and_then(|baseline| baseline.entries.get(identity))
                    .and_then(|before| before.extracted.clone());
            }
        }
        Self { entries, readings }
    }

    /// The changes, and the entries of the next baseline; `kept` are entries of the last one that count
    /// as still there.
    fn compared(
        self,
        previous: Option<&Baseline>,
        kept: BTreeMap<String, Entry>,
        patrol: Patrol<'_>,
    ) -> (ResultChanges, BTreeMap<String, Entry>) {
        let before = previous.map(|baseline| &baseline.entries);
        let mut net_new_urls = Vec::new();
        let mut changed = Vec::new();
        let mut retained_count = kept.len();
        let mut entries = kept;
        for (identity, mut entry) in self.entries {
            if let Some(was) = before.and_then(|before| before.get(&identity)) {
                retained_count += 1;
                let again = self.readings.get(&identity).copied().unwrap_or_default();
                match change::outcome(was, &entry, again) {
                    Outcome::Same => {}
                    Outcome::Changed(change) => changed.push(change),
                    Outcome::Unconfirmed => {
                        entry.page.clone_from(&was.page);
                        entry.extracted.clone_from(&was.extracted);
                    }
                }
            } else if !(patrol.session_holds)(&identity) {
                net_new_urls.push(NewResult {
                    url: entry.url.clone(),
                    title: entry.title.clone(),
                    snippet: entry.snippet.clone(),
                    published_date: entry.published_date.clone(),
                    first_seen: entry.first_seen,
                    returned: previous
                        .is_some_and(|baseline| baseline.seen.first(&identity).is_some()),
                    classification: Classification::New,
                });
            }
            entries.insert(identity, entry);
        }
        let gone = |(identity, _): &(&String, &Entry)| !entries.contains_key(*identity);
        let dropped_urls: Vec<String> = before
            .into_iter()
            .flatten()
            .filter(gone)
            .map(|(_, entry)| entry.url.clone())
            .collect();
        let total = entries.len() + dropped_urls.len();
        let changes = ResultChanges {
            net_new_count: net_new_urls.len(),
            dropped_count: dropped_urls.len(),
            retained_count,
            changed_count: changed.len(),
            returned_count: net_new_urls.iter().filter(|result| result.returned).count(),
            change_rate: percent(net_new_urls.len() + dropped_urls.len(), total),
            net_new_urls,
            dropped_urls,
            changed,
            previous_execution_id: previous.map(|baseline| baseline.execution_id.clone()),
        };
        (changes, entries)
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of results are far below 2^52"
)]
fn percent(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64 * 100.0
    }
}

/// Adds what a second finding of the same URL knows beyond the first.
fn complete(entry: &mut Entry, found: &Found) {
    if entry.title.is_empty() {
        entry.title.clone_from(&found.title);
    }
    if entry.snippet.is_empty() {
        entry.snippet.clone_from(&found.snippet);
    }
    if entry.published_date.is_none() {
        entry.published_date.clone_from(&found.published_date);
    }
    if entry.extracted.is_none() {
        entry.extracted = found
            .extracted
            .clone()
            .filter(|extracted| !extracted.is_null());
    }
}

/// Entries of the last baseline that were not found now and yet count as still there.
fn kept_unseen(
    previous: Option<&Baseline>,
    observed: &Observation,
    view: &View<'_>,
    completeness: Completeness,
) -> BTreeMap<String, Entry> {
    let Some(previous) = previous else {
        return BTreeMap::new();
    };
    let found: HashSet<&String> = view.entries.iter().map(|(identity, _)| identity).collect();
    let unreadable: HashMap<String, bool> = observed
        .unreadable
        .iter()
        .map(|page| (identity(&page.url), page.gone))
        .collect();
    // Links on a page that could not be read were not followed: what they lead to was not looked for.
    let hidden = observed.follows_links && unreadable.values().any(|gone| !gone);
    let mut kept = BTreeMap::new();
    for (identity, entry) in previous
        .entries
        .iter()
        .filter(|(identity, _)| !found.contains(identity))
    {
        let mut entry = entry.clone();
        entry.times_gone = match unreadable.get(identity) {
            Some(true) => entry.times_gone + 1,
            Some(false) => 0,
            None if !completeness.is_complete() || (hidden && entry.page.is_some()) => {
                entry.times_gone
            }
            None => continue,
        };
        if entry.times_gone < TIMES_GONE || !completeness.is_complete() {
            kept.insert(identity.clone(), entry);
        }
    }
    kept
}

#[cfg(test)]
mod tests;
