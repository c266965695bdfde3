//! The addresses in mails, and the tokens that make an approval's link a key.
//!
//! A token is derived: HMAC-SHA256 (RFC 2104) under a secret that only this function reads, over what
//! the link is for. Sending the same mail twice gives the same token, so the first mail's link does not
//! die; another person or another draft gives another. 256 bits leave nothing to guess. The code of a strict
//! approval is derived in the same way, for a purpose of its own.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::approval::Approval;
use domain::approval::code::MailedCode;
use domain::digest;
use domain::ids::{ExecutionId, WorkflowId};
use engine::ports::{SecretError, Secrets};
use ring::hmac;
use tokio::sync::OnceCell;

/// Makes links.
pub struct Links {
    secrets: Arc<dyn Secrets>,
    /// The name of the secret.
    secret_name: String,
    /// Without a trailing slash.
    base_url: String,
    key: OnceCell<hmac::Key>,
}

impl Links {
    /// `base_url` is the only source of the host in links.
    #[must_use]
    pub fn new(secrets: Arc<dyn Secrets>, secret_name: String, base_url: &str) -> Self {
        Self {
            secrets,
            secret_name,
            base_url: base_url.trim_end_matches('/').to_owned(),
            key: OnceCell::new(),
        }
    }

    /// The token with which `approver` decides about this draft.
    pub(crate) async fn token(
        &self,
        approval: &Approval,
        approver: &str,
    ) -> Result<Token, SecretError> {
        Ok(Token(URL_SAFE_NO_PAD.encode(
            self.derive("approval link v1", approval, approver).await?,
        )))
    }

    /// The code that `approver` must type beside the link. Nobody can make it of the link's token.
    pub(crate) async fn code(
        &self,
        approval: &Approval,
        approver: &str,
    ) -> Result<MailedCode, SecretError> {
        let digest = self.derive("approval code v1", approval, approver).await?;
        Ok(MailedCode::of_digest(&digest))
    }

    /// What the secret makes of a purpose, for one person and one draft.
    async fn derive(
        &self,
        purpose: &str,
        approval: &Approval,
        approver: &str,
    ) -> Result<[u8; 32], SecretError> {
        let key = self.key.get_or_try_init(|| self.read_key()).await?;
        let what = format!(
            "{purpose}|{}|{approver}|{}",
            approval.id, approval.generation
        );
        let tag = hmac::sign(key, what.as_bytes());
        Ok(tag.as_ref().try_into().expect("SHA-256 has 32 bytes"))
    }

    async fn read_key(&self) -> Result<hmac::Key, SecretError> {
        let secret = self.secrets.secret(&self.secret_name).await?;
        if secret.expose().is_empty() {
            return Err(SecretError {
                name: self.secret_name.clone(),
                reason: "it is empty".to_owned(),
            });
        }
        Ok(hmac::Key::new(
            hmac::HMAC_SHA256,
            secret.expose().as_bytes(),
        ))
    }

    pub(crate) fn approval(&self, token: &Token) -> String {
        format!("{}/a/{}", self.base_url, token.0)
    }

    pub(crate) fn workflow(&self, id: &WorkflowId) -> String {
        format!("{}/workflows/{id}", self.base_url)
    }

    pub(crate) fn execution(&self, id: &ExecutionId) -> String {
        format!("{}/executions/{id}", self.base_url)
    }
}

/// A link's token. It has no Debug: it must not reach a log.
pub(crate) struct Token(String);

impl Token {
    /// What is stored of it.
    pub(crate) fn sha256(&self) -> String {
        digest::of_bytes(self.0.as_bytes())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use async_trait::async_trait;
    use engine::ports::Secret;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// A secret store with one secret that counts how often it is read.
    #[derive(Default)]
    pub(crate) struct OneSecret(pub(crate) AtomicUsize);

    #[async_trait]
    impl Secrets for OneSecret {
        async fn secret(&self, _: &str) -> Result<Secret, SecretError> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Ok(Secret::new("link secret"))
        }
    }

    #[tokio::test]
    async fn a_token_is_the_same_again_and_another_for_each_person_and_draft() {
        let secrets = Arc::new(OneSecret::default());
        let links = Links::new(secrets.clone(), "name".into(), "https://nightdesk.example/");
        let approval = crate::tests::approval();
        let first = links.token(&approval, "a@x.test").await.unwrap();
        assert_eq!(first.0, links.token(&approval, "a@x.test").await.unwrap().0);
        assert_eq!(first.0.len(), 43);
        let link = links.approval(&first);
        assert_eq!(link, format!("https://nightdesk.example/a/{}", first.0));
        assert_ne!(first.0, links.token(&approval, "b@x.test").await.unwrap().0);
        let next = Approval {
            generation: 2,
            ..approval
        };
        assert_ne!(first.0, links.token(&next, "a@x.test").await.unwrap().0);
        assert_eq!(
            secrets.0.load(Ordering::Relaxed),
            1,
            "the secret is read once"
        );
        assert_eq!(first.sha256(), digest::of_bytes(first.0.as_bytes()));
    }

    #[tokio::test]
    async fn a_code_is_the_same_again_and_belongs_to_its_person() {
        let links = Links::new(Arc::new(OneSecret::default()), "name".into(), "https://x/");
        let approval = crate::tests::approval();
        let code = links.code(&approval, "a@x.test").await.unwrap();
        let again = links.code(&approval, "a@x.test").await.unwrap();
        assert_eq!(code.expose(), again.expose());
        let other = links.code(&approval, "b@x.test").await.unwrap();
        assert_ne!(code.expose(), other.expose());
    }
}
