//! The router as a client meets it, over the ports in memory.

mod approvals;
mod conformance;
mod executions;
mod http;
mod notices;
mod permissions;
mod planning;
mod replays;
mod sessions;
mod sign_ins;
mod tokens;
mod workflows;
pub(crate) mod world;
