//! The instances of one function.
//!
//! Lambda gives an instance one event at a time, starts another when all are busy, up to the
//! function's concurrency, and forgets the ones that had nothing to do. So does this pool; the last
//! used instance is used first, so that the surplus grows old and is reaped.
//!
//! What can go wrong: an instance may die between two events (then the event goes to another,
//! nothing has seen it), never ask for an event (its start failed), or not answer in time (it is
//! killed). An event that was handed over is never handed over twice here: whether it may run again
//! is for the event source to decide.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use tokio::sync::{Semaphore, oneshot};
use uuid::Uuid;

use super::InvocationError;
use super::instance::{Blueprint, Instance};
use super::runtime_api::{Answer, Invocation, RuntimeApi};
use crate::clock::Clock;
use crate::usage::Usage;

/// Most instances of one function, whatever the template allows: room for two sources of sixteen, because one that had
/// to share with the other would wait for it.
pub(crate) const MAX_INSTANCES: u32 = 32;
/// Real time from the start of a process to its first request for an event. AWS allows 10 s on its
/// own machines; this one may be compiling something.
const INIT_TIMEOUT: Duration = Duration::from_secs(60);
/// Real time after which an idle instance is reaped.
const IDLE: Duration = Duration::from_secs(30);

/// One function and its processes.
pub(crate) struct Pool {
    blueprint: Blueprint,
    function_arn: String,
    timeout: Duration,
    api: RuntimeApi,
    clock: Arc<Clock>,
    usage: Arc<Usage>,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<(Instance, Instant)>>,
    numbers: AtomicU64,
}

impl Pool {
    /// A pool without instances. `concurrency` is cut to 1..=[`MAX_INSTANCES`].
    pub(crate) fn new(
        blueprint: Blueprint,
        timeout: Duration,
        concurrency: u32,
        api: RuntimeApi,
        clock: Arc<Clock>,
        usage: Arc<Usage>,
    ) -> Self {
        let concurrency = concurrency.clamp(1, MAX_INSTANCES);
        Self {
            function_arn: crate::topology::function_arn(&blueprint.function),
            blueprint,
            timeout,
            api,
            clock,
            usage,
            permits: Arc::new(Semaphore::new(concurrency as usize)),
            idle: Mutex::new(Vec::new()),
            numbers: AtomicU64::new(1),
        }
    }

    /// Runs one event. It runs to its end even if the caller stops waiting: an instance that was
    /// given an event must be watched until it answers.
    pub(crate) async fn invoke(self: &Arc<Self>, event: Bytes) -> Result<Bytes, InvocationError> {
        let pool = self.clone();
        match tokio::spawn(async move { pool.run(event).await }).await {
            Ok(result) => result,
            Err(_) => Err(InvocationError::Exited),
        }
    }

    async fn run(&self, event: Bytes) -> Result<Bytes, InvocationError> {
        let Ok(_permit) = self.permits.acquire().await else {
            return Err(InvocationError::Init("the host is stopping".to_owned()));
        };
        self.usage.invoked(&self.blueprint.function);
        loop {
            let (instance, fresh) = match self.take_idle() {
                Some(instance) => (instance, false),
                None => (self.start()?, true),
            };
            match self.hand_over(&instance, event.clone()).await {
                Ok(answer) => return self.answered(instance, answer).await,
                Err(reason) if fresh => return Err(InvocationError::Init(reason)),
                // It died in its sleep; the event is still whole.
                Err(_) => {}
            }
        }
    }

    /// Gives the event to the instance; an error means that the instance never had it.
    async fn hand_over(
        &self,
        instance: &Instance,
        event: Bytes,
    ) -> Result<oneshot::Receiver<Answer>, String> {
        let (taken, was_taken) = oneshot::channel();
        let (answer, answered) = oneshot::channel();
        let invocation = Invocation {
            request_id: Uuid::now_v7().to_string(),
            event,
            timeout: self.timeout,
            function_arn: self.function_arn.clone(),
            clock_offset_ms: self.clock.offset_ms(),
            taken,
            answer,
        };
        if instance.events.send(invocation).await.is_err() {
            return Err(instance.ended().await);
        }
        tokio::select! {
            biased;
            taken = was_taken => match taken {
                Ok(()) => Ok(answered),
                Err(_) => Err(instance.ended().await),
            },
            reason = instance.ended() => Err(reason),
            () = tokio::time::sleep(INIT_TIMEOUT) => {
                instance.kill();
                Err(format!("it asked for no event within {} s", INIT_TIMEOUT.as_secs()))
            }
        }
    }

    async fn answered(
        &self,
        instance: Instance,
        answer: oneshot::Receiver<Answer>,
    ) -> Result<Bytes, InvocationError> {
        let answer = tokio::time::timeout(self.timeout, answer).await;
        match answer {
            Ok(Ok(Answer::Response(body))) => {
                self.put_idle(instance);
                Ok(body)
            }
            Ok(Ok(Answer::Error { kind, message })) => {
                self.put_idle(instance);
                Err(InvocationError::Function { kind, message })
            }
            Ok(Err(_)) => Err(InvocationError::Exited),
            Err(_) => {
                instance.kill();
                instance.ended().await;
                Err(InvocationError::TimedOut(self.timeout))
            }
        }
    }

    fn start(&self) -> Result<Instance, InvocationError> {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        Instance::start(&self.blueprint, number, &self.api)
            .map_err(|error| InvocationError::Init(error.to_string()))
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<(Instance, Instant)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_idle(&self) -> Option<Instance> {
        let mut idle = self.idle();
        while let Some((instance, _)) = idle.pop() {
            if instance.is_alive() {
                return Some(instance);
            }
        }
        None
    }

    fn put_idle(&self, instance: Instance) {
        if !self.permits.is_closed() {
            self.idle().push((instance, Instant::now()));
        }
    }

    /// Ends the instances that have been idle for [`IDLE`].
    pub(crate) fn reap(&self) {
        self.idle()
            .retain(|(instance, since)| instance.is_alive() && since.elapsed() < IDLE);
    }

    /// Takes no more events, waits for none and ends all idle instances. Busy ones end with the
    /// task that watches them.
    pub(crate) async fn stop(&self) {
        self.permits.close();
        let idle = std::mem::take(&mut *self.idle());
        for (instance, _) in idle {
            instance.kill();
            instance.ended().await;
        }
    }
}
