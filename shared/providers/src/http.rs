//! The HTTP clients all providers are built on.
//!
//! Every client refuses what a server-side client must not do by itself: it follows no redirect, asks
//! no proxy, sends no referer and keeps no cookies. Pools are short-lived, because Lambda freezes the
//! process between invocations and a connection older than that is most likely dead.

use std::time::Duration;

use reqwest::{Client, ClientBuilder};

use crate::roots;

/// How long a connection may take to be made.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// How long an unused connection is kept. Peers close idle connections after 20 s and more; a
/// connection that was frozen longer is not tried again.
const POOL_IDLE: Duration = Duration::from_secs(15);

/// A client could not be built: the process cannot do TLS at all.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client could not be built")]
pub struct ClientError(#[source] reqwest::Error);

/// Builds a client from `configure`, applied to the defaults above.
pub(crate) fn client(
    configure: impl FnOnce(ClientBuilder) -> ClientBuilder,
) -> Result<Client, ClientError> {
    let defaults = Client::builder()
        .tls_backend_preconfigured(roots::of_machine())
        .no_proxy()
        .referer(false)
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_LIMIT)
        .pool_idle_timeout(POOL_IDLE);
    configure(defaults).build().map_err(ClientError)
}

/// An error with its causes in one line, for operators' logs. Without the URL: it may carry what
/// somebody searched for.
pub(crate) fn text_of(error: &reqwest::Error) -> String {
    let mut text = String::new();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&error.to_string());
        cause = error.source();
    }
    if text.is_empty() {
        "request failed".to_owned()
    } else {
        text
    }
}
