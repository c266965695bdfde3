//! The mail that tells a former approver that others decide from now on.

use domain::delivery::Succession;
use domain::text;
use domain::workflow::Workflow;

use super::one_line;

/// Everything the mail says.
pub(crate) struct ApproversChanged {
    workflow: String,
    by: String,
    approvers: String,
    required: u32,
    link: String,
}

impl ApproversChanged {
    pub(crate) fn new(workflow: &Workflow, succession: &Succession, link: String) -> Self {
        Self {
            workflow: one_line(&workflow.name, 255),
            by: one_line(&succession.by, 254),
            approvers: succession.approvers.join(", "),
            required: succession.required,
            link,
        }
    }

    fn short_name(&self) -> String {
        text::preview(&self.workflow, 80)
    }
}

letter! {
    ApproversChanged:
    "approvers-changed/subject.txt",
    "approvers-changed/body.txt",
    "approvers-changed/body.html",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_mail() {
        let letter = ApproversChanged {
            workflow: "Prices <b>".into(),
            by: "owner@x.test".into(),
            approvers: "b@x.test, c@x.test".into(),
            required: 2,
            link: "https://nightdesk.example/workflows/wf_1".into(),
        };
        let mail = letter.mail("a@x.test");
        insta::assert_snapshot!(
            "approvers_changed",
            format!(
                "{}\n\n{}\n{}",
                mail.subject,
                mail.text,
                mail.html.unwrap_or_default()
            )
        );
    }
}
