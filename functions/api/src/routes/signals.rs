//! Signals: what runs had to say, and what was kept back.

use axum::Json;
use axum::response::{IntoResponse, Response};
use domain::delivery::Delivery;
use domain::ids::{SignalId, WorkflowId};
use domain::signal::Signal;
use engine::page::Slice;
use futures::future::try_join;
use serde_json::Value;

use crate::app::App;
use crate::auth::{Caller, Read, Workflows};
use crate::etag;
use crate::extract::Nothing;
use crate::page::{Asked, List, weight};
use crate::path::Id;
use crate::problem::Problem;
use crate::query::Query;
use crate::wire::signal as wire;

/// What a delivery takes in an answer at most, in bytes: its attempts with their errors
/// (`domain::delivery`, 40 of 300 characters).
const LARGEST_DELIVERY: usize = 32_000;

/// `GET /v1/workflows/{id}/signals`
pub(super) async fn of_workflow(
    app: App,
    caller: Caller<Read>,
    Id(id): Id<WorkflowId>,
    query: Query,
) -> Result<Json<Value>, Problem> {
    let asked = Asked::only(query)?;
    let list = List {
        name: "signals",
        owner: caller.owner(),
        filters: id.to_string(),
    };
    let page = asked.of(&list)?;
    let store = &app.engine.store;
    if store.workflow(caller.owner(), &id).await?.is_none() {
        return Err(Problem::not_found());
    }
    let (owner, id) = (caller.owner(), &id);
    let read = |slice: Slice| async move { Ok(store.signals(owner, id, &slice).await?) };
    let weigh = |signal: &Signal| {
        let own = weight(&wire::summary(signal, &[]).into());
        own + signal.deliveries.len() * LARGEST_DELIVERY
    };
    let signals = page.part_that_fits(read, weigh).await?;
    let ids: Vec<_> = signals
        .items
        .iter()
        .flat_map(|signal| signal.deliveries.iter().cloned())
        .collect();
    let deliveries = store.deliveries_of(caller.owner(), &ids).await?;
    Ok(Json(page.answer_of(&list, &signals, |signal| {
        wire::summary(signal, &deliveries).into()
    })))
}

/// `GET /v1/signals/{id}`
pub(super) async fn show(
    app: App,
    caller: Caller<Read>,
    Id(id): Id<SignalId>,
    query: Query,
) -> Result<Response, Problem> {
    query.finish()?;
    let signal = app
        .engine
        .store
        .signal(caller.owner(), &id)
        .await?
        .ok_or_else(Problem::not_found)?;
    answer(&app, &signal).await
}

/// `POST /v1/signals/{id}/promote`
pub(super) async fn promote(
    app: App,
    caller: Caller<Workflows>,
    Id(id): Id<SignalId>,
    _: Nothing,
) -> Result<Response, Problem> {
    let promoted = app.engine.promote(caller.owner(), &id).await;
    answer(&app, &promoted.map_err(Problem::from)?).await
}

async fn answer(app: &App, signal: &Signal) -> Result<Response, Problem> {
    let (items, deliveries): (_, Vec<Delivery>) = try_join(
        app.engine.signal_items(signal),
        app.engine
            .store
            .deliveries_of(&signal.owner, &signal.deliveries),
    )
    .await?;
    let body = Value::from(wire::object(signal, &items, &deliveries));
    Ok((etag::header(signal.revision), Json(body)).into_response())
}
