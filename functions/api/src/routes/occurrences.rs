//! `GET /v1/workflows/{id}/occurrences`: what became of each due time.

use axum::Json;
use axum::extract::State;
use domain::ids::WorkflowId;
use serde_json::{Value, json};

use crate::app::App;
use crate::auth::{Caller, Read};
use crate::page::{Asked, List};
use crate::path::Id;
use crate::problem::Problem;
use crate::query::Query;

/// How far back due times are shown: a month of the most frequent schedule is 8,640.
const MOST: usize = 10_000;

pub(super) async fn list(
    State(app): State<App>,
    caller: Caller<Read>,
    Id(id): Id<WorkflowId>,
    mut query: Query,
) -> Result<Json<Value>, Problem> {
    let asked = Asked::read(&mut query);
    query.finish()?;
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
        .occurrences(caller.owner(), &id, MOST)
        .await?;
    let total = occurrences.len();
    let (occurrences, next) = page.cut(occurrences, |occurrence| {
        occurrence.scheduled_for.to_string()
    });
    let items = occurrences
        .iter()
        .map(|occurrence| json!(occurrence))
        .collect();
    Ok(Json(page.answer(&list, items, total, next.as_deref())))
}
