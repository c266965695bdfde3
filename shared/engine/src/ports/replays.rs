//! Requests that may be sent again, and what was answered the first time (promise 6).
//!
//! A key is opened with one conditional write: of many requests at once with one key, one begins. Whoever begins is
//! given a seed; what the request makes takes its ids from it, so that a try that was cut off between its
//! effect and its answer is recognised by the next, which is given the same seed. The answer is kept
//! sealed: the store cannot read it.

use async_trait::async_trait;
use domain::ids::OwnerId;
use jiff::{SignedDuration, Timestamp};

use super::StoreError;

/// For how long a first answer is given again (API section 1).
pub const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// For how long a try may run before another may take its place: longer than the gateway waits for any.
pub const LEASE: SignedDuration = SignedDuration::from_secs(30);

/// A request with a key.
#[derive(Debug, Clone, Copy)]
pub struct Opening<'a> {
    pub owner: &'a OwnerId,
    /// The SHA-256 of the key: a key may say things that are nobody's business.
    pub key_sha256: &'a str,
    /// The SHA-256 of what is asked for.
    pub request_sha256: &'a str,
    /// The seed to give when nobody has begun.
    pub seed: [u8; 32],
    pub now: Timestamp,
}

/// A try that may go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Random bytes, the same for every try of one request. They are stored in clear.
    pub seed: [u8; 32],
    /// When the first try began.
    pub begun_at: Timestamp,
    /// Whether an earlier try was cut off: what it made may be there.
    pub is_repeat: bool,
}

/// What became of opening a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    Begin(Attempt),
    /// Another try is under way.
    Running,
    /// It was answered with this.
    Answered(Vec<u8>),
    /// The key belongs to another request.
    Reused,
}

/// Keeps first answers.
#[async_trait]
pub trait Replays: Send + Sync {
    /// Begins, or says why not.
    async fn open(&self, opening: Opening<'_>) -> Result<Opened, StoreError>;
    /// Keeps the answer of a try. One that has lost its place to another changes nothing.
    async fn answer(
        &self,
        owner: &OwnerId,
        key_sha256: &str,
        seed: &[u8; 32],
        sealed: Vec<u8>,
    ) -> Result<(), StoreError>;
    /// Gives the try's place up: it failed, and what it has made may be there. The next has the same seed.
    async fn give_up(
        &self,
        owner: &OwnerId,
        key_sha256: &str,
        seed: &[u8; 32],
    ) -> Result<(), StoreError>;
    /// Frees the key: the request was refused and changed nothing.
    async fn release(
        &self,
        owner: &OwnerId,
        key_sha256: &str,
        seed: &[u8; 32],
    ) -> Result<(), StoreError>;
}
