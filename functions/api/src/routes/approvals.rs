//! Approvals: what waits for a person, and the person's word.

use axum::Json;
use axum::response::{IntoResponse, Response};
use domain::approval::{Approval, ApprovalStatus, Choice, Draft};
use domain::fault::{Code, Fault};
use domain::ids::{ApprovalId, WorkflowId};
use engine::page::Slice;
use futures::future::try_join_all;
use serde_json::Value;

use crate::app::App;
use crate::auth::{self, Caller, Read};
use crate::challenge::{self, Unproven};
use crate::etag;
use crate::extract::OptionalJson;
use crate::page::{Asked, List, weight};
use crate::path::Id;
use crate::problem::Problem;
use crate::query::Query;
use crate::wire::approval as wire;

/// What an approval is weighed with that has not been given its draft yet.
const NO_DRAFT: Draft = Draft::Content {
    body: String::new(),
};

/// `GET /v1/approvals`
pub(super) async fn list(
    app: App,
    caller: Caller<Read>,
    mut query: Query,
) -> Result<Json<Value>, Problem> {
    let asked = Asked::read(&mut query);
    let status = query.word("status", ApprovalStatus::ALL, ApprovalStatus::as_str);
    let workflow = query.id("workflow_id", WorkflowId::parse);
    query.finish()?;
    let list = List {
        name: "approvals",
        owner: caller.owner(),
        filters: format!("{workflow:?}|{status:?}"),
    };
    let page = asked.of(&list)?;
    let (store, owner, workflow) = (&app.engine.store, caller.owner(), workflow.as_ref());
    let read =
        |slice: Slice| async move { Ok(store.approvals(owner, workflow, status, &slice).await?) };
    // How large a draft is is known before it is loaded; in an answer it takes at most twice that.
    let weigh = |approval: &Approval| {
        let draft = usize::try_from(approval.draft.bytes).unwrap_or(usize::MAX);
        let own = weight(&wire::object(approval, &NO_DRAFT).into());
        own.saturating_add(draft.saturating_mul(2))
    };
    let approvals = page.part_that_fits(read, weigh).await?;
    let drafts = try_join_all(
        approvals
            .items
            .iter()
            .map(|approval| app.engine.draft(approval)),
    )
    .await?;
    let items = approvals
        .items
        .iter()
        .zip(&drafts)
        .map(|(approval, draft)| wire::object(approval, draft).into());
    Ok(Json(page.answer(&list, &approvals, items.collect())))
}

/// `GET /v1/approvals/{id}`
pub(super) async fn show(
    app: App,
    caller: Caller<Read>,
    Id(id): Id<ApprovalId>,
    query: Query,
) -> Result<Response, Problem> {
    query.finish()?;
    let approval = app
        .engine
        .store
        .approval(caller.owner(), &id)
        .await?
        .ok_or_else(Problem::not_found)?;
    answer(&app, &approval).await
}

async fn answer(app: &App, approval: &Approval) -> Result<Response, Problem> {
    let draft = app.engine.draft(approval).await?;
    let mut object = wire::object(approval, &draft);
    if let Some(original) = &approval.original
        && let Some(document) = app.engine.store.output(&approval.owner, original).await?
    {
        object = wire::with_original(object, &document);
    }
    Ok((etag::header(approval.revision), Json(Value::from(object))).into_response())
}

type Decider = Caller<auth::Approvals>;

/// `POST /v1/approvals/{id}/approve`
pub(super) async fn approve(
    app: App,
    caller: Decider,
    Id(id): Id<ApprovalId>,
    query: Query,
    body: OptionalJson,
) -> Result<Response, Problem> {
    decide(&app, &caller, &id, query, &body.0, Choice::Approve).await
}

/// `POST /v1/approvals/{id}/reject`
pub(super) async fn reject(
    app: App,
    caller: Decider,
    Id(id): Id<ApprovalId>,
    query: Query,
    body: OptionalJson,
) -> Result<Response, Problem> {
    decide(&app, &caller, &id, query, &body.0, Choice::Reject).await
}

/// `POST /v1/approvals/{id}/request_changes`
pub(super) async fn request_changes(
    app: App,
    caller: Decider,
    Id(id): Id<ApprovalId>,
    query: Query,
    body: OptionalJson,
) -> Result<Response, Problem> {
    decide(&app, &caller, &id, query, &body.0, Choice::RequestChanges).await
}

async fn decide(
    app: &App,
    caller: &Decider,
    id: &ApprovalId,
    query: Query,
    body: &Value,
    choice: Choice,
) -> Result<Response, Problem> {
    let mut said = query.and(wire::said(body, choice, caller.email()))?;
    let approval = app.engine.store.approval(caller.owner(), id).await?;
    let approval = approval.ok_or_else(Problem::not_found)?;
    let is_asked = approval.approver(caller.email()).is_some();
    if said.edited_body.is_some() && is_asked && approval.required > 1 {
        // The others have approved, or will, what they see now.
        let message = "a draft that several people must approve is not edited by one of them; request changes";
        return Err(Problem::of(vec![Fault::invalid("/edited_body", message)]));
    }
    if approval.strict && approval.is_open() && is_asked {
        let typed = said.code.as_deref().unwrap_or_default();
        challenge::check(app, &approval, caller.email(), typed).await?;
        said.verdict.has_code = true;
    }
    let approval = app
        .engine
        .decide(
            caller.owner(),
            id,
            &said.verdict,
            said.edited_body.as_deref(),
        )
        .await?;
    answer(app, &approval).await
}

impl From<Unproven> for Problem {
    fn from(unproven: Unproven) -> Self {
        let detail = unproven.to_string();
        match unproven {
            Unproven::Missing | Unproven::Wrong => {
                Self::of(vec![Fault::new("/code", Code::CodeRequired, detail)])
            }
            Unproven::TooMany(left) => {
                let seconds = u32::try_from(left.as_secs()).unwrap_or(u32::MAX);
                Self::new(Code::TooManyAttempts, detail).retry_after(seconds)
            }
            Unproven::Store(error) => error.into(),
        }
    }
}
