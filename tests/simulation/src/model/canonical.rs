//! When two states are the same: nothing that can happen from now on tells them apart.
//!
//! - An instant that has come is past, whenever it was; one to come is so many seconds away. When things
//!   happened, and texts nobody acts on, do not count.
//! - What an actor has loaded is still current, or it is stale; how many revisions ago does not count.
//!   A stale report of a held step can only meet a conflict, so what is in it does not count either.
//! - Workers are alike: their order does not count.
//!
//! Every field is named, so that a new one in the domain has to be weighed here before this compiles.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use domain::approval::Approval;
use domain::execution::{Execution, Gate, Lease, Outcome, Phase, StepRow, StepState};
use jiff::Timestamp;

use crate::state::{Actor, Decision, Hold, Message, Person, Run, Standing, State, Worker, Writer};

/// How far an instant is away; 0 when it has come.
fn away(instant: Timestamp, now: Timestamp) -> i64 {
    (instant.as_second() - now.as_second()).max(0)
}

impl Hash for State {
    fn hash<H: Hasher>(&self, h: &mut H) {
        let Self {
            now,
            runs,
            approvals,
            account,
            ledger,
            messages,
            workers,
            people,
            published,
            left,
            fouls,
        } = self;
        for run in runs {
            match run {
                Some(run) => hash_run(run, *now, h),
                None => h.write_u8(0),
            }
        }
        h.write_usize(approvals.len());
        for approval in approvals {
            hash_approval(approval, *now, h);
        }
        (account.balance, account.reserved, ledger).hash(h);
        hash_messages(messages, *now, h);
        let mut slots: Vec<u64> = (0..workers.len())
            .map(|worker| {
                let mut own = DefaultHasher::new();
                self.hash_worker(&workers[worker], &mut own);
                own.finish()
            })
            .collect();
        slots.sort_unstable();
        slots.hash(h);
        for person in people {
            self.hash_person(person, h);
        }
        (published, left, fouls).hash(h);
    }
}

impl State {
    /// A loaded run: current, or what it was.
    fn hash_base<H: Hasher>(&self, base: &Execution, run: usize, h: &mut H) {
        let current = base.revision == self.run(run).stored.revision;
        current.hash(h);
        if !current {
            hash_execution(base, self.now, h);
        }
    }

    fn hash_worker<H: Hasher>(&self, worker: &Worker, h: &mut H) {
        match worker {
            Worker::Idle => h.write_u8(0),
            Worker::Loaded { message, base } => {
                h.write_u8(1);
                (message.run, message.work).hash(h);
                self.hash_base(base, message.run, h);
            }
            Worker::Holding(hold) => {
                h.write_u8(2);
                self.hash_hold(hold, h);
            }
            Worker::Unsure {
                before,
                writer,
                next,
                sends,
            } => {
                h.write_u8(3);
                self.hash_worker(before, h);
                if let Some(message) = before.message() {
                    self.hash_writer(*writer, message.run, h);
                    self.hash_base(next, message.run, h);
                }
                hash_messages(sends, self.now, h);
            }
        }
    }

    /// Whether a repeated write would recognise itself.
    fn hash_writer<H: Hasher>(&self, writer: Writer, run: usize, h: &mut H) {
        let Writer { actor, base: _ } = writer;
        matches!(actor, Actor::Atomic).hash(h);
        (self.run(run).writer == writer).hash(h);
    }

    fn hash_hold<H: Hasher>(&self, hold: &Hold, h: &mut H) {
        let Hold {
            message,
            step,
            fence,
            gate,
            base,
            heard,
        } = hold;
        (message.run, message.work, step, fence, heard).hash(h);
        gate.is_some().hash(h);
        if let Some(gate) = gate {
            hash_gate(gate, self.now, h);
        }
        let current = base.revision == self.run(message.run).stored.revision;
        let held = holds(&base.steps[*step], *fence) && !matches!(base.phase, Phase::Ended { .. });
        (current, held).hash(h);
        // A new draft's generation, and whether a retry is left, are read from the base.
        (base.steps[*step].revisions, base.steps[*step].attempts).hash(h);
        if !current && !held {
            hash_execution(base, self.now, h);
        }
    }

    fn hash_person<H: Hasher>(&self, person: &Person, h: &mut H) {
        let Person {
            will,
            turns,
            stands,
            settled,
        } = person;
        (will, turns, settled).hash(h);
        match stands {
            Standing::Away => h.write_u8(0),
            Standing::Deciding(decision) => {
                h.write_u8(1);
                self.hash_decision(decision, h);
            }
            Standing::Unsure {
                decision,
                writer,
                sends,
            } => {
                h.write_u8(2);
                self.hash_decision(decision, h);
                self.hash_writer(*writer, 0, h);
                hash_messages(sends, self.now, h);
            }
            Standing::HalfWay { decision } => {
                h.write_u8(3);
                self.hash_decision(decision, h);
            }
        }
    }

    fn hash_decision<H: Hasher>(&self, decision: &Decision, h: &mut H) {
        let Decision {
            approval,
            next,
            run,
        } = decision;
        approval.hash(h);
        hash_approval(next, self.now, h);
        if let Some((event, base)) = run {
            event.name().hash(h);
            self.hash_base(base, 0, h);
        }
    }
}

/// Whether a report under `fence` would be accepted on this row.
fn holds(row: &StepRow, fence: u64) -> bool {
    match &row.state {
        StepState::Running { lease } | StepState::Performing { lease, .. } => lease.fence == fence,
        StepState::Waiting
        | StepState::Ready { .. }
        | StepState::AwaitingApproval { .. }
        | StepState::Approved { .. }
        | StepState::OutcomeUnknown { .. }
        | StepState::Completed { .. }
        | StepState::Failed { .. }
        | StepState::Skipped { .. }
        | StepState::Cancelled { .. } => false,
    }
}

fn hash_messages<H: Hasher>(messages: &[Message], now: Timestamp, h: &mut H) {
    let mut alike: Vec<_> = messages
        .iter()
        .map(|message| (message.run, message.work, away(message.visible_at, now)))
        .collect();
    alike.sort_unstable();
    alike.hash(h);
}

fn hash_run<H: Hasher>(run: &Run, now: Timestamp, h: &mut H) {
    let Run {
        stored,
        writer: _,
        replayed,
        retries,
    } = run;
    h.write_u8(1);
    hash_execution(stored, now, h);
    let whole = Arc::ptr_eq(stored, replayed) || stored == replayed;
    (whole, retries).hash(h);
}

/// The run as the future sees it.
fn hash_execution<H: Hasher>(run: &Execution, now: Timestamp, h: &mut H) {
    let Execution {
        id: _,
        owner: _,
        workflow: _,
        plan: _,
        policy: _,
        trigger: _,
        scheduled_for: _,
        revision: _,
        created_at: _,
        started_at: _,
        phase,
        steps,
        reserved: _,
        metered: _,
        judged: _,
        origin: _,
        // A stretch may last a day: how much of it is left counts only once it is over, see `Action::WaitLong`.
        stretch_since: _,
        ending,
    } = run;
    run.budget_ends().is_some_and(|(at, _)| at <= now).hash(h);
    hash_outcome(ending.as_ref(), h);
    match phase {
        Phase::Active => h.write_u8(0),
        Phase::Paused { since: _ } => h.write_u8(1),
        Phase::Judging { nudge_at } => {
            h.write_u8(2);
            away(*nudge_at, now).hash(h);
        }
        Phase::Ended { at: _, outcome } => {
            h.write_u8(3);
            hash_outcome(Some(outcome), h);
        }
    }
    for row in steps {
        hash_step(row, now, h);
    }
}

fn hash_outcome<H: Hasher>(outcome: Option<&Outcome>, h: &mut H) {
    match outcome {
        None => h.write_u8(0),
        Some(Outcome::Completed { conclusion: _ }) => h.write_u8(1),
        Some(Outcome::Failed { reason }) => (2_u8, reason).hash(h),
        Some(Outcome::Cancelled { reason }) => (3_u8, reason).hash(h),
    }
}

fn hash_step<H: Hasher>(row: &StepRow, now: Timestamp, h: &mut H) {
    let StepRow {
        id: _,
        kind: _,
        needs: _,
        gated: _,
        retry: _,
        timeout_seconds: _,
        state,
        attempts,
        fence,
        revisions,
        note,
        cursor,
        started_at: _,
        // Why it waits changes nothing that can happen; how long, only the next wait.
        postponed: _,
        returned_mails: _,
        // Only a crawl looks at it, for how much it reads at once.
        cut_off: _,
    } = row;
    (attempts, fence, revisions, note.is_some(), cursor.is_some()).hash(h);
    state.name().as_bytes()[..3].hash(h);
    match state {
        StepState::Waiting
        | StepState::Skipped { at: _ }
        | StepState::Cancelled { .. }
        | StepState::Failed { error: _, at: _ } => {}
        StepState::Ready { due_at, nudge_at } => {
            (away(*due_at, now), away(*nudge_at, now)).hash(h);
        }
        StepState::Running { lease } => hash_lease(lease, now, h),
        StepState::AwaitingApproval { gate } | StepState::OutcomeUnknown { gate } => {
            hash_gate(gate, now, h);
        }
        StepState::Approved {
            gate,
            due_at,
            nudge_at,
        } => {
            hash_gate(gate, now, h);
            (away(*due_at, now), away(*nudge_at, now)).hash(h);
        }
        StepState::Performing { gate, lease } => {
            hash_gate(gate, now, h);
            hash_lease(lease, now, h);
        }
        StepState::Completed {
            output: _,
            credits,
            at: _,
        } => credits.hash(h),
    }
}

fn hash_lease<H: Hasher>(lease: &Lease, now: Timestamp, h: &mut H) {
    let Lease {
        fence,
        until,
        worker: _,
    } = lease;
    (fence, away(*until, now)).hash(h);
}

fn hash_gate<H: Hasher>(gate: &Gate, now: Timestamp, h: &mut H) {
    let Gate {
        approval,
        sha256,
        deadline,
        on_timeout: _,
        output: _,
        credits: _,
    } = gate;
    (approval, sha256, away(*deadline, now)).hash(h);
}

fn hash_approval<H: Hasher>(approval: &Approval, now: Timestamp, h: &mut H) {
    let Approval {
        id,
        owner: _,
        execution: _,
        workflow: _,
        workflow_name: _,
        step: _,
        generation,
        status,
        draft: _,
        original: _,
        sha256,
        required: _,
        max_revisions: _,
        approvers: _,
        strict: _,
        decisions,
        sources: _,
        deadline,
        created_at: _,
        revision,
        asking: _,
    } = approval;
    (id, generation, status, sha256, revision).hash(h);
    // A closed approval's deadline is nobody's.
    if approval.is_open() {
        away(*deadline, now).hash(h);
    }
    for decision in decisions {
        (&decision.by, decision.decision).hash(h);
    }
}
