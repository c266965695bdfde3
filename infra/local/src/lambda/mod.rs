//! Lambda on one machine: real processes in the real runtime loop.
//!
//! A function here is what it is in AWS: a program that asks the Runtime API for its next event,
//! works, and posts an answer. [`runtime_api`] is that API, [`instance`] one such process, stopped between its events
//! ([`freeze`]), [`pool`]
//! the instances of one function and the rule that each works on one event at a time. Nothing above
//! this module knows that functions are processes.

pub(crate) mod child;
mod freeze;
pub(crate) mod instance;
pub(crate) mod pool;
pub(crate) mod runtime_api;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;

use self::pool::Pool;

/// A function that ran and failed, or could not run. The Display text is for the host's log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvocationError {
    #[error("the function answered with an error of type {kind}: {message}")]
    Function { kind: String, message: String },
    #[error("the function did not answer within {} s and was killed", .0.as_secs())]
    TimedOut(Duration),
    #[error("the function's process ended while it worked")]
    Exited,
    #[error("the function's process did not start: {0}")]
    Init(String),
    #[error("there is no function {0}")]
    Unknown(String),
}

/// All functions, by name.
#[derive(Clone, Default)]
pub(crate) struct Functions {
    pools: Arc<BTreeMap<String, Arc<Pool>>>,
}

impl Functions {
    pub(crate) fn new(pools: BTreeMap<String, Arc<Pool>>) -> Self {
        Self {
            pools: Arc::new(pools),
        }
    }

    /// Runs one event through a function and gives its answer. The work goes on when the caller
    /// stops waiting, as it does in AWS.
    pub(crate) async fn invoke(
        &self,
        function: &str,
        event: Bytes,
    ) -> Result<Bytes, InvocationError> {
        match self.pools.get(function) {
            Some(pool) => pool.invoke(event).await,
            None => Err(InvocationError::Unknown(function.to_owned())),
        }
    }

    /// Ends every instance that has been idle for long; to be called every few seconds.
    pub(crate) fn reap(&self) {
        for pool in self.pools.values() {
            pool.reap();
        }
    }

    /// Ends every instance.
    pub(crate) async fn stop(&self) {
        for pool in self.pools.values() {
            pool.stop().await;
        }
    }
}
