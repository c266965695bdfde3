//! Ports for this crate's tests: a store in memory that keeps the engine's conditions, and outsides that
//! answer what a test has prepared and remember what they were asked.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use domain::approval::{Approval, ApprovalStatus};
use domain::credits::{Account, LedgerEntry};
use domain::execution::{Execution, NewExecution, Output, Trigger};
use domain::ids::{ApprovalId, ExecutionId, OwnerId, PlanId, PlanningId, WorkflowId};
use domain::owner::{Owner, Token};
use domain::patrol::Baseline;
use domain::plan::Plan;
use domain::planning::{Planning, ReviewedPlan};
use domain::results::Found;
use domain::workflow::Workflow;
use engine::Engine;
use engine::consuming::Delivery;
use engine::ports::model::{Answer, ModelError, Task};
use engine::ports::queues::{DeadLetter, Message, QueueError};
use engine::ports::store::{DueItem, EventRecord, Link, Occurrence, PageOf, Slice, WorkflowRow};
use engine::ports::*;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{Ports, StepExecutor};

/// Everything a test looks at.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) queue: Arc<Sent>,
    pub(crate) clock: Arc<HandClock>,
    pub(crate) outside: Arc<Outside>,
    ids: Arc<Counted>,
}

#[derive(Default)]
pub(crate) struct MemoryStore {
    pub(crate) executions: Mutex<HashMap<ExecutionId, Execution>>,
    pub(crate) approvals: Mutex<HashMap<ApprovalId, Approval>>,
    pub(crate) workflows: Mutex<HashMap<WorkflowId, Workflow>>,
    pub(crate) plans: Mutex<HashMap<(WorkflowId, u32), Plan>>,
    pub(crate) outputs: Mutex<HashMap<String, Value>>,
    owners: Mutex<HashMap<OwnerId, Owner>>,
    /// How many commits fail before one is tried.
    pub(crate) failing_commits: Mutex<u32>,
}

#[derive(Default)]
pub(crate) struct Sent(pub(crate) Mutex<Vec<Message>>);

pub(crate) struct HandClock(pub(crate) Mutex<Timestamp>);

/// Answers prepared by a test; what is not prepared is an ordinary small answer.
#[derive(Default)]
pub(crate) struct Outside {
    pub(crate) searches: Mutex<VecDeque<Result<Vec<Found>, SearchError>>>,
    pub(crate) pages: Mutex<HashMap<String, Result<Page, FetchError>>>,
    /// How long each page takes.
    pub(crate) page_time: Mutex<Duration>,
    pub(crate) fetched: Mutex<Vec<String>>,
    pub(crate) texts: Mutex<VecDeque<Result<String, ModelError>>>,
    pub(crate) tasks: Mutex<Vec<Task>>,
    pub(crate) mails: Mutex<Vec<Mail>>,
    pub(crate) mail_answers: Mutex<VecDeque<Result<String, MailError>>>,
    pub(crate) mail_hangs: Mutex<bool>,
    pub(crate) posts: Mutex<Vec<Post>>,
    pub(crate) post_answers: Mutex<VecDeque<Result<u16, PostError>>>,
}

fn conflict_unless(fine: bool) -> Result<(), CommitError> {
    if fine {
        Ok(())
    } else {
        Err(CommitError::Conflict)
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn commit(&self, commit: &Commit) -> Result<(), CommitError> {
        {
            let mut failing = self.failing_commits.lock().unwrap();
            if *failing > 0 {
                *failing -= 1;
                return Err(StoreError::Unavailable("a test says so".into()).into());
            }
        }
        let mut executions = self.executions.lock().unwrap();
        let mut approvals = self.approvals.lock().unwrap();
        for write in &commit.writes {
            match write {
                Write::AdvanceExecution { execution, .. } => {
                    let stored = executions.get(&execution.id).map(|stored| stored.revision);
                    conflict_unless(stored == Some(execution.revision - 1))?;
                }
                Write::PutApproval { approval } => {
                    let stored = approvals.get(&approval.id).map(|stored| stored.revision);
                    conflict_unless(stored == approval.revision.checked_sub(1))?;
                }
                _ => {}
            }
        }
        for write in &commit.writes {
            match write {
                Write::AdvanceExecution { execution, .. }
                | Write::CreateExecution { execution } => {
                    executions.insert(execution.id.clone(), execution.clone());
                }
                Write::PutApproval { approval } => {
                    approvals.insert(approval.id.clone(), approval.clone());
                }
                Write::PutWorkflow { workflow } => {
                    self.workflows
                        .lock()
                        .unwrap()
                        .insert(workflow.id.clone(), workflow.clone());
                }
                _ => {}
            }
        }
        Ok(())
    }

    async fn execution(
        &self,
        _: &OwnerId,
        id: &ExecutionId,
    ) -> Result<Option<Execution>, StoreError> {
        Ok(self.executions.lock().unwrap().get(id).cloned())
    }
    async fn workflow(&self, _: &OwnerId, id: &WorkflowId) -> Result<Option<Workflow>, StoreError> {
        Ok(self.workflows.lock().unwrap().get(id).cloned())
    }
    async fn plan(
        &self,
        _: &OwnerId,
        workflow: &WorkflowId,
        version: u32,
    ) -> Result<Option<Plan>, StoreError> {
        Ok(self
            .plans
            .lock()
            .unwrap()
            .get(&(workflow.clone(), version))
            .cloned())
    }
    async fn approval(&self, _: &OwnerId, id: &ApprovalId) -> Result<Option<Approval>, StoreError> {
        Ok(self.approvals.lock().unwrap().get(id).cloned())
    }
    async fn owner(&self, id: &OwnerId) -> Result<Option<Owner>, StoreError> {
        Ok(self.owners.lock().unwrap().get(id).cloned())
    }
    async fn put_output(
        &self,
        _: &OwnerId,
        document: &Value,
        preview: &str,
    ) -> Result<Output, StoreError> {
        let sha256 = domain::digest::of_json(document);
        let bytes = document.to_string().len();
        self.outputs
            .lock()
            .unwrap()
            .insert(sha256.clone(), document.clone());
        let inline = (bytes <= Output::MOST_INLINE).then(|| document.clone());
        Ok(Output {
            sha256,
            bytes: bytes as u64,
            inline,
            preview: preview.to_owned(),
        })
    }
    async fn output(&self, _: &OwnerId, output: &Output) -> Result<Option<Value>, StoreError> {
        Ok(self.outputs.lock().unwrap().get(&output.sha256).cloned())
    }
    async fn put_bytes(&self, _: &OwnerId, bytes: &[u8]) -> Result<String, StoreError> {
        Ok(domain::digest::of_bytes(bytes))
    }

    // What no step reads.
    async fn events(&self, _: &OwnerId, _: &ExecutionId) -> Result<Vec<EventRecord>, StoreError> {
        Ok(Vec::new())
    }
    async fn conclusion(&self, _: &OwnerId, _: &ExecutionId) -> Result<Option<Value>, StoreError> {
        Ok(None)
    }
    async fn executions(
        &self,
        _: &OwnerId,
        _: Option<&WorkflowId>,
        _: Option<&str>,
        _: &Slice,
    ) -> Result<PageOf<Execution>, StoreError> {
        Ok(PageOf {
            items: Vec::new(),
            total: 0,
            next: None,
        })
    }
    async fn workflow_rows(&self, _: &OwnerId) -> Result<Vec<WorkflowRow>, StoreError> {
        Ok(Vec::new())
    }
    async fn workflows(&self, _: &OwnerId, _: &[WorkflowId]) -> Result<Vec<Workflow>, StoreError> {
        Ok(Vec::new())
    }
    async fn baseline(&self, _: &OwnerId, _: &WorkflowId) -> Result<Option<Baseline>, StoreError> {
        Ok(None)
    }
    async fn occurrences(
        &self,
        _: &OwnerId,
        _: &WorkflowId,
        _: usize,
    ) -> Result<Vec<Occurrence>, StoreError> {
        Ok(Vec::new())
    }
    async fn planning(&self, _: &OwnerId, _: &PlanningId) -> Result<Option<Planning>, StoreError> {
        Ok(None)
    }
    async fn reviewed_plan(
        &self,
        _: &OwnerId,
        _: &PlanId,
    ) -> Result<Option<ReviewedPlan>, StoreError> {
        Ok(None)
    }
    async fn approvals(
        &self,
        _: &OwnerId,
        _: Option<&WorkflowId>,
        _: Option<ApprovalStatus>,
        _: &Slice,
    ) -> Result<PageOf<Approval>, StoreError> {
        Ok(PageOf {
            items: Vec::new(),
            total: 0,
            next: None,
        })
    }
    async fn link(&self, _: &str) -> Result<Option<Link>, StoreError> {
        Ok(None)
    }
    async fn token(&self, _: &str) -> Result<Option<Token>, StoreError> {
        Ok(None)
    }
    async fn account(&self, _: &OwnerId) -> Result<Account, StoreError> {
        Ok(Account::default())
    }
    async fn ledger(&self, _: &OwnerId, _: usize) -> Result<Vec<LedgerEntry>, StoreError> {
        Ok(Vec::new())
    }
    async fn bytes(&self, _: &OwnerId, _: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(None)
    }
    async fn due(&self, _: Timestamp, _: usize) -> Result<Vec<DueItem>, StoreError> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl Queues for Sent {
    async fn send(&self, message: &Message, _: Duration) -> Result<(), QueueError> {
        self.0.lock().unwrap().push(message.clone());
        Ok(())
    }
    async fn dead_letters(&self) -> Result<Vec<DeadLetter>, QueueError> {
        Ok(Vec::new())
    }
    async fn bury(&self, _: &DeadLetter) -> Result<(), QueueError> {
        Ok(())
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// Ids in order, jitter in the middle.
#[derive(Default)]
struct Counted(std::sync::atomic::AtomicU64);

impl Entropy for Counted {
    fn uuid(&self, _: Timestamp) -> uuid::Uuid {
        uuid::Uuid::from_u128(
            u128::from(self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) + 1000,
        )
    }
    fn fraction(&self) -> f64 {
        0.5
    }
    fn secret(&self) -> [u8; 32] {
        [7; 32]
    }
}

#[async_trait]
impl Search for Outside {
    async fn search(
        &self,
        request: &SearchRequest,
        _: Duration,
    ) -> Result<Vec<Found>, SearchError> {
        self.searches
            .lock()
            .unwrap()
            .pop_front()
            .unwrap_or_else(|| {
                let url = format!("https://found.example/{}", request.query.replace(' ', "-"));
                Ok(vec![Found {
                    url,
                    title: request.query.clone(),
                    ..Found::default()
                }])
            })
    }
}

#[async_trait]
impl Crawler for Outside {
    async fn fetch(&self, request: &PageRequest) -> Result<Page, FetchError> {
        let wait = *self.page_time.lock().unwrap();
        tokio::time::sleep(wait).await;
        let url = request.url.to_string();
        self.fetched.lock().unwrap().push(url.clone());
        let prepared = self.pages.lock().unwrap().get(&url).cloned();
        prepared.unwrap_or_else(|| {
            Ok(Page {
                url: url.clone(),
                final_url: url.clone(),
                status: 200,
                title: url.clone(),
                text: format!("text of {url}"),
                ..Page::default()
            })
        })
    }
}

#[async_trait]
impl Model for Outside {
    async fn perform(&self, task: &Task, _: Duration) -> Result<Answer, ModelError> {
        self.tasks.lock().unwrap().push(task.clone());
        let text = self
            .texts
            .lock()
            .unwrap()
            .pop_front()
            .unwrap_or_else(|| Ok("written".to_owned()))?;
        Ok(Answer { text, model: None })
    }
    fn is_model(&self) -> bool {
        true
    }
}

#[async_trait]
impl Images for Outside {
    async fn draw(&self, request: &ImageRequest, _: Duration) -> Result<Image, ModelError> {
        Ok(Image {
            bytes: request.prompt.clone().into_bytes(),
            content_type: "image/png".into(),
            width: 16,
            height: 9,
            alt: "a picture".into(),
        })
    }
}

#[async_trait]
impl Mailer for Outside {
    async fn send(&self, mail: &Mail) -> Result<String, MailError> {
        self.mails.lock().unwrap().push(mail.clone());
        if *self.mail_hangs.lock().unwrap() {
            std::future::pending::<()>().await;
        }
        self.mail_answers
            .lock()
            .unwrap()
            .pop_front()
            .unwrap_or_else(|| Ok("mail-1".to_owned()))
    }
}

#[async_trait]
impl Webhooks for Outside {
    async fn post(&self, post: &Post) -> Result<u16, PostError> {
        self.posts.lock().unwrap().push(post.clone());
        self.post_answers
            .lock()
            .unwrap()
            .pop_front()
            .unwrap_or(Ok(204))
    }
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
        let store = MemoryStore::default();
        let new = NewExecution {
            id: execution_id(),
            owner: owner_id(),
            workflow: workflow_id(),
            plan: &plan,
            plan_version: 1,
            trigger: Trigger::Manual,
            scheduled_for: None,
            reserved: plan.most_credits(),
            judged: false,
        };
        let (execution, _) = Execution::create(new, now);
        store
            .executions
            .lock()
            .unwrap()
            .insert(execution_id(), execution);
        store
            .workflows
            .lock()
            .unwrap()
            .insert(workflow_id(), workflow(now));
        store.plans.lock().unwrap().insert((workflow_id(), 1), plan);
        let owner = Owner {
            id: owner_id(),
            email: "owner@nightdesk.test".into(),
            team: None,
            created_at: now,
        };
        store.owners.lock().unwrap().insert(owner_id(), owner);
        Self {
            store: Arc::new(store),
            queue: Arc::default(),
            clock: Arc::new(HandClock(Mutex::new(now))),
            outside: Arc::default(),
            ids: Arc::default(),
        }
    }

    pub(crate) fn engine(&self) -> Engine {
        Engine {
            store: self.store.clone(),
            queues: self.queue.clone(),
            clock: self.clock.clone(),
            entropy: self.ids.clone(),
        }
    }

    pub(crate) fn ports(&self) -> Ports {
        let outside = self.outside.clone();
        Ports {
            search: outside.clone(),
            crawler: outside.clone(),
            model: outside.clone(),
            images: outside.clone(),
            mailer: outside.clone(),
            webhooks: outside,
        }
    }

    pub(crate) fn executor(&self) -> StepExecutor {
        StepExecutor::new(
            self.engine(),
            self.ports(),
            domain::egress::EgressRule::public_only(),
        )
    }

    pub(crate) fn delivery(step: &str, worker: &str) -> Delivery {
        Delivery {
            message: Message::Step {
                owner: owner_id(),
                execution: execution_id(),
                step: step.to_owned(),
            },
            worker: worker.to_owned(),
            receive_count: 1,
            remaining: Duration::from_secs(600),
        }
    }

    pub(crate) fn run(&self) -> Execution {
        self.store.executions.lock().unwrap()[&execution_id()].clone()
    }

    /// The stored output of a completed step.
    pub(crate) fn output(&self, step: &str) -> Value {
        let run = self.run();
        match &run.step(step).unwrap().state {
            domain::execution::StepState::Completed { output, .. } => {
                self.store.outputs.lock().unwrap()[&output.sha256].clone()
            }
            other => panic!("{step} is {other:?}"),
        }
    }

    pub(crate) fn state(&self, step: &str) -> &'static str {
        self.run().step(step).unwrap().state.name()
    }

    pub(crate) fn only_approval(&self) -> Approval {
        let approvals = self.store.approvals.lock().unwrap();
        assert_eq!(approvals.len(), 1);
        approvals.values().next().unwrap().clone()
    }

    pub(crate) fn advance_clock(&self, seconds: i64) {
        let mut now = self.clock.0.lock().unwrap();
        *now = now
            .checked_add(jiff::SignedDuration::from_secs(seconds))
            .unwrap();
    }
}

impl MemoryStore {
    pub(crate) fn execution_now(&self) -> Execution {
        self.executions.lock().unwrap()[&execution_id()].clone()
    }
}
