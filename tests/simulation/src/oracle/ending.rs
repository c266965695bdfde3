//! What the oracle asks of a whole run: that it moves while machines should move it, and how it ends.

use domain::execution::{Phase, StepState, apply};
use domain::ids::ExecutionId;
use domain::plan::EffectClass;
use engine::memory::{MemoryStore, at_once};
use engine::ports::Store as _;
use engine::ports::store::DueItem;
use jiff::Timestamp;

use super::Oracle;
use crate::workflows::owner_id;

impl Oracle {
    /// Runs that machines should be moving and that have not moved for `bound_ms`.
    pub(crate) fn stuck(
        &self,
        now_ms: u64,
        now: Timestamp,
        since_ms: u64,
        bound_ms: u64,
    ) -> Vec<String> {
        let moving = |state: &StepState| match state {
            StepState::Ready { due_at, .. } | StepState::Approved { due_at, .. } => {
                Some((*due_at).max(Timestamp::MIN))
            }
            StepState::Running { .. } | StepState::Performing { .. } => Some(Timestamp::MIN),
            _ => None,
        };
        let mut stuck = Vec::new();
        for known in self.runs.values() {
            let run = &known.run;
            let waits_until = match &run.phase {
                Phase::Judging { .. } => Some(Timestamp::MIN),
                Phase::Active => run.steps.iter().filter_map(|row| moving(&row.state)).min(),
                Phase::Paused { .. } | Phase::Ended { .. } => None,
            };
            let Some(waits_until) = waits_until else {
                continue;
            };
            // A step may say itself that it waits: then its bound begins when that is over.
            let waited = waits_until > now
                || now.duration_since(waits_until).as_millis() < i128::from(bound_ms);
            let begun = since_ms.max(known.moved_ms);
            if now_ms.saturating_sub(begun) > bound_ms && !(waits_until > Timestamp::MIN && waited)
            {
                stuck.push(format!(
                    "{} has not moved for {} s: {:?}",
                    run.id,
                    (now_ms - begun) / 1000,
                    run.steps
                        .iter()
                        .map(|row| row.state.name())
                        .collect::<Vec<_>>()
                ));
            }
        }
        stuck
    }

    /// What must be so when all is over. Gives how many acknowledged runs are lost.
    pub(crate) fn finish(&mut self, store: &MemoryStore, acknowledged: &[ExecutionId]) -> u64 {
        let owner = owner_id();
        let due = at_once(store.due(Timestamp::MAX, usize::MAX)).unwrap_or_default();
        let mut broken = Vec::new();
        for (id, known) in &self.runs {
            let stored = at_once(store.execution(&owner, id)).ok().flatten();
            if stored.as_ref() != Some(&known.run) {
                broken.push(format!("{id} is not stored as it was committed"));
            }
            let events = at_once(store.events(&owner, id)).unwrap_or_default();
            let gapless = events
                .iter()
                .enumerate()
                .all(|(i, record)| record.revision == i as u64 + 1);
            let replayed = events.iter().try_fold(known.first.clone(), |run, record| {
                apply(&run, &record.event, record.at).map(|(next, _)| next)
            });
            if !gapless || replayed.as_ref() != Ok(&known.run) {
                broken.push(format!("the events of {id} do not lead to what is stored"));
            }
            let open = !known.run.status().is_terminal();
            let listed = due.contains(&DueItem::Execution(owner.clone(), id.clone()));
            if open != listed {
                broken.push(format!(
                    "{id}: open is {open}, and in the index of what is due {listed}"
                ));
            }
            if open == self.settled.contains(id.as_str()) {
                broken.push(format!(
                    "{id}: open is {open}, and its credits are settled or not"
                ));
            }
            for row in &known.run.steps {
                let out = self.out.get(&(id.clone(), row.id.clone()));
                let at_most_once = row.effect() == EffectClass::AtMostOnce;
                let done = matches!(row.state, StepState::Completed { .. });
                if done && row.kind.publishes() && out.is_none() && !at_most_once {
                    broken.push(format!(
                        "{id} says that {} went out, and it did not",
                        row.id
                    ));
                }
            }
        }
        broken.into_iter().for_each(|what| self.broken(what));
        self.count_credits(store);
        let lost = acknowledged.iter().filter(|id| {
            self.runs.get(id).is_none_or(|known| {
                at_once(store.execution(&owner, id)).ok().flatten().as_ref() != Some(&known.run)
            })
        });
        lost.count() as u64
    }
}
