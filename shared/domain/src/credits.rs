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

/// What judging a condition costs: 1 when it is in natural language (API section 3).
#[must_use]
pub fn judging_price(condition: &StopCondition) -> u32 {
    u32::from(condition.needs_model())
}

/// What one run of `plan` costs at most: its steps, at least 1, and what judging the condition costs. The step of a
/// simple run is always 1 (API section 3).
#[must_use]
pub fn price(plan: &Plan, simple: bool, condition: &StopCondition) -> u32 {
    let judging = judging_price(condition);
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
    fn all_that_is_there_can_be_set_aside_and_not_one_more() {
        let account = Account {
            balance: Some(3),
            reserved: 1,
        };
        assert_eq!(account.available(), Some(2));
        assert_eq!(account.reserve(2).unwrap().available(), Some(0));
        assert!(account.reserve(3).is_err());
        assert!(account.is_limited() && !Account::default().is_limited());
    }

    #[test]
    fn no_more_is_charged_than_was_set_aside() {
        let account = Account {
            balance: Some(10),
            reserved: 4,
        };
        let settled = account.settle(3, 5);
        assert_eq!((settled.balance, settled.reserved), (Some(7), 1));
    }

    #[test]
    fn the_ledger_has_one_entry_a_purpose_signed_and_named() {
        let at = Timestamp::UNIX_EPOCH;
        let id = |n| uuid::Uuid::from_u128(n);
        let execution = ExecutionId::from_uuid(id(1));
        let (planning, plan) = (PlanningId::from_uuid(id(2)), PlanId::from_uuid(id(3)));
        let run = Purpose::Execution(execution.clone());
        let job = Purpose::Planning(planning.clone(), Some(plan.clone()));
        assert_eq!(run.key(), execution.as_str());
        assert_eq!(job.key(), planning.as_str());
        let grant = LedgerEntry::grant(50, at);
        assert_eq!((grant.amount, grant.kind), (50, LedgerKind::Grant));
        let charge = LedgerEntry::charge(7, &run, at);
        assert_eq!((charge.amount, charge.kind), (-7, LedgerKind::Charge));
        assert_eq!(
            (charge.execution_id, charge.plan_id),
            (Some(execution), None)
        );
        let charge = LedgerEntry::charge(30, &job, at);
        assert_eq!((charge.execution_id, charge.plan_id), (None, Some(plan)));
    }

    #[test]
    fn a_run_costs_its_steps_and_its_judging() {
        let steps = serde_json::json!([
            {"id": "find", "type": "search", "config": {"query": "x"}},
            {"id": "read", "type": "crawl", "config": {"urls": ["https://a.example/"], "max_pages": 11}},
        ]);
        let plan = Plan::read(&steps, "/steps", &crate::egress::EgressRule::public_only()).unwrap();
        let condition = |value: serde_json::Value| StopCondition::read(&value, "").unwrap();
        let always = condition(serde_json::json!({"type": "always"}));
        let said = condition(
            serde_json::json!({"type": "natural_language", "description": "the price falls below 10 euros"}),
        );
        assert_eq!((judging_price(&always), judging_price(&said)), (0, 1));
        assert_eq!(
            (price(&plan, false, &always), price(&plan, false, &said)),
            (3, 4)
        );
        assert_eq!(
            (price(&plan, true, &always), price(&plan, true, &said)),
            (1, 2)
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
