//! The outermost layer: every request has an id and a span, every answer carries it, and every refusal
//! becomes a problem document that names it.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use domain::fault::Code;
use http::StatusCode;
use http::header::{self, HeaderName, HeaderValue};
use lambda_http::RequestExt as _;
use tracing::Instrument as _;

use crate::app::App;
use crate::problem::Problem;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id of a request, for what is written about it.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(pub(crate) String);

/// Gives the request its id (the invocation's, so that the platform's log agrees), and writes refusals.
pub(crate) async fn layer(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let id = request
        .lambda_context_ref()
        .map(|context| context.request_id.clone())
        .filter(|id| !id.is_empty())
        .unwrap_or_else(|| app.engine.uuid().to_string());
    // The path only: a query may hold what a confused client put there, and links are secrets.
    let secret = request.uri().path().starts_with("/a/");
    let path = if secret {
        "/a/…"
    } else {
        request.uri().path()
    };
    let span = tracing::info_span!("request", request.id = %id, method = %request.method(), path);
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut response = next.run(request).instrument(span.clone()).await;
    if response.status() == StatusCode::METHOD_NOT_ALLOWED
        && response.extensions().get::<Problem>().is_none()
    {
        response.extensions_mut().insert(Problem::new(
            Code::MethodNotAllowed,
            "this address does not take that method; see Allow",
        ));
    }
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        *response.body_mut() = Body::from(problem.document(&id).to_string());
        let headers = response.headers_mut();
        headers.remove(header::CONTENT_LENGTH);
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers
            .entry(header::CACHE_CONTROL)
            .or_insert(HeaderValue::from_static("no-store"));
    }
    span.in_scope(|| tracing::info!(status = response.status().as_u16(), "answered"));
    let headers = response.headers_mut();
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(
        X_REQUEST_ID,
        HeaderValue::from_str(&id).unwrap_or_else(|_| HeaderValue::from_static("unknown")),
    );
    response
}
