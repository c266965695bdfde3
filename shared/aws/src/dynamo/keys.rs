//! Every key of the table, made here and nowhere else.
//!
//! The owner is the first part of every partition key. The exceptions are look-ups by a hash nobody can
//! guess, and the due index, which is sharded so that no partition of it grows hot.

use domain::allowance::{Allowed, Day};
use domain::ids::{
    ApprovalId, AssessmentId, DeliveryId, DestinationId, ExecutionId, OwnerId, PlanId, PlanningId,
    SessionId, SignInId, SignalId, TokenId, WorkflowId,
};
use domain::quota::Quota;
use domain::slots::SlotKind;
use engine::ports::store::DueItem;
use jiff::Timestamp;

use super::months::{List, Month};

/// How many partitions the due index has.
pub(super) const SHARDS: u32 = 8;

/// A row of a list that is cut by month, under the id it stands for.
fn row(list: List, owner: &OwnerId, id: &str) -> Key {
    key(list.partition(owner, &Month::of_id(id)), id)
}

/// A primary key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) pk: String,
    pub(super) sk: String,
}

fn key(pk: String, sk: impl Into<String>) -> Key {
    Key { pk, sk: sk.into() }
}

pub(super) fn owner(owner: &OwnerId) -> Key {
    key(format!("{owner}#OWNER"), "owner")
}

/// That an owner is being erased.
pub(super) fn erasure(owner: &OwnerId) -> Key {
    key(format!("{owner}#{ERASURE}"), "erasure")
}

const ERASURE: &str = "ERASURE";

pub(super) fn account(owner: &OwnerId) -> Key {
    key(format!("{owner}#CREDITS"), "account")
}

pub(super) fn ledger_entry(owner: &OwnerId, at: Timestamp, what: &str) -> Key {
    key(
        List::Ledger.partition(owner, &Month::at(at)),
        format!("{:015}#{what}", at.as_millisecond()),
    )
}

/// That a commit has set credits aside.
pub(super) fn reservation(owner: &OwnerId, writer: &str) -> Key {
    key(format!("{owner}#CREDITS"), format!("reservation#{writer}"))
}

pub(super) fn token(sha256: &str) -> Key {
    key(format!("TOKEN#{sha256}"), "token")
}

/// The partition of an owner's tokens and of how they are used.
pub(super) fn tokens(owner: &OwnerId) -> String {
    format!("{owner}#TOKENS")
}

pub(super) const TOKEN: &str = "token#";

/// The owner's list of tokens.
pub(super) fn token_row(owner: &OwnerId, id: &TokenId) -> Key {
    key(tokens(owner), format!("{TOKEN}{id}"))
}

/// How often something of the owner's is used.
pub(super) fn uses(owner: &OwnerId, what: &str) -> Key {
    key(tokens(owner), format!("uses#{what}"))
}

/// The beginning of the keys of a token's calls.
pub(super) fn calls(owner: &OwnerId, token: &TokenId) -> Key {
    key(tokens(owner), format!("call#{token}#"))
}

pub(super) fn call(owner: &OwnerId, token: &TokenId, at: Timestamp, request: &str) -> Key {
    let Key { pk, sk } = calls(owner, token);
    key(pk, format!("{sk}{:015}#{request}", at.as_millisecond()))
}

/// How much an owner has used of an allowance on a day.
pub(super) fn allowance(owner: &OwnerId, what: Allowed, day: Day) -> Key {
    let sk = format!("{what}#{:06}", day.number());
    key(format!("{owner}#ALLOWANCE"), sk)
}

/// One use of an allowance.
pub(super) fn allowance_use(owner: &OwnerId, what: Allowed, day: Day, by: &str) -> Key {
    let Key { pk, sk } = allowance(owner, what, day);
    key(pk, format!("{sk}#{by}"))
}

/// A request that may be sent again, by the hash of its key.
pub(super) fn replay(owner: &OwnerId, key_sha256: &str) -> Key {
    key(format!("{owner}#REPLAY#{key_sha256}"), "replay")
}

pub(super) fn sign_in(sha256: &str) -> Key {
    key(format!("SIGNIN#{sha256}"), "sign_in")
}

pub(super) const SIGN_IN: &str = "sign_in#";

/// The owner's list of browsers that are signed in.
pub(super) fn sign_in_row(owner: &OwnerId, id: &SignInId) -> Key {
    key(tokens(owner), format!("{SIGN_IN}{id}"))
}

pub(super) fn link(token_sha256: &str) -> Key {
    key(format!("LINK#{token_sha256}"), "link")
}

/// What an approver's code is checked against, by their folded address.
pub(super) fn code(owner: &OwnerId, id: &ApprovalId, person: &str) -> Key {
    key(approval(owner, id).pk, format!("code#{person}"))
}

/// How many places of a quota an owner has taken.
pub(super) fn places(owner: &OwnerId, quota: Quota) -> Key {
    key(counts(owner), format!("places#{quota}"))
}

fn workflow_pk(owner: &OwnerId, id: &WorkflowId) -> String {
    format!("{owner}#W#{id}")
}

/// The sort key of the workflow itself.
pub(super) const WORKFLOW: &str = "workflow";

/// Which workflow an item is; `None` for another item, or one of a workflow's.
pub(super) fn workflow_of(pk: &str, sk: &str) -> Option<WorkflowId> {
    match due_item(pk)? {
        DueItem::Workflow(_, id) if sk == WORKFLOW => Some(id),
        _ => None,
    }
}

pub(super) fn workflow(owner: &OwnerId, id: &WorkflowId) -> Key {
    key(workflow_pk(owner, id), WORKFLOW)
}

/// A document that is kept as long as the workflow.
pub(super) fn kept(owner: &OwnerId, id: &WorkflowId, kind: &str, sha256: &str) -> Key {
    key(workflow_pk(owner, id), format!("kept#{kind}#{sha256}"))
}

pub(super) fn plan(owner: &OwnerId, id: &WorkflowId, version: u32) -> Key {
    key(workflow_pk(owner, id), format!("plan#{version:06}"))
}

pub(super) fn baseline(owner: &OwnerId, id: &WorkflowId) -> Key {
    key(workflow_pk(owner, id), "baseline")
}

/// What a crawl step keeps for its next crawl.
pub(super) fn visit(owner: &OwnerId, id: &WorkflowId, step: &str) -> Key {
    key(workflow_pk(owner, id), format!("visit#{step}"))
}

/// What an owner has in flight of one kind, and what waits.
pub(super) fn slots(owner: &OwnerId, kind: SlotKind) -> Key {
    key(format!("{owner}#SLOTS"), kind.as_str())
}

/// The turns at a host, by the hash of its name.
pub(super) fn pace(host: &str) -> Key {
    key(
        format!("PACE#{}", domain::digest::of_bytes(host.as_bytes())),
        "pace",
    )
}

pub(super) const OCCURRENCE: &str = "occurrence#";

pub(super) fn occurrence(owner: &OwnerId, id: &WorkflowId, at: Timestamp) -> Key {
    key(
        workflow_pk(owner, id),
        format!("{OCCURRENCE}{:015}", at.as_millisecond()),
    )
}

/// The partition of the owner's list of workflows.
pub(super) fn workflows(owner: &OwnerId) -> String {
    format!("{owner}#WORKFLOWS")
}

pub(super) fn workflow_row(owner: &OwnerId, id: &WorkflowId) -> Key {
    key(workflows(owner), id.as_str())
}

/// The partition of the owner's workflows as they are searched. Short, for every row of it is read at once.
pub(super) fn compact(owner: &OwnerId) -> String {
    format!("{owner}#F")
}

pub(super) fn compact_row(owner: &OwnerId, part: &str, id: &WorkflowId) -> Key {
    let digits = id.as_str().trim_start_matches(WorkflowId::PREFIX);
    key(compact(owner), format!("{part}{digits}"))
}

/// The partition of what is counted for lists.
pub(super) fn counts(owner: &OwnerId) -> String {
    format!("{owner}#COUNTS")
}

/// In which months there are rows of each list.
pub(super) fn months(owner: &OwnerId) -> Key {
    key(counts(owner), "months")
}

/// How many workflows there are of each status.
pub(super) fn workflow_counts(owner: &OwnerId) -> Key {
    key(counts(owner), "workflows")
}

/// How many items an owner's ended runs are counted in.
const TALLIES: u32 = 8;
pub(super) const TALLY: &str = "runs#";

/// How many runs have ended on the days of a month, in one of the owner's tallies.
pub(super) fn tally(owner: &OwnerId, month: &Month, id: &ExecutionId) -> Key {
    key(
        counts(owner),
        format!("{TALLY}{month}#{}", spread(id.as_str(), TALLIES)),
    )
}

/// How many of the workflow's runs have ended on the days of a month.
pub(super) fn workflow_tally(owner: &OwnerId, id: &WorkflowId, month: &Month) -> Key {
    key(workflow_pk(owner, id), format!("{TALLY}{month}"))
}

pub(super) fn execution(owner: &OwnerId, id: &ExecutionId) -> Key {
    key(format!("{owner}#E#{id}"), "execution")
}

/// That a run has taken over outputs of this one.
pub(super) fn rerun(owner: &OwnerId, id: &ExecutionId, by: &ExecutionId) -> Key {
    key(format!("{owner}#E#{id}"), format!("{RERUN}{by}"))
}

pub(super) const RERUN: &str = "rerun#";

pub(super) fn conclusion(owner: &OwnerId, id: &ExecutionId) -> Key {
    key(format!("{owner}#E#{id}"), "conclusion")
}

pub(super) const EVENT: &str = "event#";

pub(super) fn event(owner: &OwnerId, id: &ExecutionId, revision: u64) -> Key {
    key(format!("{owner}#E#{id}"), format!("{EVENT}{revision:08}"))
}

pub(super) fn execution_row(owner: &OwnerId, id: &ExecutionId) -> Key {
    row(List::Executions, owner, id.as_str())
}

pub(super) fn approval(owner: &OwnerId, id: &ApprovalId) -> Key {
    key(format!("{owner}#A#{id}"), "approval")
}

pub(super) fn approval_row(owner: &OwnerId, id: &ApprovalId) -> Key {
    row(List::Approvals, owner, id.as_str())
}

pub(super) fn signal(owner: &OwnerId, id: &SignalId) -> Key {
    key(format!("{owner}#SIG#{id}"), "signal")
}

pub(super) const SIGNAL: &str = "signal#";

/// A workflow's list of its signals.
pub(super) fn signal_row(owner: &OwnerId, workflow: &WorkflowId, id: &SignalId) -> Key {
    key(workflow_pk(owner, workflow), format!("{SIGNAL}{id}"))
}

pub(super) fn delivery(owner: &OwnerId, id: &DeliveryId) -> Key {
    key(format!("{owner}#D#{id}"), "delivery")
}

pub(super) fn delivery_row(owner: &OwnerId, id: &DeliveryId) -> Key {
    row(List::Deliveries, owner, id.as_str())
}

pub(super) fn destination(owner: &OwnerId, id: &DestinationId) -> Key {
    key(format!("{owner}#DST#{id}"), "destination")
}

/// The partition of the owner's sessions: few and small, so the list is the sessions themselves.
pub(super) fn sessions(owner: &OwnerId) -> String {
    format!("{owner}#SESSIONS")
}

pub(super) fn session(owner: &OwnerId, id: &SessionId) -> Key {
    key(sessions(owner), id.as_str())
}

/// A part of what a session remembers, in a partition of its own.
pub(super) fn shelf(owner: &OwnerId, id: &SessionId, number: u8) -> Key {
    key(format!("{owner}#S#{id}#{number:02}"), "shelf")
}

/// What a run added to a session, by its number.
pub(super) fn addition(owner: &OwnerId, id: &SessionId, number: u64) -> Key {
    key(format!("{owner}#S#{id}"), format!("addition#{number:010}"))
}

pub(super) fn planning(owner: &OwnerId, id: &PlanningId) -> Key {
    key(format!("{owner}#P#{id}"), "planning")
}

pub(super) fn reviewed_plan(owner: &OwnerId, id: &PlanId) -> Key {
    key(format!("{owner}#P#{id}"), "plan")
}

/// A goal that a model is asked about.
pub(super) fn question(owner: &OwnerId, id: &AssessmentId) -> Key {
    key(format!("{owner}#ASM#{id}"), "question")
}

pub(super) fn opinion(owner: &OwnerId, id: &AssessmentId) -> Key {
    key(format!("{owner}#ASM#{id}"), "opinion")
}

pub(super) fn output(owner: &OwnerId, sha256: &str) -> Key {
    key(format!("{owner}#O#{sha256}"), "output")
}

/// One of `n` places for a text, always the same.
pub(super) fn spread(text: &str, n: u32) -> u32 {
    // FNV-1a, 32 bits, folded (Fowler, Noll, Vo: the low bits alone are spread badly).
    let hash = text.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    ((hash >> 16) ^ hash) % n
}

/// The due index's partition for an item: by its own key, so that an item never moves.
pub(super) fn shard(pk: &str) -> String {
    format!("DUE#{}", spread(pk, SHARDS))
}

/// What a key of the due index names; `None` for one that is not ours.
pub(super) fn due_item(pk: &str) -> Option<DueItem> {
    let mut parts = pk.split('#');
    let owner = OwnerId::parse(parts.next()?).ok()?;
    let kind = parts.next()?;
    if kind == ERASURE {
        return Some(DueItem::Erasure(owner));
    }
    let id = parts.next()?;
    match kind {
        "E" => ExecutionId::parse(id)
            .ok()
            .map(|id| DueItem::Execution(owner, id)),
        "A" => ApprovalId::parse(id)
            .ok()
            .map(|id| DueItem::Approval(owner, id)),
        "W" => WorkflowId::parse(id)
            .ok()
            .map(|id| DueItem::Workflow(owner, id)),
        "P" => PlanningId::parse(id)
            .ok()
            .map(|id| DueItem::Planning(owner, id)),
        "D" => DeliveryId::parse(id)
            .ok()
            .map(|id| DueItem::Delivery(owner, id)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_follows_from_the_id_whatever_the_id() {
        let month = |id: &str| Month::of_id(id).to_string();
        assert_eq!(month("exe_019a9c5f000070008000000000000000"), "2025-11");
        assert_eq!(month("apr_00000000000000000000000000000007"), "1970-01");
        assert_eq!(month("dlv_ffffffffffffffffffffffffffffffff"), "9999-12");
        for made_up in ["", "exe_", "exe_zz", "ö€ö€ö€ö€ö€ö€"] {
            assert_eq!(month(made_up), "1970-01", "{made_up}");
        }
        let turn: Timestamp = "2026-12-31T23:59:59.999Z".parse().unwrap();
        let uuid = u128::from(turn.as_millisecond().unsigned_abs()) << 80;
        let id = ExecutionId::from_uuid(uuid::Uuid::from_u128(uuid));
        let owner = OwnerId::from_uuid(uuid::Uuid::from_u128(1));
        let key = execution_row(&owner, &id);
        assert_eq!(key.pk, format!("{owner}#EXECUTIONS#2026-12"));
        assert_eq!(Month::at(turn), Month::of_id(id.as_str()));
    }

    #[test]
    fn the_due_index_names_what_it_was_made_from() {
        let owner = OwnerId::from_uuid(uuid::Uuid::from_u128(1));
        let run = ExecutionId::from_uuid(uuid::Uuid::from_u128(2));
        assert_eq!(
            due_item(&execution(&owner, &run).pk),
            Some(DueItem::Execution(owner.clone(), run))
        );
        let job = PlanningId::from_uuid(uuid::Uuid::from_u128(3));
        assert_eq!(
            due_item(&planning(&owner, &job).pk),
            Some(DueItem::Planning(owner.clone(), job))
        );
        let notice = DeliveryId::from_uuid(uuid::Uuid::from_u128(4));
        assert_eq!(
            due_item(&delivery(&owner, &notice).pk),
            Some(DueItem::Delivery(owner, notice))
        );
        let owner = OwnerId::from_uuid(uuid::Uuid::from_u128(1));
        assert_eq!(due_item(&erasure(&owner).pk), Some(DueItem::Erasure(owner)));
        assert_eq!(due_item("TOKEN#x"), None);
    }

    #[test]
    fn shards_are_spread() {
        let shards: std::collections::HashSet<String> = (0..200)
            .map(|i| shard(&format!("own_{i}#E#exe_{i}")))
            .collect();
        assert_eq!(shards.len(), SHARDS as usize);
    }
}
