//! What is used of a day's allowances: each count is one call, which may fail before or after it has counted.

use async_trait::async_trait;
use engine::memory::at_once;
use engine::ports::StoreError;
use engine::ports::allowances::{Allowances, Granted, Use};

use super::Harbour;
use crate::bug::Bug;
use crate::fault::Operation;
use crate::ground::Refusal;

fn unavailable(refusal: Refusal) -> StoreError {
    StoreError::Unavailable(format!("{refusal:?}"))
}

#[async_trait]
impl Allowances for Harbour {
    async fn take(&self, one: &Use, most: u32) -> Result<Granted, StoreError> {
        let ground = &self.ground;
        if ground.has(Bug::ReadThenWritten) {
            let used = ground
                .pass(
                    Operation::Count,
                    || Ok(self.allowances.used(one)),
                    unavailable,
                )
                .await?;
            if used + one.amount > most {
                return Ok(Granted::No { used });
            }
            let plant = || {
                self.allowances.plant(one);
                Ok(Granted::Yes)
            };
            return ground.pass(Operation::Count, plant, unavailable).await;
        }
        ground
            .pass(
                Operation::Count,
                || at_once(self.allowances.take(one, most)),
                unavailable,
            )
            .await
    }

    async fn give_back(&self, one: &Use) -> Result<(), StoreError> {
        self.ground
            .pass(
                Operation::Count,
                || at_once(self.allowances.give_back(one)),
                unavailable,
            )
            .await
    }
}
