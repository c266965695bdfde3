//! Signals, deliveries, destinations and differences over HTTP.

use domain::delivery::Came;
use domain::execution::Event;
use domain::ids::{DeliveryId, ExecutionId};
use engine::advance::{Alongside, SYSTEM};
use engine::memory::{MemorySchedules, at_once};
use engine::ports::{Message, Store as _};
use serde_json::{Value, json};

use super::world::{B, World, simple};

impl World {
    /// A run of A's workflow that found these pages, and was judged.
    async fn patrol(&self, workflow: &str, urls: &[&str]) -> String {
        let started = self
            .post(&format!("/v1/workflows/{workflow}/execute"), json!({}))
            .await;
        let id = started.json()["execution"]["id"]
            .as_str()
            .unwrap()
            .to_owned();
        let (owner, run) = (Self::owner(1), ExecutionId::parse(&id).unwrap());
        let results: Vec<Value> = urls
            .iter()
            .map(|url| json!({"url": url, "title": url, "snippet": "s", "published_date": null}))
            .collect();
        let document = json!({"results": results, "count": urls.len()});
        let output = at_once(self.store.put_output(&owner, &document, "p")).unwrap();
        for event in [
            Event::StepClaimed {
                step: "search".into(),
                worker: "w".into(),
            },
            Event::StepCompleted {
                step: "search".into(),
                fence: 1,
                output,
                credits: 1,
            },
        ] {
            self.app
                .engine
                .advance(&owner, &run, &event, SYSTEM, &Alongside::default())
                .await
                .unwrap();
        }
        self.app
            .engine
            .judge(&MemorySchedules::default(), &owner, &run)
            .await
            .unwrap();
        id
    }

    /// A manual workflow of A's with this `deliver`, as the 201 shows it.
    async fn delivering(&self, deliver: Value) -> Value {
        let mut body = simple();
        body["schedule"] = "manual".into();
        body["deliver"] = deliver;
        body.as_object_mut().unwrap().remove("interval");
        let answer = self.post("/v1/workflows", body).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()
    }

    /// How often the notifier has been called for a delivery since this was asked last.
    fn called(&self) -> usize {
        let sent = self.queues.take();
        sent.iter()
            .filter(|sent| matches!(sent.message, Message::Deliver { .. }))
            .count()
    }

    /// The notifier attempts a delivery, and this comes of it.
    async fn attempt(&self, id: &Value, came: &Came) {
        let id = DeliveryId::parse(id.as_str().unwrap()).unwrap();
        let engine = &self.app.engine;
        let begun = engine.begin_delivery(&Self::owner(1), &id).await;
        let begun = begun.unwrap().expect("it is due");
        engine.conclude_delivery(&begun, came).await.unwrap();
    }
}

const A: &str = "https://news.example/a";
const B_PAGE: &str = "https://news.example/b";

#[tokio::test]
async fn every_silence_is_on_record_and_a_person_may_break_it() {
    let world = World::new();
    let workflow = world.workflow().await;
    world.patrol(&workflow, &[A]).await;
    world.patrol(&workflow, &[A]).await;
    assert_eq!(
        world.called(),
        0,
        "the first run and one like it say nothing"
    );
    let news = world.patrol(&workflow, &[A, B_PAGE]).await;
    assert_eq!(world.called(), 1);
    world.patrol(&workflow, &[A]).await;
    let returned = world.patrol(&workflow, &[A, B_PAGE]).await;
    assert_eq!(world.called(), 0);

    let path = format!("/v1/workflows/{workflow}/signals");
    let list = world.get(&path).await.json();
    assert_eq!(list["pagination"]["total"], 3, "{list}");
    let said: Vec<(&Value, &Value)> = list["signals"]
        .as_array()
        .unwrap()
        .iter()
        .map(|signal| (&signal["decision"], &signal["reason"]))
        .collect();
    assert_eq!(
        said,
        [
            (&json!("suppressed"), &json!("returned_only")),
            (&json!("signalled"), &json!("new_results")),
            (&json!("baseline"), &json!("first_run")),
        ]
    );
    assert!(list["signals"][0].get("items").is_none());
    assert_eq!(list["signals"][0]["execution_id"], returned);
    let page = world.get(&format!("{path}?limit=1")).await.json();
    let cursor = page["pagination"]["next_cursor"].as_str().unwrap();
    let next = world.get(&format!("{path}?limit=2&cursor={cursor}")).await;
    assert_eq!(next.json()["signals"][0], list["signals"][1]);

    let told = world.get(&format!("/v1/executions/{news}")).await.json();
    assert_eq!(told["signal"]["id"], list["signals"][1]["id"]);
    let told = world
        .get(&format!(
            "/v1/signals/{}",
            told["signal"]["id"].as_str().unwrap()
        ))
        .await
        .json();
    assert_eq!(told["items"][0]["url"], B_PAGE);
    assert_eq!(told["deliveries"][0]["type"], "email");
    world
        .post(
            &format!("/v1/signals/{}/promote", told["id"].as_str().unwrap()),
            json!({}),
        )
        .await
        .refused(409, "invalid_transition");

    let kept = format!("/v1/signals/{}", list["signals"][0]["id"].as_str().unwrap());
    let before = world.get(&kept).await.json();
    assert_eq!(before["deliveries"], json!([]));
    assert_eq!(before["items"][0]["kind"], "returned");
    let promote = format!("{kept}/promote");
    world
        .json_as(B, "POST", &promote, &json!({}))
        .await
        .refused(404, "not_found");
    let promoted = world.post(&promote, json!({})).await.json();
    assert_eq!(promoted["decision"], "signalled");
    assert_eq!(
        promoted["reason"], "returned_only",
        "why it was kept back stays"
    );
    assert_eq!(promoted["deliveries"][0]["status"], "pending");
    assert_eq!(world.called(), 1);
    world
        .post(&promote, json!({}))
        .await
        .refused(409, "invalid_transition");
    assert_eq!(world.called(), 0);
    world.get_as(B, &kept).await.refused(404, "not_found");
    world.get_as(B, &path).await.refused(404, "not_found");
    let deliveries = world.get("/v1/deliveries").await.json();
    assert_eq!(deliveries["pagination"]["total"], 2);
    assert_eq!(
        world.get_as(B, "/v1/deliveries").await.json()["deliveries"],
        json!([])
    );
}

#[tokio::test]
async fn a_webhook_has_a_secret_that_is_shown_once() {
    let world = World::new();
    let hook = json!({"type": "webhook", "url": "https://hooks.example.com/x"});
    let own = json!({
        "type": "webhook", "url": "https://hooks.example.com/own",
        "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    });
    let mail = json!({"type": "email", "to": ["a@owner.test", "team@desk.test"]});
    let made = world.delivering(json!([hook, own, mail])).await;
    let secret = made["deliver"][0]["secret"].as_str().unwrap();
    assert!(domain::signature::is_strong_secret(secret));
    assert!(
        made["deliver"][1].get("secret").is_none(),
        "the client knows it"
    );
    assert_eq!(made["deliver"][0]["events"].as_array().unwrap().len(), 8);
    assert_eq!(made["deliver"][2]["to"][1], "team@desk.test");
    let path = format!("/v1/workflows/{}", made["id"].as_str().unwrap());
    let seen = world.get(&path).await;
    assert!(!seen.text().contains("whsec_"));
    let seen = seen.json();
    assert_eq!(seen["deliver"][0]["id"], made["deliver"][0]["id"]);

    let more = json!({"type": "webhook", "url": "https://hooks.example.com/y", "events": ["execution.failed"]});
    let changed = world
        .json_as(
            super::world::A,
            "PATCH",
            &path,
            &json!({"deliver": [more, hook]}),
        )
        .await
        .json();
    assert_eq!(changed["deliver"][1]["id"], made["deliver"][0]["id"]);
    assert!(
        changed["deliver"][1].get("secret").is_none(),
        "it has been shown"
    );
    assert!(changed["deliver"][0]["secret"].is_string(), "{changed}");
    assert_eq!(changed["deliver"][0]["events"], json!(["execution.failed"]));
    let cleared = world
        .json_as(super::world::A, "PATCH", &path, &json!({"deliver": null}))
        .await
        .json();
    assert_eq!(cleared["deliver"], json!([]));
}

#[tokio::test]
async fn a_delivery_is_seen_tried_and_sent_again() {
    let world = World::new();
    let events = ["workflow.signal", "execution.completed"];
    let hook = json!({"type": "webhook", "url": "https://hooks.example.com/x", "events": events});
    let made = world.delivering(json!([hook])).await;
    let workflow = made["id"].as_str().unwrap();
    world.patrol(workflow, &[A]).await;
    world.patrol(workflow, &[A, B_PAGE]).await;
    assert_eq!(world.called(), 3, "two runs and a signal; no mail besides");
    let list = world.get("/v1/deliveries?status=pending").await.json();
    let told: Vec<&str> = list["deliveries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|delivery| delivery["event"].as_str().unwrap())
        .collect();
    assert_eq!(told.len(), 3);
    assert_eq!(
        told.iter()
            .filter(|event| **event == "workflow.signal")
            .count(),
        1
    );
    let delivery = &list["deliveries"][0];
    assert_eq!(delivery["destination_id"], made["deliver"][0]["id"]);
    let redeliver = format!(
        "/v1/deliveries/{}/redeliver",
        delivery["id"].as_str().unwrap()
    );
    world
        .post(&redeliver, json!({}))
        .await
        .refused(409, "invalid_transition");
    let gone = Came::Gone {
        status_code: Some(410),
        error: "the receiver answered 410".into(),
    };
    world.attempt(&delivery["id"], &gone).await;
    let disabled = world.get("/v1/deliveries?status=disabled").await.json();
    assert_eq!(disabled["pagination"]["total"], 1);
    assert_eq!(disabled["deliveries"][0]["attempts"][0]["status_code"], 410);
    world
        .post(&redeliver, json!({}))
        .await
        .refused(409, "invalid_transition");

    let destination = made["deliver"][0]["id"].as_str().unwrap();
    let verb = |verb: &str| format!("/v1/destinations/{destination}/{verb}");
    world.called();
    let tested = world.post(&verb("test"), json!({})).await.json();
    assert_eq!((&tested["status"], world.called()), (&json!("disabled"), 1));
    assert!(tested["delivery_id"].is_string());
    world.patrol(workflow, &[A]).await;
    assert_eq!(world.called(), 0, "nothing is sent to who is gone");
    let enabled = world.post(&verb("enable"), json!({})).await.json();
    assert_eq!(enabled["status"], "active");
    assert_eq!(world.post(&verb("enable"), json!({})).await.json(), enabled);
    let again = world.post(&redeliver, json!({})).await.json();
    assert_eq!(
        (&again["id"], &again["status"]),
        (&delivery["id"], &json!("pending"))
    );
    assert_eq!(again["attempts"].as_array().unwrap().len(), 1);
    assert_eq!(world.called(), 1);
    for verb_path in [verb("test"), verb("enable"), redeliver] {
        world
            .json_as(B, "POST", &verb_path, &json!({}))
            .await
            .refused(404, "not_found");
    }
}

#[tokio::test]
async fn two_runs_of_a_workflow_are_compared_whatever_came_between() {
    let world = World::new();
    let workflow = world.workflow().await;
    let c = "https://news.example/c";
    let first = world.patrol(&workflow, &[A, B_PAGE]).await;
    world.patrol(&workflow, &[A]).await;
    let last = world.patrol(&workflow, &[A, c]).await;
    let path = format!("/v1/executions/{last}/diff/{first}");
    let changes = world.get(&path).await.json();
    assert_eq!(
        (&changes["net_new_urls"][0]["url"], &changes["dropped_urls"]),
        (&json!(c), &json!([B_PAGE])),
        "{changes}"
    );
    assert_eq!(
        (
            &changes["retained_count"],
            &changes["previous_execution_id"]
        ),
        (&json!(1), &json!(first))
    );
    world.get_as(B, &path).await.refused(404, "not_found");
    let other = world.workflow().await;
    let elsewhere = world.patrol(&other, &[A]).await;
    for before in [
        elsewhere.as_str(),
        "exe_1",
        "exe_00000000000000000000000000000009",
    ] {
        world
            .get(&format!("/v1/executions/{last}/diff/{before}"))
            .await
            .refused(404, "not_found");
    }
    let started = world
        .post(&format!("/v1/workflows/{workflow}/execute"), json!({}))
        .await;
    let open = started.json()["execution"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    world
        .get(&format!("/v1/executions/{open}/diff/{first}"))
        .await
        .refused(409, "invalid_transition");
}
