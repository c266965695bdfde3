//! Whether a compared run says something, and the reason when it does not.
//!
//! No signal without a shown difference; every silence has a recorded reason.

use serde::{Deserialize, Serialize};

use super::{Basis, ChangeKind, Classification, Comparison, Completeness, NewResult};
use crate::words::words;

words! {
    /// What became of a run's changes.
    Outcome {
        Signalled = "signalled",
        Suppressed = "suppressed",
        Baseline = "baseline",
        Degraded = "degraded",
        None = "none",
    }
}

words! {
    /// Why.
    Reason {
        NewResults = "new_results",
        FieldChanged = "field_changed",
        ContentChanged = "content_changed",
        FirstRun = "first_run",
        DefinitionChanged = "definition_changed",
        SearchFailed = "search_failed",
        PagesUnreadable = "pages_unreadable",
        SourceUnavailable = "source_unavailable",
        NothingWatched = "nothing_watched",
        /// Nothing new and nothing changed; results may have been dropped.
        NoChange = "no_change",
        /// Only results that had been seen before came back.
        ReturnedOnly = "returned_only",
        /// Pages only moved to another address.
        MovedOnly = "moved_only",
        /// What is new was judged to be of one class that is not news, or of several.
        Irrelevant = "irrelevant",
        Context = "context",
        Update = "update",
        NotNews = "not_news",
    }
}

/// The decision about a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    pub decision: Outcome,
    pub reason: Reason,
}

impl Decision {
    /// Whether something is delivered: a signal, or the baseline of a workflow that wants it.
    #[must_use]
    pub fn sends(self, include_baseline: bool) -> bool {
        match self.decision {
            Outcome::Signalled => true,
            Outcome::Baseline => include_baseline,
            Outcome::Suppressed | Outcome::Degraded | Outcome::None => false,
        }
    }

    /// Whether a signal is recorded: also for what was held back, which a person may promote, and for a run that
    /// could not see. Where nothing is watched, or nothing changed, there is nothing to record.
    #[must_use]
    pub fn is_recorded(self) -> bool {
        self.decision != Outcome::None && self.reason != Reason::NoChange
    }
}

/// Decides about a compared run whose new results have been classified.
#[must_use]
pub fn decide(comparison: &Comparison) -> Decision {
    let made = |decision, reason| Decision { decision, reason };
    match comparison.completeness {
        Completeness::NothingWatched => return made(Outcome::None, Reason::NothingWatched),
        Completeness::SearchFailed => return made(Outcome::Degraded, Reason::SearchFailed),
        Completeness::PagesUnreadable => return made(Outcome::Degraded, Reason::PagesUnreadable),
        Completeness::SourceUnavailable => {
            return made(Outcome::Degraded, Reason::SourceUnavailable);
        }
        Completeness::Complete => {}
    }
    match comparison.basis {
        Basis::First => return made(Outcome::Baseline, Reason::FirstRun),
        Basis::DefinitionChanged => return made(Outcome::Baseline, Reason::DefinitionChanged),
        Basis::Previous => {}
    }
    let Some(changes) = &comparison.changes else {
        return made(Outcome::Suppressed, Reason::NoChange);
    };
    let changed = |kind| changes.changed.iter().any(|change| change.kind == kind);
    let first_time: Vec<&NewResult> = changes
        .net_new_urls
        .iter()
        .filter(|result| !result.returned)
        .collect();
    if first_time
        .iter()
        .any(|result| result.classification == Classification::New)
    {
        made(Outcome::Signalled, Reason::NewResults)
    } else if changed(ChangeKind::Field) {
        made(Outcome::Signalled, Reason::FieldChanged)
    } else if changed(ChangeKind::Content) {
        made(Outcome::Signalled, Reason::ContentChanged)
    } else if !first_time.is_empty() {
        made(Outcome::Suppressed, not_news(&first_time))
    } else if changes.returned_count > 0 {
        made(Outcome::Suppressed, Reason::ReturnedOnly)
    } else if changed(ChangeKind::Moved) {
        made(Outcome::Suppressed, Reason::MovedOnly)
    } else {
        made(Outcome::Suppressed, Reason::NoChange)
    }
}

/// The one class all of `results` have, none of which is `NEW`.
fn not_news(results: &[&NewResult]) -> Reason {
    let all = |class| results.iter().all(|result| result.classification == class);
    if all(Classification::Irrelevant) {
        Reason::Irrelevant
    } else if all(Classification::Context) {
        Reason::Context
    } else if all(Classification::Update) {
        Reason::Update
    } else {
        Reason::NotNews
    }
}
