#![doc = include_str!("../README.md")]

pub mod start;

use std::sync::Arc;

use engine::Engine;
use engine::ports::{Erasures, Schedules};
use engine::sweeping::{SweepError, Swept};

/// Heals.
#[derive(Clone)]
pub struct Sweeper {
    pub engine: Engine,
    pub schedules: Arc<dyn Schedules>,
    pub erasures: Arc<dyn Erasures>,
}

impl Sweeper {
    /// One sweep.
    ///
    /// # Errors
    /// Neither index nor dead letters can be read.
    pub async fn handle(&self) -> Result<Swept, SweepError> {
        let (schedules, erasures) = (self.schedules.as_ref(), self.erasures.as_ref());
        let mut swept = self.engine.sweep(schedules).await?;
        for owner in &swept.erasures {
            let erased = self.engine.erase_parts(erasures, schedules, owner).await;
            if let Err(error) = erased {
                swept.failed += 1;
                tracing::error!(%error, owner.id = %owner, "an owner could not be erased further");
            }
        }
        Ok(swept)
    }
}
