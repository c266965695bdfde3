//! AWS Secrets Manager: `GetSecretValue` for the secrets the topology declares.
//!
//! A generated value is made once, from the system's own randomness, and kept in the state: links in
//! mails that were sent before a restart must still open after it. Values never reach a log.

use std::sync::Arc;

use http::{Method, Request, StatusCode};
use hyper::body::Bytes;
use ring::rand::{SecureRandom, SystemRandom};
use rusqlite::{OptionalExtension, params};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::wire::{Answer, Service, json as json_answer, target};
use crate::clock::Clock;
use crate::faults::Faults;
use crate::state::{State, StateError};
use crate::usage::{Api, Usage};

const MEDIA_TYPE: &str = "application/x-amz-json-1.1";
const ARN_PREFIX: &str = "arn:aws:secretsmanager:us-east-1:000000000000:secret:";

const LETTERS_AND_DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const PUNCTUATION: &[u8] = b"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

/// How a secret gets its value.
pub(crate) enum SecretSource {
    /// Made at the first start and kept.
    Generated {
        /// How many characters; at least 1.
        length: usize,
        /// Letters and digits only.
        exclude_punctuation: bool,
    },
    /// Given by whoever starts the host; replaces what was kept.
    Given(String),
}

/// Why a secret could not be declared.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SecretError {
    /// The name is not one AWS permits.
    #[error("`{0}` cannot be the name of a secret")]
    BadName(String),
    /// The system has no randomness to give.
    #[error("the system's random numbers are not available")]
    NoRandomness,
    /// The secret could not be kept.
    #[error(transparent)]
    State(#[from] StateError),
}

impl From<rusqlite::Error> for SecretError {
    fn from(error: rusqlite::Error) -> Self {
        Self::State(error.into())
    }
}

/// The secrets of the account.
pub(crate) struct Secrets {
    state: Arc<State>,
    clock: Arc<Clock>,
    usage: Arc<Usage>,
    faults: Arc<Faults>,
}

impl Secrets {
    pub(crate) fn new(
        state: Arc<State>,
        clock: Arc<Clock>,
        usage: Arc<Usage>,
        faults: Arc<Faults>,
    ) -> Arc<Self> {
        Arc::new(Self {
            state,
            clock,
            usage,
            faults,
        })
    }

    /// Declares a secret; a generated one keeps the value it was given at its first declaration.
    ///
    /// # Errors
    /// When the name is not one AWS permits, or the value cannot be made or kept.
    pub(crate) fn declare(&self, name: &str, source: SecretSource) -> Result<(), SecretError> {
        let well_named = (1..=512).contains(&name.len())
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"/_+=.@-".contains(&b));
        if !well_named {
            return Err(SecretError::BadName(name.to_owned()));
        }
        let now = self.clock.now().as_millisecond();
        let (value, on_conflict) = match source {
            SecretSource::Generated { length, exclude_punctuation } => (generate(length, exclude_punctuation)?, "DO NOTHING"),
            SecretSource::Given(value) => (
                value,
                "DO UPDATE SET value = excluded.value, version_id = excluded.version_id, created_at = excluded.created_at
                 WHERE value <> excluded.value",
            ),
        };
        self.state.write(|transaction| {
            transaction.execute(
                &format!("INSERT INTO secrets (name, value, version_id, created_at) VALUES (?1, ?2, ?3, ?4)
                          ON CONFLICT (name) {on_conflict}"),
                params![name, value, Uuid::now_v7().to_string(), now],
            )?;
            Ok(())
        })
    }

    /// The ARN under which AWS would know the secret called `name`.
    pub(crate) fn arn(name: &str) -> String {
        format!("{ARN_PREFIX}{name}-nightd")
    }

    fn get(&self, request: &GetSecretValue) -> Result<Value, Refusal> {
        if request
            .version_stage
            .as_deref()
            .is_some_and(|stage| stage != "AWSCURRENT")
        {
            return Err(Refusal::not_found());
        }
        let id = &request.secret_id;
        // By name, by ARN, or by ARN without the six characters AWS adds to it.
        let name = id.strip_prefix(ARN_PREFIX).map_or(id.as_str(), |rest| {
            rest.strip_suffix("-nightd").unwrap_or(rest)
        });
        let row: Option<(String, String, i64)> = self.state.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT value, version_id, created_at FROM secrets WHERE name = ?1",
                )?
                .query_row([name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
                .optional()
                .map_err(StateError::from)
        })?;
        let (value, version_id, created_at) = row.ok_or_else(Refusal::not_found)?;
        if request
            .version_id
            .as_ref()
            .is_some_and(|wanted| *wanted != version_id)
        {
            return Err(Refusal::not_found());
        }
        Ok(json!({
            "ARN": Self::arn(name),
            "Name": name,
            "VersionId": version_id,
            "SecretString": value,
            "VersionStages": ["AWSCURRENT"],
            "CreatedDate": created_at / 1_000,
        }))
    }
}

/// Each character is drawn without bias: bytes past the largest multiple of the alphabet are thrown away.
fn generate(length: usize, exclude_punctuation: bool) -> Result<String, SecretError> {
    let mut alphabet = LETTERS_AND_DIGITS.to_vec();
    if !exclude_punctuation {
        alphabet.extend_from_slice(PUNCTUATION);
    }
    let fair = 256 - 256 % alphabet.len();
    let random = SystemRandom::new();
    let mut value = String::with_capacity(length);
    let mut bytes = [0_u8; 64];
    while value.len() < length.max(1) {
        random
            .fill(&mut bytes)
            .map_err(|_| SecretError::NoRandomness)?;
        let drawn = bytes
            .iter()
            .map(|byte| usize::from(*byte))
            .filter(|byte| *byte < fair);
        value.extend(
            drawn
                .map(|byte| char::from(alphabet[byte % alphabet.len()]))
                .take(length.max(1) - value.len()),
        );
    }
    Ok(value)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetSecretValue {
    secret_id: String,
    version_id: Option<String>,
    version_stage: Option<String>,
}

struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl Refusal {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code,
            message: message.into(),
        }
    }

    fn not_found() -> Self {
        Self::new(
            "ResourceNotFoundException",
            "Secrets Manager can't find the specified secret.",
        )
    }

    fn answer(&self) -> Answer {
        json_answer(
            self.status,
            MEDIA_TYPE,
            &json!({ "__type": self.code, "Message": self.message }),
        )
    }
}

impl From<StateError> for Refusal {
    fn from(error: StateError) -> Self {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "the secrets could not be read"
        );
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            ..Self::new(
                "InternalServiceError",
                "An error occurred on the server side.",
            )
        }
    }
}

#[async_trait::async_trait]
impl Service for Secrets {
    async fn answer(&self, request: Request<Bytes>) -> Answer {
        let operation =
            target(&request, "secretsmanager.").filter(|_| *request.method() == Method::POST);
        self.usage
            .requested(Api::SecretsManager, operation.unwrap_or("?"));
        if self.faults.throttles() {
            return Refusal::new("ThrottlingException", "Rate exceeded").answer();
        }
        if operation != Some("GetSecretValue") {
            return Refusal::new(
                "UnknownOperationException",
                "The local host offers GetSecretValue only.",
            )
            .answer();
        }
        let answer = serde_json::from_slice(request.body())
            .map_err(|error| Refusal::new("InvalidParameterException", error.to_string()))
            .and_then(|request| self.get(&request));
        match answer {
            Ok(body) => json_answer(StatusCode::OK, MEDIA_TYPE, &body),
            Err(refusal) => refusal.answer(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::testing::{account, sdk_client};

    #[test]
    fn generated_values_are_long_enough_and_differ() {
        let (one, other) = (generate(64, true).unwrap(), generate(64, true).unwrap());
        assert_eq!(one.len(), 64);
        assert_ne!(one, other);
        assert!(one.bytes().all(|b| b.is_ascii_alphanumeric()));
        assert!(
            generate(400, false)
                .unwrap()
                .bytes()
                .any(|b| b.is_ascii_punctuation())
        );
    }

    #[tokio::test]
    async fn the_sdk_reads_the_same_value_by_name_and_by_arn() {
        let account = account();
        let secrets = Arc::clone(&account.secrets);
        let links = || SecretSource::Generated {
            length: 64,
            exclude_punctuation: true,
        };
        secrets.declare("links", links()).unwrap();
        let server = super::super::wire::listen(Arc::clone(&secrets) as Arc<dyn Service>)
            .await
            .unwrap();
        let client = sdk_client!(aws_sdk_secretsmanager, server.url());
        let read = async |id: &str| client.get_secret_value().secret_id(id).send().await;
        let first = read("links").await.unwrap().secret_string.unwrap();
        secrets.declare("links", links()).unwrap();
        let again = read(&Secrets::arn("links")).await.unwrap();
        assert_eq!(
            again.secret_string.unwrap(),
            first,
            "declared again, it keeps its value"
        );
        secrets
            .declare("key", SecretSource::Given("one".into()))
            .unwrap();
        secrets
            .declare("key", SecretSource::Given("two".into()))
            .unwrap();
        assert_eq!(read("key").await.unwrap().secret_string.unwrap(), "two");
        let missing = read("other").await.unwrap_err().into_service_error();
        assert!(missing.is_resource_not_found_exception());
    }
}
