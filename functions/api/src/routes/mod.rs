//! Which address does what. A handler reads, makes one call of the engine, and answers.

mod approvals;
mod assessments;
mod credits;
mod executions;
mod health;
mod me;
mod occurrences;
mod outputs;
mod planning;
mod plans;
mod refusals;
mod tools;
mod verbs;
mod workflows;

use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Router, extract::Request, middleware::Next};
use http::header::{CACHE_CONTROL, HeaderValue};

use crate::app::App;
use crate::problem::Problem;
use crate::{pages, request_id};

/// Everything the function serves.
pub fn router(app: App) -> Router {
    Router::new()
        .merge(api().layer(from_fn(not_stored)))
        .merge(pages::router())
        .fallback(async || Problem::not_found())
        .layer(from_fn_with_state(app.clone(), request_id::layer))
        .with_state(app)
}

fn api() -> Router<App> {
    Router::new()
        .route("/health", get(health::health))
        .route("/v1/me", get(me::me))
        .route("/v1/tools", get(tools::tools))
        .route("/v1/credits", get(credits::credits))
        .route("/v1/workflows/assess-intent", post(assessments::assess))
        .route("/v1/workflows/plan", post(planning::plan))
        .route("/v1/workflows/plan/async", post(planning::submit))
        .route(
            "/v1/workflows/plan/async/{session_id}",
            get(planning::session),
        )
        .route(
            "/v1/workflows",
            get(workflows::list).post(workflows::create),
        )
        .route(
            "/v1/workflows/{id}",
            get(workflows::show)
                .patch(workflows::change)
                .delete(workflows::delete),
        )
        .route("/v1/workflows/{id}/execute", post(executions::start))
        .route(
            "/v1/workflows/{id}/executions",
            get(executions::of_workflow),
        )
        .route("/v1/workflows/{id}/occurrences", get(occurrences::list))
        .route("/v1/workflows/{id}/plans", get(plans::list))
        .route("/v1/workflows/{id}/plans/{version}", get(plans::show))
        .route("/v1/workflows/{id}/plan/approve", post(plans::approve))
        .route("/v1/executions", get(executions::list))
        .route("/v1/executions/{id}", get(executions::show))
        .route("/v1/executions/{id}/events", get(executions::events))
        .route("/v1/executions/{id}/outputs/{key}", get(outputs::show))
        .route("/v1/executions/{id}/cancel", post(verbs::cancel))
        .route("/v1/executions/{id}/pause", post(verbs::pause))
        .route("/v1/executions/{id}/resume", post(verbs::resume))
        .route("/v1/executions/{id}/resolve", post(verbs::resolve))
        .route("/v1/executions/{id}/retry", post(verbs::retry))
        .route("/v1/approvals", get(approvals::list))
        .route("/v1/approvals/{id}", get(approvals::show))
        .route("/v1/approvals/{id}/approve", post(approvals::approve))
        .route("/v1/approvals/{id}/reject", post(approvals::reject))
        .route(
            "/v1/approvals/{id}/request_changes",
            post(approvals::request_changes),
        )
}

/// Answers of the API are for the caller alone, and for now.
async fn not_stored(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
