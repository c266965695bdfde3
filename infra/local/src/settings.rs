//! Everything that can be said to the local host from outside, read once.
//!
//! Flags and variables of the command line end here, and nothing else in this crate reads the
//! environment. The functions get an environment of their own (see [`crate::environment`]).

use std::env;
use std::path::PathBuf;

use engine::retention::Retention;

/// Address of the local owner where `NIGHTDESK_EMAIL` does not say.
const OWNER: &str = "owner@nightdesk.test";

/// A secret of the person who started the host; its `Debug` shows stars.
#[derive(Clone, PartialEq, Eq)]
pub struct Hidden(pub String);

impl std::fmt::Debug for Hidden {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("***")
    }
}

/// How the host is to run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Loopback port of the API and the pages; 0 takes any free one.
    pub port: u16,
    /// The folder of the state; `None` keeps nothing.
    pub data: Option<PathBuf>,
    /// Whether everything the functions log is shown, not only trouble.
    pub verbose: bool,
    /// The program that is executed as `<executable> function <name>`; it must be this one.
    pub executable: PathBuf,
    /// `NIGHTDESK_EMAIL`: address of the local owner.
    pub email: String,
    /// `NIGHTDESK_MAIL_DOMAINS`: domains whose addresses need no verification.
    pub mail_domains: String,
    /// `NIGHTDESK_TOKEN`: the API token of the local owner, if it is not to be generated.
    pub token: Option<Hidden>,
    /// `NIGHTDESK_BASE_URL`, where links shall not point to the port itself.
    pub base_url: Option<String>,
    /// `NIGHTDESK_EGRESS_ALLOW`: `host:port,…` besides the bundled site.
    pub egress_allow: String,
    pub model: ModelSettings,
    pub search: SearchSettings,
    /// Variables that go to the functions as they are, where they are set.
    pub passed_on: Vec<(String, String)>,
}

/// `NIGHTDESK_MODEL_*`.
#[derive(Debug, Clone)]
pub struct ModelSettings {
    pub provider: String,
    pub url: String,
    pub name: String,
    pub key: Option<Hidden>,
}

/// `NIGHTDESK_SEARCH_*`.
#[derive(Debug, Clone)]
pub struct SearchSettings {
    pub provider: String,
    pub url: String,
}

/// What the functions may read besides what the template gives them: their own limits, the search
/// key, and where this machine keeps its root certificates.
const PASSED_ON: [&str; 7] = [
    "NIGHTDESK_LIMITS",
    "NIGHTDESK_MAX_WORKFLOWS",
    RETENTION_DAYS,
    "NIGHTDESK_SEARCH_KEY",
    "RUST_BACKTRACE",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
];

/// How long things are kept.
const RETENTION_DAYS: &str = "NIGHTDESK_RETENTION_DAYS";

impl Settings {
    /// How long things are kept; the default where nothing that can be read is said.
    #[must_use]
    pub(crate) fn retention(&self) -> Retention {
        let said = self
            .passed_on
            .iter()
            .find(|(name, _)| name == RETENTION_DAYS);
        said.and_then(|(_, days)| Retention::parse(days))
            .unwrap_or_default()
    }

    /// The settings the environment gives, on this port and folder, quiet.
    ///
    /// # Errors
    /// When the operating system does not say which program this is.
    pub fn from_environment(port: u16, data: Option<PathBuf>) -> std::io::Result<Self> {
        let set = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        let or = |name: &str, default: &str| set(name).unwrap_or_else(|| default.to_owned());
        Ok(Self {
            port,
            data,
            verbose: false,
            executable: env::current_exe()?,
            email: or("NIGHTDESK_EMAIL", OWNER),
            mail_domains: or("NIGHTDESK_MAIL_DOMAINS", "*"),
            token: set("NIGHTDESK_TOKEN").map(Hidden),
            base_url: set("NIGHTDESK_BASE_URL"),
            egress_allow: or("NIGHTDESK_EGRESS_ALLOW", ""),
            model: ModelSettings {
                provider: or("NIGHTDESK_MODEL_PROVIDER", "offline"),
                url: or("NIGHTDESK_MODEL_URL", ""),
                name: or("NIGHTDESK_MODEL", ""),
                key: set("NIGHTDESK_MODEL_KEY").map(Hidden),
            },
            search: SearchSettings {
                provider: or("NIGHTDESK_SEARCH_PROVIDER", "offline"),
                url: or("NIGHTDESK_SEARCH_URL", ""),
            },
            passed_on: PASSED_ON
                .iter()
                .filter_map(|name| Some(((*name).to_owned(), set(name)?)))
                .collect(),
        })
    }
}
