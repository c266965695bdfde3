//! What has expired is removed: the time to live of the table's items, and the lifecycle of the bucket.
//!
//! In AWS both take up to days, and readers look at the time themselves. Here it is done once an hour of the
//! system's time, and at the end of every jump of the clock, in the process itself: a removal is no request that would
//! be billed or hit by faults. The age of a blob counts from when this process has first seen it as it is, in the
//! system's time; a restart makes it younger.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use aws::BLOBS_OF_RUNS;
use dynoxide::Database;
use dynoxide::actions::delete_item::DeleteItemRequest;
use dynoxide::actions::scan::ScanRequest;
use dynoxide::types::AttributeValue;
use engine::retention::Retention;
use jiff::{SignedDuration, Timestamp};

/// The attribute of the time to live, as the template declares it.
const ATTRIBUTE: &str = "expires_at";

/// How often what has expired is looked for.
pub(crate) const EVERY: SignedDuration = SignedDuration::from_hours(1);

/// Why the table could not be swept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExpiryError {
    #[error("the table could not be swept: {0}")]
    Table(String),
    #[error("the sweep was interrupted")]
    Interrupted,
}

/// A file as it was first seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    modified: SystemTime,
    at: Timestamp,
}

/// The table and the folder of blobs.
#[derive(Clone)]
pub(crate) struct Expiry {
    database: Database,
    table: String,
    blobs: PathBuf,
    blob_days: i64,
    seen: Arc<Mutex<BTreeMap<PathBuf, Seen>>>,
    last: Arc<Mutex<Option<Timestamp>>>,
}

impl Expiry {
    /// `table` is the physical name, `days` the lifecycle's.
    pub(crate) fn new(database: Database, table: String, blobs: &Path, days: i64) -> Self {
        Self {
            database,
            table,
            blobs: blobs.join(BLOBS_OF_RUNS),
            blob_days: days,
            seen: Arc::default(),
            last: Arc::default(),
        }
    }

    /// Removes what has expired, when it was not looked for within the hour.
    pub(crate) async fn hourly(&self, now: Timestamp) -> Result<(), ExpiryError> {
        {
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            // The table was swept when it was opened.
            if now.duration_since(*last.get_or_insert(now)) < EVERY {
                return Ok(());
            }
        }
        self.sweep(now).await
    }

    /// Removes what has expired by `now`.
    pub(crate) async fn sweep(&self, now: Timestamp) -> Result<(), ExpiryError> {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
        let expiry = self.clone();
        // The database is synchronous and may be in the middle of a write.
        tokio::task::spawn_blocking(move || {
            expiry.sweep_blobs(now);
            expiry.sweep_table(now)
        })
        .await
        .map_err(|_| ExpiryError::Interrupted)?
    }

    fn sweep_table(&self, now: Timestamp) -> Result<(), ExpiryError> {
        let mut start = None;
        loop {
            let scan = ScanRequest {
                table_name: self.table.clone(),
                filter_expression: Some("#at <= :now".to_owned()),
                expression_attribute_names: Some([("#at".to_owned(), ATTRIBUTE.to_owned())].into()),
                expression_attribute_values: Some(
                    [(
                        ":now".to_owned(),
                        AttributeValue::N(now.as_second().to_string()),
                    )]
                    .into(),
                ),
                exclusive_start_key: start,
                ..ScanRequest::default()
            };
            let found = self
                .database
                .scan(scan)
                .map_err(|error| ExpiryError::Table(error.to_string()))?;
            for item in found.items.unwrap_or_default() {
                let key = ["pk", "sk"]
                    .into_iter()
                    .filter_map(|name| Some((name.to_owned(), item.get(name)?.clone())));
                let delete = DeleteItemRequest {
                    table_name: self.table.clone(),
                    key: key.collect(),
                    ..DeleteItemRequest::default()
                };
                self.database
                    .delete_item(delete)
                    .map_err(|error| ExpiryError::Table(error.to_string()))?;
            }
            start = found.last_evaluated_key;
            if start.is_none() {
                return Ok(());
            }
        }
    }

    fn sweep_blobs(&self, now: Timestamp) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let mut still = BTreeMap::new();
        for (path, modified) in files(&self.blobs) {
            let known = seen.get(&path).filter(|seen| seen.modified == modified);
            let first = known.copied().unwrap_or(Seen { modified, at: now });
            let age = now.duration_since(first.at);
            if age >= SignedDuration::from_hours(24 * self.blob_days) {
                if let Err(error) = std::fs::remove_file(&path) {
                    tracing::warn!(%error, path = %path.display(), "an expired blob could not be removed");
                }
            } else {
                still.insert(path, first);
            }
        }
        *seen = still;
    }
}

/// The files of the owners' folders, each with the time of its last write. What cannot be read is no file.
fn files(root: &Path) -> Vec<(PathBuf, SystemTime)> {
    let entries = |folder: &Path| {
        let read = std::fs::read_dir(folder).into_iter().flatten();
        read.filter_map(Result::ok)
            .map(|entry| entry.path())
            .collect::<Vec<_>>()
    };
    let of_owners = entries(root).into_iter().flat_map(|owner| entries(&owner));
    of_owners
        .filter_map(|path| {
            let modified = path.metadata().ok()?.modified().ok()?;
            Some((path, modified))
        })
        .collect()
}

/// The days of the bucket's lifecycle for a retention, as the template's defaults have them.
pub(crate) fn blob_days(retention: Retention) -> i64 {
    i64::from(retention.days()) + i64::from(Retention::LONGEST_RUN_DAYS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blob_goes_when_it_is_old_and_one_that_is_written_again_later() {
        let folder = tempfile::tempdir().unwrap();
        let owner = folder.path().join("runs/own_1");
        std::fs::create_dir_all(&owner).unwrap();
        let (kept, gone) = (owner.join("kept"), owner.join("gone"));
        let database = Database::memory().unwrap();
        let expiry = Expiry::new(database, "none".to_owned(), folder.path(), 10);
        let day = |n: i64| {
            let begin: Timestamp = "2026-05-04T08:00:00Z".parse().unwrap();
            begin + SignedDuration::from_hours(24 * n)
        };
        for path in [&kept, &gone] {
            std::fs::write(path, "x").unwrap();
        }
        expiry.sweep_blobs(day(0));
        expiry.sweep_blobs(day(9));
        assert!(kept.exists() && gone.exists());
        let file = std::fs::File::options().write(true).open(&kept).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        expiry.sweep_blobs(day(9));
        expiry.sweep_blobs(day(10));
        assert!(kept.exists() && !gone.exists());
        expiry.sweep_blobs(day(19));
        assert!(!kept.exists());
    }
}
