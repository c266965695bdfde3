//! The earliest `due_at` in the table: the moment the sweeper will next have something to do.
//!
//! Asked of the embedded database in the process itself, not over its endpoint: a question the host
//! asks for its own sake must not appear in the bill, nor be hit by the faults.

use dynoxide::Database;
use dynoxide::actions::query::QueryRequest;
use dynoxide::types::AttributeValue;
use jiff::Timestamp;

/// The index and the shape of its keys, as the template declares them and the functions fill them.
const INDEX: &str = "due";
const SHARDS: u8 = 8;

/// Why the index could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DueError {
    #[error("the query was refused: {0}")]
    Query(String),
    #[error("an item of shard {shard} has no readable due_at")]
    Inconsistent { shard: String },
    #[error("the query was interrupted")]
    Interrupted,
}

/// The sparse index of what is due.
#[derive(Clone)]
pub(crate) struct DueIndex {
    database: Database,
    table: String,
}

impl DueIndex {
    /// `table` is the physical name.
    pub(crate) fn new(database: Database, table: String) -> Self {
        Self { database, table }
    }

    /// The earliest `due_at` of all items, past ones included.
    pub(crate) async fn earliest(&self) -> Result<Option<Timestamp>, DueError> {
        let index = self.clone();
        // The database is synchronous and may be in the middle of a write.
        tokio::task::spawn_blocking(move || {
            let firsts = (0..SHARDS).map(|shard| index.first_of(format!("DUE#{shard}")));
            firsts.filter_map(Result::transpose).try_fold(
                None,
                |earliest: Option<Timestamp>, first| {
                    let first = first?;
                    Ok(Some(earliest.map_or(first, |earliest| earliest.min(first))))
                },
            )
        })
        .await
        .map_err(|_| DueError::Interrupted)?
    }

    fn first_of(&self, shard: String) -> Result<Option<Timestamp>, DueError> {
        let request = QueryRequest {
            table_name: self.table.clone(),
            index_name: Some(INDEX.to_owned()),
            key_condition_expression: Some("due_shard = :shard".to_owned()),
            expression_attribute_values: Some(
                [(":shard".to_owned(), AttributeValue::S(shard.clone()))].into(),
            ),
            scan_index_forward: true,
            limit: Some(1),
            ..QueryRequest::default()
        };
        let response = self
            .database
            .query(request)
            .map_err(|error| DueError::Query(error.to_string()))?;
        let Some(item) = response.items.unwrap_or_default().into_iter().next() else {
            return Ok(None);
        };
        match item.get("due_at") {
            Some(AttributeValue::N(number)) => {
                let instant = number
                    .parse()
                    .ok()
                    .and_then(|number| Timestamp::from_millisecond(number).ok());
                instant.map(Some).ok_or(DueError::Inconsistent { shard })
            }
            _ => Err(DueError::Inconsistent { shard }),
        }
    }
}
