//! What came of a worker's attempt, as one event; and the approval that comes with a draft.

use std::sync::Arc;

use domain::approval::asking::Asking;
use domain::approval::{Approval, ApprovalStatus};
use domain::execution::{ErrorCode, Event, Gate, Output, StepError};
use domain::plan::EffectClass;

use crate::action::Came;
use crate::life::Life;
use crate::people::name;
use crate::scenario::{TICK, after, approval_id};
use crate::state::{Heard, Hold, State};

impl Life {
    /// What an attempt came to, as one event.
    pub(crate) fn event_of(
        &self,
        state: &State,
        hold: &Hold,
        came: Came,
    ) -> (Event, Option<Arc<Approval>>) {
        let row = &hold.base.steps[hold.step];
        let (step, fence) = (row.id.clone(), hold.fence);
        let failed = |step, retry_at| Event::StepFailed {
            step,
            fence,
            error: StepError::new(ErrorCode::ProviderError, "no"),
            retry_at,
        };
        let again = Some(after(state.now, TICK));
        let event = match (came, hold.heard) {
            (Came::Part, _) => Event::StepYielded {
                step,
                fence,
                cursor: "on".to_owned(),
                resume_at: state.now,
            },
            (Came::GivenBack, _) => Event::StepReleased { step, fence },
            (Came::Failure, _) | (Came::Done, Some(Heard::Refused)) => failed(step, again),
            (Came::Done, Some(Heard::Nothing | Heard::NothingButItHappened)) => {
                if row.effect() == EffectClass::AtMostOnce {
                    Event::OutcomeLost { step, fence }
                } else {
                    failed(step, again)
                }
            }
            (Came::Done, None) if row.gated => {
                let approval = self.request(state, hold);
                let gate = Gate {
                    approval: approval.id.clone(),
                    sha256: approval.sha256.clone(),
                    deadline: approval.deadline,
                    on_timeout: self.scenario.on_timeout,
                    output: (!row.kind.publishes()).then(output),
                    credits: 0,
                };
                return (
                    Event::StepParked { step, fence, gate },
                    Some(Arc::new(approval)),
                );
            }
            (Came::Done, Some(Heard::Accepted) | None) => Event::StepCompleted {
                step,
                fence,
                output: output(),
                credits: 1,
            },
        };
        (event, None)
    }

    /// The approval for what the worker has prepared.
    fn request(&self, state: &State, hold: &Hold) -> Approval {
        let row = &hold.base.steps[hold.step];
        let sha256 = self.scenario.prepared(hold.step, hold.fence).made.clone();
        Approval {
            id: approval_id(hold.message.run, hold.step, hold.fence),
            owner: hold.base.owner.clone(),
            execution: hold.base.id.clone(),
            workflow: hold.base.workflow.clone(),
            workflow_name: String::new(),
            step: row.id.clone(),
            generation: row.revisions + 1,
            status: ApprovalStatus::Pending,
            draft: Output {
                sha256: sha256.clone(),
                ..output()
            },
            original: None,
            sha256,
            required: self.scenario.required,
            max_revisions: self.scenario.max_revisions,
            approvers: (0..self.scenario.people.len()).map(name).collect(),
            strict: false,
            decisions: Vec::new(),
            sources: Vec::new(),
            deadline: after(state.now, self.scenario.decision_ticks * TICK),
            created_at: state.now,
            revision: 0,
            asking: Asking::of_nobody(),
        }
    }
}

/// A finished output; what it says does not matter.
fn output() -> Output {
    Output {
        sha256: String::new(),
        bytes: 0,
        inline: None,
        preview: String::new(),
    }
}
