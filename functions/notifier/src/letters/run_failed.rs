//! The mail about a run that failed: what failed, in a sentence, and what was not charged.

use domain::execution::{ErrorCode, Execution, StepState};
use domain::text;
use domain::workflow::{MOST_FAILURES, Workflow, WorkflowStatus};

use super::{moment, one_line};

/// The longest message of a step, in characters.
const MOST_MESSAGE_CHARS: usize = 300;

/// Everything the mail says.
pub(crate) struct RunFailed {
    pub(crate) workflow: String,
    pub(crate) reason: String,
    pub(crate) finished_at: String,
    /// The failed steps and what each said.
    pub(crate) steps: Vec<(String, String)>,
    /// Whether the workflow was stopped because of it.
    pub(crate) is_stopped: bool,
    pub(crate) most_failures: u32,
    pub(crate) link: String,
}

impl RunFailed {
    pub(crate) fn new(run: &Execution, workflow: Option<&Workflow>, link: String) -> Self {
        let failed = run.steps.iter().filter_map(|row| match &row.state {
            StepState::Failed { error, .. } => Some((
                row.id.clone(),
                one_line(&error.to_string(), MOST_MESSAGE_CHARS),
            )),
            StepState::Waiting
            | StepState::Ready { .. }
            | StepState::Running { .. }
            | StepState::AwaitingApproval { .. }
            | StepState::Approved { .. }
            | StepState::Performing { .. }
            | StepState::OutcomeUnknown { .. }
            | StepState::Completed { .. }
            | StepState::Skipped { .. }
            | StepState::Cancelled { .. } => None,
        });
        Self {
            workflow: workflow.map_or_else(
                || run.workflow.to_string(),
                |workflow| one_line(&workflow.name, 255),
            ),
            reason: sentence(run.outcome_reason().unwrap_or_default()),
            finished_at: run.finished_at().map(moment).unwrap_or_default(),
            steps: failed.collect(),
            is_stopped: workflow.is_some_and(|workflow| workflow.status == WorkflowStatus::Failed),
            most_failures: MOST_FAILURES,
            link,
        }
    }

    fn short_name(&self) -> String {
        text::preview(&self.workflow, 80)
    }
}

/// A run's reason as a person would say it.
fn sentence(reason: &str) -> String {
    let Some(code) = ErrorCode::parse(reason) else {
        return match reason {
            "transition_budget_exceeded" => "It went round in circles and was stopped.".to_owned(),
            other => one_line(&other.replace('_', " "), MOST_MESSAGE_CHARS),
        };
    };
    let said = match code {
        ErrorCode::Timeout => "Something it needs did not answer in time.",
        ErrorCode::RateLimited => "A site or provider asked to be called less often.",
        ErrorCode::Unreachable => "A site or receiver could not be reached.",
        ErrorCode::HttpStatus => "A site or receiver answered with an error.",
        ErrorCode::BlockedAddress => "An address is not public and is never connected to.",
        ErrorCode::TooManyRedirects => "A page redirects in circles.",
        ErrorCode::TooLarge => "A page is too large.",
        ErrorCode::UnsupportedContentType => "An address holds something that is not read.",
        ErrorCode::RobotsDenied => "A site does not allow its pages to be read.",
        ErrorCode::NeedsScript => "A page shows its content only with script.",
        ErrorCode::SourceUnavailable => "None of its sources could be read.",
        ErrorCode::ProviderError => "A provider it uses failed.",
        ErrorCode::ReferenceMissing => "A step refers to something that is not there.",
        ErrorCode::BudgetExceeded => "It would have cost more than it may.",
        ErrorCode::DraftChanged => "What was to be published is not what was approved.",
        ErrorCode::Infrastructure => "It could not be carried out; that is on our side.",
    };
    said.to_owned()
}

letter! {
    RunFailed:
    "run-failed/subject.txt",
    "run-failed/body.txt",
    "run-failed/body.html",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_mail() {
        let letter = RunFailed {
            workflow: "Prices <b>".into(),
            reason: sentence("source_unavailable"),
            finished_at: "2026-05-04 08:00 UTC".into(),
            steps: vec![(
                "read".into(),
                "unreachable: the site could not be reached: its name does not resolve".into(),
            )],
            is_stopped: true,
            most_failures: MOST_FAILURES,
            link: "https://nightdesk.example/executions/exe_1".into(),
        };
        let mail = letter.mail("a@x.test");
        insta::assert_snapshot!(
            "run_failed",
            format!(
                "{}\n\n{}\n{}",
                mail.subject,
                mail.text,
                mail.html.unwrap_or_default()
            )
        );
    }

    #[test]
    fn every_reason_is_a_sentence() {
        for code in ErrorCode::ALL {
            assert!(sentence(code.as_str()).ends_with('.'), "{code}");
        }
        assert_eq!(sentence("something_else"), "something else");
    }
}
