//! Where a plan sends data: what a person looks at before they take one.

use super::Plan;
use super::template::Template;
use super::tool::Tool;

/// An address to which a step sends what a run has found, or what the plan says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receiver<'a> {
    pub step: &'a str,
    /// As it is planned: what is only known in the run stands as its reference.
    pub address: &'a str,
}

impl Plan {
    /// Every address that data is sent to, in the order of the steps.
    #[must_use]
    pub fn receivers(&self) -> Vec<Receiver<'_>> {
        self.steps()
            .iter()
            .flat_map(|step| {
                addresses(&step.tool).into_iter().map(|address| Receiver {
                    step: &step.id,
                    address: address.as_str(),
                })
            })
            .collect()
    }
}

/// What a model and a search provider are told goes to addresses of the installation, not of the plan.
fn addresses(tool: &Tool) -> Vec<&Template> {
    match tool {
        Tool::SendEmail(mail) => (mail.to.templates().into_iter())
            .map(|(_, address)| address)
            .collect(),
        Tool::PostWebhook(post) => vec![&post.url],
        // A request has its address in it: data in the address is sent to the site.
        Tool::Crawl(crawl) => (crawl.urls.templates().into_iter())
            .map(|(_, address)| address)
            .filter(|address| !address.is_literal())
            .collect(),
        Tool::Search(_)
        | Tool::Aggregate(_)
        | Tool::GenerateOutline(_)
        | Tool::GenerateReport(_)
        | Tool::LlmResponse(_)
        | Tool::FormatPost(_)
        | Tool::GenerateImage(_)
        | Tool::Transform(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::egress::EgressRule;

    #[test]
    fn a_plan_says_where_data_goes() {
        let steps = json!([
            {"id": "find", "type": "search", "config": {"query": "lamps"}},
            {"id": "read", "type": "crawl", "depends_on": ["find"], "config": {"urls": ["https://a.example/", "https://b.example/?q=${steps.find.results[0].title}"]}},
            {"id": "all", "type": "crawl", "depends_on": ["find"], "config": {"urls": "${steps.find.results[*].url}"}},
            {"id": "mail", "type": "send_email", "config": {"to": ["ann@a.example", "bob@a.example"], "subject": "x", "body": "y"}},
            {"id": "post", "type": "post_webhook", "config": {"url": "https://c.example/hook", "body": "y"}},
        ]);
        let plan = Plan::read(&steps, "/steps", &EgressRule::public_only()).unwrap();
        let receivers: Vec<_> = (plan.receivers().iter())
            .map(|receiver| (receiver.step, receiver.address))
            .collect();
        assert_eq!(
            receivers,
            [
                (
                    "read",
                    "https://b.example/?q=${steps.find.results[0].title}"
                ),
                ("all", "${steps.find.results[*].url}"),
                ("mail", "ann@a.example"),
                ("mail", "bob@a.example"),
                ("post", "https://c.example/hook"),
            ]
        );
    }
}
