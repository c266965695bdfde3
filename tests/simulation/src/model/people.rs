//! What people do: decide about drafts at the same time, stop and hold runs, and say what became of an effect.

use std::sync::Arc;

use domain::approval::{Choice, Decided, DecisionChannel, Verdict};
use domain::execution::{Effect, Event, Resolution, StepState};

use crate::action::How;
use crate::bug::Bug;
use crate::commit::{NotWritten, Write, put_approval};
use crate::life::Life;
use crate::scenario::Will;
use crate::state::{Actor, Decision, Message, Run, Standing, State, Work, Writer};

impl Life {
    /// A run and its reservation, in one write.
    pub(crate) fn start(&self, state: &mut State, run: usize, how: How) -> Option<()> {
        state.account = state.account.reserve(self.scenario.price).ok()?;
        let (created, effects) = self.scenario.create(run, state.now);
        let stored = Arc::new(created);
        for effect in effects {
            if let (How::Well, Effect::EnqueueStep { step, .. }) = (how, effect) {
                let at = stored.steps.iter().position(|row| row.id == step)?;
                let visible_at = state.now;
                state.send(Message {
                    run,
                    work: Work::Step(at),
                    visible_at,
                });
            }
        }
        state.runs[run] = Some(Run {
            replayed: stored.clone(),
            retries: vec![0; stored.steps.len()],
            writer: Writer {
                actor: Actor::Atomic,
                base: 0,
            },
            stored,
        });
        Some(())
    }

    /// A person's word, weighed on what is stored now.
    pub(crate) fn speak(&self, state: &mut State, person: usize, approval: usize) -> Option<()> {
        let loaded = &state.approvals[approval];
        let verdict = self.verdict(state.people[person].will, person);
        state.people[person].stands = match loaded.decide(&verdict, state.now) {
            Err(_) => {
                self.tally.count("told_too_late");
                Standing::Away
            }
            Ok(Decided::Again) => Standing::Away,
            Ok(Decided::Counted(next)) => Standing::Deciding(Decision {
                approval,
                next: Arc::new(next),
                run: None,
            }),
            Ok(Decided::Settled(mut next)) => {
                let at = (0..state.runs.len()).find(|run| {
                    state.runs[*run]
                        .as_ref()
                        .is_some_and(|run| run.stored.id == next.execution)
                })?;
                let base = state.run(at).stored.clone();
                let (step, id) = (next.step.clone(), next.id.clone());
                let event = match verdict.choice {
                    Choice::Approve => {
                        let mut output = None;
                        if state.people[person].will == Will::Edit {
                            let (maker, fence) = self.scenario.maker_of(&next.sha256)?;
                            next.sha256
                                .clone_from(&self.scenario.prepared(maker, fence).edited);
                            if let Some(StepState::AwaitingApproval { gate }) =
                                base.step(&step).map(|row| &row.state)
                            {
                                output.clone_from(&gate.output);
                            }
                        }
                        Event::Approved {
                            step,
                            approval: id,
                            sha256: next.sha256.clone(),
                            output,
                        }
                    }
                    Choice::Reject => Event::Rejected { step, approval: id },
                    Choice::RequestChanges => Event::ChangesRequested {
                        step,
                        approval: id,
                        note: "otherwise".to_owned(),
                    },
                };
                Standing::Deciding(Decision {
                    approval,
                    next: Arc::new(next),
                    run: Some((event, base)),
                })
            }
        };
        Some(())
    }

    fn verdict(&self, will: Will, person: usize) -> Verdict {
        Verdict {
            by: name(person),
            choice: will.choice(),
            comment: None,
            channel: DecisionChannel::Api,
            seen_sha256: None,
            has_code: false,
        }
    }

    /// Commits the approval's next revision, and with it the run's.
    pub(crate) fn decide(&self, state: &mut State, person: usize, how: How) -> Option<()> {
        let Standing::Deciding(decision) = state.people[person].stands.clone() else {
            return None;
        };
        let Some((event, base)) = &decision.run else {
            if how != How::Well {
                return None;
            }
            return if state.approvals[decision.approval].revision + 1 == decision.next.revision {
                self.tally.count("counted");
                put_approval(state, decision.next.clone());
                state.people[person].stands = Standing::Away;
                Some(())
            } else {
                self.tally.count("conflict");
                self.speak(state, person, decision.approval)
            };
        };
        if self.scenario.has(Bug::DecisionApart) && how == How::Well {
            put_approval(state, decision.next.clone());
            state.people[person].stands = Standing::HalfWay { decision };
            return Some(());
        }
        let run = self.run_of(state, &decision)?;
        let writer = Writer {
            actor: Actor::Person(person),
            base: base.revision,
        };
        let write = Write {
            run,
            base,
            event,
            approval: Some(decision.next.clone()),
            writer,
        };
        match self.commit(state, &write) {
            Ok((_, sends)) => match how {
                How::Well => {
                    state.send_all(sends);
                    state.people[person].settled.push(decision.approval);
                    state.people[person].stands = Standing::Away;
                }
                // They see an error page, and know nothing.
                How::ThenDies => state.people[person].stands = Standing::Away,
                How::Unacknowledged => {
                    state.people[person].stands = Standing::Unsure {
                        decision,
                        writer,
                        sends,
                    };
                }
            },
            Err(_) if how != How::Well => return None,
            Err(NotWritten::Conflict) => self.speak(state, person, decision.approval)?,
            Err(NotWritten::Refused(_)) => {
                self.tally.count("told_too_late");
                state.people[person].stands = Standing::Away;
            }
        }
        Some(())
    }

    pub(crate) fn repeat_decision(&self, state: &mut State, person: usize) -> Option<()> {
        let Standing::Unsure {
            decision,
            writer,
            sends,
        } = state.people[person].stands.clone()
        else {
            return None;
        };
        let run = self.run_of(state, &decision)?;
        if state.run(run).writer == writer {
            self.tally.count("recognised");
            state.send_all(sends);
            state.people[person].settled.push(decision.approval);
            state.people[person].stands = Standing::Away;
            return Some(());
        }
        self.speak(state, person, decision.approval)
    }

    /// With [`Bug::DecisionApart`], the run's half of a decision.
    pub(crate) fn finish_decision(&self, state: &mut State, person: usize) -> Option<()> {
        let Standing::HalfWay { decision } = state.people[person].stands.clone() else {
            return None;
        };
        let run = self.run_of(state, &decision)?;
        let (event, _) = decision.run.as_ref()?;
        state.people[person].stands = Standing::Away;
        state.people[person].settled.push(decision.approval);
        self.commit_at_once(state, run, event, None, How::Well);
        Some(())
    }

    fn run_of(&self, state: &State, decision: &Decision) -> Option<usize> {
        let (_, base) = decision.run.as_ref()?;
        (0..state.runs.len()).find(|run| {
            state.runs[*run]
                .as_ref()
                .is_some_and(|run| run.stored.id == base.id)
        })
    }

    /// A mail scanner follows the link. A page comes back; nothing else happens.
    pub(crate) fn scan(&self, state: &mut State, approval: usize) -> Option<()> {
        if !self.scenario.has(Bug::GetDecides) {
            return None;
        }
        let verdict = self.verdict(Will::Approve, 0);
        let Ok(Decided::Settled(next)) = state.approvals[approval].decide(&verdict, state.now)
        else {
            return None;
        };
        let event = Event::Approved {
            step: next.step.clone(),
            approval: next.id.clone(),
            sha256: next.sha256.clone(),
            output: None,
        };
        self.commit_at_once(state, 0, &event, Some(Arc::new(next)), How::Well)
    }

    pub(crate) fn cancel(&self, state: &mut State, run: usize, how: How) -> Option<()> {
        let event = Event::Cancelled {
            reason: "a person".to_owned(),
        };
        self.commit_at_once(state, run, &event, None, how)
    }

    pub(crate) fn resolve(
        &self,
        state: &mut State,
        run: usize,
        step: usize,
        outcome: Resolution,
        how: How,
    ) -> Option<()> {
        let step = state.run(run).stored.steps[step].id.clone();
        self.commit_at_once(state, run, &Event::Resolved { step, outcome }, None, how)
    }
}

/// How a person is known to the approval.
pub(crate) fn name(person: usize) -> String {
    format!("p{person}")
}
