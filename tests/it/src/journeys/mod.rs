//! Stories through the door, with real processes.

mod approval;
mod bad_inputs;
mod chaos;
mod cost;
mod credits;
mod delivery;
mod execution;
mod idempotency;
mod patrol;
mod readme;
mod scale;
mod survival;
mod tenants;
