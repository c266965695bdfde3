//! `/`: the desk. What waits for a person comes first.

use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use domain::approval::ApprovalStatus;
use domain::ids::WorkflowId;
use engine::listing::{Listed, Selection};
use engine::page::Slice;
use engine::ports::store::StoreError;
use http::StatusCode;

use super::frame::{page, unavailable};
use super::session::Session;
use super::words::{moment, spaced};
use crate::app::App;

/// How many of each kind the desk shows.
const SHOWN: usize = 20;

/// One line of a list.
#[derive(Debug)]
struct Row {
    id: String,
    name: String,
    detail: String,
    status: String,
}

#[derive(Debug, Template)]
#[template(path = "home.html")]
struct Home<'a> {
    email: &'a str,
    headline: String,
    approvals: Vec<Row>,
    executions: Vec<Row>,
    workflows: Vec<Row>,
}

/// `GET /`
pub(super) async fn show(State(app): State<App>, session: Session) -> Response {
    match load(&app, &session).await {
        Ok(home) => page(StatusCode::OK, &home),
        Err(error) => {
            tracing::warn!(%error, "the desk cannot be shown");
            unavailable()
        }
    }
}

async fn load<'a>(app: &App, session: &'a Session) -> Result<Home<'a>, StoreError> {
    let owner = &session.token.owner;
    let slice = Slice::first(SHOWN);
    let approvals = app
        .engine
        .store
        .approvals(owner, None, Some(ApprovalStatus::Pending), &slice)
        .await?;
    let executions = app
        .engine
        .store
        .newest_executions(owner, None, SHOWN)
        .await?;
    let workflows = app
        .engine
        .store
        .list_workflows(owner, &Selection::NEWEST, &slice)
        .await?;
    let mut ran: Vec<WorkflowId> = executions.iter().map(|run| run.workflow.clone()).collect();
    ran.sort_unstable();
    ran.dedup();
    let ran = app.engine.store.workflows(owner, &ran).await?;
    let names: HashMap<&WorkflowId, &str> = ran
        .iter()
        .map(|workflow| (&workflow.id, workflow.name.as_str()))
        .collect();
    let headline = match approvals.total {
        0 => "Nothing waits for you".to_owned(),
        1 => "One draft waits for you".to_owned(),
        many => format!("{many} drafts wait for you"),
    };
    Ok(Home {
        email: &session.token.email,
        headline,
        approvals: approvals
            .items
            .iter()
            .map(|approval| Row {
                id: approval.id.to_string(),
                name: approval.workflow_name.clone(),
                detail: approval.draft.preview.clone(),
                status: format!("until {}", moment(approval.deadline)),
            })
            .collect(),
        executions: executions
            .iter()
            .map(|run| Row {
                id: run.id.to_string(),
                name: names.get(&run.workflow).map_or_else(
                    || "a deleted workflow".to_owned(),
                    |name| (*name).to_owned(),
                ),
                detail: moment(run.created_at),
                status: spaced(run.status().as_str()),
            })
            .collect(),
        workflows: workflows
            .items
            .iter()
            .map(|Listed { workflow, .. }| Row {
                id: workflow.id.to_string(),
                name: workflow.name.clone(),
                detail: String::new(),
                status: spaced(workflow.status.as_str()),
            })
            .collect(),
    })
}
