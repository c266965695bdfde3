//! The crawler: one page of the web, fetched behind the egress rule (promise 13).
//!
//! What can go wrong is mostly meant to: a page is written by a stranger, its name resolves to what a
//! stranger says, and it redirects where a stranger wants. Hence: the URL is checked before every
//! hop; names are resolved by our own resolver, which refuses all addresses of a name as soon as one
//! is not public, and the connection goes to exactly the addresses that were checked; at most 5
//! redirects are followed, by hand; a page has one deadline and a size after decompression.
//!
//! Not here yet, and not pretended: robots.txt, pacing and conditional requests. They belong in
//! [`WebCrawler::fetch`] before the first hop, which is the only place a request leaves from.

pub(crate) mod body;
pub(crate) mod failure;

pub(crate) mod resolver;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::egress::EgressRule;
use engine::ports::{Crawler, FetchError, Page, PageRequest};
use jiff::Timestamp;
use reqwest::header::{ACCEPT, LOCATION};
use reqwest::{Client, Response};
use url::Url;

use crate::http::{ClientError, client};
use crate::page;
use crate::retry_after::retry_after;
pub use resolver::{Lookup, Names, SystemNames};

/// Redirects followed for one page (contract, section 9).
pub const MAX_REDIRECTS: usize = 5;

/// The most one page may take, whatever the step allows: a site that drips must not eat a step.
pub const PAGE_LIMIT: Duration = Duration::from_secs(20);

/// The page formats we read, in the order of preference.
const ACCEPTED: &str = "text/html,application/xhtml+xml;q=0.9,application/xml;q=0.8,application/json;q=0.7,text/plain;q=0.6,*/*;q=0.1";

/// Fetches pages over HTTP.
pub struct WebCrawler {
    rule: EgressRule,
    /// Connects only to public addresses.
    public: Client,
    /// Connects anywhere: used for the operator's exceptions and nothing else.
    excepted: Client,
}

impl WebCrawler {
    /// A crawler that names itself `Nightdesk/<version> (+contact)`, `contact` being a URL or address
    /// where a site's owner finds out who is asking.
    ///
    /// # Errors
    /// When no TLS client can be built.
    pub fn new(rule: EgressRule, contact: &str) -> Result<Self, ClientError> {
        Self::with_names(rule, contact, Arc::new(SystemNames))
    }

    /// The same with another resolver of names.
    ///
    /// # Errors
    /// When no TLS client can be built.
    pub fn with_names(
        rule: EgressRule,
        contact: &str,
        names: Arc<dyn Names>,
    ) -> Result<Self, ClientError> {
        let agent = user_agent(contact);
        let build = |public_only: bool| {
            let names = names.clone();
            let agent = agent.clone();
            client(move |builder| {
                let resolver = resolver::Resolver::new(names.clone(), public_only);
                builder
                    .user_agent(agent.clone())
                    .dns_resolver(Arc::new(resolver))
            })
        };
        Ok(Self {
            rule,
            public: build(true)?,
            excepted: build(false)?,
        })
    }

    /// Follows redirects to an answer that is none.
    async fn answer(&self, start: &Url) -> Result<(Url, Response), FetchError> {
        let mut url = start.clone();
        url.set_fragment(None);
        let mut seen = vec![url.clone()];
        loop {
            self.rule
                .check(&url)
                .map_err(|denied| FetchError::BlockedAddress {
                    reason: denied.reason.to_owned(),
                })?;
            let client = if self.rule.is_exception(&url) {
                &self.excepted
            } else {
                &self.public
            };
            let response = client
                .get(url.clone())
                .header(ACCEPT, ACCEPTED)
                .send()
                .await
                .map_err(|error| failure::of_request(&error))?;
            let Some(next) = redirect_target(&url, &response) else {
                return Ok((url, response));
            };
            if seen.len() > MAX_REDIRECTS || seen.contains(&next) {
                return Err(FetchError::TooManyRedirects);
            }
            seen.push(next.clone());
            url = next;
        }
    }

    async fn read(&self, start: &Url) -> Result<Page, FetchError> {
        let (url, response) = self.answer(start).await?;
        let status = response.status();
        if !status.is_success() {
            let retry_after = retry_after(response.headers(), Timestamp::now());
            return Err(match status.as_u16() {
                429 => FetchError::RateLimited { retry_after },
                status => FetchError::HttpStatus {
                    status,
                    retry_after,
                },
            });
        }
        let body = body::read(response).await?;
        let start = start.clone();
        // Off the runtime's thread, so that the deadline holds while a parser works, and so that a
        // parser's mistake ends the page and not the process.
        let reading =
            tokio::task::spawn_blocking(move || page::read(&start, &url, status.as_u16(), &body));
        reading.await.unwrap_or_else(|_| {
            Err(failure::unreachable_because(
                "its mark-up could not be read",
            ))
        })
    }
}

#[async_trait]
impl Crawler for WebCrawler {
    async fn fetch(&self, request: &PageRequest) -> Result<Page, FetchError> {
        let limit = request.limit.min(PAGE_LIMIT);
        tokio::time::timeout(limit, self.read(&request.url))
            .await
            .unwrap_or(Err(FetchError::Timeout))
    }
}

/// Where an answer sends us, when it does. A redirect without a usable `Location` is an answer like
/// any other, and fails by its status.
fn redirect_target(from: &Url, response: &Response) -> Option<Url> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    // Locations are UTF-8 in practice, whatever the header grammar says.
    let location = std::str::from_utf8(response.headers().get(LOCATION)?.as_bytes()).ok()?;
    let mut next = from.join(location).ok()?;
    next.set_fragment(None);
    Some(next)
}

/// An honest name. What cannot stand in a header is left out of the contact.
fn user_agent(contact: &str) -> String {
    let contact: String = contact
        .chars()
        .filter(|c| c.is_ascii_graphic() && !matches!(c, '(' | ')'))
        .collect();
    let name = concat!("Nightdesk/", env!("CARGO_PKG_VERSION"));
    if contact.is_empty() {
        name.to_owned()
    } else {
        format!("{name} (+{contact})")
    }
}

#[cfg(test)]
mod tests;
