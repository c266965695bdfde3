//! Stories through the door, with real processes.

mod approval;
mod attacks;
mod bad_inputs;
mod chaos;
mod cost;
mod credits;
mod delivery;
mod execution;
mod idempotency;
mod patrol;
#[cfg(target_os = "linux")]
mod probe;
mod readme;
mod scale;
mod session;
mod survival;
mod tenants;
