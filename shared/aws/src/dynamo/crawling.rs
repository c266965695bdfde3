//! What crawls share and remember: turns at hosts, and visits.
//!
//! A turn is one conditional update of one number. There are two cases, each with a condition that
//! excludes the other: the host has rested (its moment lies behind what the burst tolerates), or it
//! has not (the moment moves on by the gap). A refusal shows what is stored, and so which case
//! to try next; somebody else may be faster between the two, which is tried again a few times.
//!
//! Nobody's name is in the key: politeness is owed by all tenants together. What one tenant can learn
//! from waiting is that somebody called a site in the last seconds, which the site's own load says as well.

use std::collections::HashMap;

use async_trait::async_trait;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use domain::execution::Output;
use domain::pacing::{Turn, millis, wait};
use engine::ports::{Pacing, StoreError, TurnRequest, Visitor, Visits};
use jiff::Timestamp;
use serde_json::Value;

use super::DynamoStore;
use super::item::{self, Item};
use super::keys::{self, Key};
use super::read::failed;

/// From which moment the host's next turn counts, in milliseconds since 1970.
const NEXT: &str = "next_at";
/// Swept by the table (TTL): a host that rested this long has no history that matters.
const KEPT_SECONDS: i64 = 24 * 60 * 60;
/// How often a turn is tried for when others are faster.
const MOST_TRIES: usize = 8;

/// What a conditional update came to.
enum Moved {
    /// Done; the number before, if there was one.
    From(Option<i64>),
    /// The condition did not hold; the number stored.
    Refused(Option<i64>),
}

fn number(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn next_of(attributes: Option<&HashMap<String, AttributeValue>>) -> Option<i64> {
    attributes?.get(NEXT)?.as_n().ok()?.parse().ok()
}

impl DynamoStore {
    /// Sets the number by `set` (of `#next`) when `condition` holds.
    async fn move_next(
        &self,
        key: &Key,
        set: &str,
        condition: &str,
        values: &[(&str, i64)],
        now_ms: i64,
    ) -> Result<Moved, StoreError> {
        let mut request = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(item::primary(key)))
            .update_expression(format!("SET #next = {set}, #expires = :expires"))
            .condition_expression(condition)
            .expression_attribute_names("#next", NEXT)
            .expression_attribute_names("#expires", item::EXPIRES_AT)
            .expression_attribute_values(":expires", number(now_ms / 1_000 + KEPT_SECONDS))
            .return_values(ReturnValue::UpdatedOld)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        for (name, value) in values {
            request = request.expression_attribute_values(*name, number(*value));
        }
        match request.send().await {
            Ok(answer) => Ok(Moved::From(next_of(answer.attributes.as_ref()))),
            Err(error) => match error.as_service_error() {
                Some(refused) if refused.is_conditional_check_failed_exception() => {
                    let stored = match refused {
                        aws_sdk_dynamodb::operation::update_item::UpdateItemError::ConditionalCheckFailedException(failed) => next_of(failed.item()),
                        _ => None,
                    };
                    Ok(Moved::Refused(stored))
                }
                _ => Err(failed(&error)),
            },
        }
    }
}

#[async_trait]
impl Pacing for DynamoStore {
    async fn turn(&self, request: TurnRequest<'_>) -> Result<Turn, StoreError> {
        let key = keys::pace(request.host);
        let now = request.now.as_millisecond();
        let gap = millis(request.pace.gap);
        let earliest = now.saturating_sub(request.pace.tolerance_ms());
        let latest = now.saturating_add(millis(request.patience));
        // Most hosts have rested: that case first.
        let mut rested = true;
        for _ in 0..MOST_TRIES {
            let moved = if rested {
                self.move_next(
                    &key,
                    ":after",
                    "attribute_not_exists(#next) OR #next <= :earliest",
                    &[
                        (":after", earliest.saturating_add(gap)),
                        (":earliest", earliest),
                    ],
                    now,
                )
                .await?
            } else {
                self.move_next(
                    &key,
                    "#next + :gap",
                    "#next > :earliest AND #next <= :latest",
                    &[(":gap", gap), (":earliest", earliest), (":latest", latest)],
                    now,
                )
                .await?
            };
            match moved {
                Moved::From(_) if rested => return Ok(Turn::After(wait(earliest, now))),
                Moved::From(before) => {
                    return Ok(Turn::After(wait(before.unwrap_or(earliest), now)));
                }
                Moved::Refused(Some(next)) if next > latest => {
                    return Ok(Turn::NotBefore(wait(next, now)));
                }
                Moved::Refused(stored) => rested = stored.is_none_or(|next| next <= earliest),
            }
        }
        // So many are waiting that the next turn is not near.
        Ok(Turn::NotBefore(request.patience.max(request.pace.gap)))
    }

    async fn hold(&self, host: &str, until: Timestamp) -> Result<(), StoreError> {
        let until = until.as_millisecond();
        let moved = self
            .move_next(
                &keys::pace(host),
                ":until",
                "attribute_not_exists(#next) OR #next < :until",
                &[(":until", until)],
                until,
            )
            .await?;
        match moved {
            // Refused: it is held longer already.
            Moved::From(_) | Moved::Refused(_) => Ok(()),
        }
    }
}

#[async_trait]
impl Visits for DynamoStore {
    async fn visit(&self, visitor: Visitor<'_>) -> Result<Option<Value>, StoreError> {
        let key = keys::visit(visitor.owner, visitor.workflow, visitor.step);
        match self.stored(visitor.owner, &key).await {
            // What it refers to is gone, or of another time: a full fetch.
            Err(StoreError::Damaged { .. }) => Ok(None),
            other => other,
        }
    }

    async fn remember(&self, visitor: Visitor<'_>, visit: &Value) -> Result<(), StoreError> {
        let key = keys::visit(visitor.owner, visitor.workflow, visitor.step);
        let stored: Output = self.store_output(visitor.owner, visit, "visit").await?;
        self.client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(Item::new(&key).document(&stored).attributes))
            .send()
            .await
            .map(|_| ())
            .map_err(|error| failed(&error))
    }
}
