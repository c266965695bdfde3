//! One message: what may be sent, how it is found, how it is handed out.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, Transaction, params};
use uuid::Uuid;

use super::queues::{QueueSettings, SqsError, arn};
use crate::clock::{later, stored_time};

/// The largest message, and the largest batch in total, in bytes.
pub(super) const LARGEST_MESSAGE: usize = 1024 * 1024;

/// A message as one receiver got it.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    /// The message's own id; the same at every delivery.
    pub(crate) message_id: String,
    /// What this receiver deletes it with.
    pub(crate) receipt: String,
    /// What was sent.
    pub(crate) body: String,
    /// When it was sent.
    pub(crate) sent_at: Timestamp,
    /// When it was received for the first time.
    pub(crate) first_received_at: Timestamp,
    /// How many times it has been received, this time included.
    pub(crate) receive_count: u32,
    /// The system attributes, by their AWS names.
    pub(crate) attributes: BTreeMap<&'static str, String>,
}

impl Delivery {
    /// The MD5 of the body in hexadecimal digits, which clients check.
    pub(crate) fn md5_of_body(&self) -> String {
        md5_of(&self.body)
    }
}

/// The MD5 of a text in hexadecimal digits.
pub(crate) fn md5_of(text: &str) -> String {
    format!("{:x}", md5::compute(text))
}

/// What SQS takes as a body: not empty, at most 1 MiB, and of the characters XML 1.0 knows.
///
/// # Errors
/// `InvalidContents` for a forbidden character, `Invalid` or `Missing` for the length.
pub(crate) fn check_body(body: &str) -> Result<(), SqsError> {
    if body.is_empty() {
        return Err(SqsError::Missing("MessageBody"));
    }
    if body.len() > LARGEST_MESSAGE {
        return Err(SqsError::Invalid(format!(
            "One or more parameters are invalid. Reason: Message must be shorter than {LARGEST_MESSAGE} bytes."
        )));
    }
    let permitted = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..);
    if !body.chars().all(permitted) {
        return Err(SqsError::InvalidContents(
            "The message contains characters outside the allowed set.",
        ));
    }
    Ok(())
}

pub(super) fn check_receipt(receipt: &str) -> Result<(), SqsError> {
    Uuid::parse_str(receipt)
        .map(|_| ())
        .map_err(|_| SqsError::NotAReceipt)
}

/// A message found to be visible.
pub(super) struct Found {
    pub(super) id: i64,
    message_id: String,
    body: String,
    sent_at: i64,
    first_received_at: Option<i64>,
    pub(super) receive_count: u32,
    source_queue: Option<String>,
    pub(super) doubled: bool,
    /// Its `MessageGroupId`.
    pub(super) group: Option<String>,
}

impl Found {
    pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            message_id: row.get(1)?,
            body: row.get(2)?,
            sent_at: row.get(3)?,
            first_received_at: row.get(4)?,
            receive_count: row.get(5)?,
            source_queue: row.get(6)?,
            doubled: row.get(7)?,
            group: row.get(8)?,
        })
    }
}

pub(super) fn oldest_visible(
    transaction: &Transaction<'_>,
    queue: &str,
    now: Timestamp,
) -> Result<Option<Found>, SqsError> {
    let found = transaction
        .prepare_cached(
            "SELECT id, message_id, body, sent_at, first_received_at, receive_count, source_queue, doubled, group_id
             FROM messages WHERE queue = ?1 AND visible_at <= ?2 ORDER BY visible_at, id LIMIT 1",
        )?
        .query_row(params![queue, now.as_millisecond()], Found::from_row)
        .optional()?;
    Ok(found)
}

/// Deletes what has outlived the queue's retention. Retention counts from the first send, also for
/// messages that were redriven.
pub(super) fn drop_expired(
    transaction: &Transaction<'_>,
    name: &str,
    settings: &QueueSettings,
    now: Timestamp,
) -> Result<(), SqsError> {
    let oldest = later(now, -i64::from(settings.retention_s) * 1_000).as_millisecond();
    transaction
        .prepare_cached("DELETE FROM messages WHERE queue = ?1 AND sent_at <= ?2")?
        .execute(params![name, oldest])?;
    Ok(())
}

/// Hands out a message: counts the receive, replaces the receipt, hides it from others.
pub(super) fn hand_out(
    transaction: &Transaction<'_>,
    found: Found,
    now: Timestamp,
    invisible_ms: i64,
) -> Result<Delivery, SqsError> {
    let receipt = Uuid::now_v7().to_string();
    let now_ms = now.as_millisecond();
    let first_received_at = found.first_received_at.unwrap_or(now_ms);
    let receive_count = found.receive_count + 1;
    transaction
        .prepare_cached(
            "UPDATE messages SET receipt = ?2, visible_at = ?3, first_received_at = ?4, receive_count = ?5, received_at = ?6 WHERE id = ?1",
        )?
        .execute(params![found.id, receipt, now_ms + invisible_ms, first_received_at, receive_count, now_ms])?;
    let mut attributes = BTreeMap::from([
        ("SenderId", "000000000000".to_owned()),
        ("SentTimestamp", found.sent_at.to_string()),
        ("ApproximateReceiveCount", receive_count.to_string()),
        (
            "ApproximateFirstReceiveTimestamp",
            first_received_at.to_string(),
        ),
    ]);
    if let Some(group) = found.group {
        attributes.insert("MessageGroupId", group);
    }
    if let Some(source) = &found.source_queue {
        attributes.insert("DeadLetterQueueSourceArn", arn(source));
    }
    Ok(Delivery {
        message_id: found.message_id,
        receipt,
        body: found.body,
        sent_at: stored_time(found.sent_at)?,
        first_received_at: stored_time(first_received_at)?,
        receive_count,
        attributes,
    })
}
