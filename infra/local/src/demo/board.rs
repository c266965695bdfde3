//! Where the demo publishes: a receiver of webhooks on loopback.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use tokio::net::TcpListener;

/// What was put on the board.
#[derive(Debug, Clone)]
pub(super) struct Note {
    pub(super) key: String,
    pub(super) body: Vec<u8>,
}

/// A board on the wall.
pub(super) struct Board {
    address: String,
    notes: Notes,
}

type Notes = Arc<Mutex<Vec<Note>>>;

impl Board {
    /// Puts it up on a free port, for as long as this process runs.
    pub(super) async fn put_up() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let notes = Notes::default();
        let router = Router::new()
            .route("/board", post(pin))
            .with_state(Arc::clone(&notes));
        tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "the board fell down");
            }
        });
        Ok(Self { address, notes })
    }

    /// `host:port`.
    pub(super) fn address(&self) -> String {
        self.address.clone()
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/board", self.address)
    }

    /// What hangs there, oldest first.
    pub(super) fn notes(&self) -> Vec<Note> {
        self.notes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

async fn pin(State(notes): State<Notes>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let key = headers
        .get("idempotency-key")
        .and_then(|key| key.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    notes
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(Note {
            key,
            body: body.to_vec(),
        });
    StatusCode::NO_CONTENT
}
