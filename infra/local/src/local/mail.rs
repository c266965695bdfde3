//! `/_local/mail`: every mail the functions sent, as JSON or as a page.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Json, Response};
use serde_json::json;

use super::{Local, mailbox};
use crate::problem::Problem;
use crate::state::StateError;
use crate::system::SystemError;

pub(super) async fn list(
    State(local): State<Local>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let messages = local.ses.messages().map_err(read_failed)?;
    if wants_html(&headers) {
        let page = Html(mailbox::page(&messages));
        return Ok(([(header::CONTENT_SECURITY_POLICY, mailbox::POLICY)], page).into_response());
    }
    Ok(Json(json!({ "messages": messages })).into_response())
}

pub(super) async fn clear(State(local): State<Local>) -> Result<StatusCode, Problem> {
    local.ses.clear().map_err(read_failed)?;
    Ok(StatusCode::NO_CONTENT)
}

fn read_failed(error: StateError) -> Problem {
    SystemError::from(error).into()
}

/// A browser names HTML; a program that takes anything gets JSON.
fn wants_html(headers: &HeaderMap) -> bool {
    let accepted = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok());
    accepted
        .flat_map(|line| line.split(','))
        .any(|kind| kind.trim().starts_with("text/html"))
}
