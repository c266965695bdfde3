//! Making again what a person wants otherwise.

use super::apply::{Closing, Effect};
use super::state::StepState;
use super::{Execution, bounds};
use crate::plan::ToolKind;

/// Makes again what step `i` put before a person: the step that wrote it, and all that follows from
/// it. What has already gone out to the world stays as it is.
pub(super) fn redo(run: &mut Execution, i: usize, note: &str, effects: &mut Vec<Effect>) {
    let makers = makers_of(run, i);
    let mut again: Vec<bool> = (0..run.steps.len()).map(|j| makers.contains(&j)).collect();
    again[i] = true;
    // Steps are not sorted: repeat until nothing more follows.
    loop {
        let following: Vec<usize> = (0..run.steps.len())
            .filter(|j| {
                !again[*j]
                    && run.steps[*j]
                        .needs
                        .iter()
                        .any(|need| again[usize::from(*need)])
            })
            .collect();
        if following.is_empty() {
            break;
        }
        for j in following {
            again[j] = true;
        }
    }
    for (j, row) in run.steps.iter_mut().enumerate().filter(|(j, _)| again[*j]) {
        let went_out = row.kind.publishes()
            && matches!(
                row.state,
                StepState::Completed { .. }
                    | StepState::Performing { .. }
                    | StepState::OutcomeUnknown { .. }
            );
        if went_out {
            continue;
        }
        if let StepState::AwaitingApproval { gate } | StepState::Approved { gate, .. } = &row.state
        {
            effects.push(Effect::CloseApproval {
                approval: gate.approval.clone(),
                because: Closing::Superseded,
            });
        }
        row.state = StepState::Waiting;
        row.attempts = 0;
        row.postponed = None;
        row.cut_off = 0;
        row.cursor = None;
        row.note = makers.contains(&j).then(|| bounds::note(note));
    }
}

/// Who wrote what step `i` puts before a person: the step itself, or, when it only carries text
/// to the world, the writing steps it depends on directly.
fn makers_of(run: &Execution, i: usize) -> Vec<usize> {
    let writes = |kind: ToolKind| match kind {
        ToolKind::GenerateOutline
        | ToolKind::GenerateReport
        | ToolKind::LlmResponse
        | ToolKind::FormatPost
        | ToolKind::GenerateImage => true,
        ToolKind::Search
        | ToolKind::Crawl
        | ToolKind::Aggregate
        | ToolKind::Transform
        | ToolKind::SendEmail
        | ToolKind::PostWebhook => false,
    };
    if !run.steps[i].kind.publishes() {
        return vec![i];
    }
    let writers: Vec<usize> = run.steps[i]
        .needs
        .iter()
        .map(|need| usize::from(*need))
        .filter(|j| writes(run.steps[*j].kind))
        .collect();
    if writers.is_empty() { vec![i] } else { writers }
}
