//! Credits: what a run, or planning by a model, may cost: set aside before it starts and settled once when it ends.
//!
//! An account without a grant is unlimited (the self-hosted default): nothing is set aside, charged or
//! refused, and what its runs cost is shown with the runs. From the first grant on, available = balance − reserved,
//! never below zero under any interleaving (promise 11); the store makes each of these steps one conditional
//! write. What began before the first grant stays free: charging it could take more than was granted.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{ExecutionId, PlanId, PlanningId};
use crate::plan::Plan;
use crate::stop_condition::StopCondition;
use crate::words::words;

words! {
    /// Why the balance changed.
    LedgerKind { Grant = "grant", Charge = "charge", Refund = "refund" }
}

/// An owner's credits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Account {
    /// `None`: unlimited.
    pub balance: Option<i64>,
    /// Set aside for runs and plannings that have not ended.
    pub reserved: i64,
}

/// Too little for a run or a planning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{required} credits are needed and {available} are available")]
pub struct InsufficientCredits {
    pub required: i64,
    pub available: i64,
}

/// One change of the balance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerEntry {
    pub at: Timestamp,
    /// Signed: a charge is negative.
    pub amount: i64,
    pub kind: LedgerKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_id: Option<ExecutionId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_id: Option<PlanId>,
}

/// What credits are set aside for, and charged for in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    Execution(ExecutionId),
    /// A planning job, and the plan it came to: without one nothing is charged.
    Planning(PlanningId, Option<PlanId>),
}

impl Purpose {
    /// What names its one entry in the ledger.
    #[must_use]
    pub fn key(&self) -> &str {
        match self {
            Self::Execution(id) => id.as_str(),
            Self::Planning(id, _) => id.as_str(),
        }
    }
}

impl LedgerEntry {
    /// What was given.
    #[must_use]
    pub fn grant(amount: u32, at: Timestamp) -> Self {
        Self {
            at,
            amount: amount.into(),
            kind: LedgerKind::Grant,
            execution_id: None,
            plan_id: None,
        }
    }

    /// What was charged for a purpose.
    #[must_use]
    pub fn charge(consumed: u32, purpose: &Purpose, at: Timestamp) -> Self {
        let (execution_id, plan_id) = match purpose {
            Purpose::Execution(id) => (Some(id.clone()), None),
            Purpose::Planning(_, plan) => (None, plan.clone()),
        };
        Self {
            at,
            amount: -i64::from(consumed),
            kind: LedgerKind::Charge,
            execution_id,
            plan_id,
        }
    }
}

impl Account {
    /// Whether a grant has been made: only then is anything set aside or charged.
    #[must_use]
    pub fn is_limited(&self) -> bool {
        self.balance.is_some()
    }

    /// What a new run may use; `None`: without limit.
    #[must_use]
    pub fn available(&self) -> Option<i64> {
        self.balance.map(|balance| balance - self.reserved)
    }

    /// Sets `amount` aside.
    ///
    /// # Errors
    /// Less is available.
    pub fn reserve(&self, amount: u32) -> Result<Self, InsufficientCredits> {
        let required = i64::from(amount);
        match self.available() {
            Some(available) if available < required => Err(InsufficientCredits {
                required,
                available,
            }),
            Some(_) | None => Ok(Self {
                reserved: self.reserved + required,
                ..*self
            }),
        }
    }

    /// Ends a reservation: `consumed` of `reserved` is charged, the rest is free again.
    #[must_use]
    pub fn settle(&self, reserved: u32, consumed: u32) -> Self {
        Self {
            balance: self
                .balance
                .map(|balance| balance - i64::from(consumed.min(reserved))),
            reserved: self.reserved - i64::from(reserved),
        }
    }
}

/// What one run of `plan` costs at most: its steps, at least 1, and 1 for a condition a model judges. A
/// simple run is always 1 (API section 3).
#[must_use]
pub fn price(plan: &Plan, simple: bool, condition: &StopCondition) -> u32 {
    let judging = u32::from(condition.needs_model());
    if simple {
        1 + judging
    } else {
        plan.most_credits() + judging
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_aside_cannot_be_set_aside_twice() {
        let account = Account {
            balance: Some(3),
            reserved: 0,
        };
        let one = account.reserve(2).unwrap();
        assert_eq!(
            one.reserve(2),
            Err(InsufficientCredits {
                required: 2,
                available: 1
            })
        );
        assert_eq!(
            one.settle(2, 1),
            Account {
                balance: Some(2),
                reserved: 0
            }
        );
    }

    #[test]
    fn without_a_grant_nothing_is_refused() {
        let account = Account::default();
        assert_eq!(
            account.reserve(1000).unwrap().settle(1000, 7),
            Account {
                balance: None,
                reserved: 0
            }
        );
    }
}
