//! Resolving names so that only public addresses come out.
//!
//! The check sits between resolution and connection, in the connector itself: each connection
//! resolves once and goes to the addresses that were checked, so a name that answers differently the
//! second time (DNS rebinding) gains nothing. The connector does not ask here for IP literals; those
//! are refused with the URL.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use domain::egress::Denied;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// A look-up under way.
pub type Lookup<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + 'a>>;

/// Looks names up.
pub trait Names: Send + Sync {
    /// All addresses of `name`, in the order to try them.
    fn lookup<'a>(&'a self, name: &'a str) -> Lookup<'a>;
}

/// The resolver of the operating system.
#[derive(Debug, Clone, Copy)]
pub struct SystemNames;

impl Names for SystemNames {
    fn lookup<'a>(&'a self, name: &'a str) -> Lookup<'a> {
        Box::pin(async move {
            let addresses = tokio::net::lookup_host((name, 0)).await?;
            Ok(addresses.map(|address| address.ip()).collect())
        })
    }
}

/// The name resolves to an address that must not be connected to.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub(super) struct Blocked {
    pub(super) reason: &'static str,
}

/// The name has no address.
#[derive(Debug, thiserror::Error)]
#[error("the name does not resolve")]
pub(super) struct Unresolved(#[source] Option<io::Error>);

/// Whether an address may be connected to.
pub(crate) type Guard = fn(IpAddr) -> Result<(), Denied>;

/// The hook given to the connector.
pub(crate) struct Resolver {
    names: Arc<dyn Names>,
    guard: Guard,
}

impl Resolver {
    pub(crate) fn new(names: Arc<dyn Names>, guard: Guard) -> Self {
        Self { names, guard }
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let names = self.names.clone();
        let guard = self.guard;
        Box::pin(async move {
            let addresses = names
                .lookup(name.as_str())
                .await
                .map_err(|error| Unresolved(Some(error)))?;
            if addresses.is_empty() {
                return Err(Unresolved(None).into());
            }
            // One bad address refuses them all: which one is tried first is the network's choice.
            for ip in &addresses {
                guard(*ip).map_err(|denied| Blocked {
                    reason: denied.reason,
                })?;
            }
            // Port 0 means the port of the URL.
            Ok(Box::new(addresses.into_iter().map(|ip| SocketAddr::new(ip, 0))) as Addrs)
        })
    }
}
