//! Posting to an address on the web, behind the egress rule (promise 13).

use std::time::Duration;

use async_trait::async_trait;
use domain::signature;

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

impl Post {
    /// A post with the headers of Standard Webhooks (specification 1.0.0): an id that is the same at every attempt, so
    /// that a receiver recognises a repetition, the time of this attempt in seconds since 1970, and with a secret the
    /// signature over id, time and body. `None` when the secret cannot sign.
    #[must_use]
    pub fn standard(
        url: &str,
        (content_type, body): (&'static str, Vec<u8>),
        id: &str,
        seconds: i64,
        secret: Option<&str>,
        limit: Duration,
    ) -> Option<Self> {
        let mut headers = vec![
            ("webhook-id", id.to_owned()),
            ("webhook-timestamp", seconds.to_string()),
        ];
        if let Some(secret) = secret {
            let signature = signature::sign(secret, id, seconds, &body)?;
            headers.push(("webhook-signature", signature));
        }
        Some(Self {
            url: url.to_owned(),
            content_type,
            headers,
            body,
            limit,
        })
    }
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
    /// Its host cannot show that it is the one that was meant.
    #[error("the receiver's certificate is not valid: {reason}")]
    BadCertificate { reason: String },
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
