//! Erasing an owner: what is theirs is found by reading the whole table.
//!
//! Every partition key begins with its owner, but for what is found by a hash, whose document names the owner; DynamoDB
//! has no query over the beginnings of partition keys, and some of what an owner has stands in no list: plannings,
//! links, outputs of runs that never committed. A scan forgets none of that. It reads 1 MB a request, filters included
//! (Amazon DynamoDB Developer Guide, "Scanning tables"), and a table of 10 GB costs 1.3 million read units, a third of
//! a dollar on demand, whoever's the items are.

use std::collections::HashMap;

use async_trait::async_trait;
use aws_sdk_dynamodb::types::{AttributeValue, DeleteRequest, WriteRequest};
use domain::erasure::Erasure;
use domain::ids::OwnerId;
use engine::ports::StoreError;
use engine::ports::erasures::{Erasures, Found, Place};
use jiff::Timestamp;

use super::DynamoStore;
use super::item::{self, Attributes, DOC, Item, REVISION};
use super::keys::{self, Key};
use super::read::{before_round, failed, if_it_holds};

/// How many items one `BatchWriteItem` removes (Amazon DynamoDB API Reference).
const MOST_IN_BATCH: usize = 25;

/// What is the owner's: by its partition, or by a hash and named in its document.
const THEIRS: &str = "(begins_with(pk, :partitions) AND pk <> :erasure) OR (contains(#doc, :owner) AND \
    (begins_with(pk, :tokens) OR begins_with(pk, :sign_ins) OR begins_with(pk, :links)))";

fn place(attributes: &Attributes) -> Place {
    item::key_of(attributes).into()
}

fn key(place: &Place) -> Key {
    let Place(pk, sk) = place.clone();
    Key { pk, sk }
}

impl From<Key> for Place {
    fn from(Key { pk, sk }: Key) -> Self {
        Self(pk, sk)
    }
}

#[async_trait]
impl Erasures for DynamoStore {
    async fn erasure(&self, owner: &OwnerId) -> Result<Option<Erasure>, StoreError> {
        self.document(&keys::erasure(owner)).await
    }

    async fn put_erasure(&self, erasure: &Erasure) -> Result<bool, StoreError> {
        let item = Item::new(&keys::erasure(&erasure.owner))
            .document(erasure)
            .revision(erasure.revision)
            // At once, and until it is gone.
            .due(Some(Timestamp::UNIX_EPOCH));
        let put = self.client.put_item().table_name(&self.table);
        let put = put.set_item(Some(item.attributes));
        let put = match erasure.revision.checked_sub(1) {
            None => put.condition_expression("attribute_not_exists(pk)"),
            Some(before) => put
                .condition_expression("#revision = :before")
                .expression_attribute_names("#revision", REVISION)
                .expression_attribute_values(":before", AttributeValue::N(before.to_string())),
        };
        Ok(if_it_holds(put.send().await)?.is_some())
    }

    async fn forget_erasure(&self, owner: &OwnerId) -> Result<(), StoreError> {
        self.delete_item(item::primary(&keys::erasure(owner))).await
    }

    async fn access(&self, owner: &OwnerId) -> Result<Vec<Place>, StoreError> {
        let mut places = vec![keys::owner(owner).into()];
        for (prefix, by_hash) in [
            (keys::TOKEN, keys::token as fn(&str) -> Key),
            (keys::SIGN_IN, keys::sign_in),
        ] {
            let partition = keys::tokens(owner);
            for row in self.partition(&partition, prefix, false, None).await? {
                let hash = item::text(&row, "sha256").map(|sha256| by_hash(sha256).into());
                places.extend(hash.into_iter().chain([place(&row)]));
            }
        }
        Ok(places)
    }

    async fn find(&self, owner: &OwnerId, cursor: Option<&str>) -> Result<Found, StoreError> {
        let text = |text: String| AttributeValue::S(text);
        let start = cursor.map(cursor_key).transpose()?;
        let scan = self
            .client
            .scan()
            .table_name(&self.table)
            .consistent_read(true)
            .projection_expression("pk, sk")
            .filter_expression(THEIRS)
            .expression_attribute_names("#doc", DOC)
            .expression_attribute_values(":owner", text(owner.to_string()))
            .expression_attribute_values(":partitions", text(format!("{owner}#")))
            .expression_attribute_values(":erasure", text(keys::erasure(owner).pk))
            .expression_attribute_values(":tokens", text(keys::token("").pk))
            .expression_attribute_values(":sign_ins", text(keys::sign_in("").pk))
            .expression_attribute_values(":links", text(keys::link("").pk))
            .set_exclusive_start_key(start);
        let answer = scan.send().await.map_err(|error| failed(&error))?;
        let places: Vec<Place> = answer.items().iter().map(place).collect();
        let cursor = answer.last_evaluated_key.as_ref().map(place);
        Ok(Found {
            workflows: places
                .iter()
                .filter_map(|Place(pk, sk)| keys::workflow_of(pk, sk))
                .collect(),
            places,
            cursor: cursor.map(|Place(pk, sk)| format!("{pk}\n{sk}")),
        })
    }

    async fn remove(&self, places: &[Place]) -> Result<(), StoreError> {
        let keys: Vec<Key> = places.iter().map(key).collect();
        self.delete_items(&keys).await
    }

    async fn remove_blobs(&self, owner: &OwnerId) -> Result<(), StoreError> {
        self.blobs.delete_all(owner).await
    }
}

impl DynamoStore {
    /// Removes items, as many in a request as one takes.
    pub(super) async fn delete_items(&self, keys: &[Key]) -> Result<(), StoreError> {
        for chunk in keys.chunks(MOST_IN_BATCH) {
            let mut open: Vec<WriteRequest> = chunk.iter().map(deletion).collect();
            for round in 0.. {
                if open.is_empty() {
                    break;
                }
                before_round(chunk, round, open.len()).await?;
                let batch = self.client.batch_write_item();
                let answer = batch.request_items(&self.table, open).send().await;
                let answer = answer.map_err(|error| failed(&error))?;
                let left = answer.unprocessed_items.unwrap_or_default();
                open = left.into_values().flatten().collect();
            }
        }
        Ok(())
    }
}

fn deletion(key: &Key) -> WriteRequest {
    let delete = DeleteRequest::builder().set_key(Some(item::primary(key)));
    let delete = delete.build().expect("a removal has its key");
    WriteRequest::builder().delete_request(delete).build()
}

/// The place that a cursor stands for: our own words, which nobody else can have written.
fn cursor_key(cursor: &str) -> Result<HashMap<String, AttributeValue>, StoreError> {
    let (pk, sk) = cursor.split_once('\n').ok_or_else(|| StoreError::Damaged {
        key: "ERASURE".to_owned(),
        reason: "its cursor is no place".to_owned(),
    })?;
    Ok(item::primary(&Key {
        pk: pk.to_owned(),
        sk: sk.to_owned(),
    }))
}
