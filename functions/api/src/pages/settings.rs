//! `/settings`: which browsers are signed in, and signing them out.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use domain::sign_in::SignIn;
use http::StatusCode;

use super::frame::{page, unavailable};
use super::session::Session;
use super::words::moment;
use crate::app::App;

/// One browser.
#[derive(Debug)]
struct Browser {
    id: String,
    name: String,
    since: String,
    is_this: bool,
}

#[derive(Debug, Template)]
#[template(path = "settings.html")]
struct SettingsPage<'a> {
    email: &'a str,
    browsers: Vec<Browser>,
}

/// `GET /settings`
pub(super) async fn show(State(app): State<App>, session: Session) -> Response {
    let signed_in = match app.engine.sign_ins(&session.token.owner).await {
        Ok(signed_in) => signed_in,
        Err(error) => {
            tracing::warn!(%error, "the browsers that are signed in cannot be listed");
            return unavailable();
        }
    };
    let browser = |one: &SignIn| Browser {
        id: one.id.to_string(),
        name: if one.browser.is_empty() {
            "A browser without a name".to_owned()
        } else {
            one.browser.clone()
        },
        since: moment(one.created_at),
        is_this: one.id == session.sign_in.id,
    };
    let view = SettingsPage {
        email: &session.token.email,
        browsers: signed_in.iter().map(|(_, one)| browser(one)).collect(),
    };
    page(StatusCode::OK, &view)
}
