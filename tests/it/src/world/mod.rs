//! What a journey needs: a running Nightdesk, and the world outside it.

mod nightdesk;
mod outside;

pub(crate) use nightdesk::{Door, Nightdesk, Options};
pub(crate) use outside::Outside;
