//! The real adapter, on the embedded DynamoDB.

use std::collections::HashMap;
use std::sync::Arc;

use aws::Wiring;
use engine::ports::Store;
use tokio::net::TcpListener;

/// The adapter on a table of its own.
pub(super) struct Bench {
    pub(super) store: Arc<dyn Store>,
    pub(super) wiring: Wiring,
    _folder: tempfile::TempDir,
}

pub(super) async fn bench() -> Bench {
    let topology = nightdesk::topology::Topology::bundled().unwrap();
    let [table] = topology.tables.as_slice() else {
        panic!("there is one table")
    };
    let database = dynoxide::Database::memory().unwrap();
    database
        .create_table(serde_json::from_value(table.create.clone()).unwrap())
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(dynoxide::server::serve_on(listener, database));
    let folder = tempfile::tempdir().unwrap();
    let name = table.create["TableName"].as_str().unwrap().to_owned();
    let blobs = url::Url::from_directory_path(folder.path())
        .unwrap()
        .to_string();
    let queue = "http://127.0.0.1:9/none".to_owned();
    let variables: HashMap<String, String> = [
        ("AWS_REGION", "us-east-1".to_owned()),
        ("AWS_ACCESS_KEY_ID", "local".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
        ("AWS_ENDPOINT_URL_DYNAMODB", url),
        ("NIGHTDESK_TABLE", name),
        ("NIGHTDESK_CLOCK", "runtime-header".to_owned()),
        ("NIGHTDESK_BLOBS", blobs),
        ("NIGHTDESK_STEP_QUEUE_URL", queue.clone()),
        ("NIGHTDESK_CRAWL_QUEUE_URL", queue.clone()),
        ("NIGHTDESK_START_QUEUE_URL", queue.clone()),
        ("NIGHTDESK_PLAN_QUEUE_URL", queue.clone()),
        ("NIGHTDESK_JUDGE_QUEUE_URL", queue.clone()),
        ("NIGHTDESK_NOTICE_QUEUE_URL", queue.clone()),
        ("NIGHTDESK_DEAD_LETTER_QUEUE_URL", queue),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    let wiring = Wiring::new(variables).unwrap();
    // What the cases make is of that day, and would have expired since.
    wiring.clock().move_to(super::now());
    Bench {
        store: wiring.engine().store,
        wiring,
        _folder: folder,
    }
}
