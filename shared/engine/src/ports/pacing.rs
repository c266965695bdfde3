//! Turns at a host, shared by every function that calls it.
//!
//! A site sees one Nightdesk, however many functions it runs in. This is memory, not a promise to a
//! user: losing it makes us less polite for a moment and nothing else, so a turn whose answer was
//! lost may be taken twice, and a caller that gets no answer goes on at the pace of its own process.

use std::time::Duration;

use async_trait::async_trait;
use domain::pacing::{Pace, Turn};
use jiff::Timestamp;

use super::StoreError;

/// Who asks for a turn, and how long they can wait for it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TurnRequest<'a> {
    /// Host and port, as the URL parser writes them.
    pub host: &'a str,
    pub pace: Pace,
    pub now: Timestamp,
    pub patience: Duration,
}

/// Hands out turns.
#[async_trait]
pub trait Pacing: Send + Sync {
    /// Takes the next turn at a host, unless it comes later than the caller can wait.
    async fn turn(&self, request: TurnRequest<'_>) -> Result<Turn, StoreError>;

    /// Lets nobody have a turn at `host` before `until`: the site asked for it.
    async fn hold(&self, host: &str, until: Timestamp) -> Result<(), StoreError>;
}
