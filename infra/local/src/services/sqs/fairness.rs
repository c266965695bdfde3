//! Fair queues: whose message is next when one group has more in the queue than the others.
//!
//! As AWS documents it ("How Amazon SQS fair queues work", SQS developer guide, read 2026-11): a message's group
//! (`MessageGroupId`, optional in a standard queue) is its tenant, and a message without one is a tenant of its own. A tenant
//! is a noisy neighbour while it has more than a tenth of the queue's messages in flight, and 30 at least, or more than a
//! tenth of the time consumers have recently spent. Whenever a quiet tenant has a message, that comes first, oldest
//! first; of several noisy ones the one with the fewest in flight comes first. Nothing is dropped or held back, and when
//! its backlog is gone a tenant is quiet again.
//!
//! AWS says neither how long "recently" is nor how it is measured. Here the time of a message counts from its receive to
//! its removal, ongoing ones included, and counts half a minute later.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, Transaction, params};

use super::SqsError;
use super::message::{Found, oldest_visible};

/// The longest `MessageGroupId` (SQS, `SendMessage`).
const LONGEST_GROUP: usize = 128;
/// From how many messages in flight on a group's share of them counts.
const LEAST_IN_FLIGHT: i64 = 30;
/// The share above which a group is noisy is one in so many.
const SHARE: f64 = 10.0;
/// After how many seconds time spent counts half.
const HALF_LIFE_S: f64 = 60.0;

/// What SQS takes as a group: 1 to 128 letters, digits and signs of ASCII.
///
/// # Errors
/// `Invalid` for anything else.
pub(super) fn check_group(group: &str) -> Result<(), SqsError> {
    let well_formed = (1..=LONGEST_GROUP).contains(&group.len())
        && group.bytes().all(|byte| byte.is_ascii_graphic());
    if well_formed {
        return Ok(());
    }
    Err(SqsError::Invalid(format!(
        "Value {group:?} for parameter MessageGroupId is invalid. Reason: MessageGroupId can only include alphanumeric and punctuation characters. 1 to {LONGEST_GROUP} in length."
    )))
}

/// The time that consumers have spent on messages that are done, by group. The time on all those without a group is kept
/// under the empty one: it counts among the whole, and makes nobody noisy.
#[derive(Debug, Default)]
pub(super) struct TimeSpent {
    by_group: BTreeMap<String, (f64, Timestamp)>,
}

impl TimeSpent {
    /// Adds the time of a message that is done.
    pub(super) fn add(&mut self, group: Option<&str>, milliseconds: i64, now: Timestamp) {
        let group = group.unwrap_or_default();
        let before = self.of(group, now);
        #[expect(
            clippy::cast_precision_loss,
            reason = "no message takes 2^53 milliseconds"
        )]
        let spent = before + milliseconds.max(0) as f64;
        self.by_group.insert(group.to_owned(), (spent, now));
        // What counts less than a millisecond counts nothing.
        self.by_group
            .retain(|_, (spent, since)| faded(*spent, *since, now) >= 1.0);
    }

    fn of(&self, group: &str, now: Timestamp) -> f64 {
        self.by_group
            .get(group)
            .map_or(0.0, |(spent, since)| faded(*spent, *since, now))
    }

    fn all(&self, now: Timestamp) -> f64 {
        let spent = self.by_group.values();
        spent.map(|(spent, since)| faded(*spent, *since, now)).sum()
    }

    /// Its backlog is gone: it starts afresh.
    pub(super) fn forget(&mut self, group: &str) {
        self.by_group.remove(group);
    }
}

fn faded(spent: f64, since: Timestamp, now: Timestamp) -> f64 {
    let seconds = now.duration_since(since).as_secs_f64().max(0.0);
    spent * (-seconds / HALF_LIFE_S).exp2()
}

/// The message that is next.
pub(super) fn next_visible(
    transaction: &Transaction<'_>,
    queue: &str,
    spent: &TimeSpent,
    now: Timestamp,
) -> Result<Option<Found>, SqsError> {
    let Some(oldest) = oldest_visible(transaction, queue, now)? else {
        return Ok(None);
    };
    let Some(group) = oldest.group.clone() else {
        return Ok(Some(oldest));
    };
    let loads = loads(transaction, queue, spent, now)?;
    let noisy: BTreeSet<&str> = loads.noisy().collect();
    let next = if noisy.contains(group.as_str()) {
        match oldest_of_the_quiet(transaction, queue, &noisy, now)? {
            Some(quiet) => Some(quiet),
            None => oldest_of_the_noisy(transaction, queue, &loads, now)?,
        }
    } else {
        Some(oldest)
    };
    Ok(next)
}

/// What each group has in flight, and what has been spent on it.
struct Loads {
    by_group: BTreeMap<String, (i64, f64)>,
    in_flight: i64,
    spent: f64,
}

impl Loads {
    #[expect(
        clippy::cast_precision_loss,
        reason = "no queue has 2^53 messages in flight"
    )]
    fn noisy(&self) -> impl Iterator<Item = &str> {
        let noisy = |(in_flight, spent): &(i64, f64)| {
            let of_messages =
                *in_flight >= LEAST_IN_FLIGHT && *in_flight as f64 * SHARE > self.in_flight as f64;
            of_messages || spent * SHARE > self.spent
        };
        self.by_group
            .iter()
            .filter(move |(group, load)| !group.is_empty() && noisy(load))
            .map(|(group, _)| group.as_str())
    }
}

fn loads(
    transaction: &Transaction<'_>,
    queue: &str,
    spent: &TimeSpent,
    now: Timestamp,
) -> Result<Loads, SqsError> {
    let mut loads = Loads {
        by_group: BTreeMap::new(),
        in_flight: 0,
        spent: spent.all(now),
    };
    for group in spent.by_group.keys() {
        loads
            .by_group
            .insert(group.clone(), (0, spent.of(group, now)));
    }
    let mut in_flight = transaction.prepare_cached(
        "SELECT coalesce(group_id, ''), count(*), CAST(sum(?2 - received_at) AS REAL)
         FROM messages WHERE queue = ?1 AND visible_at > ?2 AND receipt IS NOT NULL GROUP BY 1",
    )?;
    let rows = in_flight.query_map(params![queue, now.as_millisecond()], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get::<_, Option<f64>>(2)?))
    })?;
    for row in rows {
        let (group, count, ongoing): (String, i64, Option<f64>) = row?;
        let ongoing = ongoing.unwrap_or_default().max(0.0);
        let load = loads.by_group.entry(group).or_default();
        load.0 += count;
        load.1 += ongoing;
        loads.in_flight += count;
        loads.spent += ongoing;
    }
    Ok(loads)
}

const OF_THE_QUIET: &str = "SELECT id, message_id, body, sent_at, first_received_at, receive_count, source_queue, doubled, group_id
    FROM messages WHERE queue = ?1 AND visible_at <= ?2
    AND (group_id IS NULL OR group_id NOT IN (SELECT value FROM json_each(?3)))
    ORDER BY visible_at, id LIMIT 1";

const OF_A_GROUP: &str = "SELECT id, message_id, body, sent_at, first_received_at, receive_count, source_queue, doubled, group_id
    FROM messages WHERE queue = ?1 AND visible_at <= ?2 AND group_id = ?3 ORDER BY visible_at, id LIMIT 1";

fn oldest_of_the_quiet(
    transaction: &Transaction<'_>,
    queue: &str,
    noisy: &BTreeSet<&str>,
    now: Timestamp,
) -> Result<Option<Found>, SqsError> {
    let noisy = serde_json::json!(noisy).to_string();
    let found = transaction
        .prepare_cached(OF_THE_QUIET)?
        .query_row(params![queue, now.as_millisecond(), noisy], Found::from_row)
        .optional()?;
    Ok(found)
}

fn oldest_of_the_noisy(
    transaction: &Transaction<'_>,
    queue: &str,
    loads: &Loads,
    now: Timestamp,
) -> Result<Option<Found>, SqsError> {
    let mut noisy: Vec<&str> = loads.noisy().collect();
    noisy.sort_by_key(|group| loads.by_group.get(*group).map_or(0, |load| load.0));
    for group in noisy {
        let found = transaction
            .prepare_cached(OF_A_GROUP)?
            .query_row(params![queue, now.as_millisecond(), group], Found::from_row)
            .optional()?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// Whether the group has a message left in the queue.
pub(super) fn has_any(
    transaction: &Transaction<'_>,
    queue: &str,
    group: &str,
) -> Result<bool, SqsError> {
    let any = transaction
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM messages WHERE queue = ?1 AND group_id = ?2)",
        )?
        .query_row(params![queue, group], |row| row.get(0))?;
    Ok(any)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::later;
    use crate::services::sqs::{QueueSettings, Sqs};
    use crate::services::testing::{Account, account};

    fn queue(account: &Account) -> &Sqs {
        let settings = QueueSettings {
            visibility_timeout_s: 3_600,
            retention_s: 86_400,
            redrive: None,
        };
        account.sqs.create_queue("work", settings).unwrap();
        &account.sqs
    }

    fn send(account: &Account, group: Option<&str>, n: usize) {
        for i in 0..n {
            let body = format!("{}{i}", group.unwrap_or("-"));
            account.sqs.send_of_group("work", &body, 0, group).unwrap();
        }
        pass(account, 1);
    }

    fn pass(account: &Account, milliseconds: i64) {
        let clock = &account.clock;
        clock.advance_to(later(clock.now(), milliseconds)).unwrap();
    }

    fn bodies(account: &Account, n: usize) -> Vec<String> {
        let received = account.sqs.receive("work", n).unwrap();
        received.into_iter().map(|delivery| delivery.body).collect()
    }

    #[test]
    fn a_quiet_tenants_message_comes_before_the_backlog_of_one_that_takes_long() {
        let account = account();
        queue(&account);
        send(&account, Some("loud"), 8);
        assert_eq!(bodies(&account, 2), ["loud0", "loud1"]);
        pass(&account, 20_000);
        send(&account, Some("quiet"), 2);
        send(&account, None, 1);
        assert_eq!(
            bodies(&account, 4),
            ["quiet0", "quiet1", "-0", "loud2"],
            "nobody is held back when nobody else waits"
        );
    }

    #[test]
    fn many_in_flight_make_a_tenant_noisy_before_any_time_has_passed() {
        for (of_one, of_others, is_noisy) in [
            (29, 0, false),
            (30, 0, true),
            (30, 270, false),
            (30, 269, true),
        ] {
            let loads = Loads {
                by_group: [("loud".to_owned(), (of_one, 0.0))].into(),
                in_flight: of_one + of_others,
                spent: 0.0,
            };
            assert_eq!(
                loads.noisy().count() == 1,
                is_noisy,
                "{of_one} and {of_others}"
            );
        }
    }

    #[test]
    fn of_noisy_tenants_the_one_with_the_fewest_in_flight_is_next() {
        let account = account();
        queue(&account);
        send(&account, Some("a"), 6);
        assert_eq!(bodies(&account, 3), ["a0", "a1", "a2"]);
        send(&account, Some("b"), 6);
        pass(&account, 10_000);
        assert_eq!(bodies(&account, 4), ["b0", "b1", "b2", "b3"]);
        pass(&account, 10_000);
        assert_eq!(bodies(&account, 1), ["a3"]);
    }

    #[test]
    fn a_tenant_whose_backlog_is_gone_is_quiet_again() {
        let account = account();
        let sqs = queue(&account);
        send(&account, Some("a"), 1);
        let first = sqs.receive("work", 1).unwrap().remove(0);
        pass(&account, 30_000);
        sqs.delete("work", &first.receipt).unwrap();
        send(&account, Some("b"), 3);
        let second = sqs.receive("work", 1).unwrap().remove(0);
        pass(&account, 1_000);
        sqs.delete("work", &second.receipt).unwrap();
        // Everything recent was spent on "b", which has a backlog; what "a" took went with its backlog.
        send(&account, Some("a"), 1);
        assert_eq!(bodies(&account, 3), ["a0", "b1", "b2"]);
    }

    #[test]
    fn a_group_is_letters_digits_and_signs() {
        let long = "x".repeat(LONGEST_GROUP);
        for good in ["own_1", "a!~", long.as_str()] {
            assert!(check_group(good).is_ok(), "{good}");
        }
        let too_long = "x".repeat(LONGEST_GROUP + 1);
        for bad in ["", "a b", "ä", "a\n", too_long.as_str()] {
            assert!(
                matches!(check_group(bad), Err(SqsError::Invalid(_))),
                "{bad:?}"
            );
        }
        let account = account();
        assert!(
            queue(&account)
                .send_of_group("work", "m", 0, Some("a b"))
                .is_err()
        );
    }
}
