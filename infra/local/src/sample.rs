//! The sample workflow of a first, empty start: something to look at.
//!
//! It watches the bundled site's pricing page every six hours and has run once, so that the pages show
//! a workflow, a run and a baseline. It is made by the API, as a person would make it, and is the
//! owner's to change or delete. When it cannot be made the host goes on without it.

use reqwest::StatusCode;
use serde_json::json;

use crate::host::Host;

/// Makes it.
pub(crate) async fn create(host: &Host) {
    match post(host).await {
        Ok(StatusCode::CREATED) => {}
        Ok(status) => tracing::warn!(%status, "the sample workflow was refused"),
        Err(error) => tracing::warn!(%error, "the sample workflow could not be made"),
    }
}

async fn post(host: &Host) -> Result<StatusCode, reqwest::Error> {
    let page = format!("{}/pricing", host.site_url().trim_end_matches('/'));
    let body = json!({
        "name": "Sample: a competitor's prices",
        "description": "Watches the pricing page of the small site that comes with this host. \
                        POST /_local/site {\"edition\": 2} changes that page.",
        "mode": "simple",
        "workflow_type": "crawl",
        "operation_config": {"urls": [page], "max_pages": 1},
        "interval": "6 hours",
        "stop_condition": {"type": "always"},
        "tags": ["sample"],
        "run_immediately": true,
    });
    let client = reqwest::Client::builder().no_proxy().build()?;
    let request = client
        .post(format!("{}/v1/workflows", host.address()))
        .bearer_auth(host.token())
        .json(&body);
    Ok(request.send().await?.status())
}
