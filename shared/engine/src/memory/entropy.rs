//! Chance that is the same every time.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU16, Ordering};

use jiff::Timestamp;

use super::lock;
use crate::ports::Entropy;

/// A stream of numbers that follows from its seed. Guessable by anybody: never outside a test.
#[derive(Debug)]
pub struct SeededEntropy {
    state: Mutex<u64>,
    /// How many ids were made.
    made: AtomicU16,
}

impl SeededEntropy {
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self {
            state: Mutex::new(seed),
            made: AtomicU16::new(0),
        }
    }

    /// The next number: `SplitMix64` (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014):
    /// every seed is a good one, and its constants are the paper's.
    pub fn number(&self) -> u64 {
        let mut state = lock(&self.state);
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.number().to_be_bytes()[..chunk.len()]);
        }
        bytes
    }
}

impl Default for SeededEntropy {
    fn default() -> Self {
        Self::new(1)
    }
}

impl Entropy for SeededEntropy {
    /// With a counter after the time (RFC 9562, 6.2, method 1), because a clock that stands still would
    /// otherwise leave the order of what was made to chance.
    fn uuid(&self, now: Timestamp) -> uuid::Uuid {
        let millis = u64::try_from(now.as_millisecond()).unwrap_or_default();
        let count = self.made.fetch_add(1, Ordering::Relaxed) & 0x0fff;
        let mut bytes: [u8; 10] = self.bytes();
        bytes[..2].copy_from_slice(&count.to_be_bytes());
        uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
    }

    fn fraction(&self) -> f64 {
        let [a, b, c, d] = self.bytes();
        f64::from(u32::from_be_bytes([a, b, c, d])) / (f64::from(u32::MAX) + 1.0)
    }

    fn secret(&self) -> [u8; 32] {
        self.bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_says_everything() {
        let now = "2026-05-04T08:00:00Z".parse().unwrap();
        let drawn = |seed| {
            let entropy = SeededEntropy::new(seed);
            let fraction = entropy.fraction();
            assert!((0.0..1.0).contains(&fraction));
            (entropy.uuid(now), entropy.secret(), fraction.to_bits())
        };
        assert_eq!(drawn(7), drawn(7));
        assert_ne!(drawn(7), drawn(8));
        let entropy = SeededEntropy::default();
        let first = entropy.uuid(now);
        assert_ne!(first, entropy.uuid(now));
        assert_eq!(first.get_version_num(), 7);
    }

    #[test]
    fn the_stream_is_the_papers() {
        // The reference implementation's first numbers for the seed 1234567.
        let entropy = SeededEntropy::new(1_234_567);
        assert_eq!(entropy.number(), 6_457_827_717_110_365_317);
        assert_eq!(entropy.number(), 3_203_168_211_198_807_973);
    }
}
