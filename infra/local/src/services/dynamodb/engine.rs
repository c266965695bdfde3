//! The embedded emulator: opening the file, making the tables, serving on a thread of its own.
//!
//! Its statements run to the end on the thread that received them, so it gets one to itself: on the
//! host's runtime a long query would hold up everything else.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use dynoxide::actions::create_table::CreateTableRequest;
use dynoxide::actions::describe_table::DescribeTableRequest;
use dynoxide::actions::describe_time_to_live::DescribeTimeToLiveRequest;
use dynoxide::actions::update_time_to_live::{TimeToLiveSpecification, UpdateTimeToLiveRequest};
use dynoxide::{Database, DynoxideError};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::{DynamoDbError, TableSettings};

/// The running engine. Dropping it lets the requests at work finish and stops the thread.
pub(super) struct Engine {
    address: SocketAddr,
    database: Database,
    _stop: oneshot::Sender<()>,
}

impl Engine {
    pub(super) fn start(
        path: Option<&Path>,
        tables: &[TableSettings],
    ) -> Result<Self, DynamoDbError> {
        let database = match path {
            Some(path) => Database::new(&path.to_string_lossy())?,
            None => Database::memory()?,
        };
        for table in tables {
            provide(&database, table)?;
        }
        // By the machine's clock, which is never ahead of the system's: what goes is expired in both.
        let swept = database.sweep_ttl()?;
        tracing::debug!(swept, "expired items were dropped");

        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (stop, stopped) = oneshot::channel();
        let served = database.clone();
        std::thread::Builder::new()
            .name("dynamodb".into())
            .spawn(move || {
                runtime.block_on(async move {
                    let serving = async {
                        let listener = tokio::net::TcpListener::from_std(listener)
                            .map_err(|error| error.to_string())?;
                        // Resolves when the sender is dropped, too.
                        let stopped = async {
                            let _ = stopped.await;
                        };
                        dynoxide::server::serve_with_shutdown(listener, served, stopped).await
                    };
                    if let Err(error) = serving.await {
                        tracing::error!(error, "the database stopped");
                    }
                });
            })?;
        Ok(Self {
            address,
            database,
            _stop: stop,
        })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn database(&self) -> &Database {
        &self.database
    }
}

/// Creates the table, or holds an existing one against the template.
fn provide(database: &Database, table: &TableSettings) -> Result<(), DynamoDbError> {
    let request = || {
        serde_json::from_value::<CreateTableRequest>(table.create.clone())
            .map_err(DynamoDbError::NotATable)
    };
    let name = request()?.table_name;
    match database.describe_table(DescribeTableRequest {
        table_name: name.clone(),
    }) {
        Ok(found) => {
            let found = serde_json::to_value(found.table).map_err(DynamoDbError::NotATable)?;
            if shape(&found) != shape(&table.create) {
                return Err(DynamoDbError::OtherTable(name));
            }
        }
        Err(DynoxideError::ResourceNotFoundException(_)) => {
            database.create_table(request()?)?;
        }
        Err(error) => return Err(error.into()),
    }
    if let Some(attribute_name) = table.ttl_attribute.clone() {
        let known = database.describe_time_to_live(DescribeTimeToLiveRequest {
            table_name: name.clone(),
        })?;
        // Asking for what is already so is an error in DynamoDB.
        if known.time_to_live_description.attribute_name.as_ref() != Some(&attribute_name) {
            database.update_time_to_live(UpdateTimeToLiveRequest {
                table_name: name,
                time_to_live_specification: TimeToLiveSpecification {
                    attribute_name,
                    enabled: true,
                },
            })?;
        }
    }
    Ok(())
}

/// What makes two tables the same: the keys, and the indexes with theirs and what they hold.
fn shape(table: &Value) -> Value {
    let indexes = |kind: &str| {
        let mut indexes: Vec<Value> = table[kind]
            .as_array()
            .into_iter()
            .flatten()
            .map(|index| {
                let projection = &index["Projection"];
                json!([
                    index["IndexName"],
                    index["KeySchema"],
                    projection["ProjectionType"],
                    projection["NonKeyAttributes"]
                ])
            })
            .collect();
        indexes.sort_by_key(|index| index[0].to_string());
        indexes
    };
    json!([
        table["KeySchema"],
        indexes("GlobalSecondaryIndexes"),
        indexes("LocalSecondaryIndexes")
    ])
}
