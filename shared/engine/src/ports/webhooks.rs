//! Posting to an address on the web, behind the egress rule (promise 13).

use std::time::Duration;

use async_trait::async_trait;

/// One post, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    pub url: String,
    pub content_type: &'static str,
    /// Further headers, lower-case names.
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    pub limit: Duration,
}

/// Why a post did not arrive.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PostError {
    #[error("the address is not public: {reason}")]
    BlockedAddress { reason: String },
    #[error("the receiver did not answer in time")]
    Timeout,
    #[error("the receiver could not be reached: {reason}")]
    Unreachable { reason: String },
    #[error("the receiver answered {status}")]
    HttpStatus {
        status: u16,
        retry_after: Option<Duration>,
    },
}

/// Sends posts. Redirects are not followed: what was approved goes where it was approved to go.
#[async_trait]
pub trait Webhooks: Send + Sync {
    /// Gives the status of an answer in 200-299.
    async fn post(&self, post: &Post) -> Result<u16, PostError>;
}
