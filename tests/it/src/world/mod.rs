//! What a journey needs: a running Nightdesk, the account it runs in, and the world outside it.

mod account;
mod model;
mod nightdesk;
mod outside;
mod probe;
mod slow_side;
mod workers;

pub(crate) use account::{Account, Holdings};
pub(crate) use model::{Manner, ModelStub};
pub(crate) use nightdesk::{Door, Nightdesk, Options};
pub(crate) use outside::{Outside, Received};
pub(crate) use probe::{Probe, probe};
pub(crate) use slow_side::SlowSide;
pub(crate) use workers::workers;
