//! What every store must do, asked of each: the real adapter on the embedded DynamoDB, and the one in memory.
//!
//! A case is a function of a store, in the file of its noun; `suite!` makes of each one test an implementation. One
//! that is not listed there is never called, and the compiler says so.

mod allowance;
mod approval;
mod assessment;
mod crawling;
mod credits;
mod delivery;
mod due;
mod embedded;
mod execution;
mod list;
mod listing;
mod output;
mod owner;
mod planning;
mod quota;
mod retention;
mod session;
mod slots;
mod workflow;

use std::sync::Arc;

use aws::SystemEntropy;
use domain::egress::EgressRule;
use domain::execution::{Event, Execution, NewExecution, Trigger, apply};
use domain::ids::{ExecutionId, OwnerId, WorkflowId};
use domain::plan::Plan;
use engine::memory::MemoryStore;
use engine::page::Slice;
use engine::ports::store::EventRecord;
use engine::ports::{Commit, CommitError, Entropy as _, Store, Write};
use jiff::Timestamp;
use serde_json::json;

macro_rules! suite {
    ($($noun:ident { $($case:ident,)+ })+) => {
        mod dynamo {
            $($(
                #[tokio::test]
                async fn $case() {
                    let bench = super::embedded::bench().await;
                    super::$noun::$case(bench.store.clone()).await;
                }
            )+)+
        }

        mod memory {
            $($(
                #[tokio::test]
                async fn $case() {
                    super::$noun::$case(super::in_memory()).await;
                }
            )+)+
        }
    };
}

suite! {
    execution {
        a_run_comes_back_as_it_was_with_its_events_in_order,
        of_two_writers_one_wins_and_the_other_is_told,
        a_writer_whose_answer_was_lost_recognises_its_own_success,
        a_commit_happens_whole_or_not_at_all,
        a_commit_that_writes_one_item_twice_is_refused,
        a_run_that_is_not_there_has_no_next_revision,
        a_conflict_is_told_before_what_exists_and_that_before_missing_credits,
        what_a_run_came_to_is_kept_beside_it,
    }
    credits {
        credits_are_never_set_aside_twice_under_any_interleaving,
        without_a_grant_nothing_is_set_aside_and_the_first_grant_is_whole,
        a_repeated_commit_of_credits_alone_counts_once,
        a_refused_reservation_takes_the_run_with_it_and_a_repeated_one_is_recognised,
        the_ledger_is_newest_first,
    }
    workflow {
        a_due_time_is_recorded_once,
        due_times_are_newest_first,
        a_workflow_changes_by_its_revision_only,
        a_workflow_is_removed_at_its_revision_or_is_gone_already,
        a_plans_version_is_written_once,
        a_baseline_is_what_was_seen_last,
    }
    planning {
        a_job_changes_by_its_revision_only,
        a_reviewed_plan_is_written_once,
    }
    output {
        documents_of_any_size_come_back,
        a_document_that_is_gone_is_none_and_what_refers_to_it_damaged,
    }
    list {
        one_owner_sees_nothing_of_another,
        lists_are_newest_first_and_pages_neither_repeat_nor_lose,
        a_page_goes_on_where_the_last_one_ended_though_new_runs_came,
        runs_are_listed_by_workflow_and_status,
        runs_that_change_their_status_between_two_pages_are_in_nobodys_way,
        a_run_is_counted_once_however_often_it_is_told,
        a_list_is_one_however_far_apart_its_runs_were_made,
        workflows_are_read_in_the_order_asked,
    }
    listing {
        workflows_come_in_every_order_in_pages_of_any_size,
        a_page_goes_on_though_the_workflow_it_ended_at_has_gone_or_moved,
        workflows_are_counted_as_they_come_go_and_change,
        every_word_of_a_workflow_is_found_in_any_case_and_no_other,
        a_listed_workflow_brings_its_present_plan_and_its_latest_run,
    }
    due {
        what_is_open_is_due_and_what_has_ended_is_not,
        what_is_due_is_oldest_first_of_every_kind,
    }
    approval {
        approvals_are_listed_by_status,
        approvals_come_in_pages_by_workflow_and_status,
        a_link_opens_what_it_was_made_for_and_a_code_is_its_persons,
    }
    delivery {
        a_delivery_is_due_until_it_has_ended,
        deliveries_are_listed_by_status_newest_first,
        signals_are_listed_by_workflow_and_destinations_found,
    }
    session {
        a_session_changes_by_its_revision_only_and_is_listed_newest_first,
        what_a_run_adds_comes_with_the_sessions_revision_or_not_at_all,
        a_deleted_session_has_forgotten_everything,
    }
    quota {
        there_is_room_for_so_many_under_any_interleaving,
        a_refused_place_takes_its_commit_with_it_and_a_repeated_one_is_recognised,
        places_are_given_back_and_counted_anew,
    }
    owner {
        owners_and_tokens_are_found_and_replaced,
        browsers_are_signed_in_listed_and_signed_out_once,
    }
}

fn in_memory() -> Arc<dyn Store> {
    Arc::new(MemoryStore::default())
}

fn now() -> Timestamp {
    "2026-05-04T08:00:00Z".parse().unwrap()
}

fn fresh() -> uuid::Uuid {
    SystemEntropy::default().uuid(now())
}

fn owner() -> OwnerId {
    OwnerId::from_uuid(fresh())
}

fn all() -> Slice {
    Slice::first(100)
}

/// Commits as a writer of its own.
async fn write(store: &Arc<dyn Store>, writes: Vec<Write>) -> Result<(), CommitError> {
    store.commit(&commit(writes)).await
}

fn commit(writes: Vec<Write>) -> Commit {
    Commit {
        writes,
        writer: fresh().simple().to_string(),
    }
}

fn plan() -> Plan {
    let steps = json!([{"id": "find", "type": "search", "config": {"query": "x"}}]);
    Plan::read(&steps, "/steps", &EgressRule::public_only()).unwrap()
}

fn run_of(owner: &OwnerId) -> Execution {
    run_at(owner, &WorkflowId::from_uuid(fresh()), now())
}

fn run_at(owner: &OwnerId, workflow: &WorkflowId, at: Timestamp) -> Execution {
    let plan = plan();
    let new = NewExecution {
        id: ExecutionId::from_uuid(SystemEntropy::default().uuid(at)),
        owner: owner.clone(),
        workflow: workflow.clone(),
        plan: &plan,
        plan_version: 1,
        policy: domain::workflow::ApprovalPolicy::default(),
        trigger: Trigger::Manual,
        scheduled_for: None,
        reserved: 1,
        judged: true,
    };
    Execution::create(new, at).0
}

fn advanced(run: &Execution, event: Event) -> (Execution, Write) {
    let (next, _) = apply(run, &event, now()).unwrap();
    let record = EventRecord {
        revision: next.revision,
        at: now(),
        actor: "system".into(),
        event,
    };
    (
        next.clone(),
        Write::AdvanceExecution {
            execution: next,
            was: run.status(),
            record,
            is_last_complete: false,
        },
    )
}

fn claimed() -> Event {
    Event::StepClaimed {
        step: "find".into(),
        worker: "w".into(),
    }
}
