//! The ground everything stands on: the stored truth, the time, who is at work, and what goes wrong.
//!
//! Every adapter of a port asks [`Ground::pass`] before it does anything. There the other tasks get their turn, the
//! plan says whether something goes wrong, and a process that dies here is never polled again. So every call of a
//! port is a point at which the world may differ, and the numbers of the points are the same in every repetition.

use std::collections::{BTreeMap, HashMap};
use std::future::{pending, poll_fn};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Poll;
use std::time::Duration;

use engine::memory::{MemoryQueues, MemoryStore};
use engine::ports::store::DueItem;
use jiff::{SignedDuration, Timestamp};
use tokio::time::{Instant, sleep};

use crate::bug::Bug;
use crate::dice::Dice;
use crate::fault::{Fault, Operation, Plan, Role};
use crate::oracle::Oracle;
use crate::outside::Outside;
use crate::queue::Queue;

/// How long something slow takes.
const SLOW: Duration = Duration::from_secs(30);
/// How long a process is stopped: longer than the longest lease of the canonical workflows and a sweep.
const STOPPED_MS: u64 = 400_000;

/// When the world begins.
pub(crate) fn beginning() -> Timestamp {
    Timestamp::from_second(1_777_881_600).expect("2026-05-04T08:00:00Z is a time")
}

/// What is to become of a task whose future has just been polled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Halt {
    Crash,
    /// Not polled before this, in milliseconds since the beginning.
    Until(u64),
}

/// What the ground knows of a task while it is polled.
#[derive(Debug, Clone)]
pub(crate) struct Control {
    pub(crate) role: Role,
    /// The id of its invocation.
    pub(crate) name: String,
    /// How far its clock is off.
    pub(crate) skew: SignedDuration,
    pub(crate) halt: Option<Halt>,
}

/// How an operation failed, for the adapter's own error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Nothing happened.
    Refused,
    /// Nothing happened, and it should be asked less often.
    Throttled,
    /// It may have happened.
    Unknown,
}

/// What was counted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counted {
    /// Points come to, of all roles.
    pub(crate) points: u64,
    /// Port calls by workers, and by people.
    pub(crate) calls: u64,
    /// How often somebody let a paused run go on.
    pub(crate) resumptions: u64,
    pub(crate) faults: BTreeMap<Fault, u64>,
    /// When the latest fault happened, in milliseconds since the beginning.
    pub(crate) last_fault_ms: u64,
}

impl Counted {
    pub(crate) fn all_faults(&self) -> u64 {
        self.faults.values().sum()
    }

    pub(crate) fn bends_time(&self) -> bool {
        self.faults.keys().any(|fault| fault.bends_time())
    }
}

pub(crate) struct State {
    pub(crate) dice: Dice,
    pub(crate) plan: Plan,
    pub(crate) bug: Option<Bug>,
    pub(crate) current: Option<Control>,
    pub(crate) counted: Counted,
    met: HashMap<(Role, Operation), u32>,
    pub(crate) queue: Queue,
    pub(crate) oracle: Oracle,
    pub(crate) outside: Outside,
    /// Somebody changes drafts in the store after they were approved.
    pub(crate) forger: bool,
    /// How many approvals may be open at once, where that is fewer than usual.
    pub(crate) most_open: Option<u32>,
    /// The index of what is due is a sweep behind.
    pub(crate) stale_index: bool,
    /// What the index said when it was asked last.
    pub(crate) index_before: Vec<DueItem>,
    /// Every operation in order, when somebody wants to know.
    pub(crate) seen: Option<Vec<(Role, Operation)>>,
    /// A line a point and fault, when somebody reads along.
    pub(crate) trace: Option<Vec<String>>,
}

pub(crate) struct Ground {
    /// What is really stored. Only the oracle and people's eyes look here without passing.
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) dead: MemoryQueues,
    pub(crate) begun: Instant,
    state: Mutex<State>,
}

impl Ground {
    pub(crate) fn new(seed: u64, plan: Plan, bug: Option<Bug>) -> Self {
        Self {
            store: Arc::default(),
            dead: MemoryQueues::default(),
            begun: Instant::now(),
            state: Mutex::new(State {
                dice: Dice::new(seed),
                plan,
                bug,
                current: None,
                counted: Counted::default(),
                met: HashMap::new(),
                queue: Queue::default(),
                oracle: Oracle::default(),
                outside: Outside::default(),
                forger: false,
                most_open: None,
                stale_index: false,
                index_before: Vec::new(),
                seen: None,
                trace: None,
            }),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .expect("one thread: nobody panicked holding it")
    }

    /// Milliseconds since the beginning.
    pub(crate) fn now_ms(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// The true time.
    pub(crate) fn now(&self) -> Timestamp {
        at(self.now_ms())
    }

    /// The time as the task at work sees it.
    pub(crate) fn now_as_seen(&self) -> Timestamp {
        let skew = self
            .state()
            .current
            .as_ref()
            .map_or(SignedDuration::ZERO, |control| control.skew);
        self.now().checked_add(skew).unwrap_or_else(|_| self.now())
    }

    /// Whether a seeded bug is at large.
    pub(crate) fn has(&self, bug: Bug) -> bool {
        self.state().bug == Some(bug)
    }

    /// Comes to a point: counts it, and says what goes wrong there.
    pub(crate) fn strike(&self, operation: Operation) -> Option<Fault> {
        let now_ms = self.now_ms();
        let mut state = self.state();
        let state = &mut *state;
        let role = state
            .current
            .as_ref()
            .map_or(Role::Worker, |control| control.role);
        let point = state.counted.points;
        state.counted.points += 1;
        if role != Role::Sweeper {
            state.counted.calls += 1;
        }
        if operation == Operation::Commit("resumed") {
            state.counted.resumptions += 1;
        }
        let count = state.met.entry((role, operation)).or_default();
        *count += 1;
        let fault = state
            .plan
            .strike(point, now_ms, operation, role, *count, &mut state.dice)
            .filter(|fault| operation.faults().contains(fault));
        if let Some(fault) = fault {
            *state.counted.faults.entry(fault).or_default() += 1;
            state.counted.last_fault_ms = now_ms;
        }
        if let Some(seen) = &mut state.seen {
            seen.push((role, operation));
        }
        if let Some(trace) = &mut state.trace {
            let who = state
                .current
                .as_ref()
                .map_or("queue", |control| control.name.as_str());
            let what = fault.map_or(String::new(), |fault| format!("  <== {fault:?}"));
            trace.push(format!(
                "{:>9.3} s  #{point:<4} {who:<10} {operation:?}{what}",
                now_ms as f64 / 1000.0
            ));
        }
        fault
    }

    /// Lets the others have their turn, comes to the point, and does `effect` as far as the point lets it.
    pub(crate) async fn pass<T, E>(
        &self,
        operation: Operation,
        mut effect: impl FnMut() -> Result<T, E> + Send,
        refusal: impl Fn(Refusal) -> E + Send,
    ) -> Result<T, E> {
        turn().await;
        self.latency().await;
        let Some(fault) = self.strike(operation) else {
            return effect();
        };
        match fault {
            Fault::Refused => Err(refusal(Refusal::Refused)),
            Fault::Throttled => {
                sleep(SLOW).await;
                Err(refusal(Refusal::Throttled))
            }
            Fault::Slow => {
                sleep(SLOW).await;
                effect()
            }
            Fault::AnswerLost => {
                drop(effect());
                Err(refusal(Refusal::Unknown))
            }
            Fault::Repeated => {
                drop(effect()?);
                turn().await;
                sleep(Duration::from_millis(25)).await;
                effect()
            }
            Fault::CrashBefore => self.crash().await,
            Fault::CrashAfter => {
                drop(effect());
                self.crash().await
            }
            Fault::PauseBefore => {
                self.pause().await;
                effect()
            }
            Fault::PauseAfter => {
                let result = effect();
                self.pause().await;
                result
            }
            Fault::Twice => {
                drop(effect()?);
                effect()
            }
            // What these do lies in the adapter or in the queue, which have asked for themselves.
            Fault::Dropped
            | Fault::Delayed
            | Fault::Doubled
            | Fault::Hurried
            | Fault::Ahead
            | Fault::Behind => effect(),
        }
    }

    /// Now and then a call takes a few milliseconds, so that not everything happens in one instant.
    async fn latency(&self) {
        let wait = {
            let mut state = self.state();
            let dice = &mut state.dice;
            dice.per_mille(125).then(|| 1 + dice.below(40))
        };
        if let Some(wait) = wait {
            sleep(Duration::from_millis(wait)).await;
        }
    }

    fn halt(&self, halt: Halt) {
        if let Some(control) = &mut self.state().current {
            control.halt = Some(halt);
        }
    }

    /// The process dies here.
    pub(crate) async fn crash<T>(&self) -> T {
        self.halt(Halt::Crash);
        pending().await
    }

    /// The process stands still, whole, and goes on later.
    pub(crate) async fn pause(&self) {
        self.halt(Halt::Until(self.now_ms() + STOPPED_MS));
        turn().await;
    }
}

/// So many milliseconds after the beginning.
pub(crate) fn at(ms: u64) -> Timestamp {
    let since = SignedDuration::from_millis(i64::try_from(ms).unwrap_or(i64::MAX));
    beginning().checked_add(since).unwrap_or(Timestamp::MAX)
}

/// Gives every other task that can go on the chance to.
pub(crate) async fn turn() {
    let mut had = false;
    poll_fn(|context| {
        if had {
            return Poll::Ready(());
        }
        had = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
