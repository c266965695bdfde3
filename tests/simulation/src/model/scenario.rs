//! One configuration of the model: a plan, who acts, and how much may go wrong.
//!
//! Every fault has a budget, healing has none: a message can be delivered, the sweeper can come and time can pass
//! as often as they like. So the graph is finite, and from each of its states the way out is in it.

use domain::approval::{Choice, Draft};
use domain::egress::EgressRule;
use domain::execution::{Effect, Execution, NewExecution, Resolution, Trigger};
use domain::ids::{ApprovalId, ExecutionId, OwnerId, WorkflowId};
use domain::plan::Plan;
use domain::workflow::OnTimeout;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::bug::Bug;

/// The distance between the instants that matter, in seconds. A lease, a backoff and a nudge are one of it each, so
/// that a time is either past, or one tick away, or two. No order is lost: what is due may be dealt with late.
pub(crate) const TICK: i64 = domain::execution::NUDGE_AFTER_SECONDS;
/// A step's own limit, in seconds: with the lease's margin it is one tick.
const STEP_LIMIT: i64 = TICK - domain::execution::LEASE_MARGIN_SECONDS;
/// The highest fence a step can reach within the budgets, and some.
const MOST_FENCES: u64 = 24;

/// How often each thing may go wrong, or be done by somebody at will.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Budget {
    /// A process dies.
    pub crashes: u8,
    /// Whoever is at work is paused until the next instant, a lease's end as a rule.
    pub stalls: u8,
    /// A message is lost: not sent, or expired in the queue.
    pub losses: u8,
    /// A message comes twice.
    pub duplicates: u8,
    /// A write happens and its acknowledgement does not come.
    pub lost_acks: u8,
    /// A tool fails, or the receiver refuses or does not answer.
    pub failures: u8,
    /// A message ends in the dead letters.
    pub dead_letters: u8,
    /// A step does a part and yields.
    pub yields: u8,
    pub cancels: u8,
    pub pauses: u8,
    pub resolutions: u8,
    /// Everybody leaves a run alone until it has used up its time.
    pub long_waits: u8,
    /// A scanner opens a mailed link.
    pub scans: u8,
}

/// What a person is going to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Will {
    Approve,
    /// Approve with another body.
    Edit,
    Reject,
    RequestChanges,
}

impl Will {
    pub(crate) fn choice(self) -> Choice {
        match self {
            Self::Approve | Self::Edit => Choice::Approve,
            Self::Reject => Choice::Reject,
            Self::RequestChanges => Choice::RequestChanges,
        }
    }
}

/// A draft a step made, with its hash computed once.
#[derive(Debug, Clone)]
pub(crate) struct Prepared {
    pub made: String,
    pub edited: String,
}

/// A configuration.
#[derive(Debug, Clone)]
pub(crate) struct Scenario {
    pub name: &'static str,
    pub plan: Plan,
    /// Whether the run's end is judged.
    pub judged: bool,
    /// How many runs people start.
    pub runs: usize,
    /// The credits granted at the beginning.
    pub grant: i64,
    /// What one run sets aside.
    pub price: u32,
    pub workers: usize,
    /// What each person will say, and how often.
    pub people: Vec<(Will, u8)>,
    pub required: u32,
    pub max_revisions: u32,
    pub on_timeout: OnTimeout,
    /// How long people have to decide, in ticks.
    pub decision_ticks: i64,
    pub resolutions: Vec<Resolution>,
    pub budget: Budget,
    /// What must be seen to happen somewhere, so that the promises are not kept by nothing happening.
    pub witnesses: &'static [&'static str],
    /// How many unique states it has at least: a floor that drops means histories were lost.
    pub fewest: usize,
    pub bug: Option<Bug>,
    /// By step and fence.
    pub drafts: Vec<Vec<Prepared>>,
}

impl Scenario {
    /// A run of `steps` with one worker and nothing that goes wrong.
    pub(crate) fn new(name: &'static str, steps: &Value) -> Self {
        let plan = Plan::read(steps, "/steps", &EgressRule::public_only())
            .unwrap_or_else(|faults| panic!("{name}: {faults:?}"));
        let drafts = (0..plan.steps().len())
            .map(|step| {
                (0..MOST_FENCES)
                    .map(|fence| Prepared::new(&plan, step, fence))
                    .collect()
            })
            .collect();
        Self {
            name,
            judged: plan.watches(),
            runs: 1,
            grant: 100,
            price: plan.most_credits(),
            plan,
            workers: 2,
            people: Vec::new(),
            required: 1,
            max_revisions: 1,
            on_timeout: OnTimeout::Reject,
            decision_ticks: 1,
            resolutions: Vec::new(),
            budget: Budget::default(),
            witnesses: &[],
            fewest: 0,
            bug: None,
            drafts,
        }
    }

    /// Run number `run`, as created.
    pub(crate) fn create(&self, run: usize, now: Timestamp) -> (Execution, Vec<Effect>) {
        let new = NewExecution {
            id: ExecutionId::from_uuid(Uuid::from_u128(run as u128 + 1)),
            owner: OwnerId::from_uuid(Uuid::from_u128(2)),
            workflow: WorkflowId::from_uuid(Uuid::from_u128(3)),
            plan: &self.plan,
            plan_version: 1,
            policy: domain::workflow::ApprovalPolicy::default(),
            trigger: Trigger::Manual,
            scheduled_for: None,
            reserved: self.price,
            judged: self.judged,
        };
        Execution::create(new, now)
    }

    /// What step `step` prepared under `fence`: another text each time, as a model would write.
    pub(crate) fn prepared(&self, step: usize, fence: u64) -> &Prepared {
        let fence = usize::try_from(fence).unwrap_or(usize::MAX);
        self.drafts[step]
            .get(fence)
            .expect("the budgets bound the fences")
    }

    /// The draft with this hash, whoever made it: the store of drafts is content-addressed. Gives the step and fence.
    pub(crate) fn maker_of(&self, sha256: &str) -> Option<(usize, u64)> {
        let of_step = |(step, fences): (usize, &Vec<Prepared>)| {
            let at = fences
                .iter()
                .position(|draft| draft.made == sha256 || draft.edited == sha256)?;
            Some((step, at as u64))
        };
        self.drafts.iter().enumerate().find_map(of_step)
    }

    /// Whether the bug is switched on.
    pub(crate) fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }
}

impl Prepared {
    fn new(plan: &Plan, step: usize, fence: u64) -> Self {
        let body = format!("draft {fence} of step {step}");
        let draft = match plan.steps()[step].tool.kind().as_str() {
            "send_email" => Draft::Email {
                to: vec!["reader@example.com".to_owned()],
                subject: "s".to_owned(),
                body,
            },
            "post_webhook" => Draft::Webhook {
                url: "https://example.com/".to_owned(),
                body: json!(body),
            },
            _ => Draft::Content { body },
        };
        let edited = draft
            .with_body(&format!("edited {fence} of step {step}"))
            .expect("every draft here is text");
        Self {
            made: draft.sha256(),
            edited: edited.sha256(),
        }
    }
}

/// The id of the approval for what `step` of `run` prepared under `fence`.
pub(crate) fn approval_id(run: usize, step: usize, fence: u64) -> ApprovalId {
    ApprovalId::from_uuid(Uuid::from_u128(
        (run as u128) << 64 | (step as u128) << 32 | u128::from(fence),
    ))
}

/// The first instant.
pub(crate) fn beginning() -> Timestamp {
    Timestamp::from_second(1_780_000_000).expect("it is within the range")
}

/// `seconds` after `now`.
pub(crate) fn after(now: Timestamp, seconds: i64) -> Timestamp {
    now + SignedDuration::from_secs(seconds)
}

/// A search with a retry and a limit that fit the clock.
pub(crate) fn search(id: &str, needs: &[&str]) -> Value {
    step(id, "search", &json!({"query": "x"}), needs)
}

/// A step with a retry and a limit that fit the clock.
pub(crate) fn step(id: &str, kind: &str, config: &Value, needs: &[&str]) -> Value {
    json!({
        "id": id, "type": kind, "config": config, "depends_on": needs,
        "timeout_seconds": STEP_LIMIT, "retry": {"max_attempts": 2, "backoff_seconds": TICK},
    })
}
