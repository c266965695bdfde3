//! The contract as documents: `GET /v1/openapi.json` and `GET /llms.txt`. They are the same for everybody and need no
//! token.

use axum::response::IntoResponse;
use http::header::CONTENT_TYPE;

use crate::openapi;

pub(super) async fn openapi() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], openapi::DOCUMENT)
}

pub(super) async fn llms() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/plain; charset=utf-8")], openapi::LLMS)
}
