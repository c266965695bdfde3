//! Prepares a post, and sends it once it is approved.
//!
//! The headers follow Standard Webhooks: an id that is the same at every attempt, so a receiver can
//! recognise a repetition, and with a secret a signature over id, time and body. The time is the
//! real one even where a test has moved the clock: receivers compare it with theirs.

use domain::approval::Draft;
use domain::execution::ErrorCode;
use domain::plan::{PostSecret, PostWebhook};
use domain::signature::SigningSecret;
use engine::ports::Post;
use engine::retry::{Again, ToolFailure};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Context, Made};
use crate::failure;

pub(crate) async fn run(config: &PostWebhook, context: &Context<'_>) -> Result<Made, ToolFailure> {
    let url = context.text(&config.url)?.trim().to_owned();
    // Before a person is asked about it; the sender checks again what it connects to.
    context.egress.check_url(&url).map_err(|denied| {
        ToolFailure::new(ErrorCode::BlockedAddress, denied.reason, Again::Never)
    })?;
    let body = config
        .body
        .resolve(context.upstream)
        .map_err(|missing| failure::of_reference(&missing))?;
    Ok(Made::Draft(Draft::Webhook { url, body }))
}

pub(crate) async fn perform(
    config: &PostWebhook,
    url: &str,
    body: &Value,
    key: &str,
    context: &Context<'_>,
) -> Result<Value, ToolFailure> {
    let secret = opened(config, context).await?;
    let post = post(
        secret.as_ref().map(SigningSecret::expose),
        url,
        body,
        key,
        Timestamp::now().as_second(),
        context.left(),
    )?;
    let status = context
        .ports
        .webhooks
        .post(&post)
        .await
        .map_err(|error| failure::of_post(&error))?;
    Ok(json!({ "status": status }))
}

/// The secret in clear, where there is one.
async fn opened(
    config: &PostWebhook,
    context: &Context<'_>,
) -> Result<Option<SigningSecret>, ToolFailure> {
    let failed = |reason: &str, again| ToolFailure::new(ErrorCode::Infrastructure, reason, again);
    match &config.secret {
        None => Ok(None),
        Some(PostSecret::Clear(secret)) => Ok(Some(secret.clone())),
        Some(PostSecret::Sealed(sealed)) => {
            let opened = context.ports.sealing.open(context.owner, sealed).await;
            let opened = opened.map_err(|error| {
                tracing::error!(%error, "a webhook's secret cannot be opened now");
                failed("the secret cannot be opened now", Again::Backoff)
            })?;
            let gone = "the stored secret cannot be opened: give the step a new one";
            opened.map(Some).ok_or_else(|| failed(gone, Again::Never))
        }
    }
}

fn post(
    secret: Option<&str>,
    url: &str,
    body: &Value,
    key: &str,
    seconds: i64,
    limit: std::time::Duration,
) -> Result<Post, ToolFailure> {
    let bytes = Draft::webhook_bytes(body);
    let content_type = if body.is_string() {
        "text/plain; charset=utf-8"
    } else {
        "application/json"
    };
    let post = Post::standard(url, (content_type, bytes), key, seconds, secret, limit);
    let mut post = post.ok_or_else(|| {
        ToolFailure::new(
            ErrorCode::Infrastructure,
            "the stored secret cannot sign",
            Again::Never,
        )
    })?;
    post.headers.insert(0, ("idempotency-key", key.to_owned()));
    Ok(post)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::signature::{SignedHeaders, verify};
    use std::time::Duration;

    #[test]
    fn the_bytes_are_the_drafts_and_the_signature_is_over_them() {
        let body = json!({"b": 1, "a": "ü"});
        let sent = post(
            Some("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
            "https://x.example/",
            &body,
            "k",
            7,
            Duration::ZERO,
        )
        .unwrap();
        assert_eq!(sent.body, "{\"b\":1,\"a\":\"ü\"}".as_bytes());
        assert_eq!(sent.content_type, "application/json");
        let header = |name| {
            let mut headers = sent.headers.iter();
            let found = headers.find_map(|(key, value)| (*key == name).then_some(value.as_str()));
            found.map(str::to_owned)
        };
        let headers = ["webhook-id", "webhook-timestamp", "webhook-signature"].map(header);
        let [id, timestamp, signature] = headers.each_ref().map(Option::as_deref);
        let headers = SignedHeaders {
            id,
            timestamp,
            signature,
        };
        let secrets = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"];
        assert_eq!(verify(&secrets, headers, &sent.body, 7), Ok(()));
        let text = post(
            None,
            "https://x.example/",
            &json!("plain"),
            "k",
            7,
            Duration::ZERO,
        )
        .unwrap();
        assert_eq!(
            (text.body.as_slice(), text.content_type),
            (b"plain".as_slice(), "text/plain; charset=utf-8")
        );
        assert_eq!(text.headers.len(), 3);
    }
}
