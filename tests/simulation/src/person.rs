//! People: they start runs, decide at gates, sometimes two at once, sometimes they cancel, hold and let go, and they
//! say what became of an effect nobody knows about. They act through the engine as the API does, and try again until
//! they have an answer.

use std::sync::Arc;
use std::time::Duration;

use domain::approval::{Choice, DecisionChannel, Verdict};
use domain::execution::{Event, Resolution, Status, StepState};
use domain::ids::{ApprovalId, ExecutionId};
use engine::Engine;
use engine::advance::{AdvanceError, Alongside};
use engine::approvals::DecideError;
use engine::executions::{Start, StartError};
use tokio::time::sleep;

use crate::dice::Dice;
use crate::ground::Ground;
use crate::story::Story;
use crate::workflows::{ALIAS, OWNER, RIVAL, Shape, owner_id, workflow_id};

/// How long a person waits before trying again.
const AGAIN: Duration = Duration::from_secs(7);

/// What a person does, once.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Deed {
    /// A shape's run, the so-many-th of the story.
    Start(Shape, usize),
    Decide(ApprovalId, Choice),
    Say(ExecutionId, Box<Event>),
}

/// How people behave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Temper {
    /// They approve everything.
    Agreeable,
    /// They approve, reject, ask for changes, race each other, cancel and hold.
    Human,
    /// They leave every gate alone.
    Absent,
}

/// Does it, until there is an answer. `acknowledged` learns of a run that was started.
pub(crate) async fn act(
    engine: Engine,
    deed: Deed,
    who: &'static str,
    mut acknowledged: impl FnMut(ExecutionId),
) {
    let owner = owner_id();
    loop {
        match &deed {
            Deed::Start(shape, _) => {
                match engine
                    .start(&owner, &workflow_id(*shape), Start::MANUAL)
                    .await
                {
                    Ok(run) => return acknowledged(run.id),
                    Err(StartError::Store(_) | StartError::Contended) => {}
                    Err(_) => return,
                }
            }
            Deed::Decide(approval, choice) => {
                let verdict = Verdict {
                    by: who.to_owned(),
                    choice: *choice,
                    comment: (*choice == Choice::RequestChanges).then(|| "shorter".to_owned()),
                    channel: DecisionChannel::Api,
                    seen_sha256: None,
                    has_code: false,
                };
                match engine.decide(&owner, approval, &verdict, None).await {
                    Err(DecideError::Store(_) | DecideError::Contended) => {}
                    Ok(_) | Err(_) => return,
                }
            }
            Deed::Say(run, event) => {
                match engine
                    .advance(&owner, run, event, who, &Alongside::default())
                    .await
                {
                    Err(
                        AdvanceError::Store(_) | AdvanceError::Contended | AdvanceError::Full(_),
                    ) => {}
                    Ok(_) | Err(_) => return,
                }
            }
        }
        sleep(AGAIN).await;
    }
}

/// What people want to do now, looking at what is really stored.
pub(crate) fn wishes(ground: &Arc<Ground>, story: &Story) -> Vec<(Deed, &'static str)> {
    let temper = story.temper;
    let mut state = ground.state();
    let state = &mut *state;
    let mut wishes = Vec::new();
    if temper == Temper::Absent {
        return wishes;
    }
    for approval in state.oracle.approvals.values().filter(|one| one.is_open()) {
        if story.both {
            // The owner says it twice, in two spellings; the other one follows when somebody has said something.
            let people: &[&'static str] = match approval.decisions.len() {
                0 => &[OWNER, ALIAS],
                _ => &[RIVAL],
            };
            let approve = Deed::Decide(approval.id.clone(), Choice::Approve);
            wishes.extend(people.iter().map(|who| (approve.clone(), *who)));
            continue;
        }
        let (choice, rival) = decision(&mut state.dice, temper);
        wishes.push((Deed::Decide(approval.id.clone(), choice), OWNER));
        if let Some(rival) = rival {
            wishes.push((Deed::Decide(approval.id.clone(), rival), RIVAL));
        }
    }
    for known in state.oracle.runs.values() {
        let run = &known.run;
        if run.status().is_terminal() {
            continue;
        }
        for row in &run.steps {
            if matches!(row.state, StepState::OutcomeUnknown { .. }) {
                // A careful person asks the reader first; a mail on its way may still come.
                let arrived = state.oracle.has_arrived(&run.id, &row.id);
                let outcome = match (
                    arrived,
                    temper == Temper::Human && state.dice.per_mille(300),
                ) {
                    (true, _) => Resolution::Happened,
                    (false, true) => Resolution::Retry,
                    (false, false) => Resolution::Fail,
                };
                let step = row.id.clone();
                wishes.push((
                    Deed::Say(run.id.clone(), Box::new(Event::Resolved { step, outcome })),
                    OWNER,
                ));
            }
        }
        let whim = if temper == Temper::Human {
            state.dice.below(100)
        } else {
            99
        };
        let event = match (run.status(), whim) {
            (Status::Paused, 0..50) => Event::Resumed,
            (Status::Running | Status::Pending | Status::AwaitingApproval, 0..3) => Event::Paused,
            (_, 3..5) => Event::Cancelled {
                reason: "cancelled_by_user".to_owned(),
            },
            _ => continue,
        };
        wishes.push((Deed::Say(run.id.clone(), Box::new(event)), OWNER));
    }
    wishes
}

fn decision(dice: &mut Dice, temper: Temper) -> (Choice, Option<Choice>) {
    if temper != Temper::Human {
        return (Choice::Approve, None);
    }
    match dice.below(10) {
        0 => (Choice::Reject, None),
        1 => (Choice::RequestChanges, None),
        2 => (Choice::Approve, Some(Choice::Reject)),
        3 => (Choice::Approve, Some(Choice::Approve)),
        4 => (Choice::RequestChanges, Some(Choice::Approve)),
        _ => (Choice::Approve, None),
    }
}
