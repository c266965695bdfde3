//! `GET /v1/workflows/{id}/occurrences`: what became of each due time.

use axum::Json;
use domain::ids::WorkflowId;
use engine::page::Slice;
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
    let (store, owner, id) = (&app.engine.store, caller.owner(), &id);
    let read = |slice: Slice| async move { Ok(store.occurrences(owner, id, &slice).await?) };
    let answer = page.fitting(&list, read, |occurrence| json!(occurrence));
    Ok(Json(answer.await?))
}
