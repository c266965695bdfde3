//! Retries and runs of an edited plan, as they are started.

use domain::approval::Choice;
use domain::execution::{CannotReuse, Event, Phase, Status, StepState, Trigger};
use domain::ids::{ExecutionId, WorkflowId};
use domain::workflow::OverlapPolicy;

use super::world::{World, owner, publishing, workflow_id};
use crate::executions::StartError;
use crate::ports::Message;
use crate::ports::Store as _;

#[tokio::test]
async fn a_retry_sets_aside_and_does_only_what_is_left() {
    let world = World::new(&publishing());
    world.engine.commit(vec![world.grant(10)]).await.unwrap();
    let first = world.start().await.unwrap();
    assert_eq!(first.reserved, 3);
    world.complete(&first.id, "a").await;
    world.complete(&first.id, "b").await;
    let failed = world.fail(&first.id, "write").await;
    assert_eq!(failed.status(), Status::Failed);
    let account = world.store.account(&owner()).await.unwrap();
    assert_eq!((account.balance, account.reserved), (Some(10), 0));

    world.queues.take();
    let retried = world.engine.retry(&owner(), &first.id, None).await.unwrap();
    assert_eq!(
        (retried.trigger, retried.reserved, retried.plan.clone()),
        (Trigger::Retry, 1, first.plan.clone())
    );
    assert!(
        matches!(world.queues.messages().as_slice(), [Message::Step { step, execution, .. }] if step == "write" && *execution == retried.id)
    );
    assert_eq!(world.workflow().live, std::slice::from_ref(&retried.id));
    // The output is the earlier run's, where it is.
    let StepState::Completed { output, .. } = &retried.step("a").unwrap().state else {
        panic!()
    };
    assert!(
        world
            .store
            .output(&owner(), output)
            .await
            .unwrap()
            .is_some()
    );

    world.complete(&retried.id, "write").await;
    world.park(&retried.id, "post").await;
    world.decide(&retried.id, "post", Choice::Approve).await;
    let done = world.complete(&retried.id, "post").await;
    assert_eq!((done.status(), done.consumed()), (Status::Running, 1));
    assert!(matches!(done.phase, Phase::Judging { .. }));
}

#[tokio::test]
async fn a_retry_is_a_run_like_any_other() {
    let world = World::new(&publishing());
    let live = world.start().await.unwrap();
    let retry = |id: ExecutionId, step: Option<&'static str>| {
        let engine = world.engine.clone();
        async move { engine.retry(&owner(), &id, step).await }
    };
    assert_eq!(
        retry(live.id.clone(), None).await,
        Err(StartError::CannotReuse(CannotReuse::NotEnded))
    );
    let stranger = ExecutionId::from_uuid(uuid::Uuid::from_u128(99));
    assert_eq!(
        retry(stranger.clone(), None).await,
        Err(StartError::NoEarlierRun(stranger))
    );
    let cancel = Event::Cancelled { reason: "r".into() };
    world.tell(&live.id, cancel).await;
    assert_eq!(
        retry(live.id.clone(), Some("nope")).await,
        Err(StartError::CannotReuse(CannotReuse::UnknownStep(
            "nope".into()
        )))
    );
    world.change_workflow(|workflow| {
        workflow.overlap_policy = OverlapPolicy::Skip;
        workflow.max_executions = Some(2);
    });
    let again = retry(live.id.clone(), None).await.unwrap();
    assert_eq!(
        retry(live.id.clone(), None).await,
        Err(StartError::MaxExecutionsReached)
    );
    world.change_workflow(|workflow| workflow.max_executions = None);
    assert_eq!(
        retry(live.id, None).await,
        Err(StartError::InProgress(again.id))
    );
}

#[tokio::test]
async fn a_run_of_an_edited_plan_takes_over_what_they_share_and_a_retry_does_not_see_the_edit() {
    let world = World::new(&publishing());
    let first = world.start().await.unwrap();
    world.complete(&first.id, "a").await;
    world.complete(&first.id, "b").await;
    world.fail(&first.id, "write").await;
    let mut edited = publishing();
    edited[1]["config"]["query"] = "z".into();
    world.put_plan(2, &edited);
    world.change_workflow(|workflow| workflow.plan_version = 2);
    let from = world
        .engine
        .start_from(&owner(), &workflow_id(), &first.id, None)
        .await
        .unwrap();
    let names = |run: &domain::execution::Execution| -> Vec<&'static str> {
        run.steps.iter().map(|row| row.state.name()).collect()
    };
    assert_eq!(from.plan.version, 2);
    assert_eq!(names(&from), ["completed", "ready", "waiting", "waiting"]);
    let retried = world.engine.retry(&owner(), &first.id, None).await.unwrap();
    assert_eq!(retried.plan.version, 1);
    assert_eq!(
        names(&retried),
        ["completed", "completed", "ready", "waiting"]
    );
    let other = WorkflowId::from_uuid(uuid::Uuid::from_u128(55));
    assert_eq!(
        world
            .engine
            .start_from(&owner(), &other, &first.id, None)
            .await,
        Err(StartError::NoEarlierRun(first.id))
    );
}
