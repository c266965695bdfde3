//! The HTTP floor under the services: one small server, one shape for a service.
//!
//! Hyper is used directly and not through a router: the services dispatch on a header or on two or
//! three paths, and one of the faults is a connection that closes without an answer, which a router
//! cannot do.
//!
//! Every service listens on its own loopback port. A request whose Host is another name is refused, so
//! that no page in a browser can reach the services by pointing a name of its own at this machine.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use http::header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::faults::LostAnswer;

/// What a service answers with.
pub(crate) type Answer = Response<Full<Bytes>>;

/// The largest body any service takes; each has its own, lower limits behind this one.
const BODY_LIMIT: usize = 24 * 1024 * 1024;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// A service behind an HTTP port.
#[async_trait::async_trait]
pub(crate) trait Service: Send + Sync + 'static {
    /// Answers one request. Refusals are answers too.
    async fn answer(&self, request: Request<Bytes>) -> Answer;
}

/// A listening service; it stops, with every open connection, when this is dropped.
pub(crate) struct Listener {
    url: String,
    accepting: JoinHandle<()>,
}

impl Listener {
    /// `http://127.0.0.1:port`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Puts `service` behind a free loopback port.
pub(crate) async fn listen(service: Arc<dyn Service>) -> io::Result<Listener> {
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let url = format!("http://{}", socket.local_addr()?);
    let accepting = tokio::spawn(async move {
        // Owned by this task: aborting it drops the set, and with it every connection.
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = socket.accept() => match accepted {
                    Ok((stream, _)) => {
                        connections.spawn(serve(stream, Arc::clone(&service)));
                    }
                    Err(error) => {
                        // Out of file descriptors, most likely: give connections time to close.
                        tracing::warn!(%error, "could not accept a connection");
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                },
                Some(_) = connections.join_next() => {}
            }
        }
    });
    Ok(Listener { url, accepting })
}

async fn serve(stream: TcpStream, service: Arc<dyn Service>) {
    // Answers are small and waited for; a failure here costs time only.
    let _ = stream.set_nodelay(true);
    let answering = service_fn(move |request| {
        let service = Arc::clone(&service);
        async move { answer(service.as_ref(), request).await }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), answering);
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// The error that makes hyper close a connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the answer was lost on purpose")]
struct Severed;

/// Marks an answer that is to be lost with its connection.
#[derive(Clone)]
struct Sever;

async fn answer(service: &dyn Service, request: Request<Incoming>) -> Result<Answer, Severed> {
    if !for_this_machine(&request) {
        return Ok(plain(
            StatusCode::MISDIRECTED_REQUEST,
            "this service answers to 127.0.0.1 only",
        ));
    }
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, BODY_LIMIT).collect().await else {
        return Ok(plain(
            StatusCode::PAYLOAD_TOO_LARGE,
            "the body is too long or ended early",
        ));
    };
    let mut answer = service
        .answer(Request::from_parts(head, body.to_bytes()))
        .await;
    if answer.extensions().get::<Sever>().is_some() {
        return Err(Severed);
    }
    if !answer.headers().contains_key(REQUEST_ID)
        && let Ok(id) = HeaderValue::from_str(&uuid::Uuid::now_v7().to_string())
    {
        answer.headers_mut().insert(REQUEST_ID, id);
    }
    Ok(answer)
}

fn for_this_machine(request: &Request<Incoming>) -> bool {
    let host = request
        .headers()
        .get(HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    matches!(name, "127.0.0.1" | "localhost")
}

/// An answer that will never arrive.
pub(crate) fn severed() -> Answer {
    let mut answer = Response::new(Full::default());
    answer.extensions_mut().insert(Sever);
    answer
}

/// The answer to a write that happened, or what the faults make of it; `internal_error` is the
/// service's own shape of a 500.
pub(crate) fn perhaps_lost(
    lost: Option<LostAnswer>,
    answer: Answer,
    internal_error: impl FnOnce() -> Answer,
) -> Answer {
    match lost {
        None => answer,
        Some(LostAnswer::InternalError) => internal_error(),
        Some(LostAnswer::ClosedConnection) => severed(),
    }
}

/// An answer with a JSON body of the given media type.
pub(crate) fn json(status: StatusCode, media_type: &'static str, body: &Value) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(body.to_string())));
    *answer.status_mut() = status;
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    answer
}

/// Adds a header whose value is visible ASCII by construction; anything else is left out.
pub(crate) fn with_header(mut answer: Answer, name: &'static str, value: &str) -> Answer {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer
            .headers_mut()
            .insert(HeaderName::from_static(name), value);
    }
    answer
}

/// The part of `X-Amz-Target` behind `prefix`: the operation asked for.
pub(crate) fn target<'a>(request: &'a Request<Bytes>, prefix: &str) -> Option<&'a str> {
    request
        .headers()
        .get("x-amz-target")?
        .to_str()
        .ok()?
        .strip_prefix(prefix)
}

fn plain(status: StatusCode, text: &'static str) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *answer.status_mut() = status;
    answer.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    answer
}
