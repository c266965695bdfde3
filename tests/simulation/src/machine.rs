//! A deterministic executor: tasks are polled one at a time, in an order that follows from the seed, in virtual time.
//!
//! It runs inside a tokio runtime whose clock is paused and moves on only when nobody can go on, so the timers of the
//! handlers (timeouts, pauses before a retry) belong to the same time. A task whose process died is dropped and never
//! polled again; one whose process stands still is not polled until it goes on.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use tokio::time::sleep_until;

use crate::ground::{Control, Ground, Halt};

/// What a task is for; the world learns of its end by it.
pub(crate) type TaskId = u64;

struct Flag {
    woken: AtomicBool,
    root: Arc<Mutex<Option<Waker>>>,
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Ordering::Relaxed);
        let root = self.root.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(root) = root.as_ref() {
            root.wake_by_ref();
        }
    }
}

struct Task<K> {
    id: TaskId,
    kind: K,
    control: Control,
    future: Pin<Box<dyn Future<Output = ()>>>,
    flag: Arc<Flag>,
    waker: Waker,
    /// Its process is killed then, in milliseconds since the beginning, unless it stands still.
    dies_ms: u64,
    sleeps_until: u64,
}

/// A task that is no more.
pub(crate) struct Gone<K> {
    pub(crate) kind: K,
    /// Its process died before it was done.
    pub(crate) died: bool,
}

pub(crate) struct Machine<K> {
    ground: Arc<Ground>,
    tasks: Vec<Task<K>>,
    made: u64,
    root: Arc<Mutex<Option<Waker>>>,
}

impl<K: Copy + PartialEq> Machine<K> {
    pub(crate) fn new(ground: Arc<Ground>) -> Self {
        Self {
            ground,
            tasks: Vec::new(),
            made: 0,
            root: Arc::default(),
        }
    }

    /// Begins a task. Its process may live for `lifetime_ms`.
    pub(crate) fn spawn(
        &mut self,
        kind: K,
        control: Control,
        lifetime_ms: u64,
        future: impl Future<Output = ()> + 'static,
    ) -> TaskId {
        self.made += 1;
        let flag = Arc::new(Flag {
            woken: AtomicBool::new(true),
            root: self.root.clone(),
        });
        self.tasks.push(Task {
            id: self.made,
            kind,
            control,
            future: Box::pin(future),
            waker: Waker::from(flag.clone()),
            flag,
            dies_ms: self.ground.now_ms().saturating_add(lifetime_ms),
            sleeps_until: 0,
        });
        self.made
    }

    pub(crate) fn has(&self, kind: K) -> bool {
        self.tasks.iter().any(|task| task.kind == kind)
    }

    pub(crate) fn count(&self, is: impl Fn(K) -> bool) -> usize {
        self.tasks.iter().filter(|task| is(task.kind)).count()
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.tasks.is_empty()
    }

    /// Polls one task that can go on; `None`: there is none. `Some(Some(_))`: it is gone.
    pub(crate) fn poll_one(&mut self) -> Option<Option<Gone<K>>> {
        let now_ms = self.ground.now_ms();
        let awake = |task: &Task<K>| {
            task.sleeps_until <= now_ms
                && (task.flag.woken.load(Ordering::Relaxed) || task.dies_ms <= now_ms)
        };
        let ready = self.tasks.iter().filter(|task| awake(task)).count() as u64;
        if ready == 0 {
            return None;
        }
        let chosen = if ready == 1 {
            0
        } else {
            self.ground.state().dice.below(ready)
        };
        let i = self
            .tasks
            .iter()
            .enumerate()
            .filter(|(_, task)| awake(task))
            .nth(usize::try_from(chosen).unwrap_or_default())
            .map(|(i, _)| i)?;
        let task = &mut self.tasks[i];
        if task.dies_ms <= now_ms {
            return Some(Some(self.end(i, true)));
        }
        task.flag.woken.store(false, Ordering::Relaxed);
        task.control.halt = None;
        self.ground.state().current = Some(task.control.clone());
        let polled = task
            .future
            .as_mut()
            .poll(&mut Context::from_waker(&task.waker));
        let halt = self
            .ground
            .state()
            .current
            .take()
            .and_then(|control| control.halt);
        match (polled, halt) {
            (Poll::Ready(()), _) => Some(Some(self.end(i, false))),
            (Poll::Pending, Some(Halt::Crash)) => Some(Some(self.end(i, true))),
            (Poll::Pending, Some(Halt::Until(ms))) => {
                task.sleeps_until = ms;
                // A frozen process does not count its time.
                task.dies_ms = task.dies_ms.saturating_add(ms - now_ms);
                task.flag.woken.store(true, Ordering::Relaxed);
                Some(None)
            }
            (Poll::Pending, None) => Some(None),
        }
    }

    fn end(&mut self, i: usize, died: bool) -> Gone<K> {
        let task = self.tasks.remove(i);
        tracing_of(task.id, died, &self.ground);
        Gone {
            kind: task.kind,
            died,
        }
    }

    /// When a task is next due to be looked at for a reason of the machine's own.
    fn next_ms(&self) -> Option<u64> {
        let now_ms = self.ground.now_ms();
        let due = self.tasks.iter().map(|task| {
            if task.sleeps_until > now_ms {
                task.sleeps_until
            } else {
                task.dies_ms
            }
        });
        due.min()
    }

    /// Lets time pass until `until_ms`, or until a task can go on.
    pub(crate) async fn wait(&self, until_ms: u64) {
        let until_ms = self.next_ms().map_or(until_ms, |next| next.min(until_ms));
        let mut timer = pin!(sleep_until(
            self.ground.begun + Duration::from_millis(until_ms)
        ));
        poll_fn(|context| {
            *self.root.lock().unwrap_or_else(PoisonError::into_inner) =
                Some(context.waker().clone());
            let now_ms = self.ground.now_ms();
            let awake = self
                .tasks
                .iter()
                .any(|task| task.sleeps_until <= now_ms && task.flag.woken.load(Ordering::Relaxed));
            if awake {
                return Poll::Ready(());
            }
            timer.as_mut().poll(context)
        })
        .await;
    }
}

fn tracing_of(id: TaskId, died: bool, ground: &Ground) {
    if died && let Some(trace) = &mut ground.state().trace {
        trace.push(format!("             task {id} died"));
    }
}
