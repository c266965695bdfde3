//! Which providers are used: read once from named variables, refused by name when wrong.

use std::sync::Arc;

use domain::egress::{BadException, EgressRule, Exceptions};
use engine::ports::{Clock, Crawler, Images, Model, Pacing, Search};
use url::Url;

use crate::ClientError;
use crate::Secret;
use crate::crawl::WebCrawler;
use crate::images::{ApiImages, OfflineImages};
use crate::model::{ChatModel, ChatSettings, OfflineModel};
use crate::search::{
    BraveSearch, DecomposingSearch, FeedSearch, OfflineSearch, SearxngSearch, TavilySearch, brave,
    tavily,
};

/// Where a site's owner finds out who is asking, unless `NIGHTDESK_CONTACT` says otherwise.
pub const DEFAULT_CONTACT: &str = "https://nightdesk.example/crawler";

/// Why settings cannot be used. Every variant names the variable at fault and never shows a secret.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{variable} is `{value}`; it must be one of {expected}")]
    UnknownProvider {
        variable: &'static str,
        value: String,
        expected: &'static str,
    },
    #[error("{variable} is `{value}`: this provider is not built yet")]
    NotBuilt {
        variable: &'static str,
        value: String,
    },
    #[error("{variable} must be set for {for_what}")]
    Missing {
        variable: &'static str,
        for_what: &'static str,
    },
    #[error("{variable} is not an http or https URL")]
    NotUrl { variable: &'static str },
    #[error("{variable} holds characters no key has")]
    NotKey { variable: &'static str },
    #[error("NIGHTDESK_EGRESS_ALLOW cannot be read")]
    Egress(#[from] BadException),
    #[error(transparent)]
    Client(#[from] ClientError),
}

/// The model to use.
#[derive(Debug, Clone)]
pub enum ModelSettings {
    Offline,
    Chat(ChatSettings),
}

/// The search to use.
#[derive(Debug, Clone)]
pub enum SearchSettings {
    /// The bundled site: over HTTP where it is served, else in this process.
    Offline {
        site: Option<Url>,
    },
    Searxng {
        base: Url,
    },
    Brave {
        base: Url,
        key: Secret,
    },
    Tavily {
        base: Url,
        key: Secret,
    },
    /// RSS, Atom or JSON feeds, at least one.
    Feeds {
        feeds: Vec<Url>,
    },
}

/// Everything the providers are built from.
#[derive(Debug, Clone)]
pub struct ProviderSettings {
    pub model: ModelSettings,
    /// The name of an image model on the same server as the model; pictures are drawn offline
    /// without.
    pub image_model: Option<String>,
    pub search: SearchSettings,
    pub egress: EgressRule,
    /// Named in the crawler's user agent.
    pub contact: String,
}

/// The variables.
mod variable {
    pub(super) const MODEL_PROVIDER: &str = "NIGHTDESK_MODEL_PROVIDER";
    pub(super) const MODEL_URL: &str = "NIGHTDESK_MODEL_URL";
    pub(super) const MODEL: &str = "NIGHTDESK_MODEL";
    pub(super) const IMAGE_MODEL: &str = "NIGHTDESK_IMAGE_MODEL";
    pub(super) const SEARCH_PROVIDER: &str = "NIGHTDESK_SEARCH_PROVIDER";
    pub(super) const SEARCH_URL: &str = "NIGHTDESK_SEARCH_URL";
    pub(super) const SEARCH_KEY: &str = "NIGHTDESK_SEARCH_KEY";
    pub(super) const SITE_URL: &str = "NIGHTDESK_SITE_URL";
    pub(super) const EGRESS_ALLOW: &str = "NIGHTDESK_EGRESS_ALLOW";
    pub(super) const CONTACT: &str = "NIGHTDESK_CONTACT";
}

impl ProviderSettings {
    /// Reads the settings through `lookup`. The model's key comes separately: in AWS it is not in
    /// the environment. The key of a search provider is looked up as `NIGHTDESK_SEARCH_KEY`; whoever
    /// keeps it elsewhere answers that name from there.
    ///
    /// # Errors
    /// The first variable that is missing or cannot be used.
    pub fn read(
        lookup: &dyn Fn(&str) -> Option<String>,
        model_key: Option<Secret>,
    ) -> Result<Self, ConfigError> {
        // An empty variable is one that is not set: templates cannot leave them out.
        let get = |name: &str| {
            lookup(name)
                .map(|value| value.trim().to_owned())
                .filter(|value| !value.is_empty())
        };
        let model = read_model(&get, model_key)?;
        let search = read_search(&get)?;
        let exceptions = Exceptions::parse(&get(variable::EGRESS_ALLOW).unwrap_or_default())?;
        Ok(Self {
            model,
            image_model: get(variable::IMAGE_MODEL),
            search,
            egress: EgressRule::new(exceptions),
            contact: get(variable::CONTACT).unwrap_or_else(|| DEFAULT_CONTACT.to_owned()),
        })
    }

    /// # Errors
    /// When no TLS client can be built.
    pub fn model(&self) -> Result<Arc<dyn Model>, ConfigError> {
        Ok(match &self.model {
            ModelSettings::Offline => Arc::new(OfflineModel),
            ModelSettings::Chat(settings) => Arc::new(ChatModel::new(settings.clone())?),
        })
    }

    /// # Errors
    /// When no TLS client can be built.
    pub fn search(&self) -> Result<Arc<dyn Search>, ConfigError> {
        let search: Arc<dyn Search> = match &self.search {
            // The host that serves the site turns its editions: only its own search knows them.
            SearchSettings::Offline { site: Some(base) } => Arc::new(SearxngSearch::with_source(
                base,
                crate::search::OFFLINE_SOURCE,
            )?),
            SearchSettings::Offline { site: None } => Arc::new(OfflineSearch::notional()),
            SearchSettings::Searxng { base } => Arc::new(SearxngSearch::new(base)?),
            SearchSettings::Brave { base, key } => Arc::new(BraveSearch::new(base, key.clone())?),
            SearchSettings::Tavily { base, key } => Arc::new(TavilySearch::new(base, key.clone())?),
            SearchSettings::Feeds { feeds } => Arc::new(FeedSearch::new(feeds.clone())?),
        };
        Ok(Arc::new(DecomposingSearch::new(search)))
    }

    /// # Errors
    /// When no TLS client can be built.
    pub fn crawler(&self) -> Result<Arc<dyn Crawler>, ConfigError> {
        Ok(Arc::new(WebCrawler::new(
            self.egress.clone(),
            &self.contact,
        )?))
    }

    /// The crawler at a pace shared with other functions, told by their common clock.
    ///
    /// # Errors
    /// When no TLS client can be built.
    pub fn paced_crawler(
        &self,
        pacing: Arc<dyn Pacing>,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<dyn Crawler>, ConfigError> {
        let crawler = WebCrawler::new(self.egress.clone(), &self.contact)?;
        Ok(Arc::new(crawler.with_pacing(pacing, clock)))
    }

    /// # Errors
    /// When no TLS client can be built.
    pub fn images(&self) -> Result<Arc<dyn Images>, ConfigError> {
        Ok(match (&self.model, &self.image_model) {
            (ModelSettings::Chat(settings), Some(model)) => {
                Arc::new(ApiImages::new(ChatSettings {
                    model: model.clone(),
                    ..settings.clone()
                })?)
            }
            (ModelSettings::Offline | ModelSettings::Chat(_), _) => Arc::new(OfflineImages),
        })
    }

    /// Whether model or search is an offline twin: in AWS these must have been named.
    #[must_use]
    pub fn is_offline(&self) -> bool {
        matches!(self.model, ModelSettings::Offline)
            || matches!(self.search, SearchSettings::Offline { .. })
    }
}

fn read_model(
    get: &dyn Fn(&str) -> Option<String>,
    key: Option<Secret>,
) -> Result<ModelSettings, ConfigError> {
    let provider = get(variable::MODEL_PROVIDER).unwrap_or_else(|| "offline".to_owned());
    match provider.as_str() {
        "offline" => Ok(ModelSettings::Offline),
        "openai" => Ok(ModelSettings::Chat(ChatSettings {
            base: web_url(get, variable::MODEL_URL)?.ok_or(ConfigError::Missing {
                variable: variable::MODEL_URL,
                for_what: "the provider openai",
            })?,
            key,
            model: get(variable::MODEL).ok_or(ConfigError::Missing {
                variable: variable::MODEL,
                for_what: "the provider openai",
            })?,
        })),
        "anthropic" | "bedrock" => Err(ConfigError::NotBuilt {
            variable: variable::MODEL_PROVIDER,
            value: provider,
        }),
        _ => Err(ConfigError::UnknownProvider {
            variable: variable::MODEL_PROVIDER,
            value: provider,
            expected: "offline, openai",
        }),
    }
}

fn read_search(get: &dyn Fn(&str) -> Option<String>) -> Result<SearchSettings, ConfigError> {
    let provider = get(variable::SEARCH_PROVIDER).unwrap_or_else(|| "offline".to_owned());
    match provider.as_str() {
        "offline" => Ok(SearchSettings::Offline {
            site: web_url(get, variable::SITE_URL)?,
        }),
        "searxng" => Ok(SearchSettings::Searxng {
            base: web_url(get, variable::SEARCH_URL)?.ok_or(ConfigError::Missing {
                variable: variable::SEARCH_URL,
                for_what: "the provider searxng",
            })?,
        }),
        "brave" => Ok(SearchSettings::Brave {
            base: service(get, brave::ENDPOINT)?,
            key: search_key(get, "the provider brave")?,
        }),
        "tavily" => Ok(SearchSettings::Tavily {
            base: service(get, tavily::ENDPOINT)?,
            key: search_key(get, "the provider tavily")?,
        }),
        "feeds" => read_feeds(get),
        _ => Err(ConfigError::UnknownProvider {
            variable: variable::SEARCH_PROVIDER,
            value: provider,
            expected: "offline, searxng, brave, tavily, feeds",
        }),
    }
}

/// The feeds, separated by commas or blanks.
fn read_feeds(get: &dyn Fn(&str) -> Option<String>) -> Result<SearchSettings, ConfigError> {
    let variable = variable::SEARCH_URL;
    let list = get(variable).ok_or(ConfigError::Missing {
        variable,
        for_what: "the provider feeds: the addresses of one or more feeds",
    })?;
    let feeds = list
        .split(|c: char| c == ',' || c.is_whitespace())
        .filter(|text| !text.is_empty())
        .map(|text| parse_web_url(text).ok_or(ConfigError::NotUrl { variable }))
        .collect::<Result<Vec<Url>, _>>()?;
    if feeds.is_empty() {
        return Err(ConfigError::NotUrl { variable });
    }
    Ok(SearchSettings::Feeds { feeds })
}

/// Where a service is: at its own address, unless the operator has another for it (a proxy).
fn service(
    get: &dyn Fn(&str) -> Option<String>,
    endpoint: &'static str,
) -> Result<Url, ConfigError> {
    let variable = variable::SEARCH_URL;
    match web_url(get, variable)? {
        Some(url) => Ok(url),
        None => Url::parse(endpoint).map_err(|_| ConfigError::NotUrl { variable }),
    }
}

fn search_key(
    get: &dyn Fn(&str) -> Option<String>,
    for_what: &'static str,
) -> Result<Secret, ConfigError> {
    let variable = variable::SEARCH_KEY;
    let key = get(variable).ok_or(ConfigError::Missing { variable, for_what })?;
    // It travels in a header.
    if key.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(Secret::new(key))
    } else {
        Err(ConfigError::NotKey { variable })
    }
}

/// A variable as a URL of the web. The egress rule does not hold for it: it is the operator's.
fn web_url(
    get: &dyn Fn(&str) -> Option<String>,
    variable: &'static str,
) -> Result<Option<Url>, ConfigError> {
    let Some(text) = get(variable) else {
        return Ok(None);
    };
    match parse_web_url(&text) {
        Some(url) => Ok(Some(url)),
        None => Err(ConfigError::NotUrl { variable }),
    }
}

fn parse_web_url(text: &str) -> Option<Url> {
    Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<ProviderSettings, ConfigError> {
        let lookup = |name: &str| {
            variables
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        };
        ProviderSettings::read(&lookup, Some(Secret::new("sk-secret")))
    }

    #[test]
    fn without_variables_everything_is_offline() {
        let settings = read(&[("NIGHTDESK_MODEL_URL", ""), ("NIGHTDESK_SITE_URL", " ")]).unwrap();
        assert!(settings.is_offline());
        assert!(!settings.model().unwrap().is_model());
        settings.search().unwrap();
        settings.crawler().unwrap();
        settings.images().unwrap();
    }

    #[test]
    fn real_providers_are_built_from_their_variables() {
        let settings = read(&[
            ("NIGHTDESK_MODEL_PROVIDER", "openai"),
            ("NIGHTDESK_MODEL_URL", "http://127.0.0.1:11434/v1"),
            ("NIGHTDESK_MODEL", "small"),
            ("NIGHTDESK_SEARCH_PROVIDER", "searxng"),
            ("NIGHTDESK_SEARCH_URL", "http://127.0.0.1:8888"),
            ("NIGHTDESK_EGRESS_ALLOW", "127.0.0.1:8787"),
        ])
        .unwrap();
        assert!(!settings.is_offline() && settings.model().unwrap().is_model());
        assert!(settings.egress.check_url("http://127.0.0.1:8787/").is_ok());
        assert!(!format!("{settings:?}").contains("sk-secret"));
    }

    #[test]
    fn every_search_provider_is_built_from_its_variables() {
        for variables in [
            &[
                ("NIGHTDESK_SEARCH_PROVIDER", "brave"),
                ("NIGHTDESK_SEARCH_KEY", "sk-search"),
            ][..],
            &[
                ("NIGHTDESK_SEARCH_PROVIDER", "tavily"),
                ("NIGHTDESK_SEARCH_KEY", "sk-search"),
                ("NIGHTDESK_SEARCH_URL", "http://127.0.0.1:9999/proxy"),
            ],
            &[
                ("NIGHTDESK_SEARCH_PROVIDER", "feeds"),
                (
                    "NIGHTDESK_SEARCH_URL",
                    "https://a.example/feed.xml,\n https://b.example/atom",
                ),
            ],
        ] {
            let settings = read(variables).unwrap();
            assert!(!format!("{settings:?}").contains("sk-search"));
            settings.search().unwrap();
        }
    }

    #[test]
    fn a_wrong_value_names_its_variable() {
        for (variables, named) in [
            (
                &[("NIGHTDESK_MODEL_PROVIDER", "openia")][..],
                "NIGHTDESK_MODEL_PROVIDER",
            ),
            (
                &[("NIGHTDESK_MODEL_PROVIDER", "bedrock")],
                "NIGHTDESK_MODEL_PROVIDER",
            ),
            (
                &[
                    ("NIGHTDESK_MODEL_PROVIDER", "openai"),
                    ("NIGHTDESK_MODEL", "m"),
                ],
                "NIGHTDESK_MODEL_URL",
            ),
            (
                &[
                    ("NIGHTDESK_MODEL_PROVIDER", "openai"),
                    ("NIGHTDESK_MODEL_URL", "http://x/v1"),
                ],
                "NIGHTDESK_MODEL",
            ),
            (
                &[("NIGHTDESK_SEARCH_PROVIDER", "bing")],
                "NIGHTDESK_SEARCH_PROVIDER",
            ),
            (
                &[("NIGHTDESK_SEARCH_PROVIDER", "tavily")],
                "NIGHTDESK_SEARCH_KEY",
            ),
            (
                &[
                    ("NIGHTDESK_SEARCH_PROVIDER", "brave"),
                    ("NIGHTDESK_SEARCH_KEY", "two words"),
                ],
                "NIGHTDESK_SEARCH_KEY",
            ),
            (
                &[("NIGHTDESK_SEARCH_PROVIDER", "feeds")],
                "NIGHTDESK_SEARCH_URL",
            ),
            (
                &[
                    ("NIGHTDESK_SEARCH_PROVIDER", "feeds"),
                    ("NIGHTDESK_SEARCH_URL", "https://a.example/feed, feed.xml"),
                ],
                "NIGHTDESK_SEARCH_URL",
            ),
            (
                &[("NIGHTDESK_SEARCH_PROVIDER", "searxng")],
                "NIGHTDESK_SEARCH_URL",
            ),
            (
                &[("NIGHTDESK_SITE_URL", "localhost:8787")],
                "NIGHTDESK_SITE_URL",
            ),
            (
                &[("NIGHTDESK_EGRESS_ALLOW", "localhost")],
                "NIGHTDESK_EGRESS_ALLOW",
            ),
        ] {
            let error = read(variables).expect_err(named);
            assert!(error.to_string().contains(named), "{error}");
        }
    }
}
