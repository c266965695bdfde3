//! The way to the dead letters.
//!
//! A message goes there at the receive after the last permitted one, not at the failure of the last:
//! until someone asks for it again it still lies in its own queue, as in AWS. It keeps its id, body,
//! first send and receive count, and remembers where it came from.

use jiff::Timestamp;
use rusqlite::{Transaction, params};

use super::SqsError;

/// Moves a message from `source` into `dead_letters`, visible at once.
pub(super) fn bury(
    transaction: &Transaction<'_>,
    id: i64,
    source: &str,
    dead_letters: &str,
    now: Timestamp,
) -> Result<(), SqsError> {
    transaction
        .prepare_cached(
            "UPDATE messages SET queue = ?2, source_queue = ?3, visible_at = ?4, receipt = NULL WHERE id = ?1",
        )?
        .execute(params![id, dead_letters, source, now.as_millisecond()])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::clock::later;
    use crate::services::sqs::{QueueSettings, Sqs};
    use crate::services::testing::account;

    fn queues(sqs: &Sqs) {
        let plain = QueueSettings {
            visibility_timeout_s: 30,
            retention_s: 86_400,
            redrive: None,
        };
        sqs.create_queue("dead", plain.clone()).unwrap();
        sqs.create_queue(
            "work",
            QueueSettings {
                redrive: Some(("dead".into(), 2)),
                ..plain
            },
        )
        .unwrap();
    }

    #[test]
    fn the_receive_after_the_last_permitted_one_finds_it_among_the_dead() {
        let account = account();
        let (sqs, clock) = (&account.sqs, &account.clock);
        queues(sqs);
        let id = sqs.send("work", "poison", 0).unwrap();
        for expected in 1..=2 {
            assert_eq!(sqs.receive("work", 10).unwrap()[0].receive_count, expected);
            clock.advance_to(later(clock.now(), 30_000)).unwrap();
        }
        assert_eq!(
            sqs.visible_now().unwrap(),
            1,
            "still in its own queue until asked for"
        );
        assert!(sqs.receive("work", 10).unwrap().is_empty());
        assert_eq!(
            sqs.visible_now().unwrap(),
            0,
            "the dead letters do not count"
        );
        let dead = sqs.receive("dead", 10).unwrap();
        assert_eq!(
            (dead[0].message_id.as_str(), dead[0].body.as_str()),
            (id.as_str(), "poison")
        );
        assert_eq!(
            dead[0].attributes["DeadLetterQueueSourceArn"],
            "arn:aws:sqs:us-east-1:000000000000:work"
        );
    }
}
