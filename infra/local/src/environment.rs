//! The environment a function starts with: Lambda's own variables, the template's, and the host's.
//!
//! The template is resolved with the host's values for its parameters, so that there is no second
//! list of variables. Only what has no counterpart in the template is set over it: blobs in a folder,
//! the bundled site and the way to it, and the clock seam.

use std::collections::BTreeMap;

use crate::settings::Settings;
use crate::topology::{Deployment, Function, REGION, Topology, TopologyError};

/// Where the offline world of this host is.
#[derive(Debug, Clone)]
pub(crate) struct Endpoints {
    pub(crate) dynamodb: String,
    pub(crate) sqs: String,
    pub(crate) sesv2: String,
    pub(crate) scheduler: String,
    pub(crate) secrets_manager: String,
    /// Base address of the API, as it stands in links.
    pub(crate) base_url: String,
    /// Base address of the bundled site.
    pub(crate) site_url: String,
    /// `host:port` of the bundled site.
    pub(crate) site_host: String,
    /// `file:///…` of the folder of blobs.
    pub(crate) blobs_url: String,
    /// Where the folder of blobs is served, for presigned addresses.
    pub(crate) blobs_address: String,
    /// What those addresses are signed with.
    pub(crate) blobs_key: String,
}

/// The address approval mails come from; the local SES knows its domain as verified.
pub(crate) const MAIL_FROM: &str = "nightdesk@nightdesk.test";
/// The local secret that holds the model's key, where one was given.
pub(crate) const MODEL_KEY_SECRET: &str = "nightdesk-ModelKey";

/// The template's parameters as this host sets them.
///
/// # Errors
/// A provider the template does not allow.
pub(crate) fn deployment(
    topology: &Topology,
    settings: &Settings,
    endpoints: &Endpoints,
) -> Result<Deployment, TopologyError> {
    let key_secret = if settings.model.key.is_some() {
        MODEL_KEY_SECRET
    } else {
        ""
    };
    let given = [
        ("MailFrom", MAIL_FROM),
        ("MailDomains", &settings.mail_domains),
        ("BaseUrl", &endpoints.base_url),
        ("ModelProvider", &settings.model.provider),
        ("ModelUrl", &settings.model.url),
        ("Model", &settings.model.name),
        ("ModelKeySecret", key_secret),
        ("SearchProvider", &settings.search.provider),
        ("SearchUrl", &settings.search.url),
        ("LogLevel", if settings.verbose { "info" } else { "warn" }),
    ];
    let given = given.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Ok(Deployment {
        parameters: topology.parameters(&given.into())?,
        sqs_url: endpoints.sqs.clone(),
    })
}

/// The whole environment of one function but for the address of the Runtime API.
///
/// # Errors
/// What the template says and this host does not know.
pub(crate) fn of(
    function: &Function,
    topology: &Topology,
    deployment: &Deployment,
    settings: &Settings,
    endpoints: &Endpoints,
) -> Result<BTreeMap<String, String>, TopologyError> {
    let mut environment = topology.environment(function, deployment)?;
    let mut set = |name: &str, value: &str| environment.insert(name.to_owned(), value.to_owned());
    // Whoever tries things out on their own machine is not held up, unless they ask for it.
    set("NIGHTDESK_LIMITS", "off");
    for (name, value) in &settings.passed_on {
        set(name, value);
    }
    let egress = match settings.egress_allow.as_str() {
        "" => endpoints.site_host.clone(),
        more => format!("{more},{}", endpoints.site_host),
    };
    set("NIGHTDESK_BLOBS", &endpoints.blobs_url);
    set("NIGHTDESK_BLOBS_ADDRESS", &endpoints.blobs_address);
    set("NIGHTDESK_BLOBS_KEY", &endpoints.blobs_key);
    set("NIGHTDESK_SITE_URL", &endpoints.site_url);
    set("NIGHTDESK_EGRESS_ALLOW", &egress);
    set("NIGHTDESK_CLOCK", "runtime-header");

    set("_HANDLER", "bootstrap");
    set("AWS_LAMBDA_FUNCTION_NAME", &function.name);
    set("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST");
    set(
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        &function.memory_mb.to_string(),
    );
    set(
        "AWS_LAMBDA_LOG_GROUP_NAME",
        &format!("/aws/lambda/{}", function.name),
    );
    set("AWS_LAMBDA_LOG_FORMAT", "JSON");
    set("AWS_REGION", REGION);
    set("AWS_DEFAULT_REGION", REGION);
    set("AWS_ACCESS_KEY_ID", "local");
    set("AWS_SECRET_ACCESS_KEY", "local");
    set("AWS_ENDPOINT_URL_DYNAMODB", &endpoints.dynamodb);
    set("AWS_ENDPOINT_URL_SQS", &endpoints.sqs);
    set("AWS_ENDPOINT_URL_SESV2", &endpoints.sesv2);
    set("AWS_ENDPOINT_URL_SCHEDULER", &endpoints.scheduler);
    set(
        "AWS_ENDPOINT_URL_SECRETS_MANAGER",
        &endpoints.secrets_manager,
    );
    Ok(environment)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Hidden, ModelSettings, SearchSettings};

    fn settings() -> Settings {
        Settings {
            port: 0,
            data: None,
            verbose: false,
            executable: "nightdesk".into(),
            email: "owner@nightdesk.test".to_owned(),
            mail_domains: "*".to_owned(),
            token: None,
            base_url: None,
            egress_allow: "127.0.0.1:5000".to_owned(),
            model: ModelSettings {
                provider: "openai".to_owned(),
                url: "http://127.0.0.1:11434/v1".to_owned(),
                name: "a-model".to_owned(),
                key: Some(Hidden("sk-secret".to_owned())),
            },
            search: SearchSettings {
                provider: "offline".to_owned(),
                url: String::new(),
            },
            passed_on: vec![("NIGHTDESK_LIMITS".to_owned(), "on".to_owned())],
        }
    }

    fn endpoints() -> Endpoints {
        Endpoints {
            dynamodb: "http://127.0.0.1:1".to_owned(),
            sqs: "http://127.0.0.1:2".to_owned(),
            sesv2: "http://127.0.0.1:3".to_owned(),
            scheduler: "http://127.0.0.1:4".to_owned(),
            secrets_manager: "http://127.0.0.1:5".to_owned(),
            base_url: "http://127.0.0.1:8787".to_owned(),
            site_url: "http://127.0.0.1:6".to_owned(),
            site_host: "127.0.0.1:6".to_owned(),
            blobs_url: "file:///data/blobs".to_owned(),
            blobs_address: "http://127.0.0.1:8787/_local/blobs".to_owned(),
            blobs_key: "key".to_owned(),
        }
    }

    fn environment(name: &str) -> BTreeMap<String, String> {
        let topology = Topology::bundled().expect("the template");
        let (settings, endpoints) = (settings(), endpoints());
        let deployment = deployment(&topology, &settings, &endpoints).expect("parameters");
        let function = topology
            .functions
            .iter()
            .find(|function| function.name == name)
            .expect("a function");
        of(function, &topology, &deployment, &settings, &endpoints).expect("an environment")
    }

    #[test]
    fn a_function_gets_the_template_and_the_local_world() {
        let steps = environment("step-executor");
        assert_eq!(steps["NIGHTDESK_TABLE"], "nightdesk-Table");
        assert_eq!(steps["NIGHTDESK_BLOBS"], "file:///data/blobs");
        assert_eq!(steps["NIGHTDESK_MODEL_PROVIDER"], "openai");
        assert_eq!(steps["NIGHTDESK_MODEL_KEY_SECRET"], MODEL_KEY_SECRET);
        assert_eq!(
            steps["NIGHTDESK_EGRESS_ALLOW"],
            "127.0.0.1:5000,127.0.0.1:6"
        );
        assert_eq!(steps["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"], "512");
        assert_eq!(
            steps["AWS_ENDPOINT_URL_SECRETS_MANAGER"],
            "http://127.0.0.1:5"
        );
        assert_eq!(steps["NIGHTDESK_LIMITS"], "on");
    }

    #[test]
    fn the_models_key_is_in_no_environment() {
        for function in ["api", "planner", "step-executor"] {
            assert!(
                !environment(function)
                    .values()
                    .any(|value| value.contains("sk-secret")),
                "{function}"
            );
        }
        assert!(!environment("api").contains_key("NIGHTDESK_MODEL_KEY_SECRET"));
        assert!(!format!("{:?}", settings()).contains("sk-secret"));
    }

    #[test]
    fn a_provider_the_template_does_not_know_is_refused() {
        let topology = Topology::bundled().expect("the template");
        let mut settings = settings();
        settings.model.provider = "oracle".to_owned();
        let refused = deployment(&topology, &settings, &endpoints()).map(|_| ());
        assert!(refused.is_err_and(|error| error.to_string().contains("ModelProvider")));
    }
}
