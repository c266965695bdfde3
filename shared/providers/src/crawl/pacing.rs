//! How often a host is called, and the pace of one process alone.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use domain::pacing::{Pace, Turn};
use domain::robots::Robots;
use engine::ports::{Clock, Pacing, StoreError, TurnRequest};
use jiff::Timestamp;

/// Where a site does not say how often: ten pages at once, as a reader opening a few tabs, then one a
/// second.
const USUAL: Pace = Pace {
    gap: Duration::from_secs(1),
    burst: 10,
};

/// The most hosts remembered by one process.
const MOST_HOSTS: usize = 4_096;

/// The pace a site asks of `agent`. `Crawl-delay` is not in RFC 9309, but many sites state it; one that
/// asks for less than we would leave anyway is left as much.
pub(super) fn asked_by(robots: &Robots, agent: &str) -> Pace {
    match robots.crawl_delay(agent) {
        Some(gap) if gap > USUAL.gap => Pace { gap, burst: 1 },
        Some(_) | None => USUAL,
    }
}

/// Turns within this process: for tools that run alone, and when the shared store does not answer.
#[derive(Debug, Default)]
pub struct ProcessPacing {
    next: Mutex<HashMap<String, i64>>,
}

impl ProcessPacing {
    fn change<T>(&self, change: impl FnOnce(&mut HashMap<String, i64>) -> T) -> T {
        // What another thread left half done is one number of one host.
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut next)
    }
}

#[async_trait]
impl Pacing for ProcessPacing {
    async fn turn(&self, request: TurnRequest<'_>) -> Result<Turn, StoreError> {
        let now = request.now.as_millisecond();
        Ok(self.change(|hosts| {
            if hosts.len() >= MOST_HOSTS {
                // Those that have rested long enough have no history.
                hosts.retain(|_, next| *next > now);
            }
            let stored = hosts.get(request.host).copied();
            let (turn, next) = request.pace.take(stored, now, request.patience);
            if let Some(next) = next {
                hosts.insert(request.host.to_owned(), next);
            }
            turn
        }))
    }

    async fn hold(&self, host: &str, until: Timestamp) -> Result<(), StoreError> {
        let until = until.as_millisecond();
        self.change(|hosts| {
            let next = hosts.entry(host.to_owned()).or_insert(until);
            *next = until.max(*next);
        });
        Ok(())
    }
}

/// The clock of the machine.
#[derive(Debug, Clone, Copy)]
pub(super) struct MachineClock;

impl Clock for MachineClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
