//! One run for this crate's tests: the engine on its ports in memory, and an outside as the test lays it out.

use std::sync::Arc;
use std::time::Duration;

use domain::approval::Approval;
use domain::execution::{Execution, NewExecution, StepState, Trigger};
use domain::ids::{ExecutionId, OwnerId, WorkflowId};
use domain::owner::Owner;
use domain::plan::Plan;
use domain::sealing::RootKeys;
use domain::workflow::Workflow;
use engine::Engine;
use engine::consuming::Delivery;
use engine::memory::{
    FixedClock, MemoryAllowances, MemoryMailer, MemoryQueues, MemorySecrets, MemoryStore,
    SeededEntropy, at_once,
};
use engine::page::Slice;
use engine::ports::queues::Message;
use engine::ports::{Store as _, Write};
use engine::sealing::Sealing;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::outside::Outside;
use crate::{Ports, StepExecutor};

/// Everything a test looks at.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) queues: Arc<MemoryQueues>,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) mailer: Arc<MemoryMailer>,
    pub(crate) allowances: Arc<MemoryAllowances>,
    pub(crate) outside: Arc<Outside>,
    /// The root keys of the secrets of webhooks.
    pub(crate) secrets: Arc<MemorySecrets>,
    entropy: Arc<SeededEntropy>,
    execution: ExecutionId,
}

pub(crate) fn owner_id() -> OwnerId {
    OwnerId::from_uuid(uuid::Uuid::from_u128(1))
}

pub(crate) fn workflow_id() -> WorkflowId {
    WorkflowId::from_uuid(uuid::Uuid::from_u128(2))
}

pub(crate) fn execution_id() -> ExecutionId {
    ExecutionId::from_uuid(uuid::Uuid::from_u128(3))
}

fn workflow(now: Timestamp) -> Workflow {
    let json = json!({
        "id": workflow_id(), "owner": owner_id(), "name": "Morning wires", "mode": "multi_step", "status": "active",
        "schedule": manual(), "stop_condition": {"type": "always"}, "overlap_policy": "skip", "catch_up": "latest",
        "confirmations": 1, "plan_version": 1, "execution_count": 1, "scheduled_from": now, "nudge_at": now,
        "created_at": now, "updated_at": now, "revision": 0,
    });
    serde_json::from_value(json).unwrap()
}

fn manual() -> Value {
    let body = json!({"schedule": "manual"});
    let mut object = domain::reader::Object::new(&body, "");
    let schedule = domain::schedule::Schedule::read(&mut object, Timestamp::UNIX_EPOCH).unwrap();
    serde_json::to_value(schedule).unwrap()
}

impl World {
    /// A run of these steps that has just begun.
    pub(crate) fn new(steps: Value) -> Self {
        let now: Timestamp = "2026-05-04T08:00:00Z".parse().unwrap();
        let plan =
            Plan::read(&steps, "/steps", &domain::egress::EgressRule::public_only()).unwrap();
        let plan = plan.sealed(&RootKeys::read("root").unwrap().seal(&owner_id()));
        let store = MemoryStore::default();
        let new = NewExecution {
            id: execution_id(),
            owner: owner_id(),
            workflow: workflow_id(),
            plan: &plan,
            plan_version: 1,
            policy: domain::workflow::ApprovalPolicy::default(),
            trigger: Trigger::Manual,
            scheduled_for: None,
            reserved: plan.most_credits(),
            judged: false,
        };
        let (mut execution, _) = Execution::create(new, now);
        // Nobody has limited the owner's credits.
        execution.metered = false;
        store.plant(&Write::CreateExecution { execution });
        let workflow = workflow(now);
        store.plant(&Write::new_workflow(workflow));
        store.plant(&Write::PutPlan {
            owner: owner_id(),
            workflow: workflow_id(),
            version: 1,
            plan,
        });
        let owner = Owner {
            id: owner_id(),
            email: "owner@nightdesk.test".into(),
            team: None,
            created_at: now,
        };
        store.plant(&Write::PutOwner { owner });
        Self {
            store: Arc::new(store),
            queues: Arc::default(),
            clock: Arc::new(FixedClock::at(now)),
            mailer: Arc::default(),
            allowances: Arc::default(),
            outside: Arc::default(),
            secrets: Arc::new(MemorySecrets::new("root")),
            entropy: Arc::default(),
            execution: execution_id(),
        }
    }

    /// The same workflow run anew, with all it remembers of earlier runs.
    pub(crate) fn another_run(&self) -> Self {
        let plan = at_once(self.store.plan(&owner_id(), &workflow_id(), 1));
        let plan = plan.unwrap().unwrap();
        let id = ExecutionId::from_uuid(self.engine().uuid());
        let new = NewExecution {
            id: id.clone(),
            owner: owner_id(),
            workflow: workflow_id(),
            plan: &plan,
            plan_version: 1,
            policy: domain::workflow::ApprovalPolicy::default(),
            trigger: Trigger::Manual,
            scheduled_for: None,
            reserved: plan.most_credits(),
            judged: false,
        };
        let (mut execution, _) = Execution::create(new, engine::ports::Clock::now(&*self.clock));
        execution.metered = false;
        self.store.plant(&Write::CreateExecution { execution });
        Self {
            execution: id,
            ..self.clone()
        }
    }

    pub(crate) fn engine(&self) -> Engine {
        Engine {
            store: self.store.clone(),
            queues: self.queues.clone(),
            clock: self.clock.clone(),
            entropy: self.entropy.clone(),
        }
    }

    pub(crate) fn ports(&self) -> Ports {
        let outside = self.outside.clone();
        Ports {
            search: outside.clone(),
            crawler: outside.clone(),
            model: outside.clone(),
            images: outside.clone(),
            mailer: self.mailer.clone(),
            allowances: self.allowances.clone(),
            recipients_a_day: domain::allowance::RECIPIENTS_A_DAY,
            webhooks: outside,
            sealing: Sealing::new(self.secrets.clone(), "sealing".to_owned()),
            visits: self.store.clone(),
            slots: self.store.clone(),
        }
    }

    pub(crate) fn executor(&self) -> StepExecutor {
        StepExecutor::new(
            self.engine(),
            self.ports(),
            domain::egress::EgressRule::public_only(),
        )
    }

    pub(crate) fn delivery(&self, step: &str, worker: &str) -> Delivery {
        Delivery {
            message: Message::step(&self.run(), step),
            worker: worker.to_owned(),
            receive_count: 1,
            remaining: Duration::from_secs(600),
        }
    }

    pub(crate) fn run(&self) -> Execution {
        let run = at_once(self.store.execution(&owner_id(), &self.execution));
        run.unwrap().unwrap()
    }

    /// The stored output of a completed step.
    pub(crate) fn output(&self, step: &str) -> Value {
        let run = self.run();
        match &run.step(step).unwrap().state {
            StepState::Completed { output, .. } => {
                let document = at_once(self.store.output(&owner_id(), output));
                document.unwrap().unwrap()
            }
            other => panic!("{step} is {other:?}"),
        }
    }

    pub(crate) fn state(&self, step: &str) -> &'static str {
        self.run().step(step).unwrap().state.name()
    }

    pub(crate) fn approvals(&self) -> Vec<Approval> {
        let all = Slice::first(100);
        let approvals = at_once(self.store.approvals(&owner_id(), None, None, &all));
        approvals.unwrap().items
    }

    pub(crate) fn only_approval(&self) -> Approval {
        let mut approvals = self.approvals();
        assert_eq!(approvals.len(), 1);
        approvals.remove(0)
    }

    pub(crate) fn advance_clock(&self, seconds: i64) {
        self.clock.advance(jiff::SignedDuration::from_secs(seconds));
    }
}
