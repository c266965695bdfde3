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
    AttributeValue, CancellationReason, Delete, Put, ReturnValuesOnConditionCheckFailure,
    TransactWriteItem, Update,
};
use domain::credits::{InsufficientCredits, LedgerEntry, LedgerKind};
use domain::workflow::Workflow;
use engine::ports::store::WorkflowRow;
use engine::ports::{Commit, CommitError, StoreError, Write};

use super::DynamoStore;
use super::item::{self, Attributes, Item, REVISION, WRITER};
use super::keys::{self, Key};
use crate::sdk::causes;

/// How long a reservation's own item is kept: longer than any repetition of its request can be under way.
const REMEMBERED: Duration = Duration::from_secs(24 * 3600);

/// What a refused condition means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Conflict,
    Exists,
    TooFewCredits(u32),
}

/// One request item, its key, and what its refusal means.
struct Part {
    key: Key,
    meaning: Meaning,
    request: TransactWriteItem,
}

/// A put on which condition.
enum Only {
    /// Always: list rows and immutable documents, guarded by another part of the commit.
    Freely,
    IfNew(Meaning),
    /// The stored revision is the one before.
    Next(u64),
}

fn put(key: Key, item: Item, only: &Only, writer: &str) -> Part {
    let item = item.text(WRITER, writer);
    let mut put = Put::builder()
        .set_item(Some(item.attributes))
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    let mut meaning = Meaning::Conflict;
    match only {
        Only::Freely => {}
        Only::IfNew(refused) => {
            meaning = *refused;
            put = put.condition_expression("attribute_not_exists(pk)");
        }
        Only::Next(revision) => {
            put = put
                .condition_expression("#revision = :before")
                .expression_attribute_names("#revision", REVISION)
                .expression_attribute_values(
                    ":before",
                    AttributeValue::N((revision - 1).to_string()),
                );
        }
    }
    let put = put
        .table_name("")
        .build()
        .expect("a put has its item and table");
    Part {
        key,
        meaning,
        request: TransactWriteItem::builder().put(put).build(),
    }
}

/// Revision 0 is new, any other follows the one before.
fn by_revision(revision: u64) -> Only {
    if revision == 0 {
        Only::IfNew(Meaning::Exists)
    } else {
        Only::Next(revision)
    }
}

fn workflow_row(workflow: &Workflow) -> WorkflowRow {
    let words = [workflow.description.as_deref(), workflow.intent.as_deref()];
    let text: Vec<&str> = words.into_iter().flatten().collect();
    WorkflowRow {
        id: workflow.id.clone(),
        name: workflow.name.clone(),
        status: workflow.status.as_str().to_owned(),
        updated_at: workflow.updated_at,
        tags: workflow.tags.clone(),
        text: domain::text::preview(&text.join(" "), 120),
    }
}

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

#[expect(
    clippy::too_many_lines,
    reason = "one arm a write: the list of what is written is the table's documentation"
)]
fn parts(write: &Write, writer: &str) -> Vec<Part> {
    match write {
        Write::CreateExecution { execution } => {
            let (owner, id) = (&execution.owner, &execution.id);
            let aggregate = keys::execution(owner, id);
            let row = keys::execution_row(owner, id);
            let run = keys::run_row(owner, &execution.workflow, id);
            vec![
                put(
                    aggregate.clone(),
                    Item::new(&aggregate)
                        .document(execution)
                        .revision(execution.revision)
                        .due(execution.due_at()),
                    &Only::IfNew(Meaning::Exists),
                    writer,
                ),
                put(row.clone(), Item::new(&row), &Only::Freely, writer),
                put(run.clone(), Item::new(&run), &Only::Freely, writer),
            ]
        }
        Write::AdvanceExecution { execution, record } => {
            let (owner, id) = (&execution.owner, &execution.id);
            let aggregate = keys::execution(owner, id);
            let event = keys::event(owner, id, record.revision);
            vec![
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
            ]
        }
        Write::PutApproval { approval } => {
            let key = keys::approval(&approval.owner, &approval.id);
            let row = keys::approval_row(&approval.owner, &approval.id);
            let listed = Item::new(&row)
                .text("status", approval.status.as_str())
                .text("workflow", approval.workflow.as_str());
            vec![
                put(
                    key.clone(),
                    Item::new(&key)
                        .document(approval)
                        .revision(approval.revision)
                        .due(approval.due_at()),
                    &by_revision(approval.revision),
                    writer,
                ),
                put(row.clone(), listed, &Only::Freely, writer),
            ]
        }
        Write::PutWorkflow { workflow } => {
            let key = keys::workflow(&workflow.owner, &workflow.id);
            let row = keys::workflow_row(&workflow.owner, &workflow.id);
            vec![
                put(
                    key.clone(),
                    Item::new(&key)
                        .document(workflow)
                        .revision(workflow.revision)
                        .due(workflow.due_at()),
                    &by_revision(workflow.revision),
                    writer,
                ),
                put(
                    row.clone(),
                    Item::new(&row).document(&workflow_row(workflow)),
                    &Only::Freely,
                    writer,
                ),
            ]
        }
        Write::DeleteWorkflow { workflow } => {
            let key = keys::workflow(&workflow.owner, &workflow.id);
            let row = keys::workflow_row(&workflow.owner, &workflow.id);
            let guarded = Delete::builder()
                .table_name("")
                .set_key(Some(item::primary(&key)))
                .condition_expression("attribute_not_exists(pk) OR #revision = :revision")
                .expression_attribute_names("#revision", REVISION)
                .expression_attribute_values(
                    ":revision",
                    AttributeValue::N(workflow.revision.to_string()),
                );
            let listed = Delete::builder()
                .table_name("")
                .set_key(Some(item::primary(&row)));
            [(key, guarded), (row, listed)]
                .into_iter()
                .map(|(key, delete)| {
                    let delete = delete.build().expect("a delete has its key and table");
                    Part {
                        key,
                        meaning: Meaning::Conflict,
                        request: TransactWriteItem::builder().delete(delete).build(),
                    }
                })
                .collect()
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
            execution,
            reserved,
            consumed,
            at,
        } => {
            let (reserved, consumed) = (i64::from(*reserved), i64::from(*consumed.min(reserved)));
            let mut parts = vec![account(
                owner,
                consumed - reserved,
                -reserved,
                -consumed,
                writer,
                false,
                None,
            )];
            if consumed > 0 {
                let key = keys::ledger_entry(owner, *at, execution.as_str());
                let entry = LedgerEntry {
                    at: *at,
                    amount: -consumed,
                    kind: LedgerKind::Charge,
                    execution_id: Some(execution.clone()),
                };
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
            let amount = i64::from(*amount);
            let key = keys::ledger_entry(owner, *at, writer);
            let entry = LedgerEntry {
                at: *at,
                amount,
                kind: LedgerKind::Grant,
                execution_id: None,
            };
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
            vec![put(
                key.clone(),
                Item::new(&key).document(token),
                &Only::Freely,
                writer,
            )]
        }
    }
}

impl DynamoStore {
    pub(super) async fn write(&self, commit: &Commit) -> Result<(), CommitError> {
        let parts: Vec<Part> = commit
            .writes
            .iter()
            .flat_map(|write| parts(write, &commit.writer))
            .collect();
        let Some(first) = parts.first().map(|part| part.key.clone()) else {
            return Ok(());
        };
        let items = parts
            .iter()
            .map(|part| named(part.request.clone(), &self.table))
            .collect();
        let sent = self
            .client
            .transact_write_items()
            .set_transact_items(Some(items))
            .send()
            .await;
        let error = match sent {
            Ok(_) => return Ok(()),
            Err(error) => error,
        };
        if let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) =
            error.as_service_error()
        {
            return judge(&parts, canceled.cancellation_reasons(), &commit.writer);
        }
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
fn judge(parts: &[Part], reasons: &[CancellationReason], writer: &str) -> Result<(), CommitError> {
    let failed = |reason: &CancellationReason| reason.code() == Some("ConditionalCheckFailed");
    let stored_by_us = |reason: &CancellationReason| {
        reason
            .item()
            .is_some_and(|item| item::text(item, WRITER) == Some(writer))
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
    if meanings
        .iter()
        .any(|(meaning, _)| *meaning == Meaning::Conflict)
    {
        return Err(CommitError::Conflict);
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
