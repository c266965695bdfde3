//! What planning by a model costs, and that every job ends (promises 1 and 11).

use domain::credits::{Account, InsufficientCredits, LedgerEntry, LedgerKind};
use domain::ids::PlanId;
use domain::planning::{
    MOST_PLANNING_NUDGES, PLANNING_NUDGE_SECONDS, Planner, Planning, PlanningRequest,
    PlanningState, Preset, Profile, ReviewedPlan,
};
use domain::workflow::WorkflowStatus;

use super::world::{World, owner, publishing, read, workflow_id};
use crate::memory::{MemorySchedules, at_once};
use crate::planning::SubmitError;
use crate::ports::{Message, Store as _};

const PRICE: u32 = 30;

fn request() -> PlanningRequest {
    PlanningRequest {
        intent: "watch the wires".to_owned(),
        preset: Preset::Standard,
        max_credits_per_execution: None,
    }
}

/// A plan that a model was paid for.
fn reviewed(n: u128) -> ReviewedPlan {
    ReviewedPlan {
        id: PlanId::from_uuid(uuid::Uuid::from_u128(n)),
        intent: request().intent,
        profile: Profile::PrecisionLinear,
        topology_reason: "one line".to_owned(),
        plan: read(&publishing()),
        suggested_schedule: None,
        coverage_gaps: Vec::new(),
        credits_consumed: PRICE,
        planner: Planner {
            source: "llm".to_owned(),
            model: None,
            fallback_reason: None,
        },
        created_at: "2026-05-04T08:00:00Z".parse().unwrap(),
    }
}

impl World {
    async fn submit(&self) -> Result<Planning, SubmitError> {
        self.engine
            .submit_planning(&owner(), request(), PRICE)
            .await
    }

    fn stored(&self, planning: &Planning) -> Planning {
        let stored = at_once(self.store.planning(&owner(), &planning.id));
        stored.unwrap().unwrap()
    }

    fn account(&self) -> Account {
        at_once(self.store.account(&owner())).unwrap()
    }

    fn charges(&self) -> Vec<LedgerEntry> {
        let mut ledger = at_once(self.store.ledger(&owner(), 100)).unwrap();
        let sum: i64 = ledger.iter().map(|entry| entry.amount).sum();
        assert_eq!(Some(sum), self.account().balance);
        ledger.retain(|entry| entry.kind == LedgerKind::Charge);
        ledger
    }
}

fn account(balance: i64, reserved: i64) -> Account {
    Account {
        balance: Some(balance),
        reserved,
    }
}

#[tokio::test]
async fn a_plan_is_paid_for_once_however_often_it_is_concluded() {
    let world = World::new(&publishing());
    world.engine.commit(vec![world.grant(50)]).await.unwrap();
    let planning = world.submit().await.unwrap();
    assert_eq!(world.account(), account(50, 30));
    let short = InsufficientCredits {
        required: 30,
        available: 20,
    };
    assert_eq!(world.submit().await, Err(short.into()));
    assert_eq!(world.queues.messages().len(), 1, "nothing was submitted");
    // The same message twice at once: both have a plan, and the first wins.
    for n in [1, 2] {
        let concluded = world
            .engine
            .conclude_planning(&planning, Ok(reviewed(n)))
            .await;
        concluded.unwrap();
    }
    assert_eq!(world.account(), account(20, 0));
    let charges = world.charges();
    assert_eq!(
        (
            charges.len(),
            charges[0].amount,
            charges[0].plan_id.as_ref()
        ),
        (1, -30, Some(&reviewed(1).id))
    );
    // And once more, long after: as a dead letter of its own.
    let late = Message::Plan {
        owner: owner(),
        planning: planning.id.clone(),
    };
    world.queues.kill(late.encode());
    let swept = world.engine.sweep(&MemorySchedules::default()).await;
    assert_eq!(swept.unwrap().dead_letters, 1);
    let plan = reviewed(1).id;
    assert_eq!(
        world.stored(&planning).state,
        PlanningState::Completed { plan }
    );
    assert_eq!(world.charges().len(), 1);
}

#[tokio::test]
async fn what_comes_to_no_plan_of_a_models_is_free() {
    let offline = ReviewedPlan {
        credits_consumed: 0,
        ..reviewed(1)
    };
    let failed = PlanningState::Failed {
        reason: "r".to_owned(),
    };
    let vague = PlanningState::TooVague {
        aspects: Vec::new(),
    };
    for outcome in [Ok(offline), Err(failed), Err(vague)] {
        let world = World::new(&publishing());
        world.engine.commit(vec![world.grant(30)]).await.unwrap();
        let planning = world.submit().await.unwrap();
        assert_eq!(world.account(), account(30, 30));
        world
            .engine
            .conclude_planning(&planning, outcome)
            .await
            .unwrap();
        assert_eq!(world.account(), account(30, 0));
        assert_eq!(world.charges(), []);
    }
}

#[tokio::test]
async fn without_a_grant_planning_is_neither_limited_nor_charged() {
    let world = World::new(&publishing());
    let planning = world.submit().await.unwrap();
    world.engine.commit(vec![world.grant(5)]).await.unwrap();
    world
        .engine
        .conclude_planning(&planning, Ok(reviewed(1)))
        .await
        .unwrap();
    assert_eq!(world.account(), account(5, 0), "the whole grant is there");
    assert!(matches!(
        world.stored(&planning).state,
        PlanningState::Completed { .. }
    ));
}

#[tokio::test]
async fn a_job_that_was_nudged_meanwhile_is_concluded_all_the_same() {
    let world = World::new(&publishing());
    world.engine.commit(vec![world.grant(30)]).await.unwrap();
    let planning = world.submit().await.unwrap();
    world.wait(PLANNING_NUDGE_SECONDS);
    let schedules = MemorySchedules::default();
    assert_eq!(world.engine.sweep(&schedules).await.unwrap().nudged, 1);
    assert_eq!(world.stored(&planning).revision, 1);
    world
        .engine
        .conclude_planning(&planning, Ok(reviewed(1)))
        .await
        .unwrap();
    assert_eq!(world.account(), account(0, 0));
}

#[tokio::test]
async fn a_job_that_nobody_plans_ends_and_gives_its_credits_back() {
    let world = World::new(&publishing());
    world.engine.commit(vec![world.grant(30)]).await.unwrap();
    let planning = world.submit().await.unwrap();
    let schedules = MemorySchedules::default();
    for _ in 0..MOST_PLANNING_NUDGES {
        world.wait(PLANNING_NUDGE_SECONDS);
        world.engine.sweep(&schedules).await.unwrap();
        assert_eq!(world.account(), account(30, 30));
    }
    world.wait(PLANNING_NUDGE_SECONDS);
    world.engine.sweep(&schedules).await.unwrap();
    assert!(matches!(
        world.stored(&planning).state,
        PlanningState::Failed { .. }
    ));
    assert_eq!(world.account(), account(30, 0));
}

#[tokio::test]
async fn a_workflow_takes_the_plan_of_its_present_goal_only() {
    let world = World::new(&publishing());
    let of_workflow = async || {
        let whose = owner();
        let planning = world
            .engine
            .new_planning(&whose, request(), Some(workflow_id()), PRICE);
        let planning = planning.await.unwrap();
        let changed = world
            .engine
            .change_workflow(
                &MemorySchedules::default(),
                &owner(),
                &workflow_id(),
                Some(&planning),
                "owner@x.test",
                |before| {
                    let mut workflow = before.clone();
                    workflow.status = WorkflowStatus::Planning;
                    workflow.planning_id = Some(planning.id.clone());
                    Ok::<_, std::convert::Infallible>((workflow, None))
                },
            )
            .await;
        (planning, changed)
    };
    world.engine.commit(vec![world.grant(60)]).await.unwrap();
    let (first, _) = of_workflow().await;
    let (second, changed) = of_workflow().await;
    changed.unwrap();
    let before = world.workflow();
    // A third is not paid for any more, and changes nothing.
    assert!(of_workflow().await.1.is_err());
    assert_eq!(world.workflow(), before);
    for (planning, n) in [(first, 1), (second, 2)] {
        let concluded = world
            .engine
            .conclude_planning(&planning, Ok(reviewed(n)))
            .await;
        concluded.unwrap();
    }
    let workflow = world.workflow();
    assert_eq!(
        (workflow.plan_id, workflow.plan_version),
        (Some(reviewed(2).id), 2)
    );
    assert_eq!(world.account(), account(0, 0));
}
