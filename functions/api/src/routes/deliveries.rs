//! Deliveries, and the destinations they go to.

use axum::Json;
use axum::response::{IntoResponse, Response};
use domain::delivery::DeliveryStatus;
use domain::ids::{DeliveryId, DestinationId};
use engine::page::Slice;
use serde_json::{Value, json};

use crate::app::App;
use crate::auth::{Caller, Read, Workflows};
use crate::extract::Nothing;
use crate::page::{Asked, List};
use crate::path::Id;
use crate::problem::Problem;
use crate::query::Query;
use crate::wire::delivery as wire;

/// `GET /v1/deliveries`
pub(super) async fn list(
    app: App,
    caller: Caller<Read>,
    mut query: Query,
) -> Result<Json<Value>, Problem> {
    let asked = Asked::read(&mut query);
    let status = query.word("status", DeliveryStatus::ALL, DeliveryStatus::as_str);
    query.finish()?;
    let list = List {
        name: "deliveries",
        owner: caller.owner(),
        filters: format!("{status:?}"),
    };
    let page = asked.of(&list)?;
    let (store, owner) = (&app.engine.store, caller.owner());
    let read = |slice: Slice| async move { Ok(store.deliveries(owner, status, &slice).await?) };
    Ok(Json(page.fitting(&list, read, wire::object).await?))
}

/// `POST /v1/deliveries/{id}/redeliver`
pub(super) async fn redeliver(
    app: App,
    caller: Caller<Workflows>,
    Id(id): Id<DeliveryId>,
    _: Nothing,
) -> Result<Json<Value>, Problem> {
    let delivery = app.engine.redeliver(caller.owner(), &id).await?;
    Ok(Json(wire::object(&delivery)))
}

/// `POST /v1/destinations/{id}/test`: the destination, and the delivery that is on its way.
pub(super) async fn test(
    app: App,
    caller: Caller<Workflows>,
    Id(id): Id<DestinationId>,
    _: Nothing,
) -> Result<Response, Problem> {
    let (workflow, destination, delivery) =
        app.engine.test_destination(caller.owner(), &id).await?;
    let mut object = wire::destination_of(&destination, &workflow.id);
    object.insert("delivery_id".to_owned(), json!(delivery.id));
    Ok(Json(Value::from(object)).into_response())
}

/// `POST /v1/destinations/{id}/enable`
pub(super) async fn enable(
    app: App,
    caller: Caller<Workflows>,
    Id(id): Id<DestinationId>,
    _: Nothing,
) -> Result<Json<Value>, Problem> {
    let (workflow, destination) = app.engine.enable_destination(caller.owner(), &id).await?;
    Ok(Json(
        wire::destination_of(&destination, &workflow.id).into(),
    ))
}
