//! The notifier through its door: messages in, mails out.

use std::sync::Arc;
use std::time::Duration;

use domain::approval::asking::Asking;
use domain::approval::{Approval, ApprovalStatus, Draft};
use domain::delivery::{
    Address, Channel, DeliveryStatus, Destination, EventType, GAPS_SECONDS, NewDelivery, Subject,
};
use domain::digest;
use domain::execution::{
    ErrorCode, Event, Execution, NewExecution, Output, StepError, Trigger, apply,
};
use domain::ids::{ApprovalId, DeliveryId, DestinationId, ExecutionId, OwnerId, WorkflowId};
use domain::owner::Owner;
use domain::plan::Plan;
use domain::sealing::{RootKeys, SealedSecret};
use domain::signature::{SignedHeaders, SigningSecret, verify};
use engine::Engine;
use engine::consuming::{Consumer, Delivery, Disposition};
use engine::memory::{
    FixedClock, MemoryMailer, MemoryQueues, MemorySecrets, MemoryStore, MemoryWebhooks,
    SeededEntropy, at_once,
};
use engine::ports::queues::Message;
use engine::ports::{Deliveries as _, Mail, MailError, PostError, Store as _, Write};
use engine::sealing::Sealing;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::links::tests::OneSecret;
use crate::{Links, Notifier};

fn now() -> Timestamp {
    "2026-05-04T08:00:00Z".parse().unwrap()
}

fn owner() -> OwnerId {
    OwnerId::from_uuid(uuid::Uuid::from_u128(1))
}

fn draft() -> Draft {
    Draft::Content {
        body: "hello".into(),
    }
}

pub(crate) fn approval() -> Approval {
    let draft = draft();
    Approval {
        id: ApprovalId::from_uuid(uuid::Uuid::from_u128(5)),
        owner: owner(),
        execution: run().id,
        workflow: run().workflow,
        workflow_name: "Morning wires".into(),
        step: "post".into(),
        generation: 1,
        status: ApprovalStatus::Pending,
        draft: Output {
            sha256: draft.sha256(),
            bytes: 0,
            inline: None,
            preview: String::new(),
        },
        original: None,
        sha256: draft.sha256(),
        required: 1,
        max_revisions: 3,
        approvers: vec!["a@x.test".into(), "b@x.test".into()],
        strict: false,
        decisions: vec![],
        sources: vec![],
        deadline: "2026-05-07T08:00:00Z".parse().unwrap(),
        created_at: now(),
        revision: 0,
        asking: Asking::of(&["a@x.test".into(), "b@x.test".into()], now()),
    }
}

pub(crate) fn run() -> Execution {
    let steps = json!([{"id": "find", "type": "search", "config": {"query": "x"}, "retry": {"max_attempts": 1}}]);
    let plan = Plan::read(&steps, "", &domain::egress::EgressRule::public_only()).unwrap();
    let new = NewExecution {
        id: ExecutionId::from_uuid(uuid::Uuid::from_u128(3)),
        owner: owner(),
        workflow: WorkflowId::from_uuid(uuid::Uuid::from_u128(4)),
        plan: &plan,
        plan_version: 1,
        policy: domain::workflow::ApprovalPolicy::default(),
        trigger: Trigger::Manual,
        scheduled_for: None,
        reserved: 1,
        judged: false,
    };
    Execution::create(new, now()).0
}

fn failed_run() -> Execution {
    let (run, _) = apply(
        &run(),
        &Event::StepClaimed {
            step: "find".into(),
            worker: "w".into(),
        },
        now(),
    )
    .unwrap();
    let error = StepError::new(
        ErrorCode::ProviderError,
        "the search provider refused the request",
    );
    apply(
        &run,
        &Event::StepFailed {
            step: "find".into(),
            fence: 1,
            error,
            retry_at: None,
        },
        now(),
    )
    .unwrap()
    .0
}

/// A secret as the owner's workflow has it.
fn sealed(secret: &str) -> SealedSecret {
    let seal = RootKeys::read("root").unwrap().seal(&owner());
    seal.close(&SigningSecret::new(secret.to_owned()))
}

/// The secret of the Standard Webhooks specification's example.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn notice() -> DeliveryId {
    DeliveryId::from_uuid(uuid::Uuid::from_u128(7))
}

/// What a webhook is sent.
fn body() -> Output {
    Output {
        sha256: "body".into(),
        bytes: 2,
        inline: Some(json!({"type": "execution.failed", "data": {"b": 1, "a": "ü"}})),
        preview: String::new(),
    }
}

struct World {
    store: Arc<MemoryStore>,
    mailer: Arc<MemoryMailer>,
    webhooks: Arc<MemoryWebhooks>,
    queues: Arc<MemoryQueues>,
    clock: Arc<FixedClock>,
    /// The root keys of the secrets of webhooks.
    secrets: Arc<MemorySecrets>,
    notifier: Notifier,
}

impl World {
    fn new(answers: Vec<Result<String, MailError>>) -> Self {
        let store = Arc::new(MemoryStore::default());
        let mailer = Arc::new(MemoryMailer::default());
        for answer in answers {
            mailer.answer(answer);
        }
        let webhooks = Arc::new(MemoryWebhooks::default());
        let queues = Arc::new(MemoryQueues::default());
        let clock = Arc::new(FixedClock::at(now()));
        let engine = Engine {
            store: store.clone(),
            queues: queues.clone(),
            clock: clock.clone(),
            entropy: Arc::new(SeededEntropy::default()),
        };
        let document = serde_json::to_value(draft()).unwrap();
        store.plant_output(&owner(), &approval().draft, document);
        store.plant(&Write::PutOwner {
            owner: Owner {
                id: owner(),
                email: "owner@x.test".into(),
                team: None,
                created_at: now(),
            },
        });
        let links = Links::new(
            Arc::new(OneSecret::default()),
            "name".into(),
            "https://nightdesk.example",
        );
        let secrets = Arc::new(MemorySecrets::new("root"));
        let sealing = Sealing::new(secrets.clone(), "sealing".to_owned());
        let world = Self {
            store,
            secrets,
            mailer: mailer.clone(),
            webhooks: webhooks.clone(),
            queues,
            clock,
            notifier: Notifier::new(engine, mailer, webhooks, links, sealing),
        };
        world.approval_is(approval());
        world
    }

    fn approval_is(&self, approval: Approval) {
        self.store.plant(&Write::PutApproval { approval });
    }

    fn run_is(&self, execution: Execution) {
        self.store.plant(&Write::CreateExecution { execution });
    }

    async fn deliver(&self, message: Message) -> Disposition {
        self.notifier
            .handle(Delivery {
                message,
                worker: "w".into(),
                receive_count: 1,
                remaining: Duration::from_secs(20),
            })
            .await
    }

    async fn ask(&self) -> Disposition {
        self.deliver(Message::AskApproval {
            owner: owner(),
            approval: approval().id,
        })
        .await
    }

    /// A notice of `event` about the run, to `destination`.
    fn notice_is(&self, destination: Option<DestinationId>, channel: Channel, event: EventType) {
        let new = NewDelivery {
            id: notice(),
            owner: owner(),
            destination,
            channel,
            event,
            subject: Subject {
                execution: Some(run().id),
                ..Subject::of(run().workflow)
            },
        };
        let delivery = domain::delivery::Delivery::new(new, now());
        self.store.plant(&Write::PutDelivery { delivery });
    }

    /// The workflow, with one webhook.
    fn hook_is(&self) -> DestinationId {
        let id = DestinationId::from_uuid(uuid::Uuid::from_u128(8));
        let hook = Destination {
            id: id.clone(),
            address: Address::Webhook {
                url: "https://hooks.example.com/x".into(),
                events: vec![],
                secret: sealed(SECRET),
            },
            disabled_at: None,
        };
        let body = json!({"schedule": "manual"});
        let mut object = domain::reader::Object::new(&body, "");
        let schedule = domain::schedule::Schedule::read(&mut object, now()).unwrap();
        let workflow = json!({
            "id": run().workflow, "owner": owner(), "name": "Morning wires", "mode": "multi_step", "status": "active",
            "schedule": schedule, "stop_condition": {"type": "always"}, "overlap_policy": "skip",
            "catch_up": "latest", "confirmations": 1, "plan_version": 1, "execution_count": 0, "deliver": [hook],
            "scheduled_from": now(), "schedule_synced": true, "nudge_at": now(), "created_at": now(),
            "updated_at": now(), "revision": 0,
        });
        let workflow = serde_json::from_value(workflow).unwrap();
        self.store.plant(&Write::new_workflow(workflow));
        id
    }

    async fn tell(&self) -> Disposition {
        self.deliver(Message::Deliver {
            owner: owner(),
            delivery: notice(),
        })
        .await
    }

    /// The notice as it stands, and its next message's delay in seconds.
    fn notice(&self) -> (domain::delivery::Delivery, Option<u64>) {
        let stored = at_once(self.store.delivery(&owner(), &notice()));
        let next = self.queues.take().pop().map(|sent| sent.delay.as_secs());
        (stored.unwrap().unwrap(), next)
    }

    fn stored(&self) -> Approval {
        let stored = at_once(self.store.approval(&owner(), &approval().id));
        stored.unwrap().unwrap()
    }

    fn mails(&self) -> Vec<Mail> {
        self.mailer.asked()
    }
}

/// The token in a mail's link.
fn token(mail: &Mail) -> String {
    mail.text
        .split("https://nightdesk.example/a/")
        .nth(1)
        .unwrap()
        .lines()
        .next()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn every_approver_gets_a_link_of_their_own_once() {
    let world = World::new(vec![]);
    assert_eq!(world.ask().await, Disposition::Done);
    assert_eq!(world.ask().await, Disposition::Done);
    let mails = world.mails();
    assert_eq!(mails.len(), 2);
    assert_ne!(token(&mails[0]), token(&mails[1]));
    for (mail, approver) in mails.iter().zip(&approval().approvers) {
        let links = world.store.links();
        assert_eq!(
            links[&digest::of_bytes(token(mail).as_bytes())].approver,
            *approver
        );
        assert_eq!(mail.to, std::slice::from_ref(approver));
    }
    assert!(world.stored().due_at().is_none() && world.stored().asking.error().is_none());
}

#[tokio::test]
async fn a_mail_that_did_not_go_out_is_sent_again_with_the_same_link() {
    let world = World::new(vec![
        Ok("1".into()),
        Err(MailError::Unknown("cut off".into())),
    ]);
    assert_eq!(world.ask().await, Disposition::Done);
    assert!(world.stored().due_at().is_some());
    assert_eq!(world.ask().await, Disposition::Done);
    assert_eq!(world.mails().len(), 2, "it is not time yet");
    let next = world.queues.take().pop().unwrap();
    assert_eq!(next.message.kind(), "ask_approval");
    // As SQS delays: by whole seconds, upwards.
    let seconds = i64::try_from(next.delay.as_secs()).unwrap() + 1;
    world.clock.advance(SignedDuration::from_secs(seconds));
    assert_eq!(world.ask().await, Disposition::Done);
    let mails = world.mails();
    assert_eq!(mails.len(), 3, "who was asked is not asked again");
    assert_eq!(mails[2].to, ["b@x.test"]);
    assert_eq!(token(&mails[1]), token(&mails[2]));
    assert_eq!(world.store.links().len(), 2);
    assert_eq!(world.stored().due_at(), None);
}

#[tokio::test]
async fn an_address_that_takes_no_mail_is_written_down() {
    let world = World::new(vec![Err(MailError::Refused("suppressed".into()))]);
    assert_eq!(world.ask().await, Disposition::Done);
    assert_eq!(
        world.stored().asking.error().as_deref(),
        Some("a@x.test: suppressed")
    );
    assert_eq!(world.stored().due_at(), None);
    assert_eq!(world.mails().len(), 2);
}

#[tokio::test]
async fn what_went_out_is_written_down_before_the_next_mail_leaves() {
    let world = World::new(vec![]);
    assert_eq!(world.ask().await, Disposition::Done);
    let revisions = world.stored().revision;
    assert_eq!(revisions, 3, "the turn, and one for each mail");
    let world = World::new(vec![
        Ok("1".into()),
        Err(MailError::Unavailable("throttled".into())),
    ]);
    for _ in 0..40 {
        world
            .mailer
            .answer(Err(MailError::Unavailable("throttled".into())));
        assert_eq!(world.ask().await, Disposition::Done);
        world.clock.advance(SignedDuration::from_secs(900));
    }
    assert_eq!(world.stored().asking.error(), None, "it is nobody's fault");
    let first = world
        .mails()
        .iter()
        .filter(|mail| mail.to == ["a@x.test"])
        .count();
    assert_eq!(first, 1);
    assert_eq!(world.mails().len(), 41);
}

#[tokio::test]
async fn nobody_is_asked_about_what_is_decided() {
    let world = World::new(vec![]);
    world.approval_is(approval().close(ApprovalStatus::Superseded));
    assert_eq!(world.ask().await, Disposition::Done);
    assert!(world.mails().is_empty());
}

#[tokio::test]
async fn a_failed_run_is_told_again_later_when_mail_is_down_and_never_twice() {
    let world = World::new(vec![Err(MailError::Unavailable("throttled".into()))]);
    world.run_is(failed_run());
    world.notice_is(None, Channel::Email, EventType::ExecutionFailed);
    assert_eq!(world.tell().await, Disposition::Done);
    let (waiting, next) = world.notice();
    assert_eq!(waiting.status(), DeliveryStatus::Pending);
    assert!(
        waiting.attempts.is_empty(),
        "a busy mail service is no attempt"
    );
    assert!(next.is_some_and(|seconds| seconds <= 5), "{next:?}");
    assert_eq!(world.tell().await, Disposition::Done);
    assert_eq!(world.mails().len(), 1, "it is not time yet");
    world.clock.advance(SignedDuration::from_secs(5));
    for _ in 0..2 {
        assert_eq!(world.tell().await, Disposition::Done);
    }
    assert_eq!(world.notice().0.status(), DeliveryStatus::Delivered);
    assert_eq!(world.mails().len(), 2);
    let mail = world.mails().pop().unwrap();
    assert_eq!(mail.to, ["owner@x.test"]);
    assert!(
        mail.text
            .contains("- find: provider_error: the search provider refused the request"),
        "{}",
        mail.text
    );
    let back = Message::MailReturned {
        about: mail.about.unwrap(),
        address: "owner@x.test".into(),
        reason: "permanent bounce".into(),
    };
    assert_eq!(world.deliver(back).await, Disposition::Done);
    let (bounced, _) = world.notice();
    assert_eq!(bounced.status(), DeliveryStatus::Failed);
    assert_eq!(
        bounced.attempts[1].error.as_deref(),
        Some("owner@x.test: permanent bounce")
    );
}

/// A message that waited in its queue through the deployment of deliveries.
#[tokio::test]
async fn what_older_code_asked_for_becomes_a_delivery() {
    let world = World::new(vec![]);
    world.run_is(failed_run());
    world.hook_is();
    let asked = Message::Tell {
        owner: owner(),
        execution: run().id,
    };
    assert_eq!(world.deliver(asked).await, Disposition::Done);
    let follows = world.queues.take().remove(0).message;
    assert!(matches!(follows, Message::Deliver { .. }), "{follows:?}");
    assert_eq!(world.deliver(follows).await, Disposition::Done);
    assert_eq!(world.webhooks.posts().len(), 1);
}

#[tokio::test]
async fn a_run_that_says_nothing_is_not_told_about() {
    let world = World::new(vec![]);
    world.run_is(run());
    world.notice_is(None, Channel::Email, EventType::WorkflowSignal);
    assert_eq!(world.tell().await, Disposition::Done);
    assert!(world.mails().is_empty());
    assert_eq!(world.notice().0.status(), DeliveryStatus::Failed);
}

#[tokio::test]
async fn a_webhook_is_posted_with_the_same_id_and_bytes_until_it_is_taken() {
    let world = World::new(vec![]);
    let hook = world.hook_is();
    let channel = Channel::Webhook { body: body() };
    world.notice_is(Some(hook), channel, EventType::ExecutionFailed);
    world.webhooks.answer(Err(PostError::HttpStatus {
        status: 503,
        retry_after: None,
    }));
    world.webhooks.answer(Err(PostError::Timeout));
    assert_eq!(world.tell().await, Disposition::Done);
    for gap in &GAPS_SECONDS[1..3] {
        world.clock.advance(SignedDuration::from_secs(*gap));
        assert_eq!(world.tell().await, Disposition::Done);
    }
    let (done, _) = world.notice();
    assert_eq!(done.status(), DeliveryStatus::Delivered);
    let said: Vec<(Option<u16>, Option<&str>)> = done
        .attempts
        .iter()
        .map(|attempt| (attempt.status_code, attempt.error.as_deref()))
        .collect();
    assert_eq!(
        said,
        [
            (Some(503), Some("the receiver answered 503")),
            (None, Some("the receiver did not answer in time")),
            (Some(204), None)
        ]
    );
    let posts = world.webhooks.posts();
    assert_eq!(posts.len(), 3);
    for post in &posts {
        assert_eq!(post.url, "https://hooks.example.com/x");
        assert_eq!(post.content_type, "application/json");
        assert_eq!(post.limit, Duration::from_secs(15));
        let bytes = "{\"type\":\"execution.failed\",\"data\":{\"b\":1,\"a\":\"ü\"}}";
        assert_eq!(post.body, bytes.as_bytes());
        let header = |name: &str| {
            let found = post.headers.iter().find(|(key, _)| *key == name);
            found.unwrap().1.clone()
        };
        assert_eq!(header("webhook-id"), notice().as_str());
        let headers = ["webhook-id", "webhook-timestamp", "webhook-signature"].map(header);
        let [id, timestamp, signature] = headers.each_ref().map(|header| Some(header.as_str()));
        let headers = SignedHeaders {
            id,
            timestamp,
            signature,
        };
        let now = Timestamp::now().as_second();
        assert_eq!(verify(&[SECRET], headers, &post.body, now), Ok(()));
    }
}

#[tokio::test]
async fn a_delivery_waits_for_a_key_that_cannot_be_read_and_fails_without_the_key_of_its_secret() {
    let world = World::new(vec![]);
    let hook = world.hook_is();
    let channel = Channel::Webhook { body: body() };
    world.notice_is(Some(hook), channel, EventType::ExecutionFailed);

    world.secrets.set("");
    assert_eq!(world.tell().await, Disposition::Done);
    let (waiting, _) = world.notice();
    assert_eq!(waiting.status(), DeliveryStatus::Pending);
    assert_eq!(waiting.attempts, [], "the receiver was not asked");

    world.secrets.set("another");
    world.clock.advance(SignedDuration::from_hours(1));
    assert_eq!(world.tell().await, Disposition::Done);
    let (failed, _) = world.notice();
    assert_eq!(failed.status(), DeliveryStatus::Failed);
    let error = failed.attempts[0].error.as_deref().unwrap();
    assert!(error.contains("give the webhook a new one"), "{error}");
    assert_eq!(world.webhooks.posts(), []);
}

#[tokio::test]
async fn a_receiver_that_is_gone_is_disabled_and_told_nothing_more() {
    let world = World::new(vec![]);
    let hook = world.hook_is();
    let channel = || Channel::Webhook { body: body() };
    world.notice_is(Some(hook.clone()), channel(), EventType::ExecutionFailed);
    world.webhooks.answer(Err(PostError::HttpStatus {
        status: 410,
        retry_after: None,
    }));
    assert_eq!(world.tell().await, Disposition::Done);
    let told = world.queues.take().remove(0).message;
    assert_eq!(world.notice().0.status(), DeliveryStatus::Disabled);
    let workflow = at_once(world.store.workflow(&owner(), &run().workflow));
    let disabled = workflow.unwrap().unwrap().deliver[0].disabled_at;
    assert_eq!(disabled, Some(now()));
    // Its owner hears of it, once.
    for _ in 0..2 {
        assert_eq!(world.deliver(told.clone()).await, Disposition::Done);
    }
    let mails = world.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].to, ["owner@x.test"]);
    assert!(
        mails[0].text.contains("hooks.example.com"),
        "{}",
        mails[0].text
    );
    assert!(!mails[0].text.contains("/x"), "a path may be a secret");
    world.notice_is(Some(hook.clone()), channel(), EventType::ExecutionFailed);
    assert_eq!(world.tell().await, Disposition::Done);
    assert!(world.queues.take().is_empty(), "it is said once");
    assert_eq!(world.notice().0.status(), DeliveryStatus::Disabled);
    assert_eq!(world.webhooks.posts().len(), 1);
    world.notice_is(Some(hook), channel(), EventType::DestinationTest);
    assert_eq!(world.tell().await, Disposition::Done);
    assert_eq!(world.notice().0.status(), DeliveryStatus::Delivered);
}

#[tokio::test]
async fn nothing_leaves_before_it_is_claimed() {
    let world = World::new(vec![]);
    world.run_is(failed_run());
    world.notice_is(None, Channel::Email, EventType::ExecutionFailed);
    world.store.fail_commits(1);
    let back = world.tell().await;
    assert!(matches!(back, Disposition::NotBefore(_)), "{back:?}");
    assert!(world.mails().is_empty());
    assert_eq!(world.tell().await, Disposition::Done);
    assert_eq!(world.mails().len(), 1);
}
