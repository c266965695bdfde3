//! Whether a run can get stuck: from every state, with no further fault and no person's help, a state must be in
//! reach in which every run has ended or waits for a person.
//!
//! Stateright's own `eventually` looks only at the ends of paths and misses cycles (its documentation says
//! so), and a model that may wait and sweep for ever is full of cycles. So the graph of the healing transitions is
//! kept, and searched backwards from the states of rest: what is not reached has no way out.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use domain::execution::{Phase, Status, StepState};
use stateright::Model;

use crate::life::Life;
use crate::state::State;

/// What the search found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WaysOut {
    pub states: usize,
    /// States of rest.
    pub at_rest: usize,
    /// States from which there is no way to one.
    pub stuck: usize,
}

/// Walks the whole graph and searches backwards.
pub(crate) fn ways_out(life: &Life, sweeper: bool) -> WaysOut {
    let hasher = BuildHasherDefault::<DefaultHasher>::default();
    let mut places: HashMap<u64, u32> = HashMap::new();
    let mut pending = VecDeque::new();
    let mut rest = Vec::new();
    let mut edges: Vec<(u32, u32)> = Vec::new();
    let mut place = |state: State, pending: &mut VecDeque<(u32, State)>, rest: &mut Vec<bool>| {
        let next = u32::try_from(places.len()).expect("the graph fits in memory");
        let at = *places.entry(hasher.hash_one(&state)).or_insert(next);
        if at == next {
            rest.push(rests(&state));
            pending.push_back((at, state));
        }
        at
    };
    for state in life.init_states() {
        place(state, &mut pending, &mut rest);
    }
    let mut actions = Vec::new();
    while let Some((from, state)) = pending.pop_front() {
        life.actions(&state, &mut actions);
        for action in actions.drain(..) {
            let kept = action.heals() && (sweeper || !action.sweeps());
            if let Some(next) = life.next_state(&state, action) {
                let to = place(next, &mut pending, &mut rest);
                if kept && from != to {
                    edges.push((to, from));
                }
            }
        }
    }
    let states = rest.len();
    let at_rest = rest.iter().filter(|rest| **rest).count();
    let stuck = states - reached(rest, edges);
    WaysOut {
        states,
        at_rest,
        stuck,
    }
}

/// How many places are reached from the marked ones along the edges.
fn reached(mut marked: Vec<bool>, mut edges: Vec<(u32, u32)>) -> usize {
    edges.sort_unstable();
    edges.dedup();
    let index = |at: u32| usize::try_from(at).expect("a place is an index");
    let mut from: Vec<u32> = (0..)
        .take(marked.len())
        .filter(|at| marked[index(*at)])
        .collect();
    while let Some(at) = from.pop() {
        let first = edges.partition_point(|(start, _)| *start < at);
        for (_, next) in edges[first..].iter().take_while(|(start, _)| *start == at) {
            let next_marked = &mut marked[index(*next)];
            if !*next_marked {
                *next_marked = true;
                from.push(*next);
            }
        }
    }
    marked.into_iter().filter(|reached| *reached).count()
}

/// Whether every run has ended or waits for a person. A run that says it waits, but for nobody, does not rest.
fn rests(state: &State) -> bool {
    state
        .runs
        .iter()
        .flatten()
        .all(|run| match run.stored.phase {
            Phase::Ended { .. } | Phase::Paused { .. } => true,
            Phase::Judging { .. } => false,
            Phase::Active => {
                run.stored.status() == Status::AwaitingApproval
                    && run.stored.steps.iter().any(|row| {
                        matches!(
                            row.state,
                            StepState::AwaitingApproval { .. } | StepState::OutcomeUnknown { .. }
                        )
                    })
            }
        })
}
