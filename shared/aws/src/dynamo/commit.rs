//! One commit, one request.
//!
//! Every put carries the writer and is conditional on the revision before. When DynamoDB refuses, it is asked
//! what is stored; if that carries our writer, an earlier attempt of this very request had succeeded and its
//! answer was lost. When no answer comes at all, the first item is read back, consistently, before
//! anything is said.
//!
//! A transaction is cancelled as a whole for reasons that stand with its items, and the SDK repeats none of these, not
//! even throttling. What they mean together:
//!
//! | among the reasons | it means |
//! |---|---|
//! | `ConditionalCheckFailed` | what is stored decides, whatever stands beside it: a repetition meets the same |
//! | else `ValidationError`, `ItemCollectionSizeLimitExceeded` | refused for good |
//! | else `ThrottlingError`, `ProvisionedThroughputExceeded`, `TransactionConflict` | not now: again, after a pause |
//!
//! Throttling of a whole request (`ProvisionedThroughputExceededException`, `ThrottlingException`,
//! `RequestLimitExceeded`), `TransactionInProgressException` and errors of the server are repeated by the SDK, four
//! times in all (`crate::sdk`).

use std::time::Duration;

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{CancellationReason, TransactWriteItem};
use domain::credits::InsufficientCredits;
use engine::ports::{Commit, CommitError, StoreError};

use super::item::{self, Attributes, WRITER};
use super::part::{Meaning, Part};
use super::read::failed;
use super::write::{Time, parts};
use super::{DynamoStore, keys, months};
use crate::sdk::causes;

/// The most items of one transaction (API reference, `TransactWriteItems`). What bounds a commit is said where it is
/// made: `domain::delivery::MOST_DESTINATIONS`, `domain::session::Shelf::COUNT`, `engine::advance`.
const MOST_ITEMS: usize = 100;

/// How often a transaction is tried that meets others at the same items, or at the same throughput.
const MOST_TRIES: u32 = 6;

impl DynamoStore {
    pub(super) async fn write(&self, commit: &Commit) -> Result<(), CommitError> {
        let news = self.news(commit).await?;
        let time = Time {
            now: self.now(),
            retention: self.retention,
        };
        let parts: Vec<Part> = commit
            .writes
            .iter()
            .flat_map(|write| {
                let lifetime = time.retention.of(write, commit, time.now);
                let parts = parts(write, commit, time).into_iter();
                parts.map(move |part| part.dated(lifetime, time.retention, time.now))
            })
            .chain(months::parts(&news))
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
                self.remember(news);
                return Ok(());
            };
            let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) =
                error.as_service_error()
            else {
                break error;
            };
            let reasons = canceled.cancellation_reasons();
            tries += 1;
            let verdict = judge(&parts, reasons, commit);
            if tries >= MOST_TRIES || verdict != Err(Verdict::NotNow) {
                return verdict.map_err(|verdict| verdict.after(reasons));
            }
            tokio::time::sleep(pause(&commit.writer, tries)).await;
        };
        if let refused @ StoreError::Refused(_) = failed(&error) {
            return Err(refused.into());
        }
        // No answer, or one that says nothing about what happened.
        match self.get(&first).await {
            Ok(Some(stored)) if item::text(&stored, WRITER) == Some(&commit.writer) => Ok(()),
            Ok(_) | Err(_) => Err(StoreError::Unavailable(causes(&error)).into()),
        }
    }
}

/// Why a transaction was cancelled.
#[derive(Debug, Clone, PartialEq)]
enum Verdict {
    /// What is stored admits no such commit.
    Stored(CommitError),
    /// Others were at the same items, or there is no throughput left for one: conditions may know nothing of it, for
    /// runs of one owner are counted in the same items.
    NotNow,
    /// DynamoDB finds fault with an item.
    Never,
}

impl From<CommitError> for Verdict {
    fn from(error: CommitError) -> Self {
        Self::Stored(error)
    }
}

impl Verdict {
    /// What the caller is told when it is the last word.
    fn after(self, reasons: &[CancellationReason]) -> CommitError {
        let codes = || {
            let codes = reasons.iter().filter_map(CancellationReason::code);
            codes.filter(|code| *code != "None")
        };
        let told = || codes().collect::<Vec<_>>().join(", ");
        match self {
            Self::Stored(error) => error,
            // Load again and decide anew: the others may have changed what was loaded.
            Self::NotNow if codes().all(|code| code == CONFLICT) => CommitError::Conflict,
            Self::NotNow => StoreError::Unavailable(told()).into(),
            Self::Never => StoreError::Refused(told()).into(),
        }
    }
}

const CONFLICT: &str = "TransactionConflict";

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

/// What a cancelled transaction means.
fn judge(parts: &[Part], reasons: &[CancellationReason], commit: &Commit) -> Result<(), Verdict> {
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
        return Err(CommitError::Conflict.into());
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
        return Err(CommitError::Exists.into());
    }
    for (meaning, stored) in meanings {
        if let Meaning::Full(quota) = meaning {
            return Err(CommitError::Full(quota).into());
        }
        if let Meaning::TooFewCredits(required) = meaning {
            if stored.is_none_or(|stored| !stored.contains_key("limited")) {
                // Credits are not limited: nothing may be set aside of them.
                return Err(CommitError::Conflict.into());
            }
            let available = stored
                .and_then(|stored| item::number(stored, "available"))
                .unwrap_or_default()
                .max(0);
            let required = i64::from(required);
            let short = InsufficientCredits {
                required,
                available,
            };
            return Err(CommitError::from(short).into());
        }
    }
    let mut codes = reasons.iter().filter_map(CancellationReason::code);
    let passes = |code: &str| {
        matches!(
            code,
            "None" | CONFLICT | "ThrottlingError" | "ProvisionedThroughputExceeded"
        )
    };
    Err(if codes.all(passes) {
        Verdict::NotNow
    } else {
        Verdict::Never
    })
}

#[cfg(test)]
mod tests {
    use super::super::item::Item;
    use super::super::part::{Only, put};
    use super::*;

    /// The verdict on a commit of two items that is cancelled for these reasons, of which a failed condition met an
    /// item of the writer `w`.
    fn verdict(codes: [&str; 2], stored_by: &str) -> Result<(), Verdict> {
        let key = keys::pace("harbour.example");
        let part = || put(key.clone(), Item::new(&key), &Only::Next(1), "ours");
        let reason = |code: &str| {
            let stored = Item::new(&key).text(WRITER, stored_by).attributes;
            CancellationReason::builder()
                .code(code)
                .set_item((code == "ConditionalCheckFailed").then_some(stored))
                .build()
        };
        let commit = Commit {
            writes: Vec::new(),
            writer: "ours".to_owned(),
        };
        judge(&[part(), part()], &codes.map(reason), &commit)
    }

    #[test]
    fn what_is_stored_decides_before_throttling_and_faults_before_both_do_not() {
        let conflict = Err(Verdict::Stored(CommitError::Conflict));
        let (failed, throttled) = ("ConditionalCheckFailed", "ThrottlingError");
        for (codes, stored_by, expected) in [
            ([throttled, "None"], "", Err(Verdict::NotNow)),
            (
                ["None", "ProvisionedThroughputExceeded"],
                "",
                Err(Verdict::NotNow),
            ),
            ([CONFLICT, throttled], "", Err(Verdict::NotNow)),
            ([throttled, failed], "theirs", conflict.clone()),
            ([failed, CONFLICT], "theirs", conflict),
            ([throttled, failed], "ours", Ok(())),
            ([throttled, "ValidationError"], "", Err(Verdict::Never)),
            (
                ["ItemCollectionSizeLimitExceeded", CONFLICT],
                "",
                Err(Verdict::Never),
            ),
        ] {
            assert_eq!(verdict(codes, stored_by), expected, "{codes:?} {stored_by}");
        }
    }
}
