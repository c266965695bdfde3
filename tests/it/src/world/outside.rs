//! The world outside: pages, a SearXNG-compatible search, and a receiver of webhooks, on loopback.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// One webhook as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) key: String,
    pub(crate) content_type: String,
    pub(crate) body: Vec<u8>,
    /// Its `webhook-id`, `webhook-timestamp` and `webhook-signature`; empty where there is none.
    pub(crate) signed: [String; 3],
}

#[derive(Default)]
struct Scene {
    pages: BTreeMap<String, String>,
    broken: BTreeSet<String>,
    received: Vec<Received>,
    queries: Vec<String>,
}

/// A small outside world. Pages answer at `/pages/{name}`, slow ones at `/slow/{milliseconds}/{name}`.
#[derive(Clone)]
pub(crate) struct Outside {
    scene: Arc<Mutex<Scene>>,
    /// How often a page that never answers was asked for.
    held: Arc<watch::Sender<usize>>,
    address: String,
}

impl Outside {
    pub(crate) async fn start() -> Self {
        let scene = Arc::new(Mutex::new(Scene::default()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let outside = Self {
            scene: Arc::clone(&scene),
            held: Arc::default(),
            address: listener.local_addr().unwrap().to_string(),
        };
        let router = Router::new()
            .route("/pages/{name}", get(page))
            .route("/slow/{milliseconds}/{name}", get(slow))
            .route("/held/{name}", get(hold))
            .route("/search", get(search))
            .route("/hook", post(receive))
            .with_state(outside.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        outside
    }

    /// `host:port`, for the list of addresses that may be reached.
    pub(crate) fn address(&self) -> String {
        self.address.clone()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Puts a page up, or changes it.
    pub(crate) fn publish(&self, name: &str, title: &str, text: &str) {
        let html = format!(
            "<!doctype html><html lang=en><head><title>{title}</title></head><body><main><article><h1>{title}</h1><p>{text}</p></article></main></body></html>"
        );
        self.scene
            .lock()
            .unwrap()
            .pages
            .insert(name.to_owned(), html);
    }

    /// Puts mark-up up as it is.
    pub(crate) fn publish_html(&self, name: &str, html: String) {
        self.scene
            .lock()
            .unwrap()
            .pages
            .insert(name.to_owned(), html);
    }

    /// Waits until `/held/{name}`, which never answers, has been asked for `times` times in all.
    pub(crate) async fn until_held(&self, times: usize) {
        let held = self
            .held
            .subscribe()
            .wait_for(|held| *held >= times)
            .await
            .map(|held| *held);
        assert!(held.is_ok());
    }

    /// The page answers 503 until it is mended.
    pub(crate) fn break_down(&self, name: &str) {
        self.scene.lock().unwrap().broken.insert(name.to_owned());
    }

    /// The page answers as it did before it broke down.
    pub(crate) fn mend(&self, name: &str) {
        self.scene.lock().unwrap().broken.remove(name);
    }

    /// The page answers 404 from now on.
    pub(crate) fn take_down(&self, name: &str) {
        self.scene.lock().unwrap().pages.remove(name);
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.scene.lock().unwrap().received.clone()
    }

    pub(crate) fn queries(&self) -> Vec<String> {
        self.scene.lock().unwrap().queries.clone()
    }
}

async fn page(State(outside): State<Outside>, Path(name): Path<String>) -> Response {
    let scene = outside.scene.lock().unwrap();
    if scene.broken.contains(&name) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    match scene.pages.get(&name) {
        Some(html) => Html(html.clone()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn slow(
    State(outside): State<Outside>,
    Path((milliseconds, name)): Path<(u64, String)>,
) -> Response {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    outside.publish(
        &name,
        &name,
        "This page takes its time before it says anything at all, as some pages do.",
    );
    page(State(outside), Path(name)).await
}

/// Never answers: what asks is meant to end before.
async fn hold(State(outside): State<Outside>) -> Response {
    outside.held.send_modify(|held| *held += 1);
    std::future::pending().await
}

/// As SearXNG answers `GET /search?format=json`: every page whose text has a word of the query.
async fn search(
    State(outside): State<Outside>,
    Query(query): Query<BTreeMap<String, String>>,
) -> axum::Json<Value> {
    let asked = query.get("q").cloned().unwrap_or_default();
    let mut scene = outside.scene.lock().unwrap();
    scene.queries.push(asked.clone());
    let words: Vec<String> = asked.split_whitespace().map(str::to_lowercase).collect();
    let results: Vec<Value> = scene
        .pages
        .iter()
        .filter(|(_, html)| words.iter().any(|word| html.to_lowercase().contains(word)))
        .map(|(name, _)| json!({"url": outside.url(&format!("/pages/{name}")), "title": name, "content": format!("about {name}")}))
        .collect();
    axum::Json(json!({"query": asked, "results": results}))
}

async fn receive(State(outside): State<Outside>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let header = |name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned()
    };
    let received = Received {
        key: header("idempotency-key"),
        content_type: header("content-type"),
        body: body.to_vec(),
        signed: ["webhook-id", "webhook-timestamp", "webhook-signature"].map(header),
    };
    outside.scene.lock().unwrap().received.push(received);
    StatusCode::NO_CONTENT
}
