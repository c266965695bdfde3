//! The promises of DESIGN.md, asked of every commit and of everything that goes out, from outside of the engine.
//!
//! The oracle sees what is really written, in order, and who writes it. It keeps its own account of runs, approvals and
//! credits and believes no document about itself: an event must lead from the state before to the state stored, what
//! goes out must be what was approved when it was approved, credits set aside must be those of the runs that are open.

mod ending;
mod news;

use std::collections::{BTreeMap, BTreeSet};

use domain::approval::{Approval, ApprovalStatus, Draft};
use domain::credits::Purpose;
use domain::delivery::{Delivery, DeliveryStatus};
use domain::digest;
use domain::execution::{Event, Execution, Resolution, StepState, apply};
use domain::ids::{ApprovalId, DeliveryId, ExecutionId};
use domain::text::folded_address;
use engine::memory::{MemoryStore, at_once};
use engine::ports::store::EventRecord;
use engine::ports::{Commit, Mail, Post, Store as _, Write};
use jiff::Timestamp;

use crate::fault::Role;
use crate::ground::Control;
use crate::workflows::{OWNER, owner_id};

/// A run as it was committed last.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) first: Execution,
    pub(crate) run: Execution,
    /// When something happened to it that is more than a nudge, in milliseconds since the beginning.
    pub(crate) moved_ms: u64,
}

/// A draft as it was when it was approved.
#[derive(Debug, Clone)]
struct Approved {
    execution: ExecutionId,
    step: String,
    sha256: String,
    draft: Draft,
}

/// What went out for one step of one run.
#[derive(Debug, Clone, Default)]
struct Out {
    /// Keys with the bytes that went out under them.
    posts: BTreeSet<(String, Vec<u8>)>,
    mails: u32,
}

#[derive(Debug, Default)]
pub(crate) struct Oracle {
    pub(crate) runs: BTreeMap<ExecutionId, Known>,
    pub(crate) approvals: BTreeMap<ApprovalId, Approval>,
    pub(crate) deliveries: BTreeMap<DeliveryId, Delivery>,
    approved: Vec<Approved>,
    out: BTreeMap<(ExecutionId, String), Out>,
    /// How often a person said that an effect did not happen and is to be tried again.
    retried: BTreeMap<(ExecutionId, String), u32>,
    writers: BTreeSet<String>,
    /// What credits were settled for, by its key.
    settled: BTreeSet<String>,
    /// What has been new to the session of all workflows, and how much it remembers.
    news: BTreeSet<String>,
    remembered: u64,
    pub(crate) double_publishes: u64,
    pub(crate) unapproved_publishes: u64,
    pub(crate) ledger_difference: u64,
    /// What was not as promised.
    pub(crate) violations: Vec<String>,
}

impl Oracle {
    pub(crate) fn broken(&mut self, what: String) {
        // One breach shows in many places: the first few say enough.
        if self.violations.len() < 8 {
            self.violations.push(what);
        }
    }

    /// A commit has succeeded.
    pub(crate) fn committed(
        &mut self,
        store: &MemoryStore,
        commit: &Commit,
        by: Option<&Control>,
        now_ms: u64,
        clock: Timestamp,
    ) {
        if !self.writers.insert(commit.writer.clone()) {
            // The SDK asked again for what had happened: nothing was written.
            return;
        }
        let mut credits = false;
        for write in &commit.writes {
            match write {
                Write::CreateExecution { execution } => {
                    self.created(execution, now_ms);
                    credits = true;
                }
                Write::AdvanceExecution {
                    execution, record, ..
                } => {
                    self.advanced(execution, record, by, now_ms, clock);
                    let settles = commit.writes.iter().filter(|write| matches!(write, Write::SettleCredits { purpose: Purpose::Execution(of), consumed, reserved, .. } if *of == execution.id && *consumed == execution.consumed() && *reserved == execution.reserved)).count();
                    if settles != usize::from(execution.status().is_terminal()) {
                        self.broken(format!(
                            "{}: {} settles its credits {settles} times",
                            record.event.name(),
                            execution.id
                        ));
                    }
                }
                Write::SettleCredits { purpose, .. } => {
                    credits = true;
                    if !self.settled.insert(purpose.key().to_owned()) {
                        let what = purpose.key();
                        self.broken(format!("the credits of {what} are settled twice"));
                    }
                }
                Write::PutApproval { approval } => self.asked(store, approval, commit, by),
                Write::PutDelivery { delivery } => self.noticed(delivery),
                Write::PutSession { session } => self.remembered(store, session, commit),
                Write::PutConclusion {
                    execution, stored, ..
                } => self.concluded(store, execution, stored),
                Write::ReserveCredits { .. } | Write::Grant { .. } => credits = true,
                _ => {}
            }
        }
        if credits {
            self.count_credits(store);
        }
    }

    fn created(&mut self, run: &Execution, now_ms: u64) {
        if run.revision != 0 || run.due_at().is_none() {
            self.broken(format!("{} begins at revision {}", run.id, run.revision));
        }
        let known = Known {
            first: run.clone(),
            run: run.clone(),
            moved_ms: now_ms,
        };
        if self.runs.insert(run.id.clone(), known).is_some() {
            self.broken(format!("{} is created twice", run.id));
        }
    }

    fn advanced(
        &mut self,
        run: &Execution,
        record: &EventRecord,
        by: Option<&Control>,
        now_ms: u64,
        clock: Timestamp,
    ) {
        let event = &record.event;
        let Some(before) = self.runs.get(&run.id).map(|known| known.run.clone()) else {
            self.broken(format!("{} advances and was never created", run.id));
            return;
        };
        let name = event.name();
        if before.status().is_terminal() {
            self.broken(format!("{name} after the end of {}", run.id));
        }
        if run.revision != before.revision + 1 || record.revision != run.revision {
            self.broken(format!(
                "{name}: {} goes from revision {} to {}, by event {}",
                run.id, before.revision, run.revision, record.revision
            ));
        }
        match apply(&before, event, record.at) {
            Ok((next, _)) if next == *run => {}
            Ok(_) => self.broken(format!("{name} does not lead to what is stored")),
            Err(refused) => self.broken(format!("{name} does not apply: {refused}")),
        }
        if run.due_at().is_none() && !run.status().is_terminal() {
            self.broken(format!("{name} leaves {} open and never due", run.id));
        }
        self.in_right_hands(&before, event, by, clock);
        let nudge = matches!(
            event,
            Event::StepNudged { .. } | Event::JudgingNudged | Event::LeaseExpired { .. }
        );
        if let Event::Resolved {
            step,
            outcome: Resolution::Retry,
        } = event
        {
            let key = (run.id.clone(), step.clone());
            *self.retried.entry(key).or_default() += 1;
        }
        if let Event::StepCompleted { step, output, .. } = event {
            let empty = output
                .inline
                .as_ref()
                .is_some_and(|document| document["count"] == 0 && document["results"].is_array());
            if empty {
                self.broken(format!("a failed source of {step} became an empty result"));
            }
        }
        if let Some(known) = self.runs.get_mut(&run.id) {
            known.run = run.clone();
            if !nudge {
                known.moved_ms = now_ms;
            }
        }
    }

    /// Whether the event comes from who may say it.
    fn in_right_hands(
        &mut self,
        before: &Execution,
        event: &Event,
        by: Option<&Control>,
        clock: Timestamp,
    ) {
        let lease = event
            .step()
            .and_then(|step| match &before.step(step)?.state {
                StepState::Running { lease } | StepState::Performing { lease, .. } => Some(lease),
                _ => None,
            });
        let who = by.map_or("", |control| control.name.as_str());
        let is_person = by.is_some_and(|control| control.role == Role::Person);
        let name = event.name();
        let wrong = match event {
            Event::StepYielded { .. }
            | Event::StepCompleted { .. }
            | Event::StepParked { .. }
            | Event::StepFailed { .. }
            | Event::StepSkipped { .. }
            | Event::StepReleased { .. }
            | Event::StepPostponed { .. }
            | Event::OutcomeLost { .. } => {
                let holder = lease.map(|lease| lease.worker.as_str());
                (holder != Some(who))
                    .then(|| format!("{name} by {who}, but the lease is {holder:?}'s"))
            }
            Event::StepClaimed { worker, .. } => (lease.is_some() || worker != who)
                .then(|| format!("{who} claims for {worker} what is held")),
            Event::LeaseExpired { .. } => lease
                .is_some_and(|lease| lease.until > clock)
                .then(|| format!("{who} ends a lease that is alive")),
            Event::Approved { .. }
            | Event::Rejected { .. }
            | Event::ChangesRequested { .. }
            | Event::Resolved { .. }
            | Event::Paused
            | Event::Resumed => (!is_person).then(|| format!("{name} by {who}, who is no person")),
            // Anybody may say the rest.
            _ => None,
        };
        if let Some(wrong) = wrong {
            self.broken(wrong);
        }
    }

    fn noticed(&mut self, delivery: &Delivery) {
        let id = &delivery.id;
        let before = self.deliveries.insert(id.clone(), delivery.clone());
        let next = before.map_or(0, |before| before.revision + 1);
        if delivery.revision != next {
            self.broken(format!("{id} comes to revision {}", delivery.revision));
        }
        let pending = delivery.status() == DeliveryStatus::Pending;
        if pending != delivery.due_at().is_some() {
            self.broken(format!("{id}: pending is {pending}, and due is not"));
        }
    }

    /// Notices that nobody has tried to deliver.
    pub(crate) fn untried(&self) -> impl Iterator<Item = &Delivery> {
        let untried = |delivery: &&Delivery| {
            delivery.status() == DeliveryStatus::Pending && delivery.attempts.is_empty()
        };
        self.deliveries.values().filter(untried)
    }

    fn asked(
        &mut self,
        store: &MemoryStore,
        approval: &Approval,
        commit: &Commit,
        by: Option<&Control>,
    ) {
        let before = self.approvals.insert(approval.id.clone(), approval.clone());
        if before.as_ref().is_some_and(|before| !before.is_open()) {
            self.broken(format!(
                "the approval {} is {} after it was decided",
                approval.id, approval.status
            ));
        }
        let next = before.map_or(0, |before| before.revision + 1);
        if approval.revision != next {
            self.broken(format!(
                "{} comes to revision {}",
                approval.id, approval.revision
            ));
        }
        self.asked_whom(approval);
        if approval.status != ApprovalStatus::Approved {
            return;
        }
        if by.is_none_or(|control| control.role != Role::Person) {
            self.broken(format!("{} was approved by no person", approval.id));
        }
        let event = commit.writes.iter().any(|write| {
            matches!(write, Write::AdvanceExecution { record, .. } if matches!(&record.event, Event::Approved { approval: of, sha256, .. } if *of == approval.id && *sha256 == approval.sha256))
        });
        if !event {
            self.broken(format!(
                "{} is approved and its run is not told",
                approval.id
            ));
        }
        let document = at_once(store.output(&approval.owner, &approval.draft));
        let draft = document
            .ok()
            .flatten()
            .and_then(|document| serde_json::from_value::<Draft>(document).ok());
        match draft {
            Some(draft) if draft.sha256() == approval.sha256 => self.approved.push(Approved {
                execution: approval.execution.clone(),
                step: approval.step.clone(),
                sha256: approval.sha256.clone(),
                draft,
            }),
            Some(_) | None => self.broken(format!("{} approves another draft", approval.id)),
        }
    }

    /// Whether those decide whom the run asks, each once, and as many as it takes.
    fn asked_whom(&mut self, approval: &Approval) {
        let id = &approval.id;
        if let Some(known) = self.runs.get(&approval.execution) {
            let policy = &known.run.policy;
            let named = match policy.approvers.as_slice() {
                [] => vec![OWNER.to_owned()],
                approvers => approvers.to_vec(),
            };
            if approval.approvers != named || approval.required != policy.required {
                let asked = approval.approvers.join(", ");
                self.broken(format!("{id} asks {asked}, whom its run does not name"));
            }
        }
        let people: BTreeSet<String> = approval
            .decisions
            .iter()
            .map(|decision| folded_address(&decision.by))
            .collect();
        if people.len() != approval.decisions.len() {
            self.broken(format!("{id} counts a person twice"));
        }
        for decision in &approval.decisions {
            if approval.approver(&decision.by).is_none() {
                self.broken(format!(
                    "{id} was decided by {}, who was not asked",
                    decision.by
                ));
            }
        }
        if approval.status == ApprovalStatus::Approved && people.len() < approval.required as usize
        {
            self.broken(format!("{id} is approved by too few"));
        }
    }

    /// Whether there is room for all approvals that are open.
    pub(crate) fn count_open(&mut self, most: Option<u32>) {
        let open = self.approvals.values().filter(|one| one.is_open()).count();
        if most.is_some_and(|most| open > most as usize) {
            self.broken(format!("{open} approvals are open at once"));
        }
    }

    fn count_credits(&mut self, store: &MemoryStore) {
        let owner = owner_id();
        let (Ok(account), Ok(ledger)) = (
            at_once(store.account(&owner)),
            at_once(store.ledger(&owner, usize::MAX)),
        ) else {
            return;
        };
        let open: i64 = self
            .runs
            .values()
            .filter(|known| !known.run.status().is_terminal())
            .map(|known| i64::from(known.run.reserved))
            .sum();
        let sum: i64 = ledger.iter().map(|entry| entry.amount).sum();
        let balance = account.balance.unwrap_or_default();
        let difference = balance.abs_diff(sum) + account.reserved.abs_diff(open);
        if difference > 0 || balance - account.reserved < 0 || account.reserved < 0 {
            self.ledger_difference = self.ledger_difference.max(difference.max(1));
            self.broken(format!(
                "the balance is {balance}, the ledger's sum {sum}; {} are reserved, open runs have {open}",
                account.reserved
            ));
        }
    }

    /// A receiver has got a post.
    pub(crate) fn posted(&mut self, _: &MemoryStore, post: &Post) {
        let key = post
            .headers
            .iter()
            .find(|(name, _)| *name == "idempotency-key")
            .map(|(_, value)| value.clone())
            .unwrap_or_default();
        let approved = self.approved.iter().find(|approved| {
            matches!(&approved.draft, Draft::Webhook { url, body } if *url == post.url && Draft::webhook_bytes(body) == post.body)
        });
        let Some(approved) = approved.cloned() else {
            self.unapproved_publishes += 1;
            self.broken(format!("a post to {} that nobody approved", post.url));
            return;
        };
        let right = digest::of_json(&[
            approved.execution.as_str(),
            &approved.step,
            &approved.sha256,
        ]);
        let out = self
            .out
            .entry((approved.execution, approved.step))
            .or_default();
        out.posts.insert((key.clone(), post.body.clone()));
        if out.posts.len() > 1 || key != right {
            self.double_publishes += 1;
            self.broken("one step has posted with two keys, or other bytes".to_owned());
        }
    }

    /// A workflow's reader has got a mail.
    pub(crate) fn mailed(&mut self, _: &MemoryStore, mail: &Mail) {
        let approved = self.approved.iter().find(|approved| {
            matches!(&approved.draft, Draft::Email { to, subject, body } if *to == mail.to && *subject == mail.subject && *body == mail.text)
        });
        let Some(approved) = approved.cloned() else {
            self.unapproved_publishes += 1;
            self.broken("a mail that nobody approved".to_owned());
            return;
        };
        let key = (approved.execution, approved.step);
        let out = self.out.entry(key.clone()).or_default();
        out.mails += 1;
        if out.mails > 1 + self.retried.get(&key).copied().unwrap_or_default() {
            self.double_publishes += 1;
            self.broken("one step has sent its mail twice, and nobody said so".to_owned());
        }
    }

    /// Whether a mail of this step has arrived: what a person learns who asks the reader.
    pub(crate) fn has_arrived(&self, run: &ExecutionId, step: &str) -> bool {
        self.out
            .get(&(run.clone(), step.to_owned()))
            .is_some_and(|out| out.mails > 0 || !out.posts.is_empty())
    }
}
