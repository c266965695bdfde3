//! A workflow in the words of the contract (API section 4).

mod approvals;
mod change;
mod create;
mod deliver;
mod estimate;
mod fields;
mod view;

pub(crate) use change::{CannotChange, Change, change};
pub(crate) use create::{NewWorkflow, Work, create};
pub(crate) use deliver::reveal;
pub(crate) use estimate::{estimate, estimate_run};
pub(crate) use fields::{LONGEST_TAG, MOST_TAGS};
pub(crate) use view::object;

use domain::ids::{PlanId, SessionId};
use domain::planning::ReviewedPlan;
use domain::sealing::Seal;
use domain::session::Session;
use jiff::Timestamp;
use serde_json::Value;

use super::address::Addresses;
use crate::app::Settings;

/// What a request is read against.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) now: Timestamp,
    pub(crate) settings: &'a Settings,
    /// What seals the secrets of webhooks.
    pub(crate) seal: &'a Seal,
    /// The caller's own address.
    pub(crate) email: &'a str,
    /// The plan that `plan_id` names, if there is one.
    pub(crate) reviewed: Option<&'a ReviewedPlan>,
    /// The session that `session_id` names, if there is one.
    pub(crate) session: Option<&'a Session>,
}

impl<'a> Context<'a> {
    fn addresses(&self) -> Addresses<'a> {
        Addresses {
            settings: self.settings,
            own: self.email,
        }
    }
}

/// The plan a request refers to, for loading it before the request is read in full.
#[must_use]
pub(crate) fn plan_id(body: &Value) -> Option<PlanId> {
    PlanId::parse(body.get("plan_id")?.as_str()?).ok()
}

/// The session a request refers to, likewise.
#[must_use]
pub(crate) fn session_id(body: &Value) -> Option<SessionId> {
    SessionId::parse(body.get("session_id")?.as_str()?).ok()
}

#[cfg(test)]
mod tests;
