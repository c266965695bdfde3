//! Tables of slots: one item an owner and kind, which is swapped on the condition that it is as it was believed to be.
//!
//! The condition compares the whole text of the document. Two tables with the same text are the same table, so it does
//! not matter how often it has changed in between.

use async_trait::async_trait;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use domain::ids::OwnerId;
use domain::slots::{SlotKind, SlotTable};
use engine::ports::StoreError;
use engine::ports::slots::{Slots, Swap};

use super::DynamoStore;
use super::item::{self, Attributes, EXPIRES_AT};
use super::keys::{self, Key};
use super::read::failed;

const TABLE: &str = "slots";
/// How long after the last slot's time a table is kept.
const KEPT_SECONDS: i64 = 24 * 60 * 60;

fn text(table: &SlotTable) -> AttributeValue {
    AttributeValue::S(serde_json::to_string(table).expect("names and numbers are plain JSON"))
}

fn read(key: &Key, attributes: Option<&Attributes>) -> Result<SlotTable, StoreError> {
    let Some(text) = attributes.and_then(|attributes| item::text(attributes, TABLE)) else {
        return Ok(SlotTable::default());
    };
    serde_json::from_str(text).map_err(|error| StoreError::Damaged {
        key: format!("{}/{}", key.pk, key.sk),
        reason: error.to_string(),
    })
}

#[async_trait]
impl Slots for DynamoStore {
    async fn slots(&self, owner: &OwnerId, kind: SlotKind) -> Result<SlotTable, StoreError> {
        let key = keys::slots(owner, kind);
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(item::primary(&key)))
            .send()
            .await
            .map_err(|error| failed(&error))?;
        read(&key, answer.item())
    }

    async fn swap(
        &self,
        owner: &OwnerId,
        kind: SlotKind,
        believed: &SlotTable,
        next: &SlotTable,
    ) -> Result<Swap, StoreError> {
        let key = keys::slots(owner, kind);
        let condition = if *believed == SlotTable::default() {
            "attribute_not_exists(#slots) OR #slots = :believed"
        } else {
            "#slots = :believed"
        };
        let now = self.now();
        let expires = next.ends().unwrap_or(now).max(now).as_second() + KEPT_SECONDS;
        let request = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(item::primary(&key)))
            .update_expression("SET #slots = :next, #expires = :expires")
            .condition_expression(condition)
            .expression_attribute_names("#slots", TABLE)
            .expression_attribute_names("#expires", EXPIRES_AT)
            .expression_attribute_values(":believed", text(believed))
            .expression_attribute_values(":next", text(next))
            .expression_attribute_values(":expires", AttributeValue::N(expires.to_string()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match request.send().await {
            Ok(_) => Ok(Swap::Done),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                    Ok(Swap::Refused(read(&key, refused.item())?))
                }
                _ => Err(failed(&error)),
            },
        }
    }
}
