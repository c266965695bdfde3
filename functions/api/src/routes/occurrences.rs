//! `GET /v1/workflows/{id}/occurrences`: what became of each due time.

use axum::Json;
use domain::ids::WorkflowId;
use serde_json::{Value, json};

use crate::app::App;
use crate::auth::{Caller, Read};
use crate::page::{Asked, List};
use crate::path::Id;
use crate::problem::Problem;
use crate::query::Query;

pub(super) async fn list(
    app: App,
    caller: Caller<Read>,
    Id(id): Id<WorkflowId>,
    query: Query,
) -> Result<Json<Value>, Problem> {
    let asked = Asked::only(query)?;
    let list = List {
        name: "occurrences",
        owner: caller.owner(),
        filters: id.to_string(),
    };
    let page = asked.of(&list)?;
    app.engine
        .store
        .workflow(caller.owner(), &id)
        .await?
        .ok_or_else(Problem::not_found)?;
    let occurrences = app
        .engine
        .store
        .occurrences(caller.owner(), &id, &page.slice)
        .await?;
    Ok(Json(page.answer_of(&list, &occurrences, |occurrence| {
        json!(occurrence)
    })))
}
