//! The webhook sender: one post to an address somebody wrote, behind the egress rule (promise 13).
//!
//! It connects as the crawler does: the URL is checked, names are resolved by our own resolver, which
//! refuses all addresses of a name as soon as one is not public, and the connection goes to exactly the
//! addresses that were checked. No redirect is followed, because what was approved goes where it was
//! approved to go: a redirect is an answer like any other and fails by its status. Of the answer's body
//! a little is read, so that the connection can be used again, and nothing is kept: what came of a post is
//! settled by the status.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::egress::{EgressRule, check_ip};
use engine::ports::{FetchError, Post, PostError, Webhooks};
use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Client, Response};
use tokio::time::Instant;

use crate::crawl::resolver::{Guard, Resolver};
use crate::crawl::{Names, SystemNames, failure};
use crate::http::{ClientError, client};
use crate::retry_after::retry_after;

/// How much of an answer's body is read, in bytes.
const MOST_READ: usize = 64 * 1024;

/// How long that may take. A new connection costs less.
const READ_LIMIT: Duration = Duration::from_secs(1);

/// Sends posts over HTTP.
pub struct WebhookSender {
    rule: EgressRule,
    /// Connects only to public addresses.
    public: Client,
    /// Connects anywhere: used for the operator's exceptions and nothing else.
    excepted: Client,
}

impl WebhookSender {
    /// # Errors
    /// When no TLS client can be built.
    pub fn new(rule: EgressRule) -> Result<Self, ClientError> {
        Self::with_names(rule, Arc::new(SystemNames))
    }

    /// The same with another resolver of names.
    ///
    /// # Errors
    /// When no TLS client can be built.
    pub fn with_names(rule: EgressRule, names: Arc<dyn Names>) -> Result<Self, ClientError> {
        let build = |guard: Guard| {
            let agent = concat!("Nightdesk/", env!("CARGO_PKG_VERSION"));
            let resolver = Resolver::new(names.clone(), guard);
            client(|builder| builder.user_agent(agent).dns_resolver(Arc::new(resolver)))
        };
        Ok(Self {
            rule,
            public: build(check_ip)?,
            excepted: build(|_| Ok(()))?,
        })
    }

    async fn send(&self, post: &Post) -> Result<Response, PostError> {
        let blocked = |reason: &str| PostError::BlockedAddress {
            reason: reason.to_owned(),
        };
        let url = self
            .rule
            .check_url(&post.url)
            .map_err(|denied| blocked(denied.reason))?;
        let client = if self.rule.is_exception(&url) {
            &self.excepted
        } else {
            &self.public
        };
        let mut request = client
            .post(url)
            .header(CONTENT_TYPE, HeaderValue::from_static(post.content_type));
        for (name, value) in &post.headers {
            // Both are ours; a value that cannot stand in a header is a fault that no retry mends.
            let name = HeaderName::try_from(*name)
                .map_err(|_| blocked("a header of the post has no valid name"))?;
            let value = HeaderValue::try_from(value)
                .map_err(|_| blocked("a header of the post has no valid value"))?;
            request = request.header(name, value);
        }
        request
            .body(post.body.clone())
            .send()
            .await
            .map_err(|error| of_request(&error))
    }
}

#[async_trait]
impl Webhooks for WebhookSender {
    async fn post(&self, post: &Post) -> Result<u16, PostError> {
        let until = Instant::now() + post.limit;
        let response = tokio::time::timeout_at(until, self.send(post))
            .await
            .unwrap_or(Err(PostError::Timeout))?;
        let status = response.status();
        let retry_after = retry_after(response.headers(), Timestamp::now());
        // The status has been given: whatever the body does changes nothing.
        let until = until.min(Instant::now() + READ_LIMIT);
        let _ = tokio::time::timeout_at(until, drain(response)).await;
        if status.is_success() {
            Ok(status.as_u16())
        } else {
            Err(PostError::HttpStatus {
                status: status.as_u16(),
                retry_after,
            })
        }
    }
}

/// Reads a little of the body.
async fn drain(mut response: Response) {
    let mut read = 0;
    while let Ok(Some(chunk)) = response.chunk().await {
        read += chunk.len();
        if read > MOST_READ {
            return;
        }
    }
}

/// What an error of the client means, as for a page.
fn of_request(error: &reqwest::Error) -> PostError {
    match failure::of_request(error) {
        FetchError::BlockedAddress { reason } => PostError::BlockedAddress { reason },
        FetchError::Timeout => PostError::Timeout,
        FetchError::Unreachable { reason } => PostError::Unreachable { reason },
        FetchError::BadCertificate { reason } => PostError::BadCertificate { reason },
        other @ (FetchError::RateLimited { .. }
        | FetchError::HttpStatus { .. }
        | FetchError::TooManyRedirects
        | FetchError::TooLarge { .. }
        | FetchError::TooCostly
        | FetchError::UnsupportedContentType { .. }
        | FetchError::RobotsDenied
        | FetchError::NeedsScript
        | FetchError::NotYet { .. }) => PostError::Unreachable {
            reason: other.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::io;
    use std::net::IpAddr;
    use std::sync::atomic::Ordering;

    use domain::egress::Exceptions;

    use super::*;
    use crate::crawl::Lookup;
    use crate::loopback::{Endless, Loopback, reply};

    struct Scripted(HashMap<&'static str, IpAddr>);

    impl Names for Scripted {
        fn lookup<'a>(&'a self, name: &'a str) -> Lookup<'a> {
            let answer = self.0.get(name).map(|ip| vec![*ip]);
            Box::pin(async move { answer.ok_or_else(|| io::Error::other("no such name")) })
        }
    }

    fn sender(server: &Loopback) -> WebhookSender {
        sender_to(server.port())
    }

    fn sender_to(port: u16) -> WebhookSender {
        let rule = EgressRule::new(Exceptions::parse(&format!("127.0.0.1:{port}")).unwrap());
        let names = Scripted(HashMap::from([(
            "inside.example",
            "10.0.0.1".parse().unwrap(),
        )]));
        WebhookSender::with_names(rule, Arc::new(names)).unwrap()
    }

    fn post(url: &str) -> Post {
        Post {
            url: url.to_owned(),
            content_type: "application/json",
            headers: vec![("webhook-id", "key".to_owned())],
            body: b"{\"a\":1}".to_vec(),
            limit: Duration::from_secs(5),
        }
    }

    async fn answered(answer: Vec<u8>) -> Result<u16, PostError> {
        let server = Loopback::start(vec![answer]).await;
        sender(&server)
            .post(&post(server.url("/hook").as_str()))
            .await
    }

    #[tokio::test]
    async fn the_bytes_arrive_as_they_are() {
        let server = Loopback::start(vec![reply(202, &[], "thanks")]).await;
        assert_eq!(
            sender(&server)
                .post(&post(server.url("/hook?a").as_str()))
                .await,
            Ok(202)
        );
        let request = &server.requests()[0];
        let head = request.to_ascii_lowercase();
        assert!(head.starts_with("post /hook?a http/1.1"), "{request}");
        assert!(
            head.contains("content-type: application/json\r\n")
                && head.contains("webhook-id: key\r\n"),
            "{request}"
        );
        assert!(request.ends_with("\r\n\r\n{\"a\":1}"), "{request}");
    }

    #[tokio::test]
    async fn a_redirect_is_a_failure_and_is_not_followed() {
        let server = Loopback::start(vec![reply(307, &[("location", "/elsewhere")], "")]).await;
        let answer = sender(&server)
            .post(&post(server.url("/hook").as_str()))
            .await;
        assert_eq!(
            answer,
            Err(PostError::HttpStatus {
                status: 307,
                retry_after: None
            })
        );
        assert_eq!(server.requests().len(), 1);
    }

    #[tokio::test]
    async fn what_the_receiver_says_decides() {
        let wait = Some(Duration::from_secs(9));
        let busy = answered(reply(429, &[("retry-after", "9")], "")).await;
        assert_eq!(
            busy,
            Err(PostError::HttpStatus {
                status: 429,
                retry_after: wait
            })
        );
        assert_eq!(
            answered(reply(410, &[], "")).await,
            Err(PostError::HttpStatus {
                status: 410,
                retry_after: None
            })
        );
        assert_eq!(
            answered(reply(200, &[], vec![b'x'; 1 << 20])).await,
            Ok(200)
        );
        assert!(matches!(
            answered(b"nonsense".to_vec()).await,
            Err(PostError::Unreachable { .. })
        ));
    }

    #[tokio::test]
    async fn only_public_addresses_are_connected_to() {
        let server = Loopback::start(vec![reply(200, &[], "")]).await;
        let sender = sender(&server);
        for url in [
            "http://127.0.0.1:1/",
            "http://169.254.169.254/x",
            "http://inside.example/",
            "http://localhost/",
            "ftp://a.example/",
        ] {
            assert!(
                matches!(
                    sender.post(&post(url)).await,
                    Err(PostError::BlockedAddress { .. })
                ),
                "{url}"
            );
        }
        assert!(matches!(
            sender.post(&post("http://nowhere.example/")).await,
            Err(PostError::Unreachable { .. })
        ));
        assert!(server.requests().is_empty());
    }

    #[tokio::test]
    async fn silence_ends_with_the_limit() {
        let server = Loopback::hanging().await;
        let slow = Post {
            limit: Duration::from_millis(50),
            ..post(server.url("/").as_str())
        };
        assert_eq!(sender(&server).post(&slow).await, Err(PostError::Timeout));
    }

    /// HOOK-019, and a receiver that goes on and on in small pieces.
    #[tokio::test]
    async fn a_long_answer_is_read_a_little_and_changes_nothing() {
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\nconnection: close\r\n\r\n";
        for (chunk, pause) in [(64 << 10, 0), (1, 20)] {
            let pause = Duration::from_millis(pause);
            let server = Endless::start(head, vec![b'x'; chunk], pause).await;
            let url = format!("http://127.0.0.1:{}/hook", server.port);
            assert_eq!(sender_to(server.port).post(&post(&url)).await, Ok(200));
            // What the kernels hold between the two comes on top.
            let sent = server.sent.load(Ordering::SeqCst);
            assert!(sent < MOST_READ + (16 << 20), "{sent}");
        }
    }
}
