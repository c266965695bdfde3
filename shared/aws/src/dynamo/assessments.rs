//! Questions to the model and its opinions: two items each that the table removes by itself.
//!
//! A question is taken by one conditional update. Where its acknowledgement is lost the repetition is refused, nobody
//! asks the model, and whoever waits gets another answer.

use async_trait::async_trait;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use domain::ids::{AssessmentId, OwnerId};
use engine::ports::StoreError;
use engine::ports::assessments::{Assessments, KEPT, Opinion, Question};

use super::DynamoStore;
use super::item::{self, Item};
use super::keys::{self, Key};
use super::read::{failed, if_it_holds};

impl DynamoStore {
    async fn put_for_a_while<T: serde::Serialize + Sync>(
        &self,
        key: &Key,
        document: &T,
    ) -> Result<(), StoreError> {
        let item = Item::new(key)
            .document(document)
            .expires_after(KEPT, self.now());
        let put = self.client.put_item().table_name(&self.table);
        let put = put.set_item(Some(item.attributes)).send().await;
        put.map(|_| ()).map_err(|error| failed(&error))
    }
}

#[async_trait]
impl Assessments for DynamoStore {
    async fn ask(
        &self,
        owner: &OwnerId,
        id: &AssessmentId,
        question: &Question,
    ) -> Result<(), StoreError> {
        self.put_for_a_while(&keys::question(owner, id), question)
            .await
    }

    async fn take(
        &self,
        owner: &OwnerId,
        id: &AssessmentId,
    ) -> Result<Option<Question>, StoreError> {
        let taken = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(item::primary(&keys::question(owner, id))))
            .update_expression("SET taken = :true")
            .condition_expression("attribute_exists(pk) AND attribute_not_exists(taken)")
            .expression_attribute_values(":true", AttributeValue::Bool(true))
            .return_values(ReturnValue::AllNew)
            .send()
            .await;
        let taken = if_it_holds(taken)?.and_then(|answer| answer.attributes);
        taken.as_ref().map(item::read).transpose()
    }

    async fn answer(
        &self,
        owner: &OwnerId,
        id: &AssessmentId,
        opinion: &Opinion,
    ) -> Result<(), StoreError> {
        self.put_for_a_while(&keys::opinion(owner, id), opinion)
            .await
    }

    async fn opinion(
        &self,
        owner: &OwnerId,
        id: &AssessmentId,
    ) -> Result<Option<Opinion>, StoreError> {
        self.document(&keys::opinion(owner, id)).await
    }
}
