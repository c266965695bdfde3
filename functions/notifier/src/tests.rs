//! The notifier through its door: messages in, mails out.

use std::sync::Arc;
use std::time::Duration;

use domain::approval::{Approval, ApprovalStatus, Draft};
use domain::digest;
use domain::execution::{
    ErrorCode, Event, Execution, NewExecution, Output, StepError, Trigger, apply,
};
use domain::ids::{ApprovalId, ExecutionId, OwnerId, WorkflowId};
use domain::owner::Owner;
use domain::plan::Plan;
use engine::Engine;
use engine::consuming::{Consumer, Delivery, Disposition};
use engine::memory::{FixedClock, MemoryMailer, MemoryQueues, MemoryStore, SeededEntropy, at_once};
use engine::ports::queues::Message;
use engine::ports::{Mail, MailError, Store as _, Write};
use jiff::Timestamp;
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
        decisions: vec![],
        sources: vec![],
        deadline: "2026-05-07T08:00:00Z".parse().unwrap(),
        created_at: now(),
        revision: 0,
        asked: false,
        nudge_at: now(),
        notification_error: None,
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

struct World {
    store: Arc<MemoryStore>,
    mailer: Arc<MemoryMailer>,
    notifier: Notifier,
}

impl World {
    fn new(answers: Vec<Result<String, MailError>>) -> Self {
        let store = Arc::new(MemoryStore::default());
        let mailer = Arc::new(MemoryMailer::default());
        for answer in answers {
            mailer.answer(answer);
        }
        let engine = Engine {
            store: store.clone(),
            queues: Arc::new(MemoryQueues::default()),
            clock: Arc::new(FixedClock::at(now())),
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
        let world = Self {
            store,
            mailer: mailer.clone(),
            notifier: Notifier::new(engine, mailer, links),
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

    async fn tell(&self) -> Disposition {
        self.deliver(Message::Tell {
            owner: owner(),
            execution: run().id,
        })
        .await
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
    assert!(world.stored().asked && world.stored().notification_error.is_none());
}

#[tokio::test]
async fn a_mail_that_did_not_go_out_is_sent_again_with_the_same_link() {
    let world = World::new(vec![
        Ok("1".into()),
        Err(MailError::Unknown("cut off".into())),
    ]);
    assert_eq!(world.ask().await, Disposition::Failed);
    assert!(!world.stored().asked);
    assert_eq!(world.ask().await, Disposition::Done);
    let mails = world.mails();
    assert_eq!(mails.len(), 4);
    assert_eq!(
        (token(&mails[0]), token(&mails[1])),
        (token(&mails[2]), token(&mails[3]))
    );
    assert_eq!(world.store.links().len(), 2);
}

#[tokio::test]
async fn an_address_that_takes_no_mail_is_written_down() {
    let world = World::new(vec![Err(MailError::Refused("suppressed".into()))]);
    assert_eq!(world.ask().await, Disposition::Done);
    assert_eq!(
        world.stored().notification_error.as_deref(),
        Some("a@x.test: suppressed")
    );
    assert!(world.stored().asked);
    assert_eq!(world.mails().len(), 2);
}

#[tokio::test]
async fn nobody_is_asked_about_what_is_decided() {
    let world = World::new(vec![]);
    world.approval_is(approval().close(ApprovalStatus::Superseded));
    assert_eq!(world.ask().await, Disposition::Done);
    assert!(world.mails().is_empty());
}

#[tokio::test]
async fn a_failed_run_is_told_with_its_reason() {
    let world = World::new(vec![Err(MailError::Unavailable("throttled".into()))]);
    world.run_is(failed_run());
    assert_eq!(world.tell().await, Disposition::Failed);
    assert_eq!(world.tell().await, Disposition::Done);
    let mail = world.mails().pop().unwrap();
    assert_eq!(mail.to, ["owner@x.test"]);
    assert!(
        mail.text
            .contains("- find: provider_error: the search provider refused the request"),
        "{}",
        mail.text
    );
}

#[tokio::test]
async fn a_run_that_goes_on_is_not_told_about() {
    let world = World::new(vec![]);
    world.run_is(run());
    assert_eq!(world.tell().await, Disposition::Done);
    assert!(world.mails().is_empty());
}
