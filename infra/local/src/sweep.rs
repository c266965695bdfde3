//! Functions with a rate: the sweeper, once a minute of the system's time.
//!
//! In AWS a rate counts from the moment the schedule was made. Here it falls on whole multiples of
//! itself (the full minute), so that two runs of a test sweep at the same instants.

use std::time::Duration;

use axum::body::Bytes;
use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use crate::system::System;
use crate::topology::{ACCOUNT, REGION, STACK};

impl System {
    /// When a rate is served next, `from` at the earliest and always after the last time.
    pub(crate) fn next_sweep(&self, from: Timestamp) -> Option<Timestamp> {
        let swept = self.swept();
        self.sweepers
            .iter()
            .map(|(_, every)| boundary_after(swept, *every).max(boundary_from(from, *every)))
            .min()
    }

    /// The functions whose rate has come round by `now`. They count as served from here on.
    pub(crate) fn take_round(&self, now: Timestamp) -> Vec<String> {
        let swept = self.swept();
        let come_round = self
            .sweepers
            .iter()
            .filter(|(_, every)| boundary_after(swept, *every) <= now);
        let round = come_round.map(|(function, _)| function.clone()).collect();
        self.set_swept(now);
        round
    }

    /// Every function with a rate, whatever the time. They count as served from here on.
    pub(crate) fn take_all(&self, now: Timestamp) -> Vec<String> {
        self.set_swept(now);
        self.sweepers
            .iter()
            .map(|(function, _)| function.clone())
            .collect()
    }

    /// Invokes these functions one after another.
    pub(crate) async fn sweep(&self, round: Vec<String>, now: Timestamp) {
        let _busy = self.activity.begin();
        for function in round {
            // No retry: the template asks for none, the next minute is the retry.
            if let Err(error) = self
                .functions
                .invoke(&function, event(&function, now))
                .await
            {
                tracing::warn!(%error, %function, "a sweep failed");
            }
        }
    }
}

/// The event EventBridge Scheduler sends when a target has no input of its own.
fn event(function: &str, now: Timestamp) -> Bytes {
    let event = json!({
        "version": "0",
        "id": Uuid::now_v7().to_string(),
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": ACCOUNT,
        "time": now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "region": REGION,
        "resources": [format!("arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/{STACK}-{function}")],
        "detail": "{}",
    });
    Bytes::from(event.to_string())
}

/// The first multiple of `every` since 1970 that lies after `time`.
fn boundary_after(time: Timestamp, every: Duration) -> Timestamp {
    let every = i64::try_from(every.as_millis()).unwrap_or(i64::MAX).max(1);
    let past = time.as_millisecond().div_euclid(every);
    let next = past
        .checked_add(1)
        .and_then(|count| count.checked_mul(every));
    next.and_then(|millisecond| Timestamp::from_millisecond(millisecond).ok())
        .unwrap_or(Timestamp::MAX)
}

/// The first multiple of `every` since 1970 that is not before `time`.
fn boundary_from(time: Timestamp, every: Duration) -> Timestamp {
    boundary_after(
        time.checked_sub(Duration::from_nanos(1)).unwrap_or(time),
        every,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_fall_on_their_own_multiples() {
        let minute = Duration::from_secs(60);
        let at = |text: &str| text.parse::<Timestamp>().expect("a time");
        assert_eq!(
            boundary_after(at("2026-11-21T12:00:00Z"), minute),
            at("2026-11-21T12:01:00Z")
        );
        assert_eq!(
            boundary_after(at("2026-11-21T11:59:59.999Z"), minute),
            at("2026-11-21T12:00:00Z")
        );
        assert_eq!(
            boundary_from(at("2026-11-21T12:00:00Z"), minute),
            at("2026-11-21T12:00:00Z")
        );
        assert_eq!(
            boundary_from(at("2026-11-21T12:00:00.001Z"), minute),
            at("2026-11-21T12:01:00Z")
        );
    }

    #[test]
    fn the_event_says_when() {
        let event: serde_json::Value =
            serde_json::from_slice(&event("sweeper", Timestamp::UNIX_EPOCH)).expect("JSON");
        assert_eq!(event["time"], "1970-01-01T00:00:00Z");
        assert_eq!(event["source"], "aws.scheduler");
    }
}
