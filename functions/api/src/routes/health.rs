//! `GET /health`: whether the function answers. It asks nothing of anybody else, so that a monitor
//! costs nothing and an outage elsewhere is not mistaken for one here.

use axum::Json;
use serde_json::{Value, json};

pub(super) async fn health() -> Json<Value> {
    Json(json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")}))
}
