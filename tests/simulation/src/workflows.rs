//! The canonical workflows: each shows one shape that a run may have.

use std::sync::OnceLock;

use domain::egress::EgressRule;
use domain::ids::{OwnerId, SessionId, WorkflowId};
use domain::owner::Owner;
use domain::plan::Plan;
use domain::schedule::Schedule;
use domain::session::{Session, SessionStatus};
use domain::workflow::{ApprovalPolicy, Workflow};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::outside::READER;

/// A shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Shape {
    /// Three steps in a row.
    Linear,
    /// One step, two from it, one from both.
    Diamond,
    /// One step, six from it, one from all.
    Wide,
    /// A post to an address, behind its gate.
    Webhook,
    /// A mail, which must not go out twice, behind its gate.
    Email,
    /// A step whose condition does not hold, and what follows from it.
    Cascade,
    /// A crawl longer than one invocation.
    Crawl,
    /// A search provider that says "later" twice.
    Busy,
    /// A watch whose results are compared and judged.
    Patrol,
    /// Two mails to so many that both are more than a day allows. Not in [`Shape::ALL`]: it takes a day.
    Newsletter,
}

impl Shape {
    pub(crate) const ALL: [Self; 9] = [
        Self::Linear,
        Self::Diamond,
        Self::Wide,
        Self::Webhook,
        Self::Email,
        Self::Cascade,
        Self::Crawl,
        Self::Busy,
        Self::Patrol,
    ];

    /// All, and the one that takes a day.
    const KNOWN: [Self; 10] = [
        Self::Linear,
        Self::Diamond,
        Self::Wide,
        Self::Webhook,
        Self::Email,
        Self::Cascade,
        Self::Crawl,
        Self::Busy,
        Self::Patrol,
        Self::Newsletter,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Diamond => "diamond",
            Self::Wide => "wide",
            Self::Webhook => "webhook",
            Self::Email => "email",
            Self::Cascade => "cascade",
            Self::Crawl => "crawl",
            Self::Busy => "busy",
            Self::Patrol => "patrol",
            Self::Newsletter => "newsletter",
        }
    }

    /// How many pages its crawl reads, where that is long.
    pub(crate) const fn pages(self) -> u64 {
        match self {
            Self::Crawl => 18,
            _ => 0,
        }
    }

    fn steps(self) -> Value {
        let find = json!({"id": "find", "type": "search", "config": {"query": "rust releases"}});
        let note = |id: &str, from: &[&str]| {
            let mut step =
                json!({"id": id, "type": "llm_response", "config": {"prompt": "Say it shortly."}});
            if !from.is_empty() {
                step["depends_on"] = json!(from);
                step["config"]["from"] = json!(from);
            }
            step
        };
        let report = |from: &[&str]| json!({"id": "report", "type": "generate_report", "depends_on": from, "config": {"from": from}});
        match self {
            Self::Linear => json!([find, note("note", &["find"]), report(&["note"])]),
            Self::Diamond => json!([
                find,
                note("left", &["find"]),
                note("right", &["find"]),
                report(&["left", "right"])
            ]),
            Self::Wide => {
                let names = ["a", "b", "c", "d", "e", "f"];
                let mut steps = vec![find];
                steps.extend(names.map(|name| note(name, &["find"])));
                steps.push(report(&names));
                steps.into()
            }
            Self::Webhook => json!([
                find,
                note("note", &["find"]),
                {"id": "hook", "type": "post_webhook", "depends_on": ["note"], "config": {"url": "https://hooks.example.com/in", "body": {"text": "${steps.note.text}"}}}
            ]),
            Self::Email => json!([
                note("note", &[]),
                {"id": "mail", "type": "send_email", "depends_on": ["note"], "config": {"to": [READER], "subject": "News", "body": "${steps.note.text}"}}
            ]),
            Self::Cascade => {
                let mut many = note("many", &["find"]);
                many["cascade_condition"] =
                    json!({"step": "find", "field": "count", "operator": ">", "value": 50});
                json!([
                    find,
                    many,
                    note("few", &["find"]),
                    note("after", &["many"]),
                    report(&["few"])
                ])
            }
            Self::Crawl => {
                let urls: Vec<String> = (1..=self.pages())
                    .map(|n| format!("https://site.example/{n}"))
                    .collect();
                json!([
                    {"id": "read", "type": "crawl", "timeout_seconds": 20, "config": {"urls": urls, "max_pages": self.pages()}},
                    note("note", &["read"])
                ])
            }
            Self::Busy => json!([find, note("note", &["find"])]),
            Self::Newsletter => {
                let mail = |id: &str| {
                    let others = (1..30).map(|n| format!("{id}.{n}@example.org"));
                    let to: Vec<String> = others.chain([READER.to_owned()]).collect();
                    json!({"id": id, "type": "send_email", "config": {"to": to, "subject": id, "body": "News"}})
                };
                json!([mail("first"), mail("second")])
            }
            Self::Patrol => json!([
                find,
                {"id": "read", "type": "crawl", "config": {"urls": ["https://site.example/"]}}
            ]),
        }
    }

    /// The plan, read and checked once.
    pub(crate) fn plan(self) -> &'static Plan {
        static PLANS: OnceLock<Vec<Plan>> = OnceLock::new();
        let plans = PLANS.get_or_init(|| {
            let read = |shape: Self| {
                let steps = shape.steps();
                let plan = Plan::read(&steps, "/steps", &EgressRule::public_only());
                plan.unwrap_or_else(|faults| panic!("{shape:?} is no plan: {faults:?}"))
            };
            Self::KNOWN.map(read).into()
        });
        &plans[Self::KNOWN
            .iter()
            .position(|shape| *shape == self)
            .expect("every shape is in the list")]
    }

    /// The longest a step of it may take, in seconds.
    pub(crate) fn longest_step_seconds(self) -> u64 {
        let steps = self.plan().steps().iter();
        steps
            .map(|step| u64::from(step.timeout_seconds))
            .max()
            .unwrap_or_default()
    }

    /// Whether a person is asked.
    pub(crate) fn is_gated(self) -> bool {
        self.plan()
            .steps()
            .iter()
            .any(|step| step.requires_approval)
    }
}

pub(crate) fn owner_id() -> OwnerId {
    OwnerId::from_uuid(uuid::Uuid::from_u128(1))
}

pub(crate) fn owner(now: Timestamp) -> Owner {
    Owner {
        id: owner_id(),
        email: OWNER.to_owned(),
        team: None,
        created_at: now,
    }
}

pub(crate) fn workflow_id(shape: Shape) -> WorkflowId {
    let n = Shape::KNOWN.iter().position(|one| *one == shape);
    WorkflowId::from_uuid(uuid::Uuid::from_u128(100 + n.unwrap_or_default() as u128))
}

/// The memory that all workflows share.
pub(crate) fn session(now: Timestamp) -> Session {
    Session {
        id: session_id(),
        owner: owner_id(),
        name: "rust".to_owned(),
        description: None,
        status: SessionStatus::Active,
        url_count: 0,
        addition_count: 0,
        created_at: now,
        updated_at: now,
        revision: 0,
    }
}

fn session_id() -> SessionId {
    SessionId::from_uuid(uuid::Uuid::from_u128(7))
}

pub(crate) const OWNER: &str = "owner@nightdesk.test";
/// The same person, spelled otherwise.
pub(crate) const ALIAS: &str = "Owner@Nightdesk.TEST";
pub(crate) const RIVAL: &str = "rival@nightdesk.test";

/// Who decides: the owner; the owner or a rival, where people race; both of them.
pub(crate) fn policy(races: bool, both: bool) -> ApprovalPolicy {
    let approvers = if races || both {
        vec![OWNER.to_owned(), RIVAL.to_owned()]
    } else {
        Vec::new()
    };
    ApprovalPolicy {
        approvers,
        required: if both { 2 } else { 1 },
        ..ApprovalPolicy::default()
    }
}

/// The saved workflow of a shape. Scheduled ones are due every hour.
pub(crate) fn workflow(shape: Shape, policy: &ApprovalPolicy, now: Timestamp) -> Workflow {
    let manual = json!({"schedule": "manual"});
    let mut object = domain::reader::Object::new(&manual, "");
    let schedule = Schedule::read(&mut object, now).expect("a manual schedule is one");
    let json = json!({
        "id": workflow_id(shape), "owner": owner_id(), "name": shape.name(), "mode": "multi_step", "status": "active",
        "schedule": schedule, "stop_condition": {"type": "always"}, "overlap_policy": "allow", "catch_up": "latest",
        "confirmations": 1, "plan_version": 1, "execution_count": 0, "scheduled_from": now, "schedule_synced": true,
        "nudge_at": now, "created_at": now, "updated_at": now, "revision": 0, "session": session_id(),
        "approvals": policy,
    });
    serde_json::from_value(json).expect("a workflow as it is stored")
}
