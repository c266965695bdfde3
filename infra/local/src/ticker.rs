//! Real time passing: fires schedules and serves rates when their moment comes.
//!
//! Queues need no ticker, their waiters sleep until a message's time. Neither does a jump of the
//! clock, which does the same work itself ([`crate::jump`]); the two take turns.

use std::sync::Arc;
use std::time::Duration;

use crate::system::{System, SystemError};

/// How soon a schedule is noticed that was made or changed meanwhile. AWS promises a minute.
const NOTICE: Duration = Duration::from_secs(1);
/// How often idle instances are looked at.
const REAP_EVERY: Duration = Duration::from_secs(5);

/// Ticks for as long as the host runs.
pub(crate) async fn run(system: Arc<System>) {
    loop {
        if let Err(error) = tick(&system).await {
            tracing::error!(%error, "schedules could not be fired; trying again");
        }
        let next = system.next_sweep(system.clock.now());
        tokio::select! {
            () = tokio::time::sleep(NOTICE) => {}
            () = async { match next {
                Some(next) => system.clock.sleep_until(next).await,
                None => std::future::pending().await,
            } } => {}
        }
    }
}

async fn tick(system: &Arc<System>) -> Result<(), SystemError> {
    let _turn = system.turn.lock().await;
    let now = system.clock.now();
    system.scheduler.fire_due(now, &system.sqs)?;
    system.expiry.hourly(now).await?;
    let round = system.take_round(now);
    if !round.is_empty() {
        // A slow sweep must not hold up the schedules; counted as work before the turn ends.
        let busy = system.activity.begin();
        let sweeping = system.clone();
        tokio::spawn(async move {
            sweeping.sweep(round, now).await;
            drop(busy);
        });
    }
    Ok(())
}

/// Reaps idle instances for as long as the host runs.
pub(crate) async fn reap(system: Arc<System>) {
    loop {
        tokio::time::sleep(REAP_EVERY).await;
        system.functions.reap();
    }
}
