//! What every handler works with, and the settings it was started with.

use std::sync::Arc;

use domain::egress::{EgressRule, Exceptions};
use engine::Engine;
use engine::ports::Schedules;
use url::Url;

/// The most workflows of one owner (API section 1), unless `NIGHTDESK_MAX_WORKFLOWS` says otherwise.
const MOST_WORKFLOWS: usize = 1000;

/// The engine, the one port its verbs want beside it here, and the settings.
#[derive(Clone)]
pub struct App {
    pub engine: Engine,
    pub schedules: Arc<dyn Schedules>,
    pub settings: Arc<Settings>,
}

/// The function's configuration, read once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where people reach the pages (`NIGHTDESK_BASE_URL`); without it the gateway's `Host` is taken at its word.
    pub base_url: Option<Url>,
    /// Domains whose addresses need no verification (`NIGHTDESK_MAIL_DOMAINS`); `*` means any.
    pub mail_domains: Vec<String>,
    /// The most workflows of one owner (`NIGHTDESK_MAX_WORKFLOWS`).
    pub most_workflows: usize,
    /// Where crawls and webhooks may go (`NIGHTDESK_EGRESS_ALLOW` adds to it).
    pub egress: EgressRule,
}

/// A setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the environment variable {name} cannot be used: {reason}")]
pub struct SettingsError {
    pub name: &'static str,
    pub reason: String,
}

impl Settings {
    /// Reads the settings from a look-up of environment variables.
    ///
    /// # Errors
    /// A variable is set to what it cannot mean.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let unusable = |name: &'static str, reason: String| SettingsError { name, reason };
        let base_url = match variable("NIGHTDESK_BASE_URL") {
            None => None,
            Some(text) => match Url::parse(&text) {
                Ok(url) if url.has_host() && matches!(url.scheme(), "http" | "https") => Some(url),
                Ok(_) => {
                    return Err(unusable(
                        "NIGHTDESK_BASE_URL",
                        "it is no http or https address".to_owned(),
                    ));
                }
                Err(error) => return Err(unusable("NIGHTDESK_BASE_URL", error.to_string())),
            },
        };
        let most_workflows = match variable("NIGHTDESK_MAX_WORKFLOWS") {
            None => MOST_WORKFLOWS,
            Some(text) => text
                .parse()
                .map_err(|_| unusable("NIGHTDESK_MAX_WORKFLOWS", "it is no number".to_owned()))?,
        };
        let exceptions = Exceptions::parse(&variable("NIGHTDESK_EGRESS_ALLOW").unwrap_or_default())
            .map_err(|error| unusable("NIGHTDESK_EGRESS_ALLOW", error.to_string()))?;
        let domains = variable("NIGHTDESK_MAIL_DOMAINS").unwrap_or_default();
        let mail_domains = domains
            .split(',')
            .map(|domain| domain.trim().to_lowercase())
            .filter(|domain| !domain.is_empty())
            .collect();
        Ok(Self {
            base_url,
            mail_domains,
            most_workflows,
            egress: EgressRule::new(exceptions),
        })
    }

    /// Whether mail may go to `address` without a verification of its own.
    #[must_use]
    pub fn trusts(&self, address: &str) -> bool {
        let host = address
            .rsplit_once('@')
            .map(|(_, host)| host.to_lowercase())
            .unwrap_or_default();
        self.mail_domains
            .iter()
            .any(|domain| domain == "*" || *domain == host)
    }

    /// Whether the pages are reached over TLS, so that a cookie may insist on it. Only a loopback address
    /// configured as such is not.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.base_url
            .as_ref()
            .is_none_or(|url| url.scheme() == "https")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        Settings::read(|name| {
            variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn defaults_and_mail_domains() {
        let settings = read(&[("NIGHTDESK_MAIL_DOMAINS", "Example.com, other.test")]).unwrap();
        assert_eq!(settings.most_workflows, 1000);
        assert!(settings.trusts("a@EXAMPLE.com") && settings.trusts("a@other.test"));
        assert!(
            !settings.trusts("a@sub.example.com") && !settings.trusts("a@example.com.evil.test")
        );
        assert!(
            read(&[("NIGHTDESK_MAIL_DOMAINS", "*")])
                .unwrap()
                .trusts("anybody@any.test")
        );
        assert!(settings.is_secure());
        assert!(
            !read(&[("NIGHTDESK_BASE_URL", "http://127.0.0.1:8787")])
                .unwrap()
                .is_secure()
        );
    }

    #[test]
    fn what_cannot_be_meant_stops_the_start() {
        for (name, value) in [
            ("NIGHTDESK_BASE_URL", "ftp://x"),
            ("NIGHTDESK_MAX_WORKFLOWS", "many"),
            ("NIGHTDESK_EGRESS_ALLOW", "nope"),
        ] {
            assert_eq!(read(&[(name, value)]).unwrap_err().name, name);
        }
    }
}
