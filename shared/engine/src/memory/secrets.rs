//! Secrets in memory: one value, under every name.

use std::sync::Mutex;

use async_trait::async_trait;

use super::lock;
use crate::ports::{Secret, SecretError, Secrets};

/// The value of every name.
#[derive(Debug)]
pub struct MemorySecrets(Mutex<Secret>);

impl MemorySecrets {
    #[must_use]
    pub fn new(value: &str) -> Self {
        Self(Mutex::new(Secret::new(value)))
    }

    /// Changes the value.
    pub fn set(&self, value: &str) {
        *lock(&self.0) = Secret::new(value);
    }
}

#[async_trait]
impl Secrets for MemorySecrets {
    async fn secret(&self, _: &str) -> Result<Secret, SecretError> {
        Ok(lock(&self.0).clone())
    }
}
