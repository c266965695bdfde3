//! `/a/{token}`: the link in an approval mail.
//!
//! Whoever holds it may decide in the name of the person it was issued to. The token is looked up by its
//! hash; what is not found exactly is not found. Looking never changes anything, however often a mail
//! scanner does it.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::approval::{Approval, DecisionChannel};
use domain::digest;
use engine::ports::store::{Link, StoreError};
use http::StatusCode;
use http::header::{ALLOW, HeaderMap};

use super::decision::{self, Door};
use super::frame::{headers, notice, unavailable};
use super::origin;
use crate::app::App;
use crate::extract::Form;
use crate::problem::{Problem, status};

/// Whether `text` has the form of a link's token: 32 bytes in the URL-safe alphabet, without padding.
fn is_well_formed(text: &str) -> bool {
    // One more than there are, because the decoder wants room for whole groups of four characters.
    let mut bytes = [0; 33];
    text.len() == 43
        && URL_SAFE_NO_PAD
            .decode_slice(text, &mut bytes)
            .is_ok_and(|written| written == 32)
}

/// The link and its approval.
async fn find(app: &App, token: &str) -> Result<(Link, Approval), Response> {
    let invalid = || {
        notice(
            StatusCode::NOT_FOUND,
            "This link is not valid",
            "Check that the whole address was copied from the mail.",
        )
    };
    // What has not even the form of a token is not looked up.
    if !is_well_formed(token) {
        return Err(invalid());
    }
    let loaded: Result<_, StoreError> = async {
        let Some(link) = app
            .engine
            .store
            .link(&digest::of_bytes(token.as_bytes()))
            .await?
        else {
            return Ok(None);
        };
        let approval = app
            .engine
            .store
            .approval(&link.owner, &link.approval)
            .await?;
        Ok(approval.map(|approval| (link, approval)))
    }
    .await;
    match loaded {
        Ok(found) => found.ok_or_else(invalid),
        Err(error) => {
            tracing::warn!(%error, "a link cannot be looked up");
            Err(unavailable())
        }
    }
}

fn door<'a>(link: &'a Link, token: &'a str) -> Door<'a> {
    Door {
        approver: &link.approver,
        secret: token,
        action: format!("/a/{token}"),
        channel: DecisionChannel::Mail,
    }
}

/// `GET /a/{token}`
pub(super) async fn show(State(app): State<App>, Path(token): Path<String>) -> Response {
    match find(&app, &token).await {
        Ok((link, approval)) => decision::show(&app, &door(&link, &token), &approval).await,
        Err(response) => response,
    }
}

/// `OPTIONS /a/{token}`: says what the address takes, whether the link exists or not.
pub(super) async fn options() -> Response {
    (
        StatusCode::NO_CONTENT,
        headers(),
        [(ALLOW, "GET, HEAD, OPTIONS, POST")],
    )
        .into_response()
}

/// `POST /a/{token}`
pub(super) async fn decide(
    State(app): State<App>,
    Path(token): Path<String>,
    request_headers: HeaderMap,
    form: Result<Form, Problem>,
) -> Response {
    let (link, approval) = match find(&app, &token).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    if !origin::may_be_ours(&request_headers, &app.settings) {
        return notice(
            StatusCode::FORBIDDEN,
            "Not from here",
            "The form was not sent from this page. Open the link in the mail and decide there.",
        );
    }
    match form {
        Ok(form) => decision::take(&app, &door(&link, &token), &approval, &form).await,
        Err(problem) => notice(
            status(problem.code),
            "The form cannot be read",
            problem.detail,
        ),
    }
}

/// `GET /a/{token}/image`
pub(super) async fn image(State(app): State<App>, Path(token): Path<String>) -> Response {
    match find(&app, &token).await {
        Ok((_, approval)) => decision::image(&app, &approval).await,
        Err(response) => response,
    }
}
