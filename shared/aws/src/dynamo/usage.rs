//! Counts of uses, and calls.
//!
//! Within an hour a count is one atomic addition, on the condition that the item is of this hour. The first use
//! of an hour meets a refusal that shows what is stored, and puts the new hour's count on the
//! condition that nobody else has: of many at once one begins the hour, and the others add to it.

use std::collections::HashMap;

use async_trait::async_trait;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use domain::ids::{OwnerId, TokenId};
use domain::rate::{Uses, windows};
use engine::ports::StoreError;
use engine::ports::usage::{Call, Counted, KEPT_DAYS, Usage};
use jiff::Timestamp;

use super::DynamoStore;
use super::item::{self, Attributes, Item};
use super::keys::{self, Key};
use super::read::failed;

/// How often a count is tried when the hour turns and others are faster.
const MOST_TRIES: usize = 8;

fn n(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn read(attributes: &Attributes) -> Option<Uses> {
    let count = |name| u32::try_from(item::number(attributes, name)?).ok();
    Some(Uses {
        hour: item::number(attributes, "this_hour")?,
        in_hour: count("in_hour")?,
        day: item::number(attributes, "this_day")?,
        in_day: count("in_day")?,
        last: Timestamp::from_millisecond(item::number(attributes, "last_ms")?).ok()?,
    })
}

/// What a conditional update came to.
enum Counting {
    Done(Option<Uses>),
    /// The condition did not hold; what is stored.
    Refused(Option<Uses>),
}

impl DynamoStore {
    async fn update_uses(
        &self,
        key: &Key,
        update: &str,
        condition: &str,
        values: HashMap<String, AttributeValue>,
    ) -> Result<Counting, StoreError> {
        let request = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(item::primary(key)))
            .update_expression(update)
            .condition_expression(condition)
            .set_expression_attribute_values(Some(values))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match request.send().await {
            Ok(answer) => Ok(Counting::Done(answer.attributes.as_ref().and_then(read))),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                    Ok(Counting::Refused(refused.item().and_then(read)))
                }
                _ => Err(failed(&error)),
            },
        }
    }

    /// Adds one to the counts of this hour.
    async fn add(&self, key: &Key, now: Timestamp) -> Result<Counting, StoreError> {
        let values = [
            (":hour".to_owned(), n(windows(now).0)),
            (":one".to_owned(), n(1)),
            (":now".to_owned(), n(now.as_millisecond())),
        ];
        self.update_uses(
            key,
            "SET last_ms = :now ADD in_hour :one, in_day :one",
            "this_hour = :hour",
            values.into(),
        )
        .await
    }

    /// Begins an hour with `uses`, unless another than `before` is stored by now.
    async fn begin(
        &self,
        key: &Key,
        before: Option<Uses>,
        uses: Uses,
    ) -> Result<Counting, StoreError> {
        let mut values: HashMap<String, AttributeValue> = [
            (":hour".to_owned(), n(uses.hour)),
            (":in_hour".to_owned(), n(i64::from(uses.in_hour))),
            (":day".to_owned(), n(uses.day)),
            (":in_day".to_owned(), n(i64::from(uses.in_day))),
            (":now".to_owned(), n(uses.last.as_millisecond())),
        ]
        .into();
        let condition = match before {
            None => "attribute_not_exists(this_hour)",
            Some(before) => {
                values.insert(":before".to_owned(), n(before.hour));
                "this_hour = :before"
            }
        };
        self.update_uses(
            key,
            "SET this_hour = :hour, in_hour = :in_hour, this_day = :day, in_day = :in_day, last_ms = :now",
            condition,
            values,
        )
        .await
    }
}

#[async_trait]
impl Usage for DynamoStore {
    async fn count(
        &self,
        owner: &OwnerId,
        what: &Counted,
        now: Timestamp,
    ) -> Result<Uses, StoreError> {
        let key = keys::uses(owner, &what.to_string());
        let mut stored = match self.add(&key, now).await? {
            Counting::Done(Some(uses)) => return Ok(uses),
            Counting::Done(None) => return Ok(Uses::counted(None, now)),
            Counting::Refused(stored) => stored,
        };
        for _ in 0..MOST_TRIES {
            let uses = Uses::counted(stored, now);
            // The clock of another function may be ahead by an hour's turn: its hour is this one's too.
            let tried = if stored.is_some_and(|stored| stored.hour >= uses.hour) {
                let theirs = stored.map_or(now, |stored| stored.last.max(now));
                self.add(&key, theirs).await?
            } else {
                self.begin(&key, stored, uses).await?
            };
            match tried {
                Counting::Done(counted) => return Ok(counted.unwrap_or(uses)),
                Counting::Refused(found) => stored = found,
            }
        }
        Err(StoreError::Unavailable(
            "too many count at the same time".to_owned(),
        ))
    }

    async fn uses(&self, owner: &OwnerId, what: &Counted) -> Result<Option<Uses>, StoreError> {
        let stored = self.get(&keys::uses(owner, &what.to_string())).await?;
        Ok(stored.as_ref().and_then(read))
    }

    async fn last_used(
        &self,
        owner: &OwnerId,
        tokens: &[TokenId],
    ) -> Result<Vec<Option<Timestamp>>, StoreError> {
        let reads = tokens.iter().map(|id| async {
            let key = keys::uses(owner, &Counted::Token(id.clone()).to_string());
            let stored = self.get(&key).await?;
            Ok(stored.as_ref().and_then(read).map(|uses| uses.last))
        });
        futures::future::try_join_all(reads).await
    }

    async fn record(
        &self,
        owner: &OwnerId,
        token: &TokenId,
        call: &Call,
    ) -> Result<(), StoreError> {
        let key = keys::call(owner, token, call.at, &call.request_id);
        let expires = call.at.as_second() + KEPT_DAYS * 24 * 3600;
        let item = Item::new(&key)
            .document(call)
            .number(item::EXPIRES_AT, expires);
        self.client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item.attributes))
            .send()
            .await
            .map(|_| ())
            .map_err(|error| failed(&error))
    }

    async fn calls(
        &self,
        owner: &OwnerId,
        token: &TokenId,
        limit: usize,
    ) -> Result<Vec<Call>, StoreError> {
        let Key { pk, sk } = keys::calls(owner, token);
        self.list(&pk, &sk, true, Some(limit)).await
    }
}
