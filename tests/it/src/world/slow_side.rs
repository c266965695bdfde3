//! A world that takes its time: pages that drip, pause or never come, a search that is silent for some questions, and
//! receivers of webhooks that say nothing.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::{get, post};
use futures::StreamExt as _;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// How long a slow page takes: shorter than a page may, so that it is read in the end.
const SLOW: Duration = Duration::from_secs(5);
const LONG: Duration = Duration::from_secs(12);
const BETWEEN_DROPS: Duration = Duration::from_millis(200);
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);
/// For how long no more may be asked before an attack counts as settled.
const SETTLED: Duration = Duration::from_secs(2);

#[derive(Default)]
struct Counts {
    open: AtomicUsize,
    most: AtomicUsize,
}

/// A running slow world: `/drip/{n}`, `/silent/{n}`, `/slow/{n}`, `/long/{n}`, `/quick/{n}`, `/search`,
/// `/hook/quick` and `/hook/silent`.
#[derive(Clone)]
pub(crate) struct SlowSide {
    counts: Arc<Counts>,
    address: String,
}

/// A request that is not answered yet.
struct Open(Arc<Counts>);

impl Open {
    fn new(counts: &Arc<Counts>) -> Self {
        let open = counts.open.fetch_add(1, Ordering::SeqCst) + 1;
        counts.most.fetch_max(open, Ordering::SeqCst);
        Self(Arc::clone(counts))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

impl SlowSide {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let slow = Self {
            counts: Arc::default(),
            address: listener.local_addr().unwrap().to_string(),
        };
        let router = Router::new()
            .route("/drip/{name}", get(drip))
            .route("/silent/{name}", get(silent))
            .route("/slow/{name}", get(slow_page))
            .route("/long/{name}", get(long))
            .route("/quick/{name}", get(quick))
            .route("/search", get(search))
            .route("/hook/quick", post(|| async { StatusCode::NO_CONTENT }))
            .route("/hook/silent", post(silent_hook))
            .with_state(slow.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        slow
    }

    /// `host:port`, for the list of addresses that may be reached.
    pub(crate) fn address(&self) -> String {
        self.address.clone()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The most requests that were open at the same time.
    pub(crate) fn most_at_once(&self) -> usize {
        self.counts.most.load(Ordering::SeqCst)
    }

    /// Waits until at least `least` requests are open and no further ones have come for a while.
    pub(crate) async fn until_busy_and_settled(&self, least: usize) {
        let begun = Instant::now();
        let (mut most, mut since) = (0, Instant::now());
        while since.elapsed() < SETTLED || self.counts.open.load(Ordering::SeqCst) < least {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "the attack does not get going"
            );
            if self.most_at_once() > most {
                (most, since) = (self.most_at_once(), Instant::now());
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }
}

fn text(name: &str) -> Html<String> {
    Html(format!(
        "<!doctype html><html lang=en><head><title>{name}</title></head><body><main><p>This page says a few words about {name}, as pages do.</p></main></body></html>"
    ))
}

/// A body of which a byte comes now and then, and no end.
async fn drip(State(slow): State<SlowSide>, Path(_): Path<String>) -> Response {
    let open = Open::new(&slow.counts);
    let drops = futures::stream::unfold(open, |open| async move {
        tokio::time::sleep(BETWEEN_DROPS).await;
        Some((Ok::<_, Infallible>(Bytes::from_static(b"<")), open))
    });
    (
        [("content-type", "text/html")],
        Body::from_stream(drops.boxed()),
    )
        .into_response()
}

async fn silent(State(slow): State<SlowSide>, Path(_): Path<String>) -> Response {
    let _open = Open::new(&slow.counts);
    std::future::pending().await
}

async fn slow_page(State(slow): State<SlowSide>, Path(name): Path<String>) -> Response {
    let _open = Open::new(&slow.counts);
    tokio::time::sleep(SLOW).await;
    text(&name).into_response()
}

async fn long(State(slow): State<SlowSide>, Path(name): Path<String>) -> Response {
    let _open = Open::new(&slow.counts);
    tokio::time::sleep(LONG).await;
    text(&name).into_response()
}

async fn quick(Path(name): Path<String>) -> Response {
    text(&name).into_response()
}

async fn silent_hook(State(slow): State<SlowSide>) -> Response {
    let _open = Open::new(&slow.counts);
    std::future::pending().await
}

/// As SearXNG answers `GET /search?format=json`; who asks for silence gets it.
async fn search(
    State(slow): State<SlowSide>,
    Query(query): Query<BTreeMap<String, String>>,
) -> axum::Json<Value> {
    let asked = query.get("q").cloned().unwrap_or_default();
    if asked.contains("silence") {
        let _open = Open::new(&slow.counts);
        return std::future::pending().await;
    }
    let results = json!([{"url": slow.url("/quick/harbour"), "title": "harbour", "content": "about the harbour"}]);
    axum::Json(json!({"query": asked, "results": results}))
}
