//! Opens and seals the secrets of webhooks with the root keys of the installation.
//!
//! The keys are read at the first need, and again when a secret does not open: the keys may have been changed since.
//!
//! What can go wrong: the store of secrets does not answer, which passes; or a secret was sealed under a key that was
//! removed, which does not.

use std::sync::Arc;

use domain::ids::OwnerId;
use domain::sealing::{RootKeys, Seal, SealedSecret};
use domain::signature::SigningSecret;
use tokio::sync::Mutex;

use crate::ports::{SecretError, Secrets};

/// The root keys: where they are, and what was read.
#[derive(Clone)]
pub struct Sealing {
    secrets: Arc<dyn Secrets>,
    /// The name of the secret that holds the keys, one a line.
    name: String,
    read: Arc<Mutex<Option<RootKeys>>>,
}

impl Sealing {
    #[must_use]
    pub fn new(secrets: Arc<dyn Secrets>, name: String) -> Self {
        Self {
            secrets,
            name,
            read: Arc::default(),
        }
    }

    /// What seals an owner's secrets.
    ///
    /// # Errors
    /// The root keys cannot be read, or there is none.
    pub async fn of(&self, owner: &OwnerId) -> Result<Seal, SecretError> {
        let mut read = self.read.lock().await;
        let keys = match &*read {
            Some(keys) => keys.clone(),
            None => self.fetch(&mut read).await?,
        };
        Ok(keys.seal(owner))
    }

    /// The secret in clear; `None` when none of the root keys opens it.
    ///
    /// # Errors
    /// The root keys cannot be read, or there is none.
    pub async fn open(
        &self,
        owner: &OwnerId,
        sealed: &SealedSecret,
    ) -> Result<Option<SigningSecret>, SecretError> {
        if let Some(secret) = self.of(owner).await?.open(sealed) {
            return Ok(Some(secret));
        }
        let keys = self.fetch(&mut *self.read.lock().await).await?;
        Ok(keys.seal(owner).open(sealed))
    }

    async fn fetch(&self, read: &mut Option<RootKeys>) -> Result<RootKeys, SecretError> {
        let secret = self.secrets.secret(&self.name).await?;
        let keys = RootKeys::read(secret.expose()).ok_or_else(|| SecretError {
            name: self.name.clone(),
            reason: "it is empty".to_owned(),
        })?;
        *read = Some(keys.clone());
        Ok(keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemorySecrets;

    #[tokio::test]
    async fn a_changed_key_is_read_again_when_a_secret_does_not_open() {
        let owner = OwnerId::from_uuid(uuid::Uuid::from_u128(1));
        let secret = SigningSecret::new("whsec_x".to_owned());
        let secrets = Arc::new(MemorySecrets::new("one"));
        let [warm, fresh] = [(); 2].map(|()| Sealing::new(secrets.clone(), "sealing".to_owned()));
        let before = warm.of(&owner).await.unwrap().close(&secret);

        secrets.set("two\none");
        let after = fresh.of(&owner).await.unwrap().close(&secret);
        assert_ne!(before, after);
        for sealing in [&warm, &fresh] {
            for sealed in [&before, &after] {
                let opened = sealing.open(&owner, sealed).await.unwrap();
                assert_eq!(opened.as_ref(), Some(&secret));
            }
        }

        secrets.set("three");
        let gone = Sealing::new(secrets.clone(), "sealing".to_owned());
        assert_eq!(gone.open(&owner, &after).await, Ok(None));
        secrets.set("");
        assert!(gone.open(&owner, &after).await.is_err());
    }
}
