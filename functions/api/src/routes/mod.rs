//! Which address does what. A handler reads, makes one call of the engine, and answers.

mod approvals;
mod assessments;
mod credits;
mod deliveries;
mod differences;
mod documents;
mod executions;
mod export;
mod health;
mod me;
mod occurrences;
mod outputs;
mod owners;
mod planning;
mod plans;
mod refusals;
mod sessions;
mod signals;
mod tokens;
mod tools;
mod verbs;
mod workflows;

use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::Response;
use axum::routing::{MethodRouter, delete, get, post};
use axum::{Router, extract::Request, middleware::Next};
use http::header::{CACHE_CONTROL, HeaderValue};

use crate::admission;
use crate::app::App;
use crate::problem::Problem;
use crate::{pages, request_id};

/// Everything the function serves.
pub fn router(app: App) -> Router {
    Router::new()
        .merge(
            api()
                .route_layer(from_fn_with_state(app.clone(), admission::layer))
                .layer(from_fn(not_stored)),
        )
        .merge(pages::router())
        .fallback(async || Problem::not_found())
        .layer(from_fn_with_state(app.clone(), request_id::layer))
        .with_state(app)
}

/// What the API serves and how: [`crate::openapi`] documents exactly this.
pub(crate) fn table() -> Vec<(&'static str, MethodRouter<App>)> {
    vec![
        ("/health", get(health::health)),
        ("/v1/me", get(me::me)),
        ("/v1/me/export", get(export::export)),
        ("/v1/tools", get(tools::tools)),
        ("/v1/credits", get(credits::credits)),
        ("/v1/credits/grants", post(credits::grant)),
        ("/v1/owners", post(owners::create)),
        ("/v1/owners/{id}", delete(owners::erase)),
        ("/v1/owners/{id}/tokens", post(owners::recover)),
        ("/v1/tokens", get(tokens::list).post(tokens::create)),
        (
            "/v1/tokens/{id}",
            get(tokens::show)
                .patch(tokens::change)
                .delete(tokens::revoke),
        ),
        ("/v1/tokens/{id}/logs", get(tokens::logs)),
        ("/v1/workflows/assess-intent", post(assessments::assess)),
        ("/v1/workflows/plan", post(planning::plan)),
        ("/v1/workflows/plan/async", post(planning::submit)),
        (
            "/v1/workflows/plan/async/{session_id}",
            get(planning::session),
        ),
        (
            "/v1/workflows",
            get(workflows::list).post(workflows::create),
        ),
        (
            "/v1/workflows/{id}",
            get(workflows::show)
                .patch(workflows::change)
                .delete(workflows::delete),
        ),
        ("/v1/workflows/{id}/execute", post(executions::start)),
        (
            "/v1/workflows/{id}/executions",
            get(executions::of_workflow),
        ),
        ("/v1/workflows/{id}/occurrences", get(occurrences::list)),
        ("/v1/workflows/{id}/plans", get(plans::list)),
        ("/v1/workflows/{id}/plans/{version}", get(plans::show)),
        ("/v1/workflows/{id}/plan/approve", post(plans::approve)),
        ("/v1/executions", get(executions::list)),
        (
            "/v1/executions/{id}",
            get(executions::show).delete(executions::remove),
        ),
        ("/v1/executions/{id}/events", get(executions::events)),
        ("/v1/executions/{id}/outputs/{key}", get(outputs::show)),
        ("/v1/executions/{id}/diff/{before}", get(differences::show)),
        ("/v1/executions/{id}/cancel", post(verbs::cancel)),
        ("/v1/executions/{id}/pause", post(verbs::pause)),
        ("/v1/executions/{id}/resume", post(verbs::resume)),
        ("/v1/executions/{id}/resolve", post(verbs::resolve)),
        ("/v1/executions/{id}/retry", post(verbs::retry)),
        ("/v1/sessions", get(sessions::list).post(sessions::create)),
        (
            "/v1/sessions/{id}",
            get(sessions::show)
                .patch(sessions::change)
                .delete(sessions::delete),
        ),
        ("/v1/sessions/{id}/complete", post(sessions::complete)),
        ("/v1/sessions/{id}/archive", post(sessions::archive)),
        ("/v1/sessions/{id}/urls", get(sessions::urls)),
        ("/v1/sessions/{id}/timeline", get(sessions::timeline)),
        ("/v1/workflows/{id}/signals", get(signals::of_workflow)),
        ("/v1/signals/{id}", get(signals::show)),
        ("/v1/signals/{id}/promote", post(signals::promote)),
        ("/v1/deliveries", get(deliveries::list)),
        ("/v1/deliveries/{id}/redeliver", post(deliveries::redeliver)),
        ("/v1/destinations/{id}/test", post(deliveries::test)),
        ("/v1/destinations/{id}/enable", post(deliveries::enable)),
        ("/v1/approvals", get(approvals::list)),
        ("/v1/approvals/{id}", get(approvals::show)),
        ("/v1/approvals/{id}/approve", post(approvals::approve)),
        ("/v1/approvals/{id}/reject", post(approvals::reject)),
        (
            "/v1/approvals/{id}/request_changes",
            post(approvals::request_changes),
        ),
        ("/v1/openapi.json", get(documents::openapi)),
        ("/llms.txt", get(documents::llms)),
    ]
}

fn api() -> Router<App> {
    table()
        .into_iter()
        .fold(Router::new(), |router, (path, methods)| {
            router.route(path, methods)
        })
}

/// Answers of the API are for the caller alone, and for now.
async fn not_stored(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
