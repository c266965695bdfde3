//! What each write of a commit puts into the table, and on which condition: the table's documentation.

use std::time::Duration;

use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use domain::credits::LedgerEntry;
use domain::delivery::State;
use domain::plan::Plan;
use domain::session::Shelf;
use domain::text::folded_address;
use domain::workflow::Workflow;
use engine::ports::{Commit, Write};
use engine::retention::Retention;
use jiff::Timestamp;

use super::item::{self, Item, WRITER};
use super::keys;
use super::lists::{STATUS, approvals, runs, workflows};
use super::part::{
    Kept, Meaning, Only, Part, Taken, by_revision, count_places, delete_at, delete_present,
    delete_row, put,
};

/// When a commit is made, and how long what it writes is kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Time {
    pub(super) now: Timestamp,
    pub(super) retention: Retention,
}

/// How long a reservation's own item is kept: longer than any repetition of its request can be under way.
const REMEMBERED: Duration = Duration::from_secs(24 * 3600);

/// An update of the account: `spend` of what is available goes, `reserve` is added to what is reserved,
/// `balance` to the balance.
fn account(
    owner: &domain::ids::OwnerId,
    spend: i64,
    reserve: i64,
    balance: i64,
    writer: &str,
    grant: bool,
    needs: Option<u32>,
) -> Part {
    let key = keys::account(owner);
    let mut set = "SET #writer = :writer".to_owned();
    if grant {
        set.push_str(", #limited = :true");
    }
    let mut update = Update::builder()
        .table_name("")
        .set_key(Some(item::primary(&key)))
        .update_expression(format!(
            "{set} ADD #available :available, #reserved :reserved, #balance :balance"
        ))
        .expression_attribute_names("#writer", WRITER)
        .expression_attribute_names("#available", "available")
        .expression_attribute_names("#reserved", "reserved")
        .expression_attribute_names("#balance", "balance")
        .expression_attribute_values(":writer", AttributeValue::S(writer.to_owned()))
        .expression_attribute_values(":available", AttributeValue::N((-spend).to_string()))
        .expression_attribute_values(":reserved", AttributeValue::N(reserve.to_string()))
        .expression_attribute_values(":balance", AttributeValue::N(balance.to_string()))
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    if grant {
        update = update
            .expression_attribute_names("#limited", "limited")
            .expression_attribute_values(":true", AttributeValue::Bool(true));
    }
    let mut meaning = Meaning::Conflict;
    if let Some(required) = needs {
        meaning = Meaning::TooFewCredits(required);
        update = update
            .condition_expression("attribute_exists(#limited) AND #available >= :required")
            .expression_attribute_names("#limited", "limited")
            .expression_attribute_values(":required", AttributeValue::N(required.to_string()));
    }
    let update = update
        .build()
        .expect("an update has its key, table and expression");
    Part {
        key,
        meaning,
        kept: Kept::Itself,
        request: TransactWriteItem::builder().update(update).build(),
    }
}

/// The workflow's present plan, when the commit writes it.
fn plan_of<'a>(workflow: &Workflow, commit: &'a Commit) -> Option<&'a Plan> {
    commit.writes.iter().find_map(|write| match write {
        Write::PutPlan {
            workflow: of,
            version,
            plan,
            ..
        } if *of == workflow.id && *version == workflow.plan_version => Some(plan),
        _ => None,
    })
}

#[expect(
    clippy::too_many_lines,
    reason = "one arm a write: the list of what is written is the table's documentation"
)]
pub(super) fn parts(write: &Write, commit: &Commit, time: Time) -> Vec<Part> {
    let writer = commit.writer.as_str();
    match write {
        Write::CreateExecution { execution } => {
            let aggregate = keys::execution(&execution.owner, &execution.id);
            let mut parts = vec![put(
                aggregate.clone(),
                Item::new(&aggregate)
                    .document(execution)
                    .revision(execution.revision)
                    .due(execution.due_at()),
                &Only::IfNew(Meaning::Exists),
                writer,
            )];
            if let Some(origin) = &execution.origin {
                let key = keys::rerun(&execution.owner, &origin.execution, &execution.id);
                let mark = put(key.clone(), Item::new(&key), &Only::Freely, writer);
                parts.push(mark.kept_as(Kept::PartOfRun));
            }
            parts.extend(runs::parts(execution, None, time));
            parts
        }
        Write::AdvanceExecution {
            execution,
            was,
            record,
            ..
        } => {
            let (owner, id) = (&execution.owner, &execution.id);
            let aggregate = keys::execution(owner, id);
            let event = keys::event(owner, id, record.revision);
            let mut parts = vec![
                put(
                    aggregate.clone(),
                    Item::new(&aggregate)
                        .document(execution)
                        .revision(execution.revision)
                        .due(execution.due_at()),
                    &Only::Next(execution.revision),
                    writer,
                ),
                put(
                    event.clone(),
                    Item::new(&event).document(record),
                    &Only::Freely,
                    writer,
                )
                .kept_as(Kept::PartOfRun),
            ];
            parts.extend(runs::parts(execution, Some(*was), time));
            parts
        }
        Write::DeleteExecution { execution } => {
            let (owner, id) = (&execution.owner, &execution.id);
            let mut parts = vec![
                delete_at(keys::execution(owner, id), execution.revision),
                delete_row(keys::execution_row(owner, id)),
            ];
            parts.extend(runs::tallies(execution, -1, time.retention));
            parts
        }
        Write::PutApproval { approval } => {
            let key = keys::approval(&approval.owner, &approval.id);
            let mut parts = vec![put(
                key.clone(),
                Item::new(&key)
                    .document(approval)
                    .revision(approval.revision)
                    .due(approval.due_at()),
                &by_revision(approval.revision),
                writer,
            )];
            parts.extend(approvals::part(approval));
            parts
        }
        Write::PutWorkflow { workflow, before } => {
            let key = keys::workflow(&workflow.owner, &workflow.id);
            let mut parts = vec![put(
                key.clone(),
                Item::new(&key)
                    .document(workflow)
                    .revision(workflow.revision)
                    .due(workflow.due_at()),
                &by_revision(workflow.revision),
                writer,
            )];
            let plan = plan_of(workflow, commit);
            parts.extend(workflows::parts(before.as_deref(), workflow, plan));
            parts
        }
        Write::DeleteWorkflow { workflow } => {
            let key = keys::workflow(&workflow.owner, &workflow.id);
            let mut parts = vec![delete_at(key, workflow.revision)];
            parts.extend(workflows::parts_of_none(workflow));
            parts
        }
        Write::PutPlan {
            owner,
            workflow,
            version,
            plan,
        } => {
            let key = keys::plan(owner, workflow, *version);
            vec![put(
                key.clone(),
                Item::new(&key).document(plan),
                &Only::IfNew(Meaning::Conflict),
                writer,
            )]
        }
        Write::PutPlanning { planning } => {
            let key = keys::planning(&planning.owner, &planning.id);
            let item = Item::new(&key)
                .document(planning)
                .revision(planning.revision)
                .due(planning.due_at());
            vec![put(key, item, &by_revision(planning.revision), writer)]
        }
        Write::PutReviewedPlan { owner, plan } => {
            let key = keys::reviewed_plan(owner, &plan.id);
            vec![put(
                key.clone(),
                Item::new(&key).document(plan),
                &Only::IfNew(Meaning::Exists),
                writer,
            )]
        }
        Write::RecordOccurrence {
            owner,
            workflow,
            occurrence,
        } => {
            let key = keys::occurrence(owner, workflow, occurrence.scheduled_for);
            let item = Item::new(&key).document(occurrence);
            // Its list shows the item itself.
            let row = put(key, item, &Only::IfNew(Meaning::Exists), writer);
            vec![row.kept_as(Kept::Row)]
        }
        Write::ReserveCredits { owner, amount } => {
            let amount_signed = i64::from(*amount);
            let account = account(
                owner,
                amount_signed,
                amount_signed,
                0,
                writer,
                false,
                Some(*amount),
            );
            // A reservation has an item of its own, so that a repetition is recognised by it even when DynamoDB has
            // forgotten the request's token.
            let key = keys::reservation(owner, writer);
            let item = Item::new(&key).expires_after(REMEMBERED, time.now);
            vec![
                account,
                put(key, item, &Only::IfNew(Meaning::Conflict), writer).kept_as(Kept::Itself),
            ]
        }
        Write::SettleCredits {
            owner,
            purpose,
            reserved,
            consumed,
            at,
        } => {
            let charged = *consumed.min(reserved);
            let (reserved, consumed) = (i64::from(*reserved), i64::from(charged));
            let mut parts = vec![account(
                owner,
                consumed - reserved,
                -reserved,
                -consumed,
                writer,
                false,
                None,
            )];
            if charged > 0 {
                let key = keys::ledger_entry(owner, *at, purpose.key());
                let entry = LedgerEntry::charge(charged, purpose, *at);
                parts.push(put(
                    key.clone(),
                    Item::new(&key).document(&entry),
                    &Only::IfNew(Meaning::Conflict),
                    writer,
                ));
            }
            parts
        }
        Write::Grant { owner, amount, at } => {
            let key = keys::ledger_entry(owner, *at, writer);
            let entry = LedgerEntry::grant(*amount, *at);
            let amount = i64::from(*amount);
            vec![
                account(owner, -amount, 0, amount, writer, true, None),
                put(
                    key.clone(),
                    Item::new(&key).document(&entry),
                    &Only::IfNew(Meaning::Conflict),
                    writer,
                ),
            ]
        }
        Write::PutConclusion {
            owner,
            execution,
            stored,
        } => {
            let key = keys::conclusion(owner, execution);
            vec![put(
                key.clone(),
                Item::new(&key).document(stored),
                &Only::Freely,
                writer,
            )]
        }
        Write::PutBaseline {
            owner,
            workflow,
            stored,
        } => {
            let key = keys::baseline(owner, workflow);
            vec![put(
                key.clone(),
                Item::new(&key).document(stored),
                &Only::Freely,
                writer,
            )]
        }
        Write::PutSignal { signal } => {
            let key = keys::signal(&signal.owner, &signal.id);
            let item = Item::new(&key).document(signal).revision(signal.revision);
            let only = by_revision(signal.revision);
            let mut parts = vec![put(key, item, &only, writer)];
            if signal.revision == 0 {
                let row = keys::signal_row(&signal.owner, &signal.workflow, &signal.id);
                let row = put(row.clone(), Item::new(&row), &Only::Freely, writer);
                parts.push(row.kept_as(Kept::Row));
            }
            parts
        }
        Write::PutDelivery { delivery } => {
            let key = keys::delivery(&delivery.owner, &delivery.id);
            let row = keys::delivery_row(&delivery.owner, &delivery.id);
            let item = Item::new(&key)
                .document(delivery)
                .revision(delivery.revision)
                .due(delivery.due_at());
            let mut parts = vec![put(key, item, &by_revision(delivery.revision), writer)];
            // One that is being tried was pending before, and its row says so.
            if !matches!(delivery.state, State::Trying { .. }) {
                let by_status = format!("{}#{}", delivery.status(), delivery.id);
                let listed = Item::new(&row).text(STATUS, &by_status);
                parts.push(put(row, listed, &Only::Freely, writer).kept_as(Kept::Row));
            }
            parts
        }
        Write::PutDestination {
            owner,
            id,
            workflow,
        } => {
            let key = keys::destination(owner, id);
            let item = Item::new(&key).document(workflow);
            vec![put(key, item, &Only::Freely, writer)]
        }
        Write::PutSession { session } => {
            let key = keys::session(&session.owner, &session.id);
            let item = Item::new(&key).document(session).revision(session.revision);
            vec![put(key, item, &by_revision(session.revision), writer)]
        }
        Write::DeleteSession { session } => {
            let (owner, id) = (&session.owner, &session.id);
            let mut parts = vec![delete_at(keys::session(owner, id), session.revision)];
            let shelves = (0..Shelf::COUNT).map(|number| keys::shelf(owner, id, number));
            parts.extend(shelves.map(delete_row));
            parts
        }
        Write::GrowSession {
            owner,
            session,
            shelves,
            addition,
        } => {
            let shelf = |shelf: &Shelf| {
                let key = keys::shelf(owner, session, shelf.number());
                put(
                    key.clone(),
                    Item::new(&key).document(shelf),
                    &Only::Freely,
                    writer,
                )
            };
            let mut parts: Vec<Part> = shelves.iter().map(shelf).collect();
            let key = keys::addition(owner, session, addition.number);
            let item = Item::new(&key).document(addition);
            parts.push(put(key, item, &Only::Freely, writer));
            parts
        }
        Write::PutLink { token_sha256, link } => {
            let key = keys::link(token_sha256);
            vec![put(
                key.clone(),
                Item::new(&key).document(link),
                &Only::Freely,
                writer,
            )]
        }
        Write::PutCode {
            owner,
            approval,
            approver,
            proof,
        } => {
            let key = keys::code(owner, approval, &folded_address(approver));
            vec![put(
                key.clone(),
                Item::new(&key).document(proof),
                &Only::Freely,
                writer,
            )]
        }
        Write::PutSignIn { sha256, sign_in } => {
            let key = keys::sign_in(sha256);
            let row = keys::sign_in_row(&sign_in.owner, &sign_in.id);
            let until = Some(sign_in.expires_at);
            let item = Item::new(&key).document(sign_in).expires_at(until);
            let listed = Item::new(&row).text("sha256", sha256).expires_at(until);
            vec![
                put(key, item, &Only::IfNew(Meaning::Exists), writer),
                put(row, listed, &Only::Freely, writer),
            ]
        }
        Write::DeleteSignIn { sha256, sign_in } => vec![
            delete_present(keys::sign_in(sha256)),
            delete_row(keys::sign_in_row(&sign_in.owner, &sign_in.id)),
        ],
        Write::TakePlace { owner, quota, most } => {
            let key = keys::places(owner, *quota);
            let add = "SET #writer = :writer ADD #places :by";
            let room = Taken::Below(*quota, *most);
            vec![count_places(key, add, 1, &room, writer)]
        }
        Write::GivePlaces {
            owner,
            quota,
            places,
        } => {
            let key = keys::places(owner, *quota);
            let add = "SET #writer = :writer ADD #places :by";
            let less = -i64::from(*places);
            vec![count_places(key, add, less, &Taken::Anything, writer)]
        }
        Write::RecountPlaces {
            owner,
            quota,
            before,
            places,
        } => {
            let key = keys::places(owner, *quota);
            let set = "SET #writer = :writer, #places = :by";
            let before = Taken::Exactly(*before);
            vec![count_places(key, set, (*places).into(), &before, writer)]
        }
        Write::PutOwner { owner } => {
            let key = keys::owner(&owner.id);
            vec![put(
                key.clone(),
                Item::new(&key).document(owner),
                &Only::Freely,
                writer,
            )]
        }
        Write::PutToken { sha256, token } => {
            let key = keys::token(sha256);
            let row = keys::token_row(&token.owner, &token.id);
            let until = token.disappears_at();
            let item = Item::new(&key).document(token).revision(token.revision);
            let listed = Item::new(&row).text("sha256", sha256);
            vec![
                put(
                    key,
                    item.expires_at(until),
                    &by_revision(token.revision),
                    writer,
                ),
                put(row, listed.expires_at(until), &Only::Freely, writer),
            ]
        }
    }
}
