//! `NIGHTDESK_EGRESS_ALLOW`: hosts and ports that are connected to although they are not public.
//!
//! Tests and the local host need them (the bundled site is on loopback). An exception is one host
//! with one port, as written in the URL; it does not extend to names that resolve to the same
//! address.

use std::collections::BTreeSet;

use url::Url;

/// A set of `host:port`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exceptions {
    /// Hosts as the WHATWG parser writes them.
    allowed: BTreeSet<(String, u16)>,
}

/// An entry of the list that is not `host:port`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{entry}` is not host:port")]
pub struct BadException {
    pub entry: String,
}

impl Exceptions {
    /// Reads `host:port,host:port`; blanks around entries and empty entries are ignored. IPv6
    /// addresses stand in brackets.
    ///
    /// # Errors
    /// [`BadException`] names the first entry that cannot be read.
    pub fn parse(text: &str) -> Result<Self, BadException> {
        let allowed = text
            .split(',')
            .map(str::trim)
            .filter(|entry| !entry.is_empty())
            .map(|entry| {
                parse_entry(entry).ok_or_else(|| BadException {
                    entry: entry.to_owned(),
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { allowed })
    }

    /// Whether nothing is excepted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.allowed.is_empty()
    }

    /// Whether `url` points to an excepted host and port.
    #[must_use]
    pub fn contain(&self, url: &Url) -> bool {
        match (url.host_str(), url.port_or_known_default()) {
            (Some(host), Some(port)) => self.allowed.contains(&(host.to_owned(), port)),
            _ => false,
        }
    }
}

fn parse_entry(entry: &str) -> Option<(String, u16)> {
    let (host, port) = entry.rsplit_once(':')?;
    let port: u16 = port.parse().ok().filter(|port| *port > 0)?;
    // The URL parser decides what a host is, so that both sides are spelled the same.
    let url = Url::parse(&format!("http://{host}/")).ok()?;
    let bare = url.path() == "/"
        && url.query().is_none()
        && url.port().is_none()
        && url.username().is_empty();
    if !bare {
        return None;
    }
    Some((url.host_str()?.to_owned(), port))
}
