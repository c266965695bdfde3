//! The contract's documents: requests read into the domain's types, answers written from them.
//!
//! Everything that comes in is read with [`domain::reader::Object`], so that unknown fields are refused
//! and all faults come at once. Nothing here decides; what may be done is for the routes and the engine.

pub(crate) mod address;
pub(crate) mod approval;
pub(crate) mod assessment;
pub(crate) mod credits;
pub(crate) mod delivery;
pub(crate) mod execution;
pub(crate) mod intent;
pub(crate) mod moment;
pub(crate) mod owner;
pub(crate) mod plan;
pub(crate) mod planning;
pub(crate) mod session;
pub(crate) mod signal;
pub(crate) mod token;
pub(crate) mod tool;
pub(crate) mod workflow;
