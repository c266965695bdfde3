//! What a journey needs: a running Nightdesk, and the world outside it.

mod nightdesk;
mod outside;

pub(crate) use nightdesk::{Nightdesk, Options};
pub(crate) use outside::Outside;
