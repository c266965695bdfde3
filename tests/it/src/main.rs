//! The one integration test binary.
//!
//! - `journeys`: stories through the door, with real processes: a person, a mail, a click.
//! - `contracts`: one suite over every implementation of a port.
//! - `law`: the house rules, as tests.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod contracts;
mod journeys;
mod law;
mod world;
