//! The router as a client meets it, over a store of maps.

mod approvals;
mod executions;
mod http;
mod memory;
mod planning;
mod workflows;
mod world;
