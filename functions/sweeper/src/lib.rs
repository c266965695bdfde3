#![doc = include_str!("../README.md")]

pub mod start;

use std::sync::Arc;

use engine::Engine;
use engine::ports::Schedules;
use engine::sweeping::{SweepError, Swept};

/// Heals.
#[derive(Clone)]
pub struct Sweeper {
    pub engine: Engine,
    pub schedules: Arc<dyn Schedules>,
}

impl Sweeper {
    /// One sweep.
    ///
    /// # Errors
    /// Neither index nor dead letters can be read.
    pub async fn handle(&self) -> Result<Swept, SweepError> {
        self.engine.sweep(self.schedules.as_ref()).await
    }
}
