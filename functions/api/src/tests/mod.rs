//! The router as a client meets it, over the ports in memory.

mod approvals;
mod executions;
mod http;
mod planning;
mod workflows;
mod world;
