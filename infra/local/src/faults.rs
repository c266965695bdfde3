//! Makes the infrastructure as unkind as AWS may be (`POST /_local/faults`).
//!
//! The dice are a small deterministic generator seeded by the request, so a run that found a mistake
//! can be asked for again. With several clients at once the order in which they throw is theirs, so
//! the seed fixes the sequence of throws, not who gets which.
//!
//! | setting | what it does | where |
//! |---|---|---|
//! | `duplicate_deliveries` | every message is delivered a second time, at once or within a second | SQS |
//! | `drop_sends` | a message is accepted and never seen again | SQS, also fires of schedules |
//! | `lost_acks` | a write happens and its answer is a 500 or a closed connection | DynamoDB, SQS, Scheduler |
//! | `throttle` | a request is refused before anything happens | all |
//! | `throttle_items` | a transaction is cancelled because one of its items is written too often | DynamoDB |
//! | `throttle_mail` | a mail is refused because too many were sent | SES |
//!
//! A mail whose answer is lost is left out of `lost_acks`: SES has no idempotency token, so a test
//! could not tell the unavoidable second mail from a mistake.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

/// The body of `POST /_local/faults`. What is absent is off.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct FaultSettings {
    /// Deliver every message twice.
    pub(crate) duplicate_deliveries: bool,
    /// Probability, 0 to 1, that an accepted message is lost.
    pub(crate) drop_sends: f64,
    /// Probability, 0 to 1, that a write happens but its answer is lost.
    pub(crate) lost_acks: f64,
    /// Probability, 0 to 1, that a request is refused as one too many.
    pub(crate) throttle: f64,
    /// Probability, 0 to 1, that a transaction is cancelled for one of its items: the only kind of throttling that an
    /// AWS SDK does not repeat by itself.
    pub(crate) throttle_items: f64,
    /// Probability, 0 to 1, that the mail service takes no mail, beside `throttle`.
    pub(crate) throttle_mail: f64,
    /// Where the dice start.
    pub(crate) seed: u64,
}

/// A probability outside 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is a probability from 0 to 1")]
pub(crate) struct NotAProbability(pub(crate) &'static str);

/// How an answer gets lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LostAnswer {
    /// The client reads an internal error.
    InternalError,
    /// The client finds the connection closed.
    ClosedConnection,
}

/// The settings in force and the dice.
#[derive(Default)]
pub(crate) struct Faults {
    inner: Mutex<(FaultSettings, Dice)>,
}

impl Faults {
    /// Puts `settings` in force and starts the dice at their seed.
    ///
    /// # Errors
    /// When a probability is not between 0 and 1; then nothing changes.
    pub(crate) fn set(&self, settings: FaultSettings) -> Result<(), NotAProbability> {
        for (name, value) in [
            ("drop_sends", settings.drop_sends),
            ("lost_acks", settings.lost_acks),
            ("throttle", settings.throttle),
            ("throttle_items", settings.throttle_items),
            ("throttle_mail", settings.throttle_mail),
        ] {
            if !(0.0..=1.0).contains(&value) {
                return Err(NotAProbability(name));
            }
        }
        *self.inner() = (settings, Dice(settings.seed));
        Ok(())
    }

    /// The settings in force.
    #[must_use]
    pub(crate) fn settings(&self) -> FaultSettings {
        self.inner().0
    }

    /// Shall this request be refused before anything happens?
    pub(crate) fn throttles(&self) -> bool {
        self.throw(|settings| settings.throttle)
    }

    /// Shall this transaction be cancelled for one of its items?
    pub(crate) fn throttles_item(&self) -> bool {
        self.throw(|settings| settings.throttle_items)
    }

    /// Shall this mail be refused as one too many?
    pub(crate) fn throttles_mail(&self) -> bool {
        self.throw(|settings| settings.throttle_mail)
    }

    /// Shall this accepted message be lost?
    pub(crate) fn drops_send(&self) -> bool {
        self.throw(|settings| settings.drop_sends)
    }

    /// Shall the answer to this write be lost, and how?
    pub(crate) fn loses_answer(&self) -> Option<LostAnswer> {
        self.throw(|settings| settings.lost_acks)
            .then(|| match self.one_of(2) {
                0 => LostAnswer::InternalError,
                _ => LostAnswer::ClosedConnection,
            })
    }

    /// Shall this message come a second time, and after how many milliseconds?
    pub(crate) fn doubles_delivery(&self) -> Option<i64> {
        let mut inner = self.inner();
        inner.0.duplicate_deliveries.then(|| {
            // Half of them at once, to meet the first one at work; the others after it is done. Never in
            // the same millisecond: two copies in one batch is a fault of its own, which SQS does not have.
            let throw = inner.1.next();
            if throw.is_multiple_of(2) {
                1
            } else {
                200 + i64::try_from(throw % 800).unwrap_or(0)
            }
        })
    }

    /// A number below `sides`, for choosing among kinds of one fault.
    pub(crate) fn one_of(&self, sides: u64) -> u64 {
        self.inner().1.next() % sides.max(1)
    }

    /// Throws only when there is something to decide: switching one fault on does not shift another's
    /// sequence by throws that could not have hit.
    fn throw(&self, probability: impl FnOnce(&FaultSettings) -> f64) -> bool {
        let mut inner = self.inner();
        let probability = probability(&inner.0);
        probability > 0.0 && inner.1.unit() < probability
    }

    fn inner(&self) -> MutexGuard<'_, (FaultSettings, Dice)> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The `SplitMix64` generator: eight bytes of state, every seed is a good one.
#[derive(Default)]
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Uniform in 0 to 1, 1 excluded: the 53 bits a double can hold.
    #[expect(
        clippy::cast_precision_loss,
        reason = "53 bits are exactly what a double holds"
    )]
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn throws(seed: u64) -> Vec<bool> {
        let faults = Faults::default();
        faults
            .set(FaultSettings {
                throttle: 0.3,
                seed,
                ..FaultSettings::default()
            })
            .unwrap();
        (0..1_000).map(|_| faults.throttles()).collect()
    }

    #[test]
    fn the_seed_decides() {
        assert_eq!(throws(7), throws(7));
        assert_ne!(throws(7), throws(8));
        let hits = throws(7).into_iter().filter(|hit| *hit).count();
        assert!((250..350).contains(&hits), "{hits} of 1,000 at 0.3");
    }

    #[test]
    fn off_is_off_and_one_is_always() {
        let faults = Faults::default();
        assert!(!faults.throttles() && !faults.drops_send() && faults.loses_answer().is_none());
        faults
            .set(FaultSettings {
                drop_sends: 1.0,
                ..FaultSettings::default()
            })
            .unwrap();
        assert!((0..100).all(|_| faults.drops_send()));
    }

    #[test]
    fn what_is_no_probability_is_refused() {
        let faults = Faults::default();
        for lost_acks in [-0.1, 1.1, f64::NAN] {
            assert_eq!(
                faults.set(FaultSettings {
                    lost_acks,
                    ..FaultSettings::default()
                }),
                Err(NotAProbability("lost_acks"))
            );
        }
        assert!(serde_json::from_str::<FaultSettings>(r#"{"drop_send": 1}"#).is_err());
    }
}
