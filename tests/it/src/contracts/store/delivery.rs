//! Signals, deliveries, and the destinations they go to.

use std::sync::Arc;

use domain::delivery::{
    Came, Channel, Delivery, DeliveryStatus, EventType, NewDelivery, Subject, Succession,
};
use domain::execution::Output;
use domain::ids::{DeliveryId, DestinationId, ExecutionId, OwnerId, SignalId, WorkflowId};
use domain::patrol::{DecisionWord, Reason};
use domain::signal::Signal;
use engine::page::Slice;
use engine::ports::store::DueItem;
use engine::ports::{CommitError, Store, Write};
use serde_json::json;

use super::{all, fresh, now, owner, write};

fn document() -> Output {
    Output {
        sha256: "a".repeat(64),
        bytes: 2,
        inline: Some(json!([])),
        preview: "p".into(),
    }
}

fn delivery(owner: &OwnerId) -> Delivery {
    let new = NewDelivery {
        id: DeliveryId::from_uuid(fresh()),
        owner: owner.clone(),
        destination: Some(DestinationId::from_uuid(fresh())),
        channel: Channel::Webhook { body: document() },
        event: EventType::WorkflowSignal,
        subject: Subject {
            workflow: WorkflowId::from_uuid(fresh()),
            execution: Some(ExecutionId::from_uuid(fresh())),
            signal: Some(SignalId::from_uuid(fresh())),
            destination: Some(DestinationId::from_uuid(fresh())),
            succession: Some(Succession {
                told: "former@x.test".into(),
                by: "owner@x.test".into(),
                approvers: vec!["next@x.test".into()],
                required: 1,
            }),
        },
    };
    Delivery::new(new, now())
}

fn put(delivery: &Delivery) -> Vec<Write> {
    vec![Write::PutDelivery {
        delivery: delivery.clone(),
    }]
}

pub(super) async fn a_delivery_is_due_until_it_has_ended(store: Arc<dyn Store>) {
    let owner = owner();
    let first = delivery(&owner);
    write(&store, put(&first)).await.unwrap();
    assert_eq!(write(&store, put(&first)).await, Err(CommitError::Exists));
    assert_eq!(
        store.delivery(&owner, &first.id).await.unwrap().as_ref(),
        Some(&first)
    );
    let due_at = first.due_at().unwrap();
    assert_eq!(
        store.due(due_at, 10).await.unwrap(),
        [DueItem::Delivery(owner.clone(), first.id.clone())]
    );
    let begun = first.begin(now()).unwrap();
    write(&store, put(&begun)).await.unwrap();
    assert_eq!(
        write(&store, put(&begun)).await,
        Err(CommitError::Conflict),
        "one claim"
    );
    let came = Came::Delivered {
        status_code: Some(204),
    };
    let done = begun.conclude(&came, now(), 0.0).unwrap();
    write(&store, put(&done)).await.unwrap();
    assert_eq!(store.due(jiff::Timestamp::MAX, 10).await.unwrap(), []);
    assert_eq!(store.delivery(&owner, &first.id).await.unwrap(), Some(done));
}

pub(super) async fn deliveries_are_listed_by_status_newest_first(store: Arc<dyn Store>) {
    let (owner, stranger) = (owner(), owner());
    let (mut older, mut newer) = (delivery(&owner), delivery(&owner));
    // Two of one millisecond have no order in time: the greater id counts as the newer.
    if newer.id < older.id {
        std::mem::swap(&mut older, &mut newer);
    }
    for delivery in [&older, &newer] {
        write(&store, put(delivery)).await.unwrap();
    }
    let listed = store.deliveries(&owner, None, &all()).await.unwrap();
    assert_eq!(listed.items, [newer.clone(), older.clone()]);
    let refused = Came::Refused { error: "no".into() };
    let begun = older.begin(now()).unwrap();
    let failed = begun.conclude(&refused, now(), 0.0).unwrap();
    write(&store, put(&begun)).await.unwrap();
    write(&store, put(&failed)).await.unwrap();
    let pending = Some(DeliveryStatus::Pending);
    let listed = store.deliveries(&owner, pending, &all()).await.unwrap();
    assert_eq!((listed.items, listed.total), (vec![newer.clone()], 1));
    let first = Slice::first(1);
    let page = store.deliveries(&owner, None, &first).await.unwrap();
    let next = first.next(&page).unwrap();
    let page = store.deliveries(&owner, None, &next).await.unwrap();
    assert_eq!((page.items, page.next), (vec![failed.clone()], None));
    let ids = [
        older.id.clone(),
        DeliveryId::from_uuid(fresh()),
        newer.id.clone(),
    ];
    assert_eq!(
        store.deliveries_of(&owner, &ids).await.unwrap(),
        [failed, newer]
    );
    let nothing = store.deliveries(&stranger, None, &all()).await.unwrap();
    assert_eq!(nothing.total, 0);
    assert_eq!(store.delivery(&stranger, &older.id).await.unwrap(), None);
}

pub(super) async fn signals_are_listed_by_workflow_and_destinations_found(store: Arc<dyn Store>) {
    let owner = owner();
    let workflow = WorkflowId::from_uuid(fresh());
    let signal = |workflow: &WorkflowId| Signal {
        id: SignalId::from_uuid(fresh()),
        owner: owner.clone(),
        workflow: workflow.clone(),
        execution: ExecutionId::from_uuid(fresh()),
        decision: DecisionWord::Suppressed,
        reason: Reason::Context,
        items: document(),
        item_count: 0,
        deliveries: vec![],
        promoted_at: None,
        created_at: now(),
        revision: 0,
    };
    let put = |signal: &Signal| {
        vec![Write::PutSignal {
            signal: signal.clone(),
        }]
    };
    let (mut older, mut newer) = (signal(&workflow), signal(&workflow));
    if newer.id < older.id {
        std::mem::swap(&mut older, &mut newer);
    }
    let other = signal(&WorkflowId::from_uuid(fresh()));
    for signal in [&older, &newer, &other] {
        write(&store, put(signal)).await.unwrap();
    }
    let promoted = older.promote(now()).unwrap();
    write(&store, put(&promoted)).await.unwrap();
    assert_eq!(
        write(&store, put(&promoted)).await,
        Err(CommitError::Conflict)
    );
    let listed = store.signals(&owner, &workflow, &all()).await.unwrap();
    assert_eq!((listed.items, listed.total), (vec![newer, promoted], 2));
    let id = DestinationId::from_uuid(fresh());
    let found = Write::PutDestination {
        owner: owner.clone(),
        id: id.clone(),
        workflow: workflow.clone(),
    };
    assert_eq!(store.destination(&owner, &id).await.unwrap(), None);
    write(&store, vec![found]).await.unwrap();
    assert_eq!(
        store.destination(&owner, &id).await.unwrap(),
        Some(workflow)
    );
}
