//! Promise 10: a URL is new at most once in a session, whatever runs at the same time.

use std::collections::BTreeSet;

use domain::ids::ExecutionId;
use domain::patrol::ResultChanges;
use domain::session::Session;
use engine::memory::{MemoryStore, at_once};
use engine::ports::{Commit, Store as _, Write};

use super::Oracle;
use crate::workflows::owner_id;

impl Oracle {
    /// A session was written with this commit.
    pub(super) fn remembered(&mut self, store: &MemoryStore, session: &Session, commit: &Commit) {
        let addition = commit.writes.iter().find_map(|write| match write {
            Write::GrowSession { addition, .. } => Some(addition),
            _ => None,
        });
        let added = addition.map_or(0, |addition| addition.count);
        let ends = addition.is_some_and(|addition| {
            commit.writes.iter().any(|write| {
                matches!(write, Write::AdvanceExecution { execution, .. } if execution.id == addition.execution && execution.status().is_terminal())
            })
        });
        if !ends {
            self.broken("a session was added to by no run that ended".to_owned());
        }
        let news = addition
            .and_then(|addition| at_once(store.output(&owner_id(), &addition.urls)).ok()?)
            .and_then(|document| document.as_array().map(Vec::len));
        if news.map(|news| news as u64) != Some(added) {
            self.broken(format!("{added} URLs were added, and {news:?} are listed"));
        }
        self.remembered += added;
        if session.url_count != self.remembered {
            self.broken(format!(
                "the session counts {} URLs, and {} were added",
                session.url_count, self.remembered
            ));
        }
    }

    /// A run's comparison was written: everything in it that is new must be new to the session as well.
    pub(super) fn concluded(
        &mut self,
        store: &MemoryStore,
        run: &ExecutionId,
        stored: &domain::execution::Output,
    ) {
        let document = at_once(store.output(&owner_id(), stored));
        let Some(document) = document.ok().flatten() else {
            self.broken(format!("the conclusion of {run} is not there"));
            return;
        };
        if document["complete"] != true {
            return;
        }
        let changes = serde_json::from_value(document["result_changes"].clone());
        let changes: Option<ResultChanges> = changes.ok().flatten();
        let news = changes.into_iter().flat_map(|changes| changes.net_new_urls);
        let again: BTreeSet<String> = news
            .map(|new| new.url)
            .filter(|url| !self.news.insert(url.clone()))
            .collect();
        if !again.is_empty() {
            self.broken(format!("{run} tells of {again:?}, which were told before"));
        }
    }
}
