//! Secrets Manager.

use async_trait::async_trait;
use aws_sdk_secretsmanager::Client;
use engine::ports::{Secret, SecretError, Secrets};

use crate::sdk::{Sdk, causes};

/// Secrets by name or ARN.
#[derive(Debug, Clone)]
pub struct SecretsManager {
    client: Client,
}

impl SecretsManager {
    #[must_use]
    pub fn new(sdk: &Sdk) -> Self {
        Self {
            client: Client::new(&sdk.service("SECRETS_MANAGER")),
        }
    }
}

#[async_trait]
impl Secrets for SecretsManager {
    async fn secret(&self, name: &str) -> Result<Secret, SecretError> {
        let failed = |reason: String| SecretError {
            name: name.to_owned(),
            reason,
        };
        let answer = self
            .client
            .get_secret_value()
            .secret_id(name)
            .send()
            .await
            .map_err(|error| failed(causes(&error)))?;
        let text = answer
            .secret_string()
            .ok_or_else(|| failed("it is not a text".to_owned()))?;
        Ok(Secret::new(text))
    }
}
