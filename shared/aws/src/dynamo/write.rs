//! One commit, one request.
//!
//! Every put carries the writer and is conditional on the revision before. When DynamoDB refuses, it is asked
//! what is stored; if that carries our writer, an earlier attempt of this very request had succeeded and its
//! answer was lost. When no answer comes at all, the first item is read back, consistently, before
//! anything is said.

use std::time::Duration;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
    Update,
};
use domain::credits::{InsufficientCredits, LedgerEntry};
use domain::delivery::State;
use domain::plan::Plan;
use domain::session::Shelf;
use domain::workflow::Workflow;
use engine::ports::{Commit, CommitError, StoreError, Write};

use super::DynamoStore;
use super::item::{self, Attributes, Item, WRITER};
use super::keys;
use super::lists::{STATUS, approvals, runs, workflows};
use super::part::{Meaning, Only, Part, by_revision, delete_at, delete_row, put};
use crate::sdk::causes;

/// The most items of one transaction (API reference, `TransactWriteItems`). What bounds a commit is said where it is
/// made: `domain::delivery::MOST_DESTINATIONS`, `domain::session::Shelf::COUNT`, `engine::advance`.
const MOST_ITEMS: usize = 100;

/// How often a transaction is tried that meets others at the same items.
const MOST_TRIES: u32 = 5;

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
fn parts(write: &Write, commit: &Commit) -> Vec<Part> {
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
            parts.extend(runs::parts(execution, None));
            parts
        }
        Write::AdvanceExecution {
            execution,
            was,
            record,
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
                ),
            ];
            parts.extend(runs::parts(execution, Some(*was)));
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
            vec![put(
                key.clone(),
                Item::new(&key).document(occurrence),
                &Only::IfNew(Meaning::Exists),
                writer,
            )]
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
            let item = Item::new(&key).expires_after(REMEMBERED);
            vec![
                account,
                put(key, item, &Only::IfNew(Meaning::Conflict), writer),
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
                parts.push(put(row.clone(), Item::new(&row), &Only::Freely, writer));
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
                parts.push(put(row, listed, &Only::Freely, writer));
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
            vec![
                put(
                    key.clone(),
                    Item::new(&key).document(token).revision(token.revision),
                    &by_revision(token.revision),
                    writer,
                ),
                put(
                    row.clone(),
                    Item::new(&row).text("sha256", sha256),
                    &Only::Freely,
                    writer,
                ),
            ]
        }
    }
}

impl DynamoStore {
    pub(super) async fn write(&self, commit: &Commit) -> Result<(), CommitError> {
        let parts: Vec<Part> = commit
            .writes
            .iter()
            .flat_map(|write| parts(write, commit))
            .collect();
        debug_assert!(parts.len() <= MOST_ITEMS, "{} items", parts.len());
        let Some(first) = parts.first().map(|part| part.key.clone()) else {
            return Ok(());
        };
        let items: Vec<TransactWriteItem> = parts
            .iter()
            .map(|part| named(part.request.clone(), &self.table))
            .collect();
        let mut tries = 0;
        let error = loop {
            let request = self.client.transact_write_items();
            let request = request.set_transact_items(Some(items.clone()));
            let Err(error) = request.send().await else {
                return Ok(());
            };
            let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) =
                error.as_service_error()
            else {
                break error;
            };
            let reasons = canceled.cancellation_reasons();
            tries += 1;
            if tries >= MOST_TRIES || !met_another(reasons) {
                return judge(&parts, reasons, commit);
            }
            tokio::time::sleep(pause(&commit.writer, tries)).await;
        };
        if refused_for_good(&error) {
            return Err(StoreError::Unavailable(causes(&error)).into());
        }
        // No answer, or one that says nothing about what happened.
        match self.get(&first).await {
            Ok(Some(stored)) if item::text(&stored, WRITER) == Some(&commit.writer) => Ok(()),
            Ok(_) | Err(_) => Err(StoreError::Unavailable(causes(&error)).into()),
        }
    }
}

/// Whether the transaction was only in the way of another, of which its conditions may know nothing: runs of one owner
/// are counted in the same items.
fn met_another(reasons: &[CancellationReason]) -> bool {
    let codes = || reasons.iter().filter_map(CancellationReason::code);
    codes().any(|code| code == "TransactionConflict")
        && codes().all(|code| matches!(code, "TransactionConflict" | "None"))
}

/// How long to wait before try `n` of one writer: full jitter over 20 ms, 40 ms and so on.
fn pause(writer: &str, n: u32) -> Duration {
    let most = 10 << n.min(6);
    Duration::from_millis(keys::spread(&format!("{writer}{n}"), most).into())
}

/// Puts the table's name into a request that was built without it.
fn named(mut item: TransactWriteItem, table: &str) -> TransactWriteItem {
    if let Some(put) = &mut item.put {
        put.table_name = table.to_owned();
    }
    if let Some(update) = &mut item.update {
        update.table_name = table.to_owned();
    }
    if let Some(delete) = &mut item.delete {
        delete.table_name = table.to_owned();
    }
    item
}

/// A request DynamoDB found fault with before doing anything.
fn refused_for_good(error: &SdkError<TransactWriteItemsError>) -> bool {
    matches!(
        error.code(),
        Some("ValidationException" | "AccessDeniedException" | "ResourceNotFoundException")
    )
}

/// What a cancelled transaction means.
fn judge(
    parts: &[Part],
    reasons: &[CancellationReason],
    commit: &Commit,
) -> Result<(), CommitError> {
    let failed = |reason: &CancellationReason| reason.code() == Some("ConditionalCheckFailed");
    let stored_by_us = |reason: &CancellationReason| {
        reason
            .item()
            .is_some_and(|item| item::text(item, WRITER) == Some(&commit.writer))
    };
    if reasons
        .iter()
        .any(|reason| failed(reason) && stored_by_us(reason))
    {
        return Ok(());
    }
    let meanings: Vec<(Meaning, Option<&Attributes>)> = parts
        .iter()
        .zip(reasons)
        .filter(|(_, reason)| failed(reason))
        .map(|(part, reason)| (part.meaning, reason.item()))
        .collect();
    let is_there = |stored: &Option<&Attributes>| stored.is_some() || commit.writes.len() > 1;
    if meanings.iter().any(|(meaning, stored)| match meaning {
        Meaning::Conflict => true,
        Meaning::Gone => is_there(stored),
        Meaning::Exists | Meaning::TooFewCredits(_) => false,
    }) {
        return Err(CommitError::Conflict);
    }
    if meanings
        .iter()
        .any(|(meaning, _)| *meaning == Meaning::Gone)
    {
        // Whoever removed it took it out of the lists as well: there is nothing left to do.
        return Ok(());
    }
    if meanings
        .iter()
        .any(|(meaning, _)| *meaning == Meaning::Exists)
    {
        return Err(CommitError::Exists);
    }
    for (meaning, stored) in meanings {
        if let Meaning::TooFewCredits(required) = meaning {
            if stored.is_none_or(|stored| !stored.contains_key("limited")) {
                // Credits are not limited: nothing may be set aside of them.
                return Err(CommitError::Conflict);
            }
            let available = stored
                .and_then(|stored| item::number(stored, "available"))
                .unwrap_or_default()
                .max(0);
            return Err(InsufficientCredits {
                required: i64::from(required),
                available,
            }
            .into());
        }
    }
    let codes: Vec<&str> = reasons
        .iter()
        .filter_map(CancellationReason::code)
        .filter(|code| *code != "None")
        .collect();
    if codes.iter().all(|code| *code == "TransactionConflict") {
        return Err(CommitError::Conflict);
    }
    Err(StoreError::Unavailable(codes.join(", ")).into())
}
