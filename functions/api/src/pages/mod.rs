//! Pages for people: the mailed link, and a small desk behind a sign-in. They work without script,
//! and none of them changes anything but by a POST that proves it came from the page.

mod approvals;
mod decision;
mod frame;
mod home;
mod link;
mod marked;
mod nonce;
mod origin;
mod records;
mod session;
mod settings;
mod words;

use axum::Router;
use axum::routing::{get, post};

use crate::app::App;

pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/", get(home::show))
        .route("/signin", get(session::form).post(session::sign_in))
        .route("/signout", post(session::sign_out))
        .route("/settings", get(settings::show))
        .route(
            "/approvals/{id}",
            get(approvals::show).post(approvals::decide),
        )
        .route("/approvals/{id}/image", get(approvals::image))
        .route("/workflows/{id}", get(records::workflow))
        .route("/executions/{id}", get(records::execution))
        .route(
            "/a/{token}",
            get(link::show).post(link::decide).options(link::options),
        )
        .route("/a/{token}/image", get(link::image))
}
