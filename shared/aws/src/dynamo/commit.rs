//! One commit, one request.
//!
//! Every put carries the writer and is conditional on the revision before. When DynamoDB refuses, it is asked
//! what is stored; if that carries our writer, an earlier attempt of this very request had succeeded and its
//! answer was lost. When no answer comes at all, the first item is read back, consistently, before
//! anything is said.

use std::time::Duration;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{CancellationReason, TransactWriteItem};
use domain::credits::InsufficientCredits;
use engine::ports::{Commit, CommitError, StoreError};

use super::item::{self, Attributes, WRITER};
use super::part::{Meaning, Part};
use super::write::parts;
use super::{DynamoStore, keys};
use crate::sdk::causes;

/// The most items of one transaction (API reference, `TransactWriteItems`). What bounds a commit is said where it is
/// made: `domain::delivery::MOST_DESTINATIONS`, `domain::session::Shelf::COUNT`, `engine::advance`.
const MOST_ITEMS: usize = 100;

/// How often a transaction is tried that meets others at the same items.
const MOST_TRIES: u32 = 5;

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
        Meaning::Exists | Meaning::TooFewCredits(_) | Meaning::Full(_) => false,
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
        if let Meaning::Full(quota) = meaning {
            return Err(CommitError::Full(quota));
        }
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
