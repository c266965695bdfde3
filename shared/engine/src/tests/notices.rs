//! What is told, with what it tells of, and although a message is lost.

use domain::approval::Choice;
use domain::delivery::{Address, Came, Delivery, DeliveryStatus, Destination, EventType};
use domain::execution::Event;
use domain::ids::DestinationId;
use serde_json::{Value, json};

use super::world::{World, owner, publishing};
use crate::memory::{MemorySchedules, at_once};
use crate::page::Slice;
use crate::ports::{Deliveries as _, Message, Store as _};

impl World {
    /// All deliveries, oldest first.
    fn told(&self) -> Vec<Delivery> {
        let page = at_once(self.store.deliveries(&owner(), None, &Slice::first(100)));
        let mut all = page.unwrap().items;
        all.reverse();
        all
    }

    fn events(&self) -> Vec<&'static str> {
        let told = self.told();
        told.iter()
            .map(|delivery| delivery.event.as_str())
            .collect()
    }

    fn has_webhook(&self) {
        let id = DestinationId::from_uuid(uuid::Uuid::from_u128(9));
        self.change_workflow(|workflow| {
            workflow.deliver = vec![Destination {
                id,
                address: Address::Webhook {
                    url: "https://hooks.example.com/".into(),
                    events: vec![],
                    secret: String::new().into(),
                },
                disabled_at: None,
            }];
        });
    }

    /// A run that finds these pages, judged.
    async fn patrol(&self, urls: &[&str]) {
        let run = self.start().await.unwrap();
        let fence = self.claim(&run.id, "find").await;
        let results: Vec<Value> = urls
            .iter()
            .map(|url| json!({"url": url, "title": "t"}))
            .collect();
        let document = json!({"results": results, "count": urls.len()});
        let output = self.store.put_output(&owner(), &document, "p").await;
        let completed = Event::StepCompleted {
            step: "find".into(),
            fence,
            output: output.unwrap(),
            credits: 1,
        };
        self.tell(&run.id, completed).await;
        let schedules = MemorySchedules::default();
        self.engine
            .judge(&schedules, &owner(), &run.id)
            .await
            .unwrap();
    }
}

fn watching() -> Value {
    json!([{"id": "find", "type": "search", "config": {"query": "x"}}])
}

#[tokio::test]
async fn a_signal_is_told_although_its_message_is_lost() {
    let world = World::new(&watching());
    world.patrol(&["https://a.example/1"]).await;
    assert!(world.told().is_empty(), "the first run says nothing");
    world.queues.take();
    world.queues.set_down(true);
    world
        .patrol(&["https://a.example/1", "https://a.example/2"])
        .await;
    world.queues.set_down(false);
    let schedules = MemorySchedules::default();
    world.wait(200);
    world.engine.sweep(&schedules).await.unwrap();
    let sent = world.queues.messages();
    let told = world.told().remove(0);
    assert_eq!(told.event, EventType::WorkflowSignal);
    assert!(
        matches!(sent.as_slice(), [Message::Deliver { delivery, .. }] if *delivery == told.id),
        "{sent:?}"
    );
    let signal = at_once(
        world
            .store
            .signal(&owner(), told.subject.signal.as_ref().unwrap()),
    );
    let recorded = signal.unwrap().unwrap().deliveries;
    assert_eq!(recorded, std::slice::from_ref(&told.id));

    // A worker that dies at it is made up for as well, and what it says afterwards is not believed.
    let begun = world.engine.begin_delivery(&owner(), &told.id).await;
    let begun = begun.unwrap().unwrap();
    assert_eq!(
        world.engine.begin_delivery(&owner(), &told.id).await,
        Ok(None)
    );
    world.wait(60);
    world.engine.sweep(&schedules).await.unwrap();
    let again = world.engine.begin_delivery(&owner(), &told.id).await;
    let again = again.unwrap().unwrap();
    let done = Came::Delivered { status_code: None };
    world
        .engine
        .conclude_delivery(
            &begun,
            &Came::Refused {
                error: "late".into(),
            },
        )
        .await
        .unwrap();
    assert_eq!(world.told()[0].status(), DeliveryStatus::Pending);
    world.engine.conclude_delivery(&again, &done).await.unwrap();
    assert_eq!(world.told()[0].status(), DeliveryStatus::Delivered);
    assert_eq!(world.told()[0].attempts.len(), 2);
}

#[tokio::test]
async fn a_workflow_that_begins_to_fail_and_recovers_says_so_once() {
    let world = World::new(&watching());
    world.has_webhook();
    for _ in 0..4 {
        let run = world.start().await.unwrap();
        world.fail(&run.id, "find").await;
    }
    let failed = "execution.failed";
    assert_eq!(
        world.events(),
        [failed, failed, failed, "workflow.unhealthy", failed]
    );
    world.patrol(&["https://a.example/1"]).await;
    assert_eq!(
        world.events()[5..],
        ["execution.completed", "workflow.recovered"]
    );
}

#[tokio::test]
async fn a_question_and_its_answer_are_told_with_them() {
    let world = World::new(&publishing());
    world.has_webhook();
    let run = world.start().await.unwrap();
    for step in ["a", "b", "write"] {
        world.complete(&run.id, step).await;
    }
    world.park(&run.id, "post").await;
    assert_eq!(world.events(), ["approval.requested"]);
    world.decide(&run.id, "post", Choice::Reject).await;
    // Who rejects knows that the run ends.
    assert_eq!(world.events(), ["approval.requested", "approval.decided"]);
    let told = world.told().pop().unwrap();
    let domain::delivery::Channel::Webhook { body } = told.channel else {
        panic!("a webhook is told");
    };
    let body = at_once(world.store.output(&owner(), &body))
        .unwrap()
        .unwrap();
    assert_eq!(body["type"], "approval.decided");
    assert_eq!(body["data"]["status"], "rejected");
    assert_eq!(body["data"]["execution_id"], json!(run.id));
}

#[tokio::test]
async fn a_failed_run_is_told_to_its_owner_by_mail_and_a_finished_one_is_not() {
    let world = World::new(&watching());
    let run = world.start().await.unwrap();
    world.fail(&run.id, "find").await;
    world.patrol(&["https://a.example/1"]).await;
    assert_eq!(world.events(), ["execution.failed"]);
    let told = world.told().remove(0);
    assert_eq!((told.destination, told.channel.as_str()), (None, "email"));
}
