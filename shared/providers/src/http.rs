//! The HTTP clients all providers are built on.
//!
//! Every client refuses what a server-side client must not do by itself: it follows no redirect, asks
//! no proxy, sends no referer and keeps no cookies. Pools are short-lived, because Lambda freezes the
//! process between invocations and a connection older than that is most likely dead.

use std::sync::Once;
use std::time::Duration;

use reqwest::{Client, ClientBuilder};

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
///
/// A machine without any root certificate (a bare container) can still speak plain HTTP to its own
/// loopback: there the client trusts nobody, and https fails at the first connection.
pub(crate) fn client(
    configure: impl Fn(ClientBuilder) -> ClientBuilder,
) -> Result<Client, ClientError> {
    install_tls();
    let defaults = || {
        Client::builder()
            .no_proxy()
            .referer(false)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_LIMIT)
            .pool_idle_timeout(POOL_IDLE)
    };
    match configure(defaults()).build() {
        Ok(client) => Ok(client),
        Err(error) => {
            let client = configure(defaults().tls_certs_only([]))
                .build()
                .map_err(ClientError)?;
            tracing::warn!(error = %text_of(&error), "no root certificates were found: https will not work");
            Ok(client)
        }
    }
}

/// Makes ring the TLS provider of the process, once. Another crate that came first is fine: both
/// want the same.
fn install_tls() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
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
