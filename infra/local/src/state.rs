//! Where the local services keep what must survive `kill -9`: one SQLite file, one connection.
//!
//! Messages, mails, schedules, secrets and the offset of the clock share the file so that what must
//! happen together can: a schedule that fires moves its own next time and puts its message into the
//! queue in one transaction, and no crash can come between.
//!
//! The journal is a write-ahead log with `synchronous = NORMAL`: a killed process loses nothing it
//! acknowledged; only a power cut may lose the last moments, which a development machine can bear.
//! The file is held exclusively, so a second host on the same folder is told so at once instead of
//! delivering every message a second time.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};

/// The schema, one entry a version; entries are appended and never edited.
const MIGRATIONS: [&str; 2] = [
    "
    CREATE TABLE clock (
        only_row    INTEGER PRIMARY KEY CHECK (only_row = 1),
        offset_ms   INTEGER NOT NULL
    ) STRICT;
    INSERT INTO clock VALUES (1, 0);

    CREATE TABLE messages (
        id                INTEGER PRIMARY KEY AUTOINCREMENT,
        queue             TEXT NOT NULL,
        message_id        TEXT NOT NULL,
        body              TEXT NOT NULL,
        sent_at           INTEGER NOT NULL,
        visible_at        INTEGER NOT NULL,
        first_received_at INTEGER,
        receive_count     INTEGER NOT NULL DEFAULT 0,
        receipt           TEXT,
        source_queue      TEXT,
        doubled           INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX messages_by_visibility ON messages (queue, visible_at, id);
    CREATE INDEX messages_by_age ON messages (queue, sent_at);
    CREATE UNIQUE INDEX messages_by_receipt ON messages (receipt) WHERE receipt IS NOT NULL;

    CREATE TABLE mails (
        id          TEXT PRIMARY KEY,
        position    INTEGER NOT NULL UNIQUE,
        document    TEXT NOT NULL
    ) STRICT;

    CREATE TABLE schedules (
        group_name  TEXT NOT NULL,
        name        TEXT NOT NULL,
        definition  TEXT NOT NULL,
        created_at  INTEGER NOT NULL,
        modified_at INTEGER NOT NULL,
        fires_at    INTEGER,
        PRIMARY KEY (group_name, name)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX schedules_by_time ON schedules (fires_at) WHERE fires_at IS NOT NULL;

    CREATE TABLE schedule_tokens (
        token       TEXT PRIMARY KEY,
        request     TEXT NOT NULL,
        made_at     INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE secrets (
        name        TEXT PRIMARY KEY,
        value       TEXT NOT NULL,
        version_id  TEXT NOT NULL,
        created_at  INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
",
    "
    ALTER TABLE messages ADD COLUMN group_id TEXT;
    ALTER TABLE messages ADD COLUMN received_at INTEGER;
    CREATE INDEX messages_by_group ON messages (queue, group_id, visible_at, id);
    CREATE INDEX messages_in_flight ON messages (queue, visible_at, group_id, received_at) WHERE receipt IS NOT NULL;
",
];

/// How long opening waits for a host that is just being stopped to let go of the file.
const PATIENCE: Duration = Duration::from_secs(2);

/// Why the state could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StateError {
    /// Another process holds the file.
    #[error("the data folder is in use by another local host")]
    InUse,
    /// The file was written by a later version of this program.
    #[error("the state has version {found}, this program knows up to {known}")]
    TooNew {
        /// The version found in the file.
        found: usize,
        /// The newest version this program knows.
        known: usize,
    },
    /// A row holds something this program never writes.
    #[error("inconsistent stored {what} `{id}`")]
    Inconsistent {
        /// The kind of row.
        what: &'static str,
        /// Its key.
        id: String,
    },
    /// The disk is full, the file is damaged, …
    #[error("the state could not be read or written")]
    Storage(#[source] rusqlite::Error),
}

impl From<rusqlite::Error> for StateError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::InUse,
            _ => Self::Storage(error),
        }
    }
}

/// The durable state of the local services.
pub(crate) struct State {
    connection: Mutex<Connection>,
}

impl State {
    /// Opens or creates the file at `path`; `None` keeps everything in memory.
    ///
    /// # Errors
    /// `InUse` when another process holds the file, `TooNew` when a later version wrote it.
    pub(crate) fn open(path: Option<&Path>) -> Result<Arc<Self>, StateError> {
        let mut connection = match path {
            Some(path) => Connection::open(path)?,
            None => Connection::open_in_memory()?,
        };
        connection.busy_timeout(PATIENCE)?;
        connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.set_prepared_statement_cache_capacity(64);
        migrate(&mut connection)?;
        #[cfg(unix)]
        if let Some(path) = path {
            keep_private(path);
        }
        Ok(Arc::new(Self {
            connection: Mutex::new(connection),
        }))
    }

    /// Runs `look` on the connection.
    ///
    /// # Errors
    /// Whatever `look` returns.
    pub(crate) fn read<T, E>(
        &self,
        look: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        look(&self.connection())
    }

    /// Runs `change` in a transaction, which is committed when it returns `Ok` and forgotten otherwise.
    ///
    /// # Errors
    /// Whatever `change` returns, or that the transaction could not be committed.
    pub(crate) fn write<T, E: From<StateError>>(
        &self,
        change: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut connection = self.connection();
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(StateError::from)?;
        let value = change(&transaction)?;
        transaction.commit().map_err(StateError::from)?;
        Ok(value)
    }

    /// A panic in the middle of a transaction rolled it back when it unwound, so the connection
    /// behind a poisoned lock is sound.
    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn migrate(connection: &mut Connection) -> Result<(), StateError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    let found: usize = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found > MIGRATIONS.len() {
        return Err(StateError::TooNew {
            found,
            known: MIGRATIONS.len(),
        });
    }
    for migration in &MIGRATIONS[found..] {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "user_version", MIGRATIONS.len())?;
    transaction.commit()?;
    Ok(())
}

/// The file holds secrets and mails: nobody else on the machine needs to read it.
#[cfg(unix)]
fn keep_private(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    if let Err(error) = std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)) {
        tracing::warn!(%error, "could not make the state file private");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offset(state: &State) -> i64 {
        state
            .read(|c| c.query_row("SELECT offset_ms FROM clock", [], |row| row.get(0)))
            .unwrap()
    }

    #[test]
    fn what_was_written_is_there_after_reopening() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.sqlite");
        let state = State::open(Some(&path)).unwrap();
        state
            .write(|t| {
                t.execute("UPDATE clock SET offset_ms = 7", [])
                    .map_err(StateError::from)
            })
            .unwrap();
        drop(state);
        assert_eq!(offset(&State::open(Some(&path)).unwrap()), 7);
    }

    #[test]
    fn a_refused_change_leaves_no_trace() {
        let state = State::open(None).unwrap();
        let refused: Result<(), StateError> = state.write(|t| {
            t.execute("UPDATE clock SET offset_ms = 7", [])?;
            Err(StateError::InUse)
        });
        assert!(refused.is_err());
        assert_eq!(offset(&state), 0);
    }

    #[test]
    fn a_second_host_on_the_same_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.sqlite");
        let _first = State::open(Some(&path)).unwrap();
        assert!(matches!(State::open(Some(&path)), Err(StateError::InUse)));
    }

    #[test]
    fn a_file_from_a_later_version_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.sqlite");
        drop(State::open(Some(&path)).unwrap());
        Connection::open(&path)
            .unwrap()
            .pragma_update(None, "user_version", 99)
            .unwrap();
        assert!(matches!(
            State::open(Some(&path)),
            Err(StateError::TooNew { found: 99, .. })
        ));
    }
}
