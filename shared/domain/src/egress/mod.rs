//! The egress rule (contract, section 9): where Nightdesk may connect on somebody's word.
//!
//! A URL in a plan, a search result, a page's link or a redirect is written by a stranger. Fetched
//! without a check it reaches what only this machine can reach: the metadata service with our
//! credentials, the Runtime API on loopback, a database in the same network. So the rule is a list
//! of what is allowed (public names and public addresses on web ports), never of what is bad.
//!
//! It is asked three times, because each time sees something the others cannot: on the text when it
//! is saved, on every address a name resolves to, and at each redirect. This module is the rule
//! alone; `providers::crawl` and the webhook sender are where it is enforced on the address that is
//! in fact connected to.
//!
//! What can go wrong: two parsers that read one text differently. Only the WHATWG parser reads it
//! here, the parsed [`Url`] is what is handed on, and what parsers are known to disagree about
//! (control characters, blanks, backslashes before the query) is refused before parsing.

mod address;
mod exceptions;
mod name;

use std::net::IpAddr;

use url::{Host, Url};

use crate::text;

pub use address::check_ip;
pub use exceptions::{BadException, Exceptions};

/// The longest URL accepted, in characters (contract, section 9).
pub const MAX_URL_CHARS: usize = 2_048;

/// The ports of the web and their usual alternatives (contract, section 9).
pub const PORTS: [u16; 4] = [80, 443, 8080, 8443];

/// A refusal. The reason is fit for the person who wrote the URL; it never repeats the URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Denied {
    pub reason: &'static str,
}

const fn denied(reason: &'static str) -> Denied {
    Denied { reason }
}

/// Checks a URL's text against the rule without exceptions and gives it back parsed.
///
/// # Errors
/// [`Denied`] when the text is not a URL or the rule refuses it.
pub fn check_url(text: &str) -> Result<Url, Denied> {
    EgressRule::public_only().check_url(text)
}

/// The rule with the operator's exceptions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EgressRule {
    exceptions: Exceptions,
}

impl EgressRule {
    /// The rule with exceptions; a function in AWS must not be given any.
    #[must_use]
    pub fn new(exceptions: Exceptions) -> Self {
        Self { exceptions }
    }

    /// The rule as the contract states it.
    #[must_use]
    pub fn public_only() -> Self {
        Self::default()
    }

    /// Checks a URL as it was written and gives it back parsed: the parsed form is what must be
    /// stored and fetched.
    ///
    /// # Errors
    /// [`Denied`] when the text is not a URL or the rule refuses it.
    pub fn check_url(&self, text: &str) -> Result<Url, Denied> {
        if text.chars().count() > MAX_URL_CHARS {
            return Err(denied("the URL is longer than 2,048 characters"));
        }
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(denied("the URL contains a blank or a control character"));
        }
        // Whoever is asked about it would read another address.
        if text.chars().any(text::invisible) {
            return Err(denied("the URL contains a character that is not seen"));
        }
        let before_query = text.split(['?', '#']).next().unwrap_or(text);
        if before_query.contains('\\') {
            return Err(denied("the URL contains a backslash"));
        }
        let url = Url::parse(text).map_err(|_| denied("this is not a URL"))?;
        self.check(&url)?;
        Ok(url)
    }

    /// Checks a parsed URL: a redirect's target, already joined to the page it came from.
    ///
    /// # Errors
    /// [`Denied`] when the rule refuses it.
    pub fn check(&self, url: &Url) -> Result<(), Denied> {
        if url.as_str().chars().count() > MAX_URL_CHARS {
            return Err(denied("the URL is longer than 2,048 characters"));
        }
        if !matches!(url.scheme(), "http" | "https") {
            return Err(denied("only http and https are fetched"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(denied("the URL contains credentials"));
        }
        if self.is_exception(url) {
            return Ok(());
        }
        if !url
            .port_or_known_default()
            .is_some_and(|port| PORTS.contains(&port))
        {
            return Err(denied(
                "only the ports 80, 443, 8080 and 8443 are connected to",
            ));
        }
        match url.host() {
            Some(Host::Domain(name)) => name::check_name(name),
            Some(Host::Ipv4(ip)) => check_ip(IpAddr::V4(ip)),
            Some(Host::Ipv6(ip)) => check_ip(IpAddr::V6(ip)),
            None => Err(denied("the URL has no host")),
        }
    }

    /// Checks an address `url`'s host resolved to. One bad address among several refuses them all:
    /// the caller asks for each and stops at the first refusal.
    ///
    /// # Errors
    /// [`Denied`] when the address is not public and `url` is not an exception.
    pub fn check_resolved(&self, url: &Url, ip: IpAddr) -> Result<(), Denied> {
        if self.is_exception(url) {
            Ok(())
        } else {
            check_ip(ip)
        }
    }

    /// Whether the operator excepted exactly this host and port.
    #[must_use]
    pub fn is_exception(&self, url: &Url) -> bool {
        self.exceptions.contain(url)
    }
}

#[cfg(test)]
mod tests;
