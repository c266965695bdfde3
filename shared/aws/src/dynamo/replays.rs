//! First answers: one item a key, made by a conditional put.
//!
//! A refused put shows what is stored. If that carries our own seed, an earlier attempt of this very request had
//! succeeded and its answer was lost: the try begins. The table removes items some time after their
//! day; until it does, one that is too old counts as gone.

use async_trait::async_trait;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use domain::ids::OwnerId;
use engine::ports::StoreError;
use engine::ports::replays::{Attempt, KEPT, LEASE, Opened, Opening, Replays};
use jiff::Timestamp;

use super::DynamoStore;
use super::item::{self, Attributes, Item};
use super::keys::{self, Key};
use super::read::{failed, if_it_holds};

const REQUEST: &str = "request";
const SEED: &str = "seed";
const BEGUN: &str = "begun_at";
const UNTIL: &str = "running_until";
const ANSWER: &str = "answer";
/// That the try whose seed is `:seed` has not been answered.
const OURS: &str = "seed = :seed AND attribute_not_exists(answer)";

fn bytes<'a>(attributes: &'a Attributes, name: &str) -> Option<&'a [u8]> {
    let blob = attributes.get(name)?.as_b().ok()?;
    Some(blob.as_ref())
}

/// What is stored of a request.
struct Stored {
    request: String,
    seed: [u8; 32],
    begun_at: Timestamp,
    running_until: i64,
    answer: Option<Vec<u8>>,
}

impl Stored {
    fn read(attributes: &Attributes) -> Option<Self> {
        Some(Self {
            request: item::text(attributes, REQUEST)?.to_owned(),
            seed: bytes(attributes, SEED)?.try_into().ok()?,
            begun_at: Timestamp::from_millisecond(item::number(attributes, BEGUN)?).ok()?,
            running_until: item::number(attributes, UNTIL)?,
            answer: bytes(attributes, ANSWER).map(<[u8]>::to_vec),
        })
    }
}

impl DynamoStore {
    /// Puts a fresh item when there is none, or none that counts any more.
    async fn put_replay(
        &self,
        key: &Key,
        opening: &Opening<'_>,
    ) -> Result<Option<Stored>, StoreError> {
        let now = opening.now.as_millisecond();
        let kept = i64::try_from(KEPT.as_millis()).unwrap_or(i64::MAX);
        let lease = i64::try_from(LEASE.as_millis()).unwrap_or(i64::MAX);
        let fresh = Item::new(key)
            .text(REQUEST, opening.request_sha256)
            .bytes(SEED, opening.seed.to_vec())
            .number(BEGUN, now)
            .number(UNTIL, now.saturating_add(lease))
            .number(item::EXPIRES_AT, now.saturating_add(kept) / 1000);
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(fresh.attributes))
            .condition_expression("attribute_not_exists(pk) OR begun_at <= :expired")
            .expression_attribute_values(
                ":expired",
                AttributeValue::N(now.saturating_sub(kept).to_string()),
            )
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match put {
            Ok(_) => Ok(None),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(refused)) => refused
                    .item()
                    .and_then(Stored::read)
                    .map(Some)
                    .ok_or_else(|| StoreError::Damaged {
                        key: format!("{}/{}", key.pk, key.sk),
                        reason: "it is no request that may be repeated".to_owned(),
                    }),
                _ => Err(failed(&error)),
            },
        }
    }

    /// Takes the place of a try whose time is up. `false`: somebody else has.
    async fn take_place(&self, key: &Key, before: i64, now: Timestamp) -> Result<bool, StoreError> {
        let until = (now + LEASE).as_millisecond();
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(item::primary(key)))
            .update_expression("SET running_until = :until")
            .condition_expression("running_until = :before AND attribute_not_exists(answer)")
            .expression_attribute_values(":until", AttributeValue::N(until.to_string()))
            .expression_attribute_values(":before", AttributeValue::N(before.to_string()))
            .send()
            .await;
        Ok(if_it_holds(update)?.is_some())
    }
}

impl DynamoStore {
    /// Sets one attribute while the try is the one with this seed. Another's is left alone, which is no error.
    async fn set_if_ours(
        &self,
        owner: &OwnerId,
        key_sha256: &str,
        seed: &[u8; 32],
        name: &str,
        value: AttributeValue,
    ) -> Result<(), StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(item::primary(&keys::replay(owner, key_sha256))))
            .update_expression(format!("SET {name} = :value"))
            .condition_expression(OURS)
            .expression_attribute_values(":value", value)
            .expression_attribute_values(":seed", AttributeValue::B(seed.to_vec().into()))
            .send()
            .await;
        if_it_holds(update)?;
        Ok(())
    }
}

#[async_trait]
impl Replays for DynamoStore {
    async fn open(&self, opening: Opening<'_>) -> Result<Opened, StoreError> {
        let key = keys::replay(opening.owner, opening.key_sha256);
        let begin = |seed, begun_at, is_repeat| {
            Opened::Begin(Attempt {
                seed,
                begun_at,
                is_repeat,
            })
        };
        let Some(stored) = self.put_replay(&key, &opening).await? else {
            return Ok(begin(opening.seed, opening.now, false));
        };
        if stored.request != opening.request_sha256 {
            return Ok(Opened::Reused);
        }
        if let Some(answer) = stored.answer {
            return Ok(Opened::Answered(answer));
        }
        if stored.seed == opening.seed {
            return Ok(begin(stored.seed, stored.begun_at, false));
        }
        if opening.now.as_millisecond() < stored.running_until
            || !self
                .take_place(&key, stored.running_until, opening.now)
                .await?
        {
            return Ok(Opened::Running);
        }
        Ok(begin(stored.seed, stored.begun_at, true))
    }

    async fn answer(
        &self,
        owner: &OwnerId,
        key_sha256: &str,
        seed: &[u8; 32],
        sealed: Vec<u8>,
    ) -> Result<(), StoreError> {
        let answer = AttributeValue::B(sealed.into());
        self.set_if_ours(owner, key_sha256, seed, ANSWER, answer)
            .await
    }

    async fn give_up(
        &self,
        owner: &OwnerId,
        key_sha256: &str,
        seed: &[u8; 32],
    ) -> Result<(), StoreError> {
        let long_ago = AttributeValue::N("0".to_owned());
        self.set_if_ours(owner, key_sha256, seed, UNTIL, long_ago)
            .await
    }

    async fn release(
        &self,
        owner: &OwnerId,
        key_sha256: &str,
        seed: &[u8; 32],
    ) -> Result<(), StoreError> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(item::primary(&keys::replay(owner, key_sha256))))
            .condition_expression(OURS)
            .expression_attribute_values(":seed", AttributeValue::B(seed.to_vec().into()))
            .send()
            .await;
        if_it_holds(delete)?;
        Ok(())
    }
}
