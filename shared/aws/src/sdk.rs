//! One lean configuration for every client.
//!
//! ring instead of aws-lc (3-5 ms to the first TLS call instead of 28-39), attempt and operation
//! timeouts on everything (a pooled connection may be dead after a thaw), connections dropped after 15 s of
//! idleness, and credentials from the function's environment only.

use std::time::Duration;

use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};
use aws_types::SdkConfig;

use crate::trust::Trust;

/// Where services are, when not where AWS has them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Endpoints {
    /// `AWS_ENDPOINT_URL`.
    pub all: Option<String>,
    /// `AWS_ENDPOINT_URL_<SERVICE>`, by the service's name.
    pub each: Vec<(String, String)>,
}

impl Endpoints {
    /// Reads them as every AWS SDK does.
    #[must_use]
    pub fn from_variables(variables: &[(String, String)]) -> Self {
        let mut endpoints = Self::default();
        for (name, value) in variables {
            if name == "AWS_ENDPOINT_URL" {
                endpoints.all = Some(value.clone());
            } else if let Some(service) = name.strip_prefix("AWS_ENDPOINT_URL_") {
                endpoints.each.push((service.to_owned(), value.clone()));
            }
        }
        endpoints
    }

    /// Whether anything is said to be elsewhere.
    pub(crate) fn is_given(&self) -> bool {
        *self != Self::default()
    }

    fn of(&self, service: &str) -> Option<&String> {
        self.each
            .iter()
            .find(|(name, _)| name == service)
            .map(|(_, url)| url)
            .or(self.all.as_ref())
    }
}

/// What every client is built from.
#[derive(Debug, Clone)]
pub struct Sdk {
    config: SdkConfig,
    endpoints: Endpoints,
}

impl Sdk {
    /// The configuration for a region, with the credentials of the environment. `trust` is asked where there is TLS.
    #[must_use]
    pub fn new(
        region: String,
        credentials: Credentials,
        endpoints: Endpoints,
        trust: &Trust,
    ) -> Self {
        let plain = endpoints
            .all
            .iter()
            .chain(endpoints.each.iter().map(|(_, url)| url))
            .all(|url| url.starts_with("http://"));
        let builder =
            aws_smithy_http_client::Builder::new().pool_idle_timeout(Duration::from_secs(15));
        // Endpoints without TLS need nobody's certificates.
        let http = if endpoints.is_given() && plain {
            builder.build_http()
        } else {
            builder
                .tls_provider(tls::Provider::Rustls(CryptoMode::Ring))
                .tls_context(trust.context())
                .build_https()
        };
        let credentials = aws_sdk_dynamodb::config::Credentials::new(
            credentials.access_key,
            credentials.secret_key,
            credentials.session_token,
            None,
            "environment",
        );
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(region))
            .credentials_provider(aws_sdk_dynamodb::config::SharedCredentialsProvider::new(
                credentials,
            ))
            .http_client(http)
            .retry_config(
                RetryConfig::standard()
                    .with_max_attempts(4)
                    .with_initial_backoff(Duration::from_millis(50)),
            )
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(Duration::from_secs(2))
                    .operation_attempt_timeout(Duration::from_secs(8))
                    .operation_timeout(Duration::from_secs(20))
                    .build(),
            )
            .build();
        Self { config, endpoints }
    }

    /// The configuration for one service, by its name in `AWS_ENDPOINT_URL_<SERVICE>`.
    #[must_use]
    pub fn service(&self, service: &str) -> SdkConfig {
        match self.endpoints.of(service) {
            Some(url) => self.config.to_builder().endpoint_url(url).build(),
            None => self.config.clone(),
        }
    }
}

/// The function's credentials. Debug shows none of them.
#[derive(Clone, Default)]
pub struct Credentials {
    pub access_key: String,
    pub secret_key: String,
    pub session_token: Option<String>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials(***)")
    }
}

/// The chain of causes in one line: an SDK error's own text says only "service error".
pub(crate) fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut at = error.source();
    while let Some(cause) = at {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        at = cause.source();
    }
    text
}
