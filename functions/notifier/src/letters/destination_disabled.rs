//! The mail that says that a destination is told nothing more, because it said that it is gone.

use domain::delivery::{Address, Destination};
use domain::text;
use domain::workflow::Workflow;
use jiff::Timestamp;
use url::Url;

use super::{moment, one_line};

/// Everything the mail says.
pub(crate) struct DestinationDisabled {
    workflow: String,
    /// The receiver's host: the rest of an address may be a secret.
    host: String,
    id: String,
    at: String,
    link: String,
}

impl DestinationDisabled {
    /// `None` for a destination that is not disabled, or that has no address of its own.
    pub(crate) fn new(
        workflow: &Workflow,
        destination: &Destination,
        link: String,
    ) -> Option<Self> {
        let at: Timestamp = destination.disabled_at?;
        let Address::Webhook { url, .. } = &destination.address else {
            return None;
        };
        let url = Url::parse(url).ok();
        let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
        Some(Self {
            workflow: one_line(&workflow.name, 255),
            host: host.to_owned(),
            id: destination.id.to_string(),
            at: moment(at),
            link,
        })
    }

    fn short_name(&self) -> String {
        text::preview(&self.workflow, 80)
    }
}

letter! {
    DestinationDisabled:
    "destination-disabled/subject.txt",
    "destination-disabled/body.txt",
    "destination-disabled/body.html",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_mail() {
        let letter = DestinationDisabled {
            workflow: "Prices <b>".into(),
            host: "hooks.example.com".into(),
            id: "dst_1".into(),
            at: "2026-05-04 08:00 UTC".into(),
            link: "https://nightdesk.example/workflows/wf_1".into(),
        };
        let mail = letter.mail("a@x.test");
        insta::assert_snapshot!(
            "destination_disabled",
            format!(
                "{}\n\n{}\n{}",
                mail.subject,
                mail.text,
                mail.html.unwrap_or_default()
            )
        );
    }
}
