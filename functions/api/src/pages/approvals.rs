//! `/approvals/{id}`: deciding behind the sign-in.

use axum::extract::State;
use axum::response::Response;
use domain::approval::{Approval, DecisionChannel};
use domain::ids::ApprovalId;
use domain::owner::Permission;
use http::{HeaderMap, StatusCode};

use super::decision::{self, Door};
use super::frame::{notice, unavailable};
use super::origin;
use super::session::Session;
use crate::app::App;
use crate::extract::Form;
use crate::path::Id;
use crate::problem::{Problem, status};

fn not_found() -> Response {
    notice(
        StatusCode::NOT_FOUND,
        "Nothing here",
        "There is no such approval.",
    )
}

async fn find(
    app: &App,
    session: &Session,
    id: Result<Id<ApprovalId>, Problem>,
) -> Result<Approval, Response> {
    let Ok(Id(id)) = id else {
        return Err(not_found());
    };
    match app.engine.store.approval(&session.token.owner, &id).await {
        Ok(approval) => approval.ok_or_else(not_found),
        Err(error) => {
            tracing::warn!(%error, "an approval cannot be read");
            Err(unavailable())
        }
    }
}

fn door<'a>(session: &'a Session, approval: &Approval) -> Door<'a> {
    let action = format!("/approvals/{}", approval.id);
    Door {
        approver: &session.token.email,
        secret: &session.secret,
        action,
        channel: DecisionChannel::Page,
    }
}

/// `GET /approvals/{id}`
pub(super) async fn show(
    State(app): State<App>,
    session: Session,
    id: Result<Id<ApprovalId>, Problem>,
) -> Response {
    match find(&app, &session, id).await {
        Ok(approval) => decision::show(&app, &door(&session, &approval), &approval).await,
        Err(response) => response,
    }
}

/// `POST /approvals/{id}`
pub(super) async fn decide(
    State(app): State<App>,
    session: Session,
    id: Result<Id<ApprovalId>, Problem>,
    headers: HeaderMap,
    form: Result<Form, Problem>,
) -> Response {
    let approval = match find(&app, &session, id).await {
        Ok(approval) => approval,
        Err(response) => return response,
    };
    if !origin::may_be_ours(&headers, &app.settings) {
        return notice(
            StatusCode::FORBIDDEN,
            "Not from here",
            "The form was not sent from this page. Open it again and decide there.",
        );
    }
    if !session.token.may(Permission::Approvals) {
        return notice(
            StatusCode::FORBIDDEN,
            "Not allowed",
            "This token may read but not decide.",
        );
    }
    match form {
        Ok(form) => decision::take(&app, &door(&session, &approval), &approval, &form).await,
        Err(problem) => notice(
            status(problem.code),
            "The form cannot be read",
            problem.detail,
        ),
    }
}

/// `GET /approvals/{id}/image`
pub(super) async fn image(
    State(app): State<App>,
    session: Session,
    id: Result<Id<ApprovalId>, Problem>,
) -> Response {
    match find(&app, &session, id).await {
        Ok(approval) => decision::image(&app, &approval).await,
        Err(response) => response,
    }
}
