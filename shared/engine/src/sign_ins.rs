//! Browsers that are signed in: made with a token, listed, and signed out one by one or all together.
//!
//! One that expires is not counted off by anybody; when there is no room for another they are counted anew.

use domain::digest;
use domain::ids::{OwnerId, SignInId};
use domain::owner::Token;
use domain::quota::Quota;
use domain::sign_in::{MOST_BROWSER_CHARS, SignIn};
use domain::text;

use crate::ports::store::{StoreError, Write};
use crate::quotas::{MakeError, given_back};
use crate::{Engine, won};

impl Engine {
    /// Signs a browser in with a token that is valid, and gives the secret of its cookie, which is not stored.
    ///
    /// # Errors
    /// The owner has as many as there may be, or the store fails.
    pub async fn sign_in(
        &self,
        token: &Token,
        token_sha256: String,
        browser: &str,
    ) -> Result<String, MakeError> {
        let now = self.now();
        let secret = SignIn::secret(&digest::hex(&self.entropy.secret()));
        let sign_in = SignIn {
            id: SignInId::from_uuid(self.uuid()),
            owner: token.owner.clone(),
            token: token.id.clone(),
            token_sha256,
            browser: text::preview(&text::one_line(browser), MOST_BROWSER_CHARS),
            created_at: now,
            expires_at: SignIn::ends(now),
        };
        let write = Write::PutSignIn {
            sha256: digest::of_bytes(secret.as_bytes()),
            sign_in,
        };
        self.make(&token.owner, Quota::SignIns, write).await?;
        Ok(secret)
    }

    /// Whose browser has this secret, with the token it may do no more than; `None` when it has ended.
    ///
    /// # Errors
    /// The store fails.
    pub async fn signed_in(&self, secret: &str) -> Result<Option<(SignIn, Token)>, StoreError> {
        if !SignIn::is_well_formed(secret) {
            return Ok(None);
        }
        let now = self.now();
        let stored = self
            .store
            .sign_in(&digest::of_bytes(secret.as_bytes()))
            .await?;
        let Some(sign_in) = stored.filter(|sign_in| sign_in.is_valid(now)) else {
            return Ok(None);
        };
        let token = self.store.token(&sign_in.token_sha256).await?;
        Ok(token
            .filter(|token| token.is_valid(now))
            .map(|token| (sign_in, token)))
    }

    /// The owner's browsers that are signed in, newest first.
    ///
    /// # Errors
    /// The store fails.
    pub async fn sign_ins(&self, owner: &OwnerId) -> Result<Vec<(String, SignIn)>, StoreError> {
        let now = self.now();
        let mut sign_ins = self.store.sign_ins(owner).await?;
        sign_ins.retain(|(_, sign_in)| sign_in.is_valid(now));
        Ok(sign_ins)
    }

    /// Signs the owner's browsers out for which `which` holds. One that is signed out already is no error.
    ///
    /// # Errors
    /// The store fails.
    pub async fn sign_out(
        &self,
        owner: &OwnerId,
        which: impl Fn(&SignIn) -> bool,
    ) -> Result<(), StoreError> {
        for (sha256, sign_in) in self.sign_ins(owner).await? {
            if which(&sign_in) {
                let place = given_back(owner, Quota::SignIns);
                let delete = Write::DeleteSignIn { sha256, sign_in };
                won(self.commit(vec![delete, place]).await)?;
            }
        }
        Ok(())
    }
}
