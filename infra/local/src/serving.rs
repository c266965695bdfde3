//! Loopback HTTP servers and the client the host talks to itself with.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// A server on a loopback port; dropping it closes the port, [`Server::stop`] also the connections.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    stop: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Server {
    /// `http://127.0.0.1:PORT`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// `127.0.0.1:PORT`.
    pub(crate) fn host_and_port(&self) -> String {
        self.address.to_string()
    }

    /// Takes no more requests, answers those it has, and closes idle connections; after `patience`
    /// it stops anyway.
    pub(crate) async fn stop(mut self, patience: Duration) {
        self.stop.notify_one();
        if tokio::time::timeout(patience, &mut self.task)
            .await
            .is_err()
        {
            tracing::info!("a local server stopped before all requests were answered");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Takes a loopback port, 0 for any free one. What connects before [`serve`] waits in the backlog.
///
/// # Errors
/// When the port is taken.
pub(crate) async fn listen(port: u16) -> std::io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await
}

/// Serves a router on a port taken before.
///
/// # Errors
/// When the listener has no address.
pub(crate) fn serve(listener: TcpListener, router: Router) -> std::io::Result<Server> {
    let address = listener.local_addr()?;
    let listener = listener.tap_io(|stream| {
        // Small answers must not wait for the acknowledgement of the one before.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "could not set TCP_NODELAY");
        }
    });
    // The address of the caller is part of an API Gateway event.
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let stop = Arc::new(Notify::new());
    let stopped = stop.clone();
    let task = tokio::spawn(async move {
        let serving = axum::serve(listener, service)
            .with_graceful_shutdown(async move { stopped.notified().await });
        if let Err(error) = serving.await {
            tracing::error!(%error, "a local server stopped");
        }
    });
    Ok(Server {
        address,
        stop,
        task,
    })
}

/// Serves a router on a loopback port.
///
/// # Errors
/// When the port is taken.
pub(crate) async fn start(port: u16, router: Router) -> std::io::Result<Server> {
    serve(listen(port).await?, router)
}

/// A client for the tests of this crate.
#[cfg(test)]
pub(crate) fn client() -> reqwest::Client {
    static RING: std::sync::Once = std::sync::Once::new();
    RING.call_once(|| {
        // Only fails when a provider is installed already, and then one is.
        let _installed = rustls::crypto::ring::default_provider().install_default();
    });
    reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client without special settings can be built")
}
