//! Ids and secrets that follow from a key, so that a request carried out twice makes the same thing.
//!
//! The n-th is an HMAC under the key over n. The key is derived from the client's own token ([`super::seal`]), so nobody
//! can tell an id made this way from a random one, or guess a secret: not with a copy of the table either. Jitter is not derived: two tries need not wait alike.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use engine::ports::Entropy;
use jiff::Timestamp;
use ring::hmac;
use uuid::Uuid;

/// [`Entropy`] from a key.
pub(super) struct Derived {
    key: hmac::Key,
    begun_at: Timestamp,
    made: AtomicU32,
    chance: Arc<dyn Entropy>,
}

impl Derived {
    /// `begun_at` is when the first try began.
    pub(super) fn new(key: hmac::Key, begun_at: Timestamp, chance: &Arc<dyn Entropy>) -> Self {
        Self {
            key,
            begun_at,
            made: AtomicU32::new(0),
            chance: Arc::clone(chance),
        }
    }

    /// The first id: by the house's custom that of what the request makes.
    pub(super) fn first(&self) -> Uuid {
        self.id(0)
    }

    fn bytes(&self, n: u32) -> [u8; 32] {
        let tag = hmac::sign(&self.key, &n.to_be_bytes());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(tag.as_ref());
        bytes
    }

    /// Of the first try's time, whenever it is made: a UUID version 7 is one of a moment.
    fn id(&self, n: u32) -> Uuid {
        let mut random = [0; 10];
        random.copy_from_slice(&self.bytes(n)[..10]);
        let since_1970 = u64::try_from(self.begun_at.as_millisecond()).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(since_1970, &random).into_uuid()
    }

    fn next(&self) -> u32 {
        self.made.fetch_add(1, Ordering::Relaxed)
    }
}

impl Entropy for Derived {
    fn uuid(&self, _: Timestamp) -> Uuid {
        self.id(self.next())
    }

    fn fraction(&self) -> f64 {
        self.chance.fraction()
    }

    fn secret(&self) -> [u8; 32] {
        self.bytes(self.next())
    }
}

#[cfg(test)]
mod tests {
    use engine::memory::SeededEntropy;

    use super::*;

    #[test]
    fn two_tries_of_one_request_make_the_same_and_two_requests_do_not() {
        let chance: Arc<dyn Entropy> = Arc::new(SeededEntropy::default());
        let begun_at = "2026-05-04T08:00:00Z".parse().unwrap();
        let now = "2026-05-04T08:00:20Z".parse().unwrap();
        let derived = |key: u8| {
            let key = hmac::Key::new(hmac::HMAC_SHA256, &[key; 32]);
            Derived::new(key, begun_at, &chance)
        };
        let made = |key| {
            let entropy = derived(key);
            (entropy.uuid(now), entropy.secret(), entropy.uuid(now))
        };
        assert_eq!(made(1), made(1));
        assert_eq!(made(1).0, derived(1).first());
        let (one, two) = (made(1), made(2));
        assert!(one.0 != two.0 && one.0 != one.2 && one.1 != two.1);
        assert_eq!(one.0.get_version_num(), 7);
    }
}
