//! Time and chance as the machine has them.
//!
//! The seam: a laptop's host moves time by putting `{"custom": {"nightdesk_clock_offset_ms": "…"}}` into
//! `Lambda-Runtime-Client-Context` of every invocation. It is honoured only where the environment says
//! `NIGHTDESK_CLOCK=runtime-header`, which the template does not: in AWS time is the machine's.
//! Signatures are not ours to date: they use real time.

use std::sync::atomic::{AtomicI64, Ordering};

use engine::ports::{Clock, Entropy};
use jiff::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};

/// The custom property that carries the offset.
const OFFSET: &str = "nightdesk_clock_offset_ms";

/// The machine's clock, moved by the seam where that is allowed.
#[derive(Debug)]
pub struct RuntimeClock {
    offset_ms: AtomicI64,
    movable: bool,
}

impl RuntimeClock {
    /// A clock that the runtime's header may move, or one that nothing moves.
    #[must_use]
    pub fn new(movable: bool) -> Self {
        Self {
            offset_ms: AtomicI64::new(0),
            movable,
        }
    }

    /// Takes the offset of one invocation.
    pub fn observe(&self, context: &lambda_runtime::Context) {
        if !self.movable {
            return;
        }
        let offset = context
            .client_context
            .as_ref()
            .and_then(|client| client.custom.get(OFFSET)?.parse().ok());
        if let Some(offset) = offset {
            self.offset_ms.store(offset, Ordering::Relaxed);
        }
    }

    /// Moves a clock that may be moved, as the header of an invocation would: for tests of adapters.
    pub fn move_to(&self, at: Timestamp) {
        if self.movable {
            let offset = at.as_millisecond() - Timestamp::now().as_millisecond();
            self.offset_ms.store(offset, Ordering::Relaxed);
        }
    }
}

impl Clock for RuntimeClock {
    fn now(&self) -> Timestamp {
        let real = Timestamp::now().as_millisecond();
        Timestamp::from_millisecond(real.saturating_add(self.offset_ms.load(Ordering::Relaxed)))
            .unwrap_or(Timestamp::MAX)
    }
}

/// The operating system's randomness.
#[derive(Debug)]
pub struct SystemEntropy {
    random: SystemRandom,
}

impl Default for SystemEntropy {
    fn default() -> Self {
        Self {
            random: SystemRandom::new(),
        }
    }
}

impl SystemEntropy {
    fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.random
            .fill(&mut bytes)
            .expect("the operating system gives random bytes");
        bytes
    }
}

impl Entropy for SystemEntropy {
    fn uuid(&self, now: Timestamp) -> uuid::Uuid {
        let millis = u64::try_from(now.as_millisecond()).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(millis, &self.bytes()).into_uuid()
    }

    fn fraction(&self) -> f64 {
        f64::from(u32::from_be_bytes(self.bytes())) / (f64::from(u32::MAX) + 1.0)
    }

    fn secret(&self) -> [u8; 32] {
        self.bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(offset: &str) -> lambda_runtime::Context {
        let client = format!(
            r#"{{"client":{{"installationId":"","appTitle":"","appVersionName":"","appVersionCode":"","appPackageName":""}},"custom":{{"{OFFSET}":"{offset}"}}}}"#
        );
        let mut headers = http::HeaderMap::new();
        headers.insert(
            "lambda-runtime-deadline-ms",
            http::HeaderValue::from_static("0"),
        );
        headers.insert("lambda-runtime-client-context", client.parse().unwrap());
        lambda_runtime::Context::new("id", std::sync::Arc::default(), &headers).unwrap()
    }

    #[test]
    fn the_header_moves_only_a_clock_that_may_be_moved() {
        let fixed = RuntimeClock::new(false);
        fixed.observe(&context("86400000"));
        assert!(fixed.now().duration_since(Timestamp::now()).as_secs().abs() < 5);
        let movable = RuntimeClock::new(true);
        movable.observe(&context("86400000"));
        assert!((movable.now().duration_since(Timestamp::now()).as_secs() - 86_400).abs() < 5);
        movable.observe(&context("nonsense"));
        assert!((movable.now().duration_since(Timestamp::now()).as_secs() - 86_400).abs() < 5);
    }

    #[test]
    fn ids_sort_by_time() {
        let entropy = SystemEntropy::default();
        let early = entropy.uuid("2026-05-04T08:00:00Z".parse().unwrap());
        let late = entropy.uuid("2026-05-04T08:00:01Z".parse().unwrap());
        assert!(early < late);
        assert!((0.0..1.0).contains(&entropy.fraction()));
    }
}
