//! Time and chance, so that a test can hold both still.

use jiff::Timestamp;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Now, to the millisecond: what is stored must come back equal.
    fn now(&self) -> Timestamp;
}

/// Gives what must not be guessed or repeated.
pub trait Entropy: Send + Sync {
    /// A UUID version 7 (RFC 9562) made at `now`.
    fn uuid(&self, now: Timestamp) -> uuid::Uuid;
    /// A number in `[0, 1)`, for jitter.
    fn fraction(&self) -> f64;
    /// Secret bytes, for tokens.
    fn secret(&self) -> [u8; 32];
}
