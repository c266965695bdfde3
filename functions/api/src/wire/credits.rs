//! An owner's credits and where they went (API section 7).

use domain::credits::{Account, LedgerEntry};
use serde_json::{Value, json};

use crate::wire::moment::moment;

fn entry(entry: &LedgerEntry) -> Value {
    let mut shown = json!(entry);
    shown["at"] = moment(entry.at);
    shown
}

/// The account with its ledger, newest first. `balance` and `available` are null without a grant: unlimited.
pub(crate) fn object(account: &Account, ledger: &[LedgerEntry]) -> Value {
    json!({
        "balance": account.balance,
        "reserved": account.reserved,
        "available": account.available(),
        "ledger": ledger.iter().map(entry).collect::<Value>(),
    })
}
