//! Planning jobs, and the plans they end in.

use std::sync::Arc;

use domain::ids::{OwnerId, PlanId, PlanningId};
use domain::planning::{
    Planner, Planning, PlanningRequest, PlanningState, Preset, Profile, ReviewedPlan,
};
use engine::ports::{CommitError, Store, Write};

use super::{commit, fresh, now, owner, plan, write};

/// A job that has just been submitted.
pub(super) fn planning(owner: &OwnerId) -> Planning {
    Planning {
        id: PlanningId::from_uuid(fresh()),
        owner: owner.clone(),
        request: PlanningRequest {
            intent: "watch the wires".into(),
            preset: Preset::Standard,
            max_credits_per_execution: None,
        },
        workflow: None,
        reserved: 0,
        state: PlanningState::Planning,
        revision: 0,
        created_at: now(),
        nudge_at: now(),
    }
}

fn put(planning: &Planning) -> Vec<Write> {
    vec![Write::PutPlanning {
        planning: planning.clone(),
    }]
}

pub(super) async fn a_job_changes_by_its_revision_only(store: Arc<dyn Store>) {
    let owner = owner();
    let open = planning(&owner);
    write(&store, put(&open)).await.unwrap();
    assert_eq!(write(&store, put(&open)).await, Err(CommitError::Exists));
    let failed = |reason: &str| Planning {
        state: PlanningState::Failed {
            reason: reason.into(),
        },
        revision: 1,
        ..open.clone()
    };
    let first = commit(put(&failed("first")));
    store.commit(&first).await.unwrap();
    assert_eq!(
        write(&store, put(&failed("second"))).await,
        Err(CommitError::Conflict),
        "the first persisted wins"
    );
    assert_eq!(store.commit(&first).await, Ok(()), "its own success");
    assert_eq!(
        store.planning(&owner, &open.id).await.unwrap(),
        Some(failed("first"))
    );
}

pub(super) async fn a_reviewed_plan_is_written_once(store: Arc<dyn Store>) {
    let owner = owner();
    let reviewed = ReviewedPlan {
        id: PlanId::from_uuid(fresh()),
        intent: "watch the wires".into(),
        profile: Profile::PrecisionLinear,
        topology_reason: "one source".into(),
        plan: plan(),
        suggested_schedule: None,
        coverage_gaps: vec![],
        credits_consumed: 0,
        planner: Planner {
            source: "offline".into(),
            model: None,
            fallback_reason: None,
        },
        created_at: now(),
    };
    let put = || {
        vec![Write::PutReviewedPlan {
            owner: owner.clone(),
            plan: reviewed.clone(),
        }]
    };
    write(&store, put()).await.unwrap();
    assert_eq!(write(&store, put()).await, Err(CommitError::Exists));
    assert_eq!(
        store.reviewed_plan(&owner, &reviewed.id).await.unwrap(),
        Some(reviewed)
    );
}
