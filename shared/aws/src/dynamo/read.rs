//! Reads: single items consistently, lists by one query over compact rows and one batch of items.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use domain::credits::{Account, LedgerEntry};
use domain::ids::OwnerId;
use engine::ports::StoreError;
use engine::ports::store::DueItem;
use jiff::Timestamp;
use serde::de::DeserializeOwned;

use super::DynamoStore;
use super::item::{self, Attributes};
use super::keys::{self, Key};
use super::months::List;
use crate::sdk::causes;

/// The most items of one `BatchGetItem` (API reference).
const MOST_IN_BATCH: usize = 100;

/// How often the rest of a batch is asked for that was too much at once.
const MOST_ROUNDS: u32 = 8;

/// What a request's failure means: one that DynamoDB found fault with is refused for good.
pub(super) fn failed<E>(error: &SdkError<E>) -> StoreError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match error.code() {
        Some("ValidationException" | "AccessDeniedException" | "ResourceNotFoundException") => {
            StoreError::Refused(causes(error))
        }
        Some(_) | None => StoreError::Unavailable(causes(error)),
    }
}

/// What came of a request with a condition; `None` where that does not hold.
pub(super) fn if_it_holds<T, E>(sent: Result<T, SdkError<E>>) -> Result<Option<T>, StoreError>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match sent {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(None),
        Err(error) => Err(failed(&error)),
    }
}

/// Waits before a batch, or what is left of it, is sent in this round, from 0.
///
/// # Errors
/// It has been sent often enough, and `left` of its items are throttled still.
pub(super) async fn before_round(batch: &[Key], round: u32, left: usize) -> Result<(), StoreError> {
    match round {
        0 => Ok(()),
        MOST_ROUNDS => {
            let left = format!("{left} items of a batch are throttled");
            Err(StoreError::Unavailable(left))
        }
        _ => {
            tokio::time::sleep(pause(batch, round)).await;
            Ok(())
        }
    }
}

/// How long to wait before the rest of a batch is asked for again: full jitter over 20 ms, 40 ms and so on.
fn pause(batch: &[Key], round: u32) -> Duration {
    let first = batch.first().map_or("", |key| key.pk.as_str());
    let most = 10 << round.min(6);
    Duration::from_millis(keys::spread(&format!("{first}{round}"), most).into())
}

impl DynamoStore {
    /// One item, read consistently.
    pub(super) async fn get(&self, key: &Key) -> Result<Option<Attributes>, StoreError> {
        let request = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(item::primary(key)))
            .consistent_read(true);
        request
            .send()
            .await
            .map(|answer| answer.item.filter(|item| item::is_there(item, self.now())))
            .map_err(|error| failed(&error))
    }

    /// One item's document.
    pub(super) async fn document<T: DeserializeOwned>(
        &self,
        key: &Key,
    ) -> Result<Option<T>, StoreError> {
        self.get(key)
            .await?
            .map(|attributes| item::read(&attributes))
            .transpose()
    }

    /// Every item of a partition whose sort key begins with `prefix`, consistently, oldest first or newest first.
    pub(super) async fn partition(
        &self,
        pk: &str,
        prefix: &str,
        newest_first: bool,
        limit: Option<usize>,
    ) -> Result<Vec<Attributes>, StoreError> {
        let now = self.now();
        let mut items = Vec::new();
        let mut start = None;
        loop {
            let mut request = self
                .client
                .query()
                .table_name(&self.table)
                .consistent_read(true)
                .scan_index_forward(!newest_first)
                .set_exclusive_start_key(start)
                .expression_attribute_values(":pk", AttributeValue::S(pk.to_owned()));
            request = if prefix.is_empty() {
                request.key_condition_expression("pk = :pk")
            } else {
                request
                    .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
                    .expression_attribute_values(":prefix", AttributeValue::S(prefix.to_owned()))
            };
            if let Some(limit) = limit {
                request = request.limit(i32::try_from(limit - items.len()).unwrap_or(i32::MAX));
            }
            let answer = request.send().await.map_err(|error| failed(&error))?;
            let found = answer.items.unwrap_or_default().into_iter();
            items.extend(found.filter(|item| item::is_there(item, now)));
            start = answer.last_evaluated_key;
            if start.is_none() || limit.is_some_and(|limit| items.len() >= limit) {
                return Ok(items);
            }
        }
    }

    /// The items of one partition from one sort key to another, both included, consistently, in their order.
    pub(super) async fn between(
        &self,
        from: &Key,
        to: &Key,
    ) -> Result<Vec<Attributes>, StoreError> {
        let now = self.now();
        let mut items = Vec::new();
        let mut start = None;
        loop {
            let request = self
                .client
                .query()
                .table_name(&self.table)
                .consistent_read(true)
                .set_exclusive_start_key(start)
                .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
                .expression_attribute_values(":pk", AttributeValue::S(from.pk.clone()))
                .expression_attribute_values(":from", AttributeValue::S(from.sk.clone()))
                .expression_attribute_values(":to", AttributeValue::S(to.sk.clone()));
            let answer = request.send().await.map_err(|error| failed(&error))?;
            let found = answer.items.unwrap_or_default().into_iter();
            items.extend(found.filter(|item| item::is_there(item, now)));
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(items);
            }
        }
    }

    /// The documents under these keys that exist, in the order asked.
    pub(super) async fn documents<T: DeserializeOwned>(
        &self,
        wanted: &[Key],
    ) -> Result<Vec<T>, StoreError> {
        self.documents_at(wanted, true).await
    }

    /// The same; without `consistent` they may be a moment old, for half the price.
    pub(super) async fn documents_at<T: DeserializeOwned>(
        &self,
        wanted: &[Key],
        consistent: bool,
    ) -> Result<Vec<T>, StoreError> {
        let found = self.batch(wanted, consistent).await?;
        wanted
            .iter()
            .filter_map(|key| found.get(&key.pk))
            .map(item::read)
            .collect()
    }

    /// The items under these keys that exist, by their partition keys, of which no two may be the same.
    pub(super) async fn batch(
        &self,
        wanted: &[Key],
        consistent: bool,
    ) -> Result<HashMap<String, Attributes>, StoreError> {
        let now = self.now();
        let mut found: HashMap<String, Attributes> = HashMap::new();
        for chunk in wanted.chunks(MOST_IN_BATCH) {
            let mut open: Vec<Attributes> = chunk.iter().map(item::primary).collect();
            for round in 0.. {
                if open.is_empty() {
                    break;
                }
                before_round(chunk, round, open.len()).await?;
                let keys = KeysAndAttributes::builder()
                    .set_keys(Some(open))
                    .consistent_read(consistent)
                    .build()
                    .expect("a batch has its keys");
                let answer = self
                    .client
                    .batch_get_item()
                    .request_items(&self.table, keys)
                    .send()
                    .await
                    .map_err(|error| failed(&error))?;
                for attributes in answer
                    .responses
                    .into_iter()
                    .flat_map(|tables| tables.into_values().flatten())
                {
                    if let Some(pk) = item::text(&attributes, "pk")
                        && item::is_there(&attributes, now)
                    {
                        found.insert(pk.to_owned(), attributes);
                    }
                }
                open = answer
                    .unprocessed_keys
                    .into_iter()
                    .flat_map(HashMap::into_values)
                    .flat_map(|keys| keys.keys)
                    .collect();
            }
        }
        Ok(found)
    }

    pub(super) async fn read_account(&self, owner: &OwnerId) -> Result<Account, StoreError> {
        let Some(attributes) = self.get(&keys::account(owner)).await? else {
            return Ok(Account::default());
        };
        let limited = attributes
            .get("limited")
            .is_some_and(|value| value.as_bool().is_ok_and(|limited| *limited));
        Ok(Account {
            balance: limited.then(|| item::number(&attributes, "balance").unwrap_or_default()),
            reserved: item::number(&attributes, "reserved").unwrap_or_default(),
        })
    }

    /// The newest entries of the ledger.
    pub(super) async fn read_ledger(
        &self,
        owner: &OwnerId,
        limit: usize,
    ) -> Result<Vec<LedgerEntry>, StoreError> {
        let mut entries = Vec::new();
        for pk in self.partitions(owner, List::Ledger).await? {
            let left = limit - entries.len();
            if left == 0 {
                break;
            }
            let found: Vec<LedgerEntry> = self.list(&pk, "", true, Some(left)).await?;
            entries.extend(found);
        }
        Ok(entries)
    }

    pub(super) async fn read_due(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<DueItem>, StoreError> {
        let shards = (0..keys::SHARDS).map(|shard| self.read_due_shard(shard, now, limit));
        let mut due: Vec<(i64, DueItem)> = futures::future::try_join_all(shards)
            .await?
            .into_iter()
            .flatten()
            .collect();
        due.sort_by_key(|(at, _)| *at);
        Ok(due.into_iter().map(|(_, item)| item).collect())
    }

    async fn read_due_shard(
        &self,
        shard: u32,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<(i64, DueItem)>, StoreError> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .index_name("due")
            .key_condition_expression("due_shard = :shard AND due_at <= :now")
            .expression_attribute_values(":shard", AttributeValue::S(format!("DUE#{shard}")))
            .expression_attribute_values(
                ":now",
                AttributeValue::N(now.as_millisecond().to_string()),
            )
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(|error| failed(&error))?;
        Ok(answer
            .items
            .unwrap_or_default()
            .iter()
            .filter_map(|attributes| {
                Some((
                    item::number(attributes, "due_at")?,
                    keys::due_item(item::text(attributes, "pk")?)?,
                ))
            })
            .collect())
    }
}
