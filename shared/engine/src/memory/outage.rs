//! When a port in memory does not answer, because a test says so.

/// Calls that fail before anything has happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Outage {
    /// Every call fails until this is taken back.
    pub(super) down: bool,
    /// How many of the next calls fail.
    pub(super) next: u32,
}

/// What the error of a failed call says.
pub(super) const REASON: &str = "connection refused 10.0.0.7:8000";

impl Outage {
    /// Whether this call fails.
    pub(super) fn strikes(&mut self) -> bool {
        let struck = self.down || self.next > 0;
        self.next = self.next.saturating_sub(1);
        struck
    }
}
