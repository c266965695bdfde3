//! The mail that tells of nothing: a person wants to see whether it arrives.

use domain::text;
use domain::workflow::Workflow;

use super::one_line;

/// Everything the mail says.
pub(crate) struct DestinationTest {
    pub(crate) workflow: String,
    pub(crate) link: String,
}

impl DestinationTest {
    pub(crate) fn new(workflow: &Workflow, link: String) -> Self {
        Self {
            workflow: one_line(&workflow.name, 255),
            link,
        }
    }

    fn short_name(&self) -> String {
        text::preview(&self.workflow, 80)
    }
}

letter! {
    DestinationTest:
    "destination-test/subject.txt",
    "destination-test/body.txt",
    "destination-test/body.html",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_mail() {
        let letter = DestinationTest {
            workflow: "Prices <b>".into(),
            link: "https://nightdesk.example/workflows/wf_1".into(),
        };
        let mail = letter.mail("a@x.test");
        insta::assert_snapshot!(
            "destination_test",
            format!(
                "{}\n\n{}\n{}",
                mail.subject,
                mail.text,
                mail.html.unwrap_or_default()
            )
        );
    }
}
