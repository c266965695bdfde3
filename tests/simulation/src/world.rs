//! The world: workflows, runs of them, the real functions at their queues, a sweeper every minute, people, and faults.
//!
//! A [`Story`] says what happens; [`tell`] lets it happen from beginning to end and gives what came of it. The same
//! story has the same end, always.

use std::sync::Arc;
use std::time::Duration;

use domain::approval::Approval;
use domain::execution::Status;
use domain::ids::ExecutionId;
use engine::consuming::Consumer;
use engine::memory::{MemoryAllowances, MemorySchedules, at_once};
use engine::ports::{Message, Store as _, Write};
use engine::{Engine, seeded_bugs};
use jiff::SignedDuration;
use nightdesk_sweeper::Sweeper;

use crate::bug::Bug;
use crate::fault::{Fault, Operation, Role};
use crate::functions::{consumer, invocation};
use crate::ground::{Control, Ground, beginning};
use crate::machine::Machine;
use crate::oracle::Known;
use crate::person::{self, Deed, Temper};
use crate::ports::{Harbour, engine};
use crate::queue::QueueName;
use crate::story::{End, Story};
use crate::workflows::{OWNER, Shape, owner, owner_id, policy, session, workflow, workflow_id};

const MINUTE_MS: u64 = 60_000;
/// How often people look, in milliseconds.
const LOOK_MS: u64 = 20_000;
/// How long a promise may take to be kept, in milliseconds, beside the longest step (FAULTS, "bounds").
const BOUND_MS: u64 = 300_000;
/// How far a clock is off, in milliseconds.
const SKEW_MS: i64 = 600_000;
/// The sweeper's own timeout (`template.yaml`), in milliseconds.
const SWEEP_MS: u64 = 55_000;
/// The API's own timeout (`template.yaml`), in milliseconds.
const API_MS: u64 = 30_000;
/// What the glue keeps of an invocation's time (`aws::lambda`).
const RESERVE_MS: u64 = 5_000;

/// What a task is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Consume(QueueName),
    Sweep,
    /// The number of the deed.
    Person(usize),
}

/// Lets a story happen.
pub(crate) fn tell(story: &Story) -> End {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without I/O needs nothing of the machine");
    seeded_bugs::arm(match story.bug {
        Some(Bug::Inside(bug)) => Some(bug),
        Some(_) | None => None,
    });
    let end = runtime.block_on(World::new(story).run());
    seeded_bugs::arm(None);
    end
}

struct World<'a> {
    story: &'a Story,
    ground: Arc<Ground>,
    harbour: Arc<Harbour>,
    engine: Engine,
    machine: Machine<Kind>,
    consumers: [Arc<dyn Consumer>; 5],
    sweeper: Sweeper,
    /// What is done, and by whom.
    deeds: Vec<(Deed, &'static str)>,
    acknowledged: Arc<std::sync::Mutex<Vec<ExecutionId>>>,
    invocations: u64,
    next_sweep_ms: u64,
    next_look_ms: u64,
    sweeps: u64,
    wipes: Vec<u64>,
    early: Option<&'static str>,
    usurper: bool,
}

impl<'a> World<'a> {
    fn new(story: &'a Story) -> Self {
        let ground = Arc::new(Ground::new(story.seed, story.plan.clone(), story.bug));
        let now = beginning();
        let plant = |write: Write| ground.store.plant(&write);
        plant(Write::PutOwner { owner: owner(now) });
        plant(Write::PutSession {
            session: session(now),
        });
        plant(Write::Grant {
            owner: owner_id(),
            amount: story.granted,
            at: now,
        });
        let policy = policy(story.temper == Temper::Human, story.both);
        for shape in &story.shapes {
            plant(Write::new_workflow(workflow(*shape, &policy, now)));
            plant(Write::PutPlan {
                owner: owner_id(),
                workflow: workflow_id(*shape),
                version: 1,
                plan: shape.plan().clone(),
            });
        }
        {
            let mut state = ground.state();
            state.queue.forgets = !story.redelivery || story.bug == Some(Bug::AcknowledgedFirst);
            state.queue.closed_until = story.closed_until;
            state.stale_index = story.stale_index;
            state.forger = story.forger;
            state.most_open = story.most_open;
            state.outside.patient = story.patient;
            state.outside.page_ms = story.page_ms;
            state.outside.busy = if story.shapes.contains(&Shape::Busy) {
                2
            } else {
                0
            };
            state.seen = Some(Vec::new());
            state.trace = story.trace.then(Vec::new);
            for (lane, body) in &story.letters {
                state.queue.push(*lane, body.clone(), 0);
            }
        }
        let harbour = Arc::new(Harbour {
            ground: ground.clone(),
            schedules: MemorySchedules::default(),
            allowances: MemoryAllowances::default(),
        });
        let engine = engine(&harbour, story.seed);
        let consumers = QueueName::ALL.map(|lane| consumer(lane, &engine, &harbour));
        let sweeper = Sweeper {
            engine: engine.clone(),
            schedules: harbour.clone(),
            erasures: ground.store.clone(),
        };
        Self {
            story,
            machine: Machine::new(ground.clone()),
            ground,
            harbour,
            engine,
            consumers,
            sweeper,
            deeds: Vec::new(),
            acknowledged: Arc::default(),
            invocations: 0,
            next_sweep_ms: if story.sweeper { MINUTE_MS } else { u64::MAX },
            next_look_ms: LOOK_MS,
            sweeps: 0,
            wipes: story.wipes.clone(),
            early: story.early,
            usurper: story.usurper,
        }
    }

    async fn run(mut self) -> End {
        for (number, shape) in self.story.shapes.iter().enumerate() {
            self.do_deed(Deed::Start(*shape, number), OWNER);
        }
        loop {
            self.look_around();
            match self.machine.poll_one() {
                Some(Some(gone)) => {
                    // A process that died takes with it what it remembered.
                    if gone.died
                        && let Kind::Consume(lane) = gone.kind
                    {
                        self.consumers[lane as usize] = consumer(lane, &self.engine, &self.harbour);
                    }
                }
                Some(None) => {}
                None if self.is_over() => break,
                None => {
                    let queue = self.ground.state().queue.next_ms().unwrap_or(u64::MAX);
                    self.skip_to(queue);
                    let wipe = self.wipes.first().copied().unwrap_or(u64::MAX);
                    let next = self
                        .next_sweep_ms
                        .min(self.next_look_ms)
                        .min(wipe)
                        .min(queue.max(self.ground.now_ms() + 1));
                    self.machine.wait(next).await;
                }
            }
        }
        self.end()
    }

    /// Whether nothing more can happen, or enough has.
    fn is_over(&self) -> bool {
        let now_ms = self.ground.now_ms();
        if now_ms >= self.story.lasts_ms {
            return true;
        }
        if !self.machine.is_idle() || !self.wipes.is_empty() {
            return false;
        }
        let state = self.ground.state();
        let settled = state.oracle.runs.values().all(|known| {
            let status = known.run.status();
            status.is_terminal()
                || (self.story.temper == Temper::Absent && status == Status::AwaitingApproval)
        });
        let asked = state
            .oracle
            .approvals
            .values()
            .all(|one| one.due_at().is_none());
        let told = !self.story.sweeper || state.oracle.untried().next().is_none();
        settled && asked && told && state.queue.len() == 0 && self.ground.dead.dead() == 0
    }

    /// Leaves out sweeps and looks at which there would be nothing to see: everything is over but a message that
    /// has yet to come back.
    fn skip_to(&mut self, queue_ms: u64) {
        let last = self
            .story
            .lasts_ms
            .min(self.wipes.first().copied().unwrap_or(self.story.lasts_ms))
            .min(queue_ms);
        if !self.machine.is_idle() || self.ground.dead.dead() > 0 {
            return;
        }
        let state = self.ground.state();
        let over = |known: &Known| known.run.status().is_terminal();
        let asked = |approval: &Approval| approval.due_at().is_none();
        if !state.oracle.runs.values().all(over) || !state.oracle.approvals.values().all(asked) {
            return;
        }
        if state.oracle.untried().next().is_some() {
            return;
        }
        while self.next_sweep_ms.saturating_add(MINUTE_MS) < last {
            self.next_sweep_ms += MINUTE_MS;
            self.sweeps += 1;
        }
        while self.next_look_ms + LOOK_MS < last {
            self.next_look_ms += LOOK_MS;
        }
    }

    /// Does what is due: sweeps, wipes, deliveries, deeds.
    fn look_around(&mut self) {
        let now_ms = self.ground.now_ms();
        while self.wipes.first().is_some_and(|at| *at <= now_ms) {
            self.wipes.remove(0);
            let lost = self.ground.state().queue.wipe();
            let mut state = self.ground.state();
            *state.counted.faults.entry(Fault::Dropped).or_default() += lost as u64;
            state.counted.last_fault_ms = now_ms;
        }
        self.send_early(now_ms);
        self.usurp();
        if now_ms >= self.next_sweep_ms {
            self.next_sweep_ms += MINUTE_MS;
            self.sweep();
        }
        if now_ms >= self.next_look_ms {
            self.next_look_ms += LOOK_MS;
            for (deed, who) in person::wishes(&self.ground, self.story) {
                self.do_deed(deed, who);
            }
        }
        for lane in QueueName::ALL {
            self.deliver(lane, now_ms);
        }
    }

    /// Sends the message that comes before its time.
    fn send_early(&mut self, now_ms: u64) {
        let Some(step) = self.early else {
            return;
        };
        let mut state = self.ground.state();
        let Some(known) = state.oracle.runs.values().next() else {
            return;
        };
        let message = Message::step(&known.run, step);
        let Some(queue) = QueueName::of(&message) else {
            return;
        };
        state.queue.push(queue, message.encode(), now_ms);
        self.early = None;
    }

    /// Puts others in the approvers' place, once, as soon as a run has begun.
    fn usurp(&mut self) {
        if !self.usurper || self.ground.state().oracle.runs.is_empty() {
            return;
        }
        self.usurper = false;
        for shape in &self.story.shapes {
            let (owner, id) = (owner_id(), workflow_id(*shape));
            let stored = self.ground.store.workflow(&owner, &id);
            let Ok(Some(before)) = at_once(stored) else {
                continue;
            };
            let mut after = before.clone();
            after.revision += 1;
            after.approvals.approvers = vec!["usurper@nightdesk.test".to_owned()];
            self.ground
                .store
                .plant(&Write::next_workflow(&before, after));
        }
    }

    fn control(&mut self, role: Role, name: &str) -> Control {
        self.invocations += 1;
        let drift = self.story.drift_seconds;
        let times = if drift < 0 {
            self.invocations % 100
        } else {
            self.invocations
        };
        Control {
            role,
            name: format!("{name}-{}", self.invocations),
            skew: SignedDuration::from_secs(drift * i64::try_from(times).unwrap_or_default()),
            halt: None,
        }
    }

    fn sweep(&mut self) {
        self.sweeps += 1;
        // What was taken from the dead letters and not buried shows again.
        if self.sweeps.is_multiple_of(6) {
            self.ground.dead.return_dead_letters();
        }
        self.check_bound();
        // One that stands still does not keep the next from being invoked.
        let control = self.control(Role::Sweeper, "sweeper");
        let sweeper = self.sweeper.clone();
        self.machine
            .spawn(Kind::Sweep, control, SWEEP_MS, async move {
                // What it could not do, the next does.
                drop(sweeper.handle().await);
            });
    }

    /// Every run that machines should move has moved within the bound.
    fn check_bound(&self) {
        if !self.story.bounded {
            return;
        }
        let now_ms = self.ground.now_ms();
        let longest = self
            .story
            .shapes
            .iter()
            .map(|shape| shape.longest_step_seconds())
            .max();
        let mut state = self.ground.state();
        let skew = if state.counted.bends_time() || self.story.drift_seconds != 0 {
            SKEW_MS.unsigned_abs()
        } else {
            0
        };
        let bound = BOUND_MS + longest.unwrap_or_default() * 1000 + skew;
        let outage = state.plan.outages.iter().map(|outage| outage.until).max();
        let since = state
            .counted
            .last_fault_ms
            .max(self.story.closed_until)
            .max(outage.unwrap_or_default().min(now_ms));
        let stuck = state.oracle.stuck(now_ms, self.ground.now(), since, bound);
        stuck.into_iter().for_each(|what| state.oracle.broken(what));
    }

    fn do_deed(&mut self, deed: Deed, who: &'static str) {
        let known = (deed.clone(), who);
        let number = match self.deeds.iter().position(|one| *one == known) {
            Some(number) if self.machine.has(Kind::Person(number)) => return,
            Some(number) => number,
            None => {
                self.deeds.push(known);
                self.deeds.len() - 1
            }
        };
        let control = self.control(Role::Person, "api");
        let acknowledged = self.acknowledged.clone();
        let starts = matches!(deed, Deed::Start(..));
        let act = person::act(self.engine.clone(), deed, who, move |id| {
            acknowledged
                .lock()
                .expect("one thread: nobody panicked holding it")
                .push(id);
        });
        // A person who starts something waits for the answer; the API is asked anew each time.
        let lifetime = if starts { self.story.lasts_ms } else { API_MS };
        self.machine
            .spawn(Kind::Person(number), control, lifetime, act);
    }

    /// Hands visible messages to workers, as many as the topology lets run at once.
    fn deliver(&mut self, lane: QueueName, now_ms: u64) {
        let mut visible = self.ground.state().queue.visible(lane, now_ms);
        while !visible.is_empty() {
            let running = self.machine.count(|kind| kind == Kind::Consume(lane));
            if running >= lane.concurrency() {
                return;
            }
            let rest = visible.split_off(visible.len().min(lane.batch()));
            self.invoke(lane, &visible, now_ms);
            visible = rest;
        }
    }

    fn invoke(&mut self, lane: QueueName, ids: &[u64], now_ms: u64) {
        let fault = self.ground.strike(Operation::Receive(lane.name()));
        if fault == Some(Fault::Delayed) {
            let mut state = self.ground.state();
            ids.iter()
                .for_each(|id| state.queue.hide(*id, now_ms + 600_000));
            return;
        }
        let mut letters = Vec::new();
        for id in ids {
            let taken = self.ground.state().queue.take(*id, now_ms);
            match taken {
                Some(Ok(letter)) => letters.push(letter),
                Some(Err(dead)) => self.ground.dead.kill(dead.body),
                None => {}
            }
        }
        if letters.is_empty() {
            return;
        }
        let remaining_ms = if fault == Some(Fault::Hurried) {
            3_000
        } else {
            lane.timeout_ms() - RESERVE_MS
        };
        let bent = match self.story.drift_seconds {
            0 => None,
            ..0 => Some(Fault::Behind),
            1.. => Some(Fault::Ahead),
        };
        if let Some(bent) = bent {
            *self.ground.state().counted.faults.entry(bent).or_default() += 1;
        }
        let times = if fault == Some(Fault::Doubled) { 2 } else { 1 };
        for _ in 0..times {
            let mut control = self.control(Role::Worker, lane.name());
            match fault {
                Some(Fault::Ahead) => control.skew += SignedDuration::from_millis(SKEW_MS),
                Some(Fault::Behind) => control.skew -= SignedDuration::from_millis(SKEW_MS),
                _ => {}
            }
            let work = invocation(
                self.ground.clone(),
                self.consumers[lane as usize].clone(),
                letters.clone(),
                control.name.clone(),
                Duration::from_millis(remaining_ms),
            );
            self.machine.spawn(
                Kind::Consume(lane),
                control,
                remaining_ms + RESERVE_MS,
                work,
            );
        }
    }

    fn end(self) -> End {
        let lasted_ms = self.ground.now_ms();
        let acknowledged = std::mem::take(
            &mut *self
                .acknowledged
                .lock()
                .expect("one thread: nobody panicked holding it"),
        );
        let mut state = self.ground.state();
        let state = &mut *state;
        let mut lost = state.oracle.finish(&self.ground.store, &acknowledged);
        if lasted_ms >= self.story.lasts_ms {
            let unasked = state
                .oracle
                .approvals
                .values()
                .filter(|one| one.due_at().is_some());
            let unasked: Vec<String> = unasked.map(|one| one.id.to_string()).collect();
            for id in unasked {
                state
                    .oracle
                    .broken(format!("nobody is ever asked about {id}"));
            }
            // Without a sweeper a notice rests on its one message.
            let untried = state.oracle.untried().map(|one| one.id.to_string());
            let untried: Vec<String> = untried.filter(|_| self.story.sweeper).collect();
            for id in untried {
                state
                    .oracle
                    .broken(format!("nobody ever tries to deliver {id}"));
            }
            for id in &acknowledged {
                let open = state.oracle.runs.get(id).is_some_and(|known| {
                    !known.run.status().is_terminal()
                        && !matches!(
                            known.run.status(),
                            Status::AwaitingApproval | Status::Paused
                        )
                });
                if open {
                    lost += 1;
                    state.oracle.broken(format!("{id} never comes to an end"));
                }
            }
        }
        if self
            .story
            .runs
            .is_some_and(|runs| runs != state.oracle.runs.len())
        {
            let runs = state.oracle.runs.len();
            state.oracle.broken(format!("there are {runs} runs"));
        }
        if lost > 0 {
            state
                .oracle
                .broken(format!("{lost} acknowledged runs are lost"));
        }
        End {
            counted: state.counted.clone(),
            runs: state
                .oracle
                .runs
                .values()
                .map(|known| known.run.clone())
                .collect(),
            acknowledged: acknowledged.len(),
            lost,
            double_publishes: state.oracle.double_publishes,
            unapproved_publishes: state.oracle.unapproved_publishes,
            ledger_difference: state.oracle.ledger_difference,
            violations: std::mem::take(&mut state.oracle.violations),
            outside: std::mem::take(&mut state.outside),
            operations: state.seen.take().unwrap_or_default(),
            trace: state.trace.take().unwrap_or_default(),
            lasted_ms,
            approvals: state.oracle.approvals.len(),
            ground: self.ground.clone(),
        }
    }
}
