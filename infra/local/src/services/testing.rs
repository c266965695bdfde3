//! What the tests of the services share: an account in memory and the real SDK's clients.

use std::sync::Arc;

use super::scheduler::Scheduler;
use super::secrets_manager::Secrets;
use super::ses::{EventRule, Ses, SesSettings};
use super::sqs::Sqs;
use crate::clock::Clock;
use crate::faults::Faults;
use crate::state::State;
use crate::usage::Usage;

pub(super) struct Account {
    pub(super) clock: Arc<Clock>,
    pub(super) usage: Arc<Usage>,
    pub(super) faults: Arc<Faults>,
    pub(super) sqs: Arc<Sqs>,
    pub(super) ses: Arc<Ses>,
    pub(super) scheduler: Arc<Scheduler>,
    pub(super) secrets: Arc<Secrets>,
}

pub(super) fn account() -> Account {
    account_on(State::open(None).unwrap())
}

pub(super) fn account_on(state: Arc<State>) -> Account {
    let clock = Clock::open(Arc::clone(&state)).unwrap();
    let (usage, faults) = (Arc::new(Usage::default()), Arc::new(Faults::default()));
    let parts = || {
        (
            Arc::clone(&state),
            Arc::clone(&clock),
            Arc::clone(&usage),
            Arc::clone(&faults),
        )
    };
    let (a, b, c, d) = parts();
    let sqs = Sqs::new(a, b, c, d);
    let (a, b, c, d) = parts();
    let settings = SesSettings {
        verified_senders: vec!["nightdesk.test".into()],
        events: vec![EventRule {
            configuration_set: "mails".into(),
            detail_types: vec!["Email Bounced".into()],
            queue: "notices".into(),
        }],
    };
    let ses = Ses::new(a, b, c, d, Arc::clone(&sqs), settings);
    let (a, b, c, d) = parts();
    let scheduler = Scheduler::new(a, b, c, d, Arc::clone(&sqs), vec!["desk".into()]);
    let (a, b, c, d) = parts();
    let secrets = Secrets::new(a, b, c, d);
    Account {
        clock,
        usage,
        faults,
        sqs,
        ses,
        scheduler,
        secrets,
    }
}

/// A client of the real SDK against one of our endpoints: over plain HTTP, with made-up credentials,
/// without retries unless a test asks for them.
macro_rules! sdk_client {
    ($sdk:ident, $url:expr) => {
        sdk_client!($sdk, $url, 1)
    };
    ($sdk:ident, $url:expr, $attempts:expr) => {
        $sdk::Client::from_conf(
            $sdk::Config::builder()
                .behavior_version($sdk::config::BehaviorVersion::latest())
                .region($sdk::config::Region::from_static("us-east-1"))
                .credentials_provider($sdk::config::Credentials::new(
                    "local", "local", None, None, "tests",
                ))
                .retry_config(
                    $sdk::config::retry::RetryConfig::standard()
                        .with_max_attempts($attempts)
                        .with_initial_backoff(std::time::Duration::from_millis(5)),
                )
                .http_client(aws_smithy_http_client::Builder::new().build_http())
                .endpoint_url($url)
                .build(),
        )
    };
}
pub(super) use sdk_client;
