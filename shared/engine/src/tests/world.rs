//! One owner with one workflow, and a hand that does what workers and people do.

use std::sync::Arc;

use domain::approval::{Choice, DecisionChannel, Draft, Verdict};
use domain::execution::{ErrorCode, Event, Execution, Output, StepError};
use domain::ids::{ExecutionId, OwnerId, WorkflowId};
use domain::plan::Plan;
use domain::workflow::{ApprovalPolicy, Workflow};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::Engine;
use crate::advance::{Alongside, SYSTEM};
use crate::approvals::DraftMade;
use crate::executions::{Start, StartError};
use crate::memory::{FixedClock, MemoryQueues, MemoryStore, SeededEntropy, at_once};
use crate::ports::store::Write;
use crate::ports::{Clock as _, Store as _};

pub(super) struct World {
    pub(super) store: Arc<MemoryStore>,
    pub(super) queues: Arc<MemoryQueues>,
    pub(super) clock: Arc<FixedClock>,
    pub(super) engine: Engine,
}

pub(super) fn owner() -> OwnerId {
    OwnerId::from_uuid(uuid::Uuid::from_u128(1))
}

pub(super) fn workflow_id() -> WorkflowId {
    WorkflowId::from_uuid(uuid::Uuid::from_u128(2))
}

/// Two searches at once, a report of both, and a post of it.
pub(super) fn publishing() -> Value {
    json!([
        {"id": "a", "type": "search", "config": {"query": "x"}},
        {"id": "b", "type": "search", "config": {"query": "y"}},
        {"id": "write", "type": "generate_report", "depends_on": ["a", "b"], "config": {}},
        {"id": "post", "type": "post_webhook", "depends_on": ["write"], "config": {"url": "https://example.com/", "body": "${steps.write.text}"}},
    ])
}

pub(super) fn read(steps: &Value) -> Plan {
    Plan::read(steps, "", &domain::egress::EgressRule::public_only()).unwrap()
}

fn workflow(now: Timestamp) -> Workflow {
    let body = json!({"schedule": "manual"});
    let mut object = domain::reader::Object::new(&body, "");
    let schedule = domain::schedule::Schedule::read(&mut object, now).unwrap();
    let json = json!({
        "id": workflow_id(), "owner": owner(), "name": "w", "mode": "multi_step", "status": "active",
        "schedule": schedule, "stop_condition": {"type": "always"}, "overlap_policy": "allow", "catch_up": "latest",
        "confirmations": 1, "plan_version": 1, "execution_count": 0, "scheduled_from": now, "schedule_synced": true,
        "nudge_at": now, "created_at": now, "updated_at": now, "revision": 0,
    });
    serde_json::from_value(json).unwrap()
}

impl World {
    pub(super) fn new(steps: &Value) -> Self {
        let now: Timestamp = "2026-05-04T08:00:00Z".parse().unwrap();
        let store = Arc::new(MemoryStore::default());
        let queues = Arc::new(MemoryQueues::default());
        let clock = Arc::new(FixedClock::at(now));
        let engine = Engine {
            store: Arc::clone(&store) as _,
            queues: Arc::clone(&queues) as _,
            clock: Arc::clone(&clock) as _,
            entropy: Arc::new(SeededEntropy::default()),
        };
        store.plant(&Write::new_workflow(workflow(now)));
        let world = Self {
            store,
            queues,
            clock,
            engine,
        };
        world.put_plan(1, steps);
        world
    }

    pub(super) fn put_plan(&self, version: u32, steps: &Value) {
        self.store.plant(&Write::PutPlan {
            owner: owner(),
            workflow: workflow_id(),
            version,
            plan: read(steps),
        });
    }

    pub(super) fn change_workflow(&self, change: impl FnOnce(&mut Workflow)) {
        let mut workflow = self.workflow();
        change(&mut workflow);
        self.store.plant(&Write::new_workflow(workflow));
    }

    pub(super) fn workflow(&self) -> Workflow {
        let stored = at_once(self.store.workflow(&owner(), &workflow_id()));
        stored.unwrap().unwrap()
    }

    pub(super) fn wait(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
    }

    pub(super) async fn start(&self) -> Result<Execution, StartError> {
        self.engine
            .start(&owner(), &workflow_id(), Start::MANUAL)
            .await
    }

    pub(super) fn run(&self, id: &ExecutionId) -> Execution {
        at_once(self.store.execution(&owner(), id))
            .unwrap()
            .unwrap()
    }

    /// One event, which must apply, a second later.
    pub(super) async fn tell(&self, id: &ExecutionId, event: Event) -> Execution {
        self.wait(1);
        let nothing = Alongside::default();
        self.engine
            .advance(&owner(), id, &event, SYSTEM, &nothing)
            .await
            .unwrap_or_else(|error| panic!("{event:?}: {error}"))
    }

    /// A worker takes the step, and its fence.
    pub(super) async fn claim(&self, id: &ExecutionId, step: &str) -> u64 {
        let event = Event::StepClaimed {
            step: step.into(),
            worker: "w".into(),
        };
        self.tell(id, event).await.step(step).unwrap().fence
    }

    /// A worker does the step.
    pub(super) async fn complete(&self, id: &ExecutionId, step: &str) -> Execution {
        let fence = self.claim(id, step).await;
        let event = Event::StepCompleted {
            step: step.into(),
            fence,
            output: self.output(step).await,
            credits: 1,
        };
        self.tell(id, event).await
    }

    /// A worker fails for good.
    pub(super) async fn fail(&self, id: &ExecutionId, step: &str) -> Execution {
        let fence = self.claim(id, step).await;
        let event = Event::StepFailed {
            step: step.into(),
            fence,
            error: StepError::new(ErrorCode::ProviderError, "no"),
            retry_at: None,
        };
        self.tell(id, event).await
    }

    /// A worker prepares the step's draft and puts it before the owner.
    pub(super) async fn park(&self, id: &ExecutionId, step: &str) -> Execution {
        let fence = self.claim(id, step).await;
        let made = DraftMade {
            draft: Draft::Webhook {
                url: "https://example.com/".into(),
                body: "hello".into(),
            },
            output: None,
            credits: 0,
            sources: Vec::new(),
        };
        let policy = ApprovalPolicy {
            approvers: vec!["owner@nightdesk.test".into()],
            ..ApprovalPolicy::default()
        };
        let run = self.run(id);
        let (gate, mut alongside) = self
            .engine
            .request_approval(&run, step, "w", &policy, made)
            .await
            .unwrap();
        let workflow = self.workflow();
        self.engine
            .tell_of_request(&workflow, &mut alongside)
            .await
            .unwrap();
        let event = Event::StepParked {
            step: step.into(),
            fence,
            gate,
        };
        self.wait(1);
        self.engine
            .advance(&owner(), id, &event, SYSTEM, &alongside)
            .await
            .unwrap()
    }

    /// The owner decides about what stands at the step's gate.
    pub(super) async fn decide(&self, id: &ExecutionId, step: &str, choice: Choice) {
        let run = self.run(id);
        let gate = run.step(step).unwrap().state.gate().unwrap().clone();
        let verdict = Verdict {
            by: "owner@nightdesk.test".into(),
            choice,
            comment: Some("shorter".into()),
            channel: DecisionChannel::Api,
            seen_sha256: None,
            has_code: false,
        };
        self.wait(1);
        self.engine
            .decide(&owner(), &gate.approval, &verdict, None)
            .await
            .unwrap();
    }

    pub(super) async fn output(&self, text: &str) -> Output {
        let document = json!({ "text": text.repeat(200) });
        self.store
            .put_output(&owner(), &document, text)
            .await
            .unwrap()
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn grant(&self, amount: u32) -> Write {
        Write::Grant {
            owner: owner(),
            amount,
            at: self.now(),
        }
    }
}
