//! What an owner has used of a day's allowances: a counter, and an item for each use.
//!
//! A use is one transaction: the counter grows on the condition that there is room, and the use's item is made on the
//! condition that there is none. A repetition finds its item, whatever became of the first answer. Giving back marks the
//! item, so that it happens once; nothing is deleted but by the table's own clock.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use domain::allowance::Day;
use engine::ports::StoreError;
use engine::ports::allowances::{Allowances, Granted, Use};

use super::DynamoStore;
use super::item::{self, Attributes, Item};
use super::keys::{self, Key};
use crate::sdk::causes;

/// How long counters and uses are kept: until no message of their day can be under way any more.
const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

/// How often a transaction is tried that meets others at the same counter.
const MOST_TRIES: u32 = 8;

const USED: &str = "used";
const GIVEN_BACK: &str = "given_back";

/// Which of the two items refused, with the counter as it is stored.
struct Refusal {
    counter: Option<Attributes>,
    /// The condition on the use's own item did not hold.
    of_use: bool,
}

fn n(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

impl DynamoStore {
    /// Adds `amount` to the counter, where `room` is the most that may be used before; unconditionally without it.
    fn counting(&self, key: &Key, day: Day, amount: i64, room: Option<u32>) -> Update {
        let mut update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(item::primary(key)))
            .update_expression("SET expires_at = :expires, #day = :day ADD #used :amount")
            .expression_attribute_names("#used", USED)
            .expression_attribute_names("#day", "day")
            .expression_attribute_values(":amount", n(amount))
            .expression_attribute_values(":day", n(day.number()))
            .expression_attribute_values(":expires", n(item::expires_at(KEPT, self.now())))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        if let Some(room) = room {
            update = update
                .condition_expression("attribute_not_exists(#used) OR #used <= :room")
                .expression_attribute_values(":room", n(room.into()));
        }
        update
            .build()
            .expect("an update has its key, table and expression")
    }

    /// Both items or none; what refused them.
    async fn both(&self, items: [TransactWriteItem; 2]) -> Result<Option<Refusal>, StoreError> {
        for tried in 1.. {
            let request = self.client.transact_write_items();
            let request = request.set_transact_items(Some(items.to_vec()));
            let Err(error) = request.send().await else {
                return Ok(None);
            };
            let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) =
                error.as_service_error()
            else {
                return Err(StoreError::Unavailable(causes(&error)));
            };
            let reasons = canceled.cancellation_reasons();
            let failed = |at: usize| {
                reasons
                    .get(at)
                    .filter(|reason| reason.code() == Some("ConditionalCheckFailed"))
            };
            if failed(0).is_some() || failed(1).is_some() {
                return Ok(Some(Refusal {
                    counter: failed(0).and_then(|reason| reason.item().cloned()),
                    of_use: failed(1).is_some(),
                }));
            }
            if tried >= MOST_TRIES {
                break;
            }
            // Others count at the same moment, or the table is asked too often.
            let most = 20 << tried.min(6);
            let spread = keys::spread(&format!("{}{tried}", uuid::Uuid::now_v7()), most);
            tokio::time::sleep(Duration::from_millis(spread.into())).await;
        }
        Err(StoreError::Unavailable(
            "too many count at the same time".to_owned(),
        ))
    }
}

#[async_trait]
impl Allowances for DynamoStore {
    async fn take(&self, one: &Use, most: u32) -> Result<Granted, StoreError> {
        let Some(room) = most.checked_sub(one.amount) else {
            return Ok(Granted::No { used: 0 });
        };
        let counter = keys::allowance(&one.owner, one.what, one.day);
        let counted = self.counting(&counter, one.day, one.amount.into(), Some(room));
        let own = Item::new(&keys::allowance_use(&one.owner, one.what, one.day, &one.by))
            .number("amount", one.amount.into())
            .expires_after(KEPT, self.now());
        let own = Put::builder()
            .table_name(&self.table)
            .set_item(Some(own.attributes))
            .condition_expression("attribute_not_exists(pk)")
            .build()
            .expect("a put has its table and item");
        let items = [
            TransactWriteItem::builder().update(counted).build(),
            TransactWriteItem::builder().put(own).build(),
        ];
        Ok(match self.both(items).await? {
            // It was counted before.
            None | Some(Refusal { of_use: true, .. }) => Granted::Yes,
            Some(Refusal { counter, .. }) => {
                let used = counter.and_then(|counter| item::number(&counter, USED));
                let used = used.and_then(|used| u32::try_from(used).ok());
                Granted::No {
                    used: used.unwrap_or(most),
                }
            }
        })
    }

    async fn give_back(&self, one: &Use) -> Result<(), StoreError> {
        let counter = keys::allowance(&one.owner, one.what, one.day);
        let counted = self.counting(&counter, one.day, -i64::from(one.amount), None);
        let own = keys::allowance_use(&one.owner, one.what, one.day, &one.by);
        let marked = Update::builder()
            .table_name(&self.table)
            .set_key(Some(item::primary(&own)))
            .update_expression("SET #given_back = :true")
            .condition_expression("attribute_exists(pk) AND attribute_not_exists(#given_back)")
            .expression_attribute_names("#given_back", GIVEN_BACK)
            .expression_attribute_values(":true", AttributeValue::Bool(true))
            .build()
            .expect("an update has its key, table and expression");
        let items = [
            TransactWriteItem::builder().update(counted).build(),
            TransactWriteItem::builder().update(marked).build(),
        ];
        self.both(items).await.map(|_| ())
    }
}
