//! Amazon DynamoDB: an embedded emulator with a meter and a source of faults in front of it.
//!
//! The emulator is the crate `dynoxide-rs`, on its own port and thread; [`engine`] starts it and makes
//! the table. The functions never see that port: [`proxy`] stands between, counts requests and units,
//! and makes the failures an emulator never has.

mod engine;
mod proxy;
mod size;
mod upstream;

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use self::engine::Engine;
use self::proxy::Proxy;
use super::wire::{Listener, listen};
use crate::faults::Faults;
use crate::usage::Usage;

/// A table of the topology.
#[derive(Debug, Clone)]
pub(crate) struct TableSettings {
    /// The body of a `CreateTable` request.
    pub(crate) create: Value,
    /// The attribute that holds an item's end of life, in seconds since 1970.
    pub(crate) ttl_attribute: Option<String>,
}

/// Why the database could not be started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DynamoDbError {
    /// The engine refused the file or the table.
    #[error("the database could not be opened")]
    Engine(#[from] dynoxide::DynoxideError),
    /// The topology's table is not a `CreateTable` request.
    #[error("the topology's table is not a CreateTable request: {0}")]
    NotATable(#[source] serde_json::Error),
    /// The table in the data folder was made from another template.
    #[error(
        "the table `{0}` in the data folder has other keys or indexes than the template; start with another data folder"
    )]
    OtherTable(String),
    /// No port or thread was to be had.
    #[error("the database could not be put behind a port")]
    Port(#[from] std::io::Error),
}

/// The running database. It stops when this is dropped.
pub(crate) struct DynamoDb {
    // Dropped in this order: first nobody asks any more, then the engine stops.
    front: Listener,
    engine: Engine,
}

impl DynamoDb {
    /// Opens the file at `path` (`None`: in memory), creates the tables that are absent, and serves.
    pub(crate) async fn start(
        path: Option<&Path>,
        tables: &[TableSettings],
        usage: Arc<Usage>,
        faults: Arc<Faults>,
    ) -> Result<Self, DynamoDbError> {
        let engine = Engine::start(path, tables)?;
        let front = listen(Arc::new(Proxy::new(engine.address(), usage, faults))).await?;
        Ok(Self { front, engine })
    }

    /// Where clients find it.
    pub(crate) fn url(&self) -> &str {
        self.front.url()
    }

    /// The engine itself, for what the host asks for its own sake: neither metered nor made to fail.
    pub(crate) fn database(&self) -> &dynoxide::Database {
        self.engine.database()
    }
}

#[cfg(test)]
mod tests;
