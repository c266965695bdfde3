//! The model: what can happen next in a state, and what becomes of it.

use domain::credits::Account;
use domain::execution::{Execution, Phase, StepState, overdue};
use stateright::{Model, Property};

use crate::action::{Action, Came, How};
use crate::promises;
use crate::scenario::{Budget, Scenario, beginning};
use crate::state::{Fouls, Heard, Person, Standing, State, Work, Worker};
use crate::tally::Tally;

/// The life of the runs of a scenario.
#[derive(Debug)]
pub(crate) struct Life {
    pub scenario: Scenario,
    pub tally: Tally,
}

impl Life {
    pub(crate) fn new(scenario: Scenario) -> Self {
        Self {
            scenario,
            tally: Tally::default(),
        }
    }
}

/// Takes one from a budget.
fn spend(budget: &mut u8) -> Option<()> {
    *budget = budget.checked_sub(1)?;
    Some(())
}

/// Pays for a commit that does not end well.
fn spend_on(how: How, left: &mut Budget) -> Option<()> {
    match how {
        How::Well => Some(()),
        How::ThenDies => spend(&mut left.crashes),
        How::Unacknowledged => spend(&mut left.lost_acks),
    }
}

/// The ways a commit can end with what is left of the budget.
fn hows(left: Budget) -> impl Iterator<Item = How> {
    let dies = (left.crashes > 0).then_some(How::ThenDies);
    let unheard = (left.lost_acks > 0).then_some(How::Unacknowledged);
    [Some(How::Well), dies, unheard].into_iter().flatten()
}

/// As [`hows`], for those who learn nothing from an acknowledgement.
fn hows_at_once(left: Budget) -> impl Iterator<Item = How> {
    hows(left).filter(|how| *how != How::Unacknowledged)
}

impl Model for Life {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let scenario = &self.scenario;
        let mut state = State {
            now: beginning(),
            runs: vec![None; scenario.runs],
            approvals: Vec::new(),
            account: Account {
                balance: Some(scenario.grant),
                reserved: 0,
            },
            ledger: scenario.grant,
            messages: Vec::new(),
            workers: vec![Worker::Idle; scenario.workers],
            people: scenario
                .people
                .iter()
                .map(|(will, turns)| Person {
                    will: *will,
                    turns: *turns,
                    stands: Standing::Away,
                    settled: Vec::new(),
                })
                .collect(),
            published: Vec::new(),
            left: scenario.budget,
            fouls: Fouls::default(),
        };
        if scenario.runs == 1 {
            self.start(&mut state, 0, How::Well)
                .expect("the grant pays for one run");
        }
        vec![state]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        let left = state.left;
        queue_actions(state, actions);
        for (worker, slot) in state.workers.iter().enumerate() {
            worker_actions(worker, slot, left, actions);
            if let Worker::Holding(hold) = slot
                && hold.gate.is_some()
                && hold.heard.is_none()
                && is_stopped(&state.run(hold.message.run).stored)
            {
                // It may have looked before the run was stopped, and perform; or after, and give back.
                let came = Came::GivenBack;
                actions.extend(hows(left).map(|how| Action::Report { worker, came, how }));
            }
        }
        for (person, somebody) in state.people.iter().enumerate() {
            match &somebody.stands {
                Standing::Away if somebody.turns > 0 => {
                    // To one that is closed, the answer is the domain's and nothing changes.
                    let open =
                        (0..state.approvals.len()).filter(|at| state.approvals[*at].is_open());
                    actions.extend(open.map(|approval| Action::Speak { person, approval }));
                }
                Standing::Away => {}
                Standing::Deciding(_) => {
                    actions.extend(hows(left).map(|how| Action::Decide { person, how }));
                }
                Standing::Unsure { .. } => actions.push(Action::RepeatDecision { person }),
                Standing::HalfWay { .. } => actions.push(Action::FinishDecision { person }),
            }
        }
        for (run, slot) in state.runs.iter().enumerate() {
            match slot {
                None => actions.extend(hows_at_once(left).map(|how| Action::Start { run, how })),
                Some(slot) => self.run_actions(state, run, &slot.stored, actions),
            }
        }
        if left.scans > 0 {
            let approvals = 0..state.approvals.len();
            actions.extend(approvals.map(|approval| Action::Scan { approval }));
        }
        if state.is_quiet() {
            actions.push(Action::Wait);
        } else if left.stalls > 0 {
            actions.push(Action::Stall);
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut next = last.clone();
        let state = &mut next;
        match action {
            Action::Start { run, how } => {
                spend_on(how, &mut state.left)?;
                self.start(state, run, how)?;
            }
            Action::Receive { run, work } => self.receive(state, run, work)?,
            Action::ReceiveACopy { run, work } => {
                spend(&mut state.left.duplicates)?;
                let copy = state.messages.iter().find(|message| {
                    (message.run, message.work) == (run, work) && message.visible_at <= state.now
                });
                let copy = *copy?;
                self.receive(state, run, work)?;
                state.send(copy);
            }
            Action::Lose { run, work } => {
                spend(&mut state.left.losses)?;
                let like =
                    |message: &crate::state::Message| (message.run, message.work) == (run, work);
                let at = state.messages.iter().position(like)?;
                state.messages.remove(at);
                self.tally.count("lost");
            }
            Action::DeadLetter { run, step } => {
                spend(&mut state.left.dead_letters)?;
                self.dead_letter(state, run, step)?;
            }
            Action::Claim { worker, how } => {
                spend_on(how, &mut state.left)?;
                self.claim(state, worker, how)?;
            }
            Action::Perform { worker, heard } => {
                if heard != Heard::Accepted {
                    spend(&mut state.left.failures)?;
                }
                self.perform(state, worker, heard)?;
            }
            Action::Report { worker, came, how } => {
                spend_on(how, &mut state.left)?;
                match came {
                    Came::Done | Came::GivenBack => {}
                    Came::Part => spend(&mut state.left.yields)?,
                    Came::Failure => spend(&mut state.left.failures)?,
                }
                self.report(state, worker, came, how)?;
            }
            Action::RepeatWrite { worker } => self.repeat_write(state, worker)?,
            Action::Die { worker } => {
                spend(&mut state.left.crashes)?;
                self.die(state, worker)?;
            }
            Action::Sweep { run, overdue, how } => {
                spend_on(how, &mut state.left)?;
                self.sweep(state, run, overdue, how)?;
            }
            Action::Wait => self.wait(state)?,
            Action::Stall => {
                spend(&mut state.left.stalls)?;
                self.wait(state)?;
            }
            Action::WaitLong { run } => {
                spend(&mut state.left.long_waits)?;
                self.wait_long(state, run)?;
            }
            Action::Speak { person, approval } => {
                spend(&mut state.people[person].turns)?;
                self.speak(state, person, approval)?;
            }
            Action::Decide { person, how } => {
                spend_on(how, &mut state.left)?;
                self.decide(state, person, how)?;
            }
            Action::RepeatDecision { person } => self.repeat_decision(state, person)?,
            Action::FinishDecision { person } => self.finish_decision(state, person)?,
            Action::Scan { approval } => {
                spend(&mut state.left.scans)?;
                self.scan(state, approval)?;
            }
            Action::Cancel { run, how } => {
                spend(&mut state.left.cancels)?;
                spend_on(how, &mut state.left)?;
                self.cancel(state, run, how)?;
            }
            Action::Pause { run } => {
                spend(&mut state.left.pauses)?;
                let event = domain::execution::Event::Paused;
                self.commit_at_once(state, run, &event, None, How::Well)?;
            }
            Action::Resume { run, how } => {
                spend_on(how, &mut state.left)?;
                let event = domain::execution::Event::Resumed;
                self.commit_at_once(state, run, &event, None, how)?;
            }
            Action::Resolve {
                run,
                step,
                outcome,
                how,
            } => {
                spend(&mut state.left.resolutions)?;
                spend_on(how, &mut state.left)?;
                self.resolve(state, run, step, outcome, how)?;
            }
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        promises::all()
    }
}

/// Whether a worker that looks now does not begin an effect.
fn is_stopped(run: &Execution) -> bool {
    let paused = matches!(run.phase, Phase::Paused { .. });
    paused || run.ending.is_some() || matches!(run.phase, Phase::Ended { .. })
}

/// What can become of the messages in the queues.
fn queue_actions(state: &State, actions: &mut Vec<Action>) {
    let idle = state.workers.contains(&Worker::Idle);
    for message in &state.messages {
        let (run, work) = (message.run, message.work);
        if state.left.losses > 0 {
            actions.push(Action::Lose { run, work });
        }
        if message.visible_at > state.now {
            continue;
        }
        if idle {
            actions.push(Action::Receive { run, work });
            if state.left.duplicates > 0 {
                actions.push(Action::ReceiveACopy { run, work });
            }
        }
        if let (Work::Step(step), true) = (work, state.left.dead_letters > 0) {
            actions.push(Action::DeadLetter { run, step });
        }
    }
}

/// What a worker can do, or suffer.
fn worker_actions(worker: usize, slot: &Worker, left: Budget, actions: &mut Vec<Action>) {
    match slot {
        Worker::Idle => return,
        Worker::Loaded { .. } => {
            // To die here is not to have received.
            actions.extend(hows(left).map(|how| Action::Claim { worker, how }));
            return;
        }
        Worker::Holding(hold) if hold.gate.is_some() && hold.heard.is_none() => {
            let heard = if left.failures > 0 {
                &[
                    Heard::Accepted,
                    Heard::NothingButItHappened,
                    Heard::Nothing,
                    Heard::Refused,
                ][..]
            } else {
                &[Heard::Accepted][..]
            };
            actions.extend(heard.iter().map(|heard| Action::Perform {
                worker,
                heard: *heard,
            }));
        }
        Worker::Holding(hold) => {
            for how in hows(left) {
                let report = |came| Action::Report { worker, came, how };
                actions.push(report(Came::Done));
                if hold.gate.is_none() && left.yields > 0 {
                    actions.push(report(Came::Part));
                }
                if hold.gate.is_none() && left.failures > 0 {
                    actions.push(report(Came::Failure));
                }
            }
        }
        Worker::Unsure { .. } => actions.push(Action::RepeatWrite { worker }),
    }
    if left.crashes > 0 {
        actions.push(Action::Die { worker });
    }
}

impl Life {
    /// What the sweeper and people can do to a run.
    fn run_actions(
        &self,
        state: &State,
        run: usize,
        stored: &Execution,
        actions: &mut Vec<Action>,
    ) {
        if let Phase::Ended { .. } = stored.phase {
            return;
        }
        let left = state.left;
        for (overdue, _) in overdue(stored, state.now).iter().enumerate() {
            actions.extend(hows_at_once(left).map(|how| Action::Sweep { run, overdue, how }));
        }
        if left.long_waits > 0 {
            actions.push(Action::WaitLong { run });
        }
        if left.cancels > 0 {
            actions.push(Action::Cancel {
                run,
                how: How::Well,
            });
        }
        if left.pauses > 0 && stored.phase == Phase::Active {
            actions.push(Action::Pause { run });
        }
        if let Phase::Paused { .. } = stored.phase {
            actions.extend(hows_at_once(left).map(|how| Action::Resume { run, how }));
        }
        if left.resolutions == 0 {
            return;
        }
        for (step, row) in stored.steps.iter().enumerate() {
            if !matches!(row.state, StepState::OutcomeUnknown { .. }) {
                continue;
            }
            for how in hows_at_once(left) {
                let resolve = |outcome| Action::Resolve {
                    run,
                    step,
                    outcome,
                    how,
                };
                actions.extend(self.scenario.resolutions.iter().copied().map(resolve));
            }
        }
    }
}
