//! The slot a step holds while it waits for somebody outside: an owner's share of the executors.
//!
//! It is asked for before the claim, so a step that finds none has not been tried: it stands in its owner's line, its
//! message is done with, and whoever gives a slot back calls the first in the line by a message of its own. It is given
//! back when the work is over and before the result is committed, because what follows from the result may ask for a
//! slot itself. A slot lasts as long as the lease; whoever dies with one leaks nothing, and a call that is lost is made up
//! for by the sweeper's next message for the step.

use std::time::Duration;

use domain::execution::{Execution, LEASE_MARGIN_SECONDS, Phase, StepRow, StepState};
use domain::ids::{ExecutionId, OwnerId};
use domain::plan::{Lane, Reach, Tool};
use domain::slots::Asking;
use engine::consuming::{Delivery, Disposition, MOST_WAITS};
use engine::ports::queues::Message;
use engine::slots::{Entry, Slot};
use jiff::SignedDuration;

use crate::StepExecutor;

/// How long a step waits that finds its owner's line full, in seconds: at least, and how much longer at most.
const FULL_SECONDS: (f64, f64) = (5.0, 10.0);

/// What a step may do before its claim.
pub(crate) enum Door {
    /// It goes on, with a slot where it needs one.
    Open(Option<Slot>),
    /// It waits.
    Closed(Disposition),
}

impl StepExecutor {
    /// Asks for what the step needs to begin. A step that cannot begin asks for nothing; the claim says why it cannot.
    pub(crate) async fn enter(&self, run: &Execution, row: &StepRow, delivery: &Delivery) -> Door {
        if !self.may_begin(run, row) || !self.reaches_out(run, row).await {
            return Door::Open(None);
        }
        let (who, lane) = (name(&run.id, &row.id), row.kind.lane());
        let lease = i64::from(row.timeout_seconds) + LEASE_MARGIN_SECONDS;
        let asking = Asking {
            who: &who,
            by: &delivery.worker,
            lasts: Duration::from_secs(lease.unsigned_abs()),
        };
        let taking = self
            .engine
            .take_slot(&*self.ports.slots, &run.owner, lane.into(), asking);
        let (entry, called) = match taking.await {
            Ok(came) => came,
            Err(error) => {
                tracing::warn!(%error, execution.id = %run.id, step.id = row.id, "an owner's slots cannot be reached; the step goes on without one");
                return Door::Open(None);
            }
        };
        self.call(&run.owner, lane, &called).await;
        match entry {
            Entry::Taken(slot) => Door::Open(Some(slot)),
            // The claim tells how long the other one has it.
            Entry::Elsewhere => Door::Open(None),
            Entry::InLine => {
                tracing::debug!(execution.id = %run.id, step.id = row.id, "the step waits for others of its owner");
                Door::Closed(Disposition::Done)
            }
            // The sweeper sends again for a step that nobody has begun.
            Entry::Full if delivery.receive_count >= MOST_WAITS => Door::Closed(Disposition::Done),
            Entry::Full => {
                let (least, more) = FULL_SECONDS;
                let wait =
                    SignedDuration::from_secs_f64(least + more * self.engine.entropy.fraction());
                Door::Closed(Disposition::NotBefore(self.engine.now() + wait))
            }
        }
    }

    /// Gives back the slot, if there is one, and calls whose turn it is. When that fails the slot is free when its time
    /// is over.
    pub(crate) async fn leave(&self, owner: &OwnerId, lane: Lane, slot: Option<Slot>) {
        let Some(slot) = slot else { return };
        match self.engine.give_slot_back(&*self.ports.slots, slot).await {
            Ok(called) => self.call(owner, lane, &called).await,
            Err(error) => {
                tracing::warn!(%error, owner.id = %owner, "a slot was not given back; it is free when its time is over");
            }
        }
    }

    /// Gives back what was kept for a step that was called and needs it no more: it has ended or is held.
    pub(crate) async fn pass_on(&self, run: &Execution, row: &StepRow, delivery: &Delivery) {
        let who = name(&run.id, &row.id);
        let kept = Slot::kept_for(&run.owner, row.kind.lane().into(), &who, &delivery.worker);
        self.leave(&run.owner, row.kind.lane(), Some(kept)).await;
    }

    /// Sends for the steps whose turn it is.
    async fn call(&self, owner: &OwnerId, lane: Lane, called: &[String]) {
        for who in called {
            let Some((execution, step)) = named(who) else {
                continue;
            };
            let message = Message::Step {
                owner: owner.clone(),
                execution,
                step,
                lane,
                called: true,
            };
            self.engine.send(&message, self.engine.now()).await;
        }
    }

    /// Whether a claim of the step would be granted now.
    fn may_begin(&self, run: &Execution, row: &StepRow) -> bool {
        let due = match row.state {
            StepState::Ready { due_at, .. } | StepState::Approved { due_at, .. } => due_at,
            StepState::Waiting
            | StepState::Running { .. }
            | StepState::AwaitingApproval { .. }
            | StepState::Performing { .. }
            | StepState::OutcomeUnknown { .. }
            | StepState::Completed { .. }
            | StepState::Failed { .. }
            | StepState::Skipped { .. }
            | StepState::Cancelled { .. } => return false,
        };
        run.phase == Phase::Active && run.ending.is_none() && due <= self.engine.now()
    }

    /// Whether the work waits for somebody outside.
    async fn reaches_out(&self, run: &Execution, row: &StepRow) -> bool {
        // Its work says why a plan cannot be had.
        let Ok(plan) = self.plans.of(run, &*self.engine.store).await else {
            return false;
        };
        match plan.step(&row.id).map(|step| Tool::reach(&step.tool)) {
            Some(Reach::World) => true,
            Some(Reach::Model) => self.ports.model.is_model(),
            Some(Reach::WorldOnceApproved) => matches!(row.state, StepState::Approved { .. }),
            Some(Reach::Nobody) | None => false,
        }
    }
}

/// The step as the table of slots knows it.
fn name(execution: &ExecutionId, step: &str) -> String {
    format!("{execution}/{step}")
}

fn named(who: &str) -> Option<(ExecutionId, String)> {
    let (execution, step) = who.split_once('/')?;
    Some((ExecutionId::parse(execution).ok()?, step.to_owned()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::slots::{SlotKind, SlotTable};
    use engine::consuming::Consumer as _;
    use engine::memory::{MemoryStore, at_once};
    use engine::ports::{Slots as _, Store as _};
    use serde_json::json;

    use super::*;
    use crate::world::{World, owner_id};

    fn search() -> World {
        World::new(json!([{"id": "find", "type": "search", "config": {"query": "q"}}]))
    }

    fn table(world: &World, kind: SlotKind) -> SlotTable {
        at_once(world.store.slots(&owner_id(), kind)).unwrap()
    }

    /// Others of the owner's take every slot; gives who.
    async fn take_all(world: &World, kind: SlotKind) -> Vec<Slot> {
        let mut taken = Vec::new();
        for i in 0..kind.most() {
            let who = format!("exe_{i:032x}/s");
            let asking = Asking {
                who: &who,
                by: "other",
                lasts: Duration::from_secs(75),
            };
            let (engine, owner) = (world.engine(), owner_id());
            let taking = engine.take_slot(&*world.store, &owner, kind, asking);
            match taking.await.unwrap() {
                (Entry::Taken(slot), _) => taken.push(slot),
                other => panic!("{other:?}"),
            }
        }
        taken
    }

    #[tokio::test]
    async fn a_step_without_a_slot_waits_untried_and_is_called_in_its_turn() {
        let world = search();
        let others = take_all(&world, SlotKind::Step).await;
        let before = world.run();
        for worker in ["w1", "w2"] {
            let handled = world
                .executor()
                .handle(world.delivery("find", worker))
                .await;
            assert_eq!(handled, Disposition::Done, "its message is done with");
        }
        assert_eq!(world.run(), before, "nobody has tried it");
        assert_eq!(table(&world, SlotKind::Step).waiting(), 1);
        assert!(world.queues.take().is_empty());

        let other = others.last().cloned();
        world.executor().leave(&owner_id(), Lane::Step, other).await;
        let called = world.queues.take();
        let [sent] = called.as_slice() else {
            panic!("{called:?}")
        };
        assert!(matches!(&sent.message, Message::Step { called: true, .. }));
        let mut delivery = world.delivery("find", "w3");
        delivery.message = sent.message.clone();
        assert_eq!(world.executor().handle(delivery).await, Disposition::Done);
        assert_eq!(
            (world.state("find"), world.run().step("find").unwrap().fence),
            ("completed", 1)
        );
        let now = world.engine().now();
        assert_eq!(
            table(&world, SlotKind::Step).taken(now),
            SlotKind::Step.most() - 1
        );
    }

    #[tokio::test]
    async fn who_is_called_and_needs_no_slot_any_more_passes_it_on() {
        let world = search();
        take_all(&world, SlotKind::Step).await;
        world.executor().handle(world.delivery("find", "w")).await;
        // The others' time is over, and the first that comes by has the step called.
        world.advance_clock(76);
        let asking = Asking {
            who: "exe_x/s",
            by: "x",
            lasts: Duration::from_secs(75),
        };
        let (engine, owner) = (world.engine(), owner_id());
        let taking = engine.take_slot(&*world.store, &owner, SlotKind::Step, asking);
        assert_eq!(taking.await.unwrap().1.len(), 1);
        let run = world.run();
        let cancelled = domain::execution::Event::Cancelled { reason: "r".into() };
        let nothing = engine::advance::Alongside::default();
        world
            .engine()
            .advance(&owner_id(), &run.id, &cancelled, "owner", &nothing)
            .await
            .unwrap();
        let now = world.engine().now();
        assert_eq!(table(&world, SlotKind::Step).taken(now), 2);
        let mut delivery = world.delivery("find", "w");
        delivery.message = Message::Step {
            owner: owner_id(),
            execution: run.id,
            step: "find".into(),
            lane: Lane::Step,
            called: true,
        };
        assert_eq!(world.executor().handle(delivery).await, Disposition::Done);
        assert_eq!(table(&world, SlotKind::Step).taken(now), 1);
    }

    #[tokio::test]
    async fn what_only_rearranges_or_prepares_needs_none() {
        let world = World::new(json!([
            {"id": "post", "type": "post_webhook", "config": {"url": "https://hooks.example.com/in", "body": "b"}},
        ]));
        take_all(&world, SlotKind::Step).await;
        world.executor().handle(world.delivery("post", "w")).await;
        assert_eq!(world.state("post"), "awaiting_approval");
    }

    #[tokio::test]
    async fn where_slots_cannot_be_reached_the_work_goes_on() {
        let world = search();
        let broken = MemoryStore::default();
        broken.set_down(true);
        let mut ports = world.ports();
        ports.slots = Arc::new(broken);
        let executor = StepExecutor::new(
            world.engine(),
            ports,
            domain::egress::EgressRule::public_only(),
        );
        executor.handle(world.delivery("find", "w")).await;
        assert_eq!(world.state("find"), "completed");
    }

    #[tokio::test]
    async fn a_message_that_came_by_another_queue_is_sent_to_its_own() {
        let world = World::new(
            json!([{"id": "read", "type": "crawl", "config": {"urls": ["https://a.example/"]}}]),
        );
        let older = json!({"v": 1, "kind": "step", "owner": owner_id(), "execution": world.run().id, "step": "read"});
        let mut delivery = world.delivery("read", "w");
        assert!(matches!(
            delivery.message,
            Message::Step {
                lane: Lane::Crawl,
                ..
            }
        ));
        let own = delivery.message.clone();
        delivery.message = Message::decode(&older.to_string()).unwrap();
        assert_eq!(
            world.executor().handle(delivery.clone()).await,
            Disposition::Done
        );
        assert_eq!(world.queues.messages(), [own]);
        assert_eq!(world.state("read"), "ready");
        world.queues.set_down(true);
        assert_eq!(world.executor().handle(delivery).await, Disposition::Failed);
        let run = at_once(world.store.execution(&owner_id(), &world.run().id));
        assert_eq!(run.unwrap().unwrap().revision, 0);
    }
}
