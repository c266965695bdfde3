//! What every handler works with, and the settings it was started with.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use domain::egress::{EgressRule, Exceptions};
use domain::planning::PlanningRequest;
use domain::quota::Quota;
use engine::Engine;
use engine::ports::{Assessments, Downloads, Erasures, Replays, Schedules, Slots, Usage};
use engine::sealing::Sealing;
use http::request::Parts;
use jiff::Timestamp;
use url::Url;
use uuid::Uuid;

/// The engine, the one port its verbs want beside it here, and the settings.
#[derive(Clone)]
pub struct App {
    pub engine: Engine,
    pub schedules: Arc<dyn Schedules>,
    pub usage: Arc<dyn Usage>,
    pub replays: Arc<dyn Replays>,
    pub assessments: Arc<dyn Assessments>,
    /// How many waits owners have open.
    pub slots: Arc<dyn Slots>,
    /// Where what is too large for an answer can be fetched.
    pub downloads: Arc<dyn Downloads>,
    /// What seals the secrets of webhooks.
    pub sealing: Sealing,
    /// What erases owners.
    pub erasures: Arc<dyn Erasures>,
    pub settings: Arc<Settings>,
    /// What is known of the request when it may be sent again.
    pub repeatable: Option<Repeatable>,
}

/// A request that may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repeatable {
    /// When its first try began.
    pub begun_at: Timestamp,
    /// The id that an earlier try, one that was cut off, has given what it made.
    pub earlier: Option<Uuid>,
}

impl App {
    /// The id of what an earlier try of this request may have made.
    pub(crate) fn earlier(&self) -> Option<Uuid> {
        self.repeatable.and_then(|repeatable| repeatable.earlier)
    }
}

/// As the request has it: one that may be sent again has ids of its own.
impl FromRequestParts<Self> for App {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Self) -> Result<Self, Self::Rejection> {
        Ok(parts.extensions.get::<Self>().unwrap_or(app).clone())
    }
}

/// The function's configuration, read once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where people reach the pages (`NIGHTDESK_BASE_URL`); without it the gateway's `Host` is taken at its word.
    pub base_url: Option<Url>,
    /// Domains whose addresses need no verification (`NIGHTDESK_MAIL_DOMAINS`); `*` means any.
    pub mail_domains: Vec<String>,
    /// The most workflows of one owner (`NIGHTDESK_MAX_WORKFLOWS`).
    pub most_workflows: u32,
    /// Whether tokens may be used only so often (`NIGHTDESK_LIMITS`, `on` unless it is `off`).
    pub limits: bool,
    /// The SHA-256 of the token that makes owners (`NIGHTDESK_ADMIN_TOKEN_SHA256`); without it nobody can begin.
    pub admin_token_sha256: Option<String>,
    /// Whether a model is configured (`NIGHTDESK_MODEL_PROVIDER`): others ask it, and hold its key.
    pub has_model: bool,
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
            None => Quota::Workflows.most(),
            Some(text) => text
                .parse()
                .map_err(|_| unusable("NIGHTDESK_MAX_WORKFLOWS", "it is no number".to_owned()))?,
        };
        let limits = match variable("NIGHTDESK_LIMITS").as_deref() {
            None | Some("on") => true,
            Some("off") => false,
            Some(_) => {
                let reason = "it is neither on nor off".to_owned();
                return Err(unusable("NIGHTDESK_LIMITS", reason));
            }
        };
        let admin_token_sha256 = variable("NIGHTDESK_ADMIN_TOKEN_SHA256");
        let is_sha256 = |text: &String| {
            text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        };
        if !admin_token_sha256.as_ref().is_none_or(is_sha256) {
            let reason = "it is not 64 lower-case hexadecimal digits".to_owned();
            return Err(unusable("NIGHTDESK_ADMIN_TOKEN_SHA256", reason));
        }
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
            limits,
            admin_token_sha256,
            has_model: variable("NIGHTDESK_MODEL_PROVIDER").is_some_and(|name| name != "offline"),
            egress: EgressRule::new(exceptions),
        })
    }

    /// What planning may cost at most, in credits: offline it is free (API section 3).
    #[must_use]
    pub fn price_of_planning(&self, request: &PlanningRequest) -> u32 {
        if self.has_model {
            request.preset.credits()
        } else {
            0
        }
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
        assert!(!settings.has_model);
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
    fn planning_has_a_price_where_a_model_is_configured() {
        let request = PlanningRequest {
            intent: "watch OpenAI pricing page".to_owned(),
            preset: domain::planning::Preset::Thorough,
            max_credits_per_execution: None,
        };
        for (provider, price) in [("openai", 50), ("offline", 0)] {
            let settings = read(&[("NIGHTDESK_MODEL_PROVIDER", provider)]).unwrap();
            assert_eq!(settings.price_of_planning(&request), price, "{provider}");
        }
    }

    #[test]
    fn what_cannot_be_meant_stops_the_start() {
        for (name, value) in [
            ("NIGHTDESK_BASE_URL", "ftp://x"),
            ("NIGHTDESK_MAX_WORKFLOWS", "many"),
            ("NIGHTDESK_LIMITS", "some"),
            ("NIGHTDESK_ADMIN_TOKEN_SHA256", "nd_token"),
            ("NIGHTDESK_EGRESS_ALLOW", "nope"),
        ] {
            assert_eq!(read(&[(name, value)]).unwrap_err().name, name);
        }
    }
}
