//! The database as the real SDK sees it, through the proxy.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types as sdk;
use serde_json::json;

use super::*;
use crate::faults::FaultSettings;
use crate::services::testing::sdk_client;

fn table() -> TableSettings {
    let create = json!({
        "TableName": "desk",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            { "AttributeName": "pk", "AttributeType": "S" },
            { "AttributeName": "sk", "AttributeType": "S" },
            { "AttributeName": "due_shard", "AttributeType": "S" },
            { "AttributeName": "due_at", "AttributeType": "N" },
        ],
        "KeySchema": [{ "AttributeName": "pk", "KeyType": "HASH" }, { "AttributeName": "sk", "KeyType": "RANGE" }],
        "GlobalSecondaryIndexes": [{
            "IndexName": "due",
            "KeySchema": [
                { "AttributeName": "due_shard", "KeyType": "HASH" },
                { "AttributeName": "due_at", "KeyType": "RANGE" },
            ],
            "Projection": { "ProjectionType": "KEYS_ONLY" },
        }],
    });
    TableSettings {
        create,
        ttl_attribute: Some("expires_at".into()),
    }
}

struct Running {
    database: DynamoDb,
    usage: Arc<Usage>,
    faults: Arc<Faults>,
    client: Client,
}

async fn start(path: Option<&Path>) -> Running {
    let (usage, faults) = (Arc::new(Usage::default()), Arc::new(Faults::default()));
    let database = DynamoDb::start(path, &[table()], Arc::clone(&usage), Arc::clone(&faults))
        .await
        .unwrap();
    let client = sdk_client!(aws_sdk_dynamodb, database.url());
    Running {
        database,
        usage,
        faults,
        client,
    }
}

fn text(text: &str) -> sdk::AttributeValue {
    sdk::AttributeValue::S(text.into())
}

fn put(sk: &str) -> sdk::TransactWriteItem {
    let put = sdk::Put::builder()
        .table_name("desk")
        .item("pk", text("a"))
        .item("sk", text(sk));
    let put = put
        .condition_expression("attribute_not_exists(pk)")
        .build()
        .unwrap();
    sdk::TransactWriteItem::builder().put(put).build()
}

async fn get(
    client: &Client,
    sk: &str,
) -> Option<std::collections::HashMap<String, sdk::AttributeValue>> {
    let request = client
        .get_item()
        .table_name("desk")
        .consistent_read(true)
        .key("pk", text("a"))
        .key("sk", text(sk));
    let answer = request.send().await.unwrap();
    assert_eq!(answer.consumed_capacity, None, "nobody asked for it");
    answer.item
}

#[tokio::test]
async fn a_transaction_goes_through_and_is_metered() {
    let Running {
        database: _database,
        usage,
        client,
        ..
    } = start(None).await;
    let write = client
        .transact_write_items()
        .transact_items(put("1"))
        .transact_items(put("2"));
    write.clone().send().await.unwrap();
    assert!(get(&client, "2").await.is_some());
    let again = write.send().await.unwrap_err().into_service_error();
    let sdk_error = again.is_transaction_canceled_exception();
    assert!(sdk_error, "{again:?}");
    let asked = client
        .get_item()
        .table_name("desk")
        .key("pk", text("a"))
        .key("sk", text("1"));
    let asked = asked
        .return_consumed_capacity(sdk::ReturnConsumedCapacity::Total)
        .send()
        .await
        .unwrap();
    assert_eq!(
        asked.consumed_capacity.unwrap().capacity_units,
        Some(0.5),
        "who asks is told"
    );
    let seen = usage.snapshot()["dynamodb"].clone();
    assert_eq!(
        seen["operations"],
        json!({ "GetItem": 2, "TransactWriteItems": 2 })
    );
    assert_eq!(seen["rru"], 1.5);
    assert_eq!(seen["wru"], 4.0);
}

#[tokio::test]
async fn a_throttled_request_does_not_happen_and_an_unanswered_write_does() {
    let Running {
        database: _database,
        faults,
        client,
        ..
    } = start(None).await;
    let set = |settings| faults.set(settings).unwrap();
    for seed in 0..12 {
        set(FaultSettings {
            throttle: 1.0,
            seed,
            ..FaultSettings::default()
        });
        let refused = client
            .transact_write_items()
            .transact_items(put("1"))
            .send()
            .await
            .unwrap_err()
            .into_service_error();
        let known = refused.is_provisioned_throughput_exceeded_exception()
            || refused.is_throttling_exception()
            || refused.is_transaction_canceled_exception();
        assert!(known, "{refused:?}");
    }
    set(FaultSettings::default());
    assert!(get(&client, "1").await.is_none());
    for seed in 0..8 {
        set(FaultSettings {
            lost_acks: 1.0,
            seed,
            ..FaultSettings::default()
        });
        assert!(
            client
                .transact_write_items()
                .transact_items(put(&seed.to_string()))
                .send()
                .await
                .is_err()
        );
    }
    set(FaultSettings::default());
    for seed in 0..8 {
        assert!(get(&client, &seed.to_string()).await.is_some());
    }
}

#[tokio::test]
async fn items_survive_and_another_template_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dynamodb.sqlite");
    let running = start(Some(&path)).await;
    running
        .client
        .transact_write_items()
        .transact_items(put("1"))
        .send()
        .await
        .unwrap();
    drop(running);
    let running = start(Some(&path)).await;
    assert!(get(&running.client, "1").await.is_some());
    drop(running.database);

    let mut other = table();
    other.create["KeySchema"][1]["AttributeName"] = json!("due_at");
    let refused = DynamoDb::start(Some(&path), &[other], Arc::default(), Arc::default()).await;
    assert!(matches!(refused, Err(DynamoDbError::OtherTable(name)) if name == "desk"));
}
