//! The Lambda Runtime API as a function in AWS sees it: one instance, one address without a path.
//!
//! Written from AWS's description of the interface and on purpose not the local host's, which has many
//! instances behind one port and a clock of its own: what works against both works by the interface.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{AppendHeaders, IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;

/// What an instance says to the Runtime API.
#[derive(Debug)]
pub(crate) enum Said {
    /// It asks for its next event: the start is over, or the last event is.
    Ready,
    /// Its answer to the event with this id.
    Response { id: String, body: Bytes },
    /// It could not answer an event.
    Error { body: Bytes },
    /// It could not start.
    InitError { body: Bytes },
}

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = String::from_utf8_lossy;
        match self {
            Self::Ready => f.write_str("it asks for an event"),
            Self::Response { id, body } => write!(f, "it answers {id} with {}", text(body)),
            Self::Error { body } => write!(f, "it reports {}", text(body)),
            Self::InitError { body } => write!(f, "it cannot start: {}", text(body)),
        }
    }
}

/// An event on its way.
#[derive(Debug)]
pub(crate) struct Invocation {
    pub(crate) id: String,
    pub(crate) arn: String,
    pub(crate) timeout: Duration,
    pub(crate) event: Bytes,
}

/// The interface of one instance, on a port of its own. Dropping it closes the port.
pub(crate) struct RuntimeApi {
    /// `127.0.0.1:PORT`, as `AWS_LAMBDA_RUNTIME_API` has it: no scheme, no path.
    pub(crate) address: String,
    pub(crate) said: mpsc::Receiver<Said>,
    pub(crate) events: mpsc::Sender<Invocation>,
    server: JoinHandle<()>,
}

struct Ends {
    events: Mutex<mpsc::Receiver<Invocation>>,
    said: mpsc::Sender<Said>,
}

impl RuntimeApi {
    /// Opens the interface.
    ///
    /// # Errors
    /// There is no port.
    pub(crate) async fn open() -> std::io::Result<Self> {
        let (events, coming) = mpsc::channel(1);
        let (saying, said) = mpsc::channel(8);
        let ends = Ends {
            events: Mutex::new(coming),
            said: saying,
        };
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route(
                "/2018-06-01/runtime/invocation/{id}/response",
                post(response),
            )
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(init_error))
            .with_state(Arc::new(ends));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?.to_string();
        let server = tokio::spawn(async move {
            // Ends only by being aborted; `axum::serve` has no other end.
            let _never = axum::serve(listener, router).await;
        });
        Ok(Self {
            address,
            said,
            events,
            server,
        })
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn next(State(ends): State<Arc<Ends>>) -> Response {
    hear(&ends, Said::Ready).await;
    let Some(invocation) = ends.events.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let deadline = (now + invocation.timeout).as_millis().to_string();
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", invocation.id),
        ("lambda-runtime-deadline-ms", deadline),
        ("lambda-runtime-invoked-function-arn", invocation.arn),
        (
            "lambda-runtime-trace-id",
            "Root=1-69203c80-5759e988bd862e3fe1be46a9;Parent=53995c3f42cd8ad8;Sampled=0".to_owned(),
        ),
    ];
    (AppendHeaders(headers), invocation.event).into_response()
}

async fn response(State(ends): State<Arc<Ends>>, Path(id): Path<String>, body: Bytes) -> Response {
    hear(&ends, Said::Response { id, body }).await;
    accepted()
}

async fn error(State(ends): State<Arc<Ends>>, body: Bytes) -> Response {
    hear(&ends, Said::Error { body }).await;
    accepted()
}

async fn init_error(State(ends): State<Arc<Ends>>, body: Bytes) -> Response {
    hear(&ends, Said::InitError { body }).await;
    accepted()
}

async fn hear(ends: &Ends, said: Said) {
    // Nobody listens any more once the check of this instance is over.
    let _over = ends.said.send(said).await;
}

fn accepted() -> Response {
    (StatusCode::ACCEPTED, axum::Json(json!({ "status": "OK" }))).into_response()
}
