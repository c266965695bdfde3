//! A small pool of connections to the engine.
//!
//! Both ends are in this process and the engine never closes an idle connection, so the pool keeps
//! whatever it has and asks nothing about age.

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Why the engine gave no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum UpstreamError {
    #[error("no connection to the engine")]
    Connect(#[from] std::io::Error),
    #[error("no answer from the engine")]
    Exchange(#[from] hyper::Error),
}

/// The engine, as an HTTP server.
pub(super) struct Upstream {
    address: SocketAddr,
    idle: Mutex<Vec<SendRequest<Full<Bytes>>>>,
}

impl Upstream {
    pub(super) fn new(address: SocketAddr) -> Self {
        Self {
            address,
            idle: Mutex::default(),
        }
    }

    /// Sends one request and reads the whole answer.
    pub(super) async fn ask(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Bytes>, UpstreamError> {
        let mut connection = self.connection().await?;
        let (head, body) = connection.send_request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(connection);
        Ok(Response::from_parts(head, body))
    }

    async fn connection(&self) -> Result<SendRequest<Full<Bytes>>, UpstreamError> {
        loop {
            let idle = self
                .idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop();
            let Some(mut connection) = idle else { break };
            if connection.ready().await.is_ok() {
                return Ok(connection);
            }
        }
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let (connection, driver) = handshake(TokioIo::new(stream)).await?;
        // Ends when the connection's handle is dropped, with the pool at the latest.
        tokio::spawn(async move {
            if let Err(error) = driver.await {
                tracing::debug!(%error, "a connection to the database ended early");
            }
        });
        Ok(connection)
    }
}
