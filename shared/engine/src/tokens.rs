//! Tokens: made, changed, revoked. A token is shown once and known afterwards by its SHA-256 only.
//!
//! A revoked token stays as a row for a while, so that its calls can still be looked at. Revoking is for good. What may be
//! given and changed by which token is said in [`Token::exceeds`] and asked by the API.

use domain::digest;
use domain::ids::{OwnerId, TokenId};
use domain::owner::{Owner, Permission, Token};
use domain::quota::Quota;
use domain::rate::RateLimit;
use jiff::Timestamp;

use crate::planning::unexpected;
use crate::ports::store::{CommitError, StoreError, Write};
use crate::quotas::{MakeError, given_back};
use crate::workflows::ChangeError;
use crate::{Engine, won};

/// How many characters of a token are kept for telling tokens apart.
const SHOWN: usize = 10;

/// A token to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewToken {
    pub name: String,
    pub permissions: Vec<Permission>,
    pub limit: RateLimit,
    pub expires_at: Option<Timestamp>,
}

impl Engine {
    /// A token's text.
    pub(crate) fn token_text(&self) -> String {
        format!("{}{}", Token::PREFIX, digest::hex(&self.entropy.secret()))
    }

    /// The row of a token with this text.
    pub(crate) fn token_row(&self, id: TokenId, owner: &Owner, new: NewToken, text: &str) -> Token {
        Token {
            id,
            owner: owner.id.clone(),
            email: owner.email.clone(),
            name: new.name,
            prefix: text.chars().take(SHOWN).collect(),
            permissions: new.permissions,
            revoked_at: None,
            created_at: self.now(),
            expires_at: new.expires_at,
            limit: new.limit,
            revision: 0,
        }
    }

    /// Makes a token for an owner, and gives its text, which is not stored.
    ///
    /// # Errors
    /// The owner has as many active ones as there may be, or the store fails.
    pub async fn create_token(
        &self,
        owner: &Owner,
        new: NewToken,
    ) -> Result<(Token, String), MakeError> {
        let (token, text, write) = self.new_token(owner, new);
        self.make(&owner.id, Quota::Tokens, write).await?;
        Ok((token, text))
    }

    /// Makes a token for an owner who cannot make one any more: there is always room for it, because whoever has taken
    /// the owner's tokens may have filled all places.
    ///
    /// # Errors
    /// The store fails.
    pub async fn recover(
        &self,
        owner: &Owner,
        new: NewToken,
    ) -> Result<(Token, String), StoreError> {
        let (token, text, write) = self.new_token(owner, new);
        let place = Write::TakePlace {
            owner: owner.id.clone(),
            quota: Quota::Tokens,
            most: u32::MAX,
        };
        for attempt in 0.. {
            match self.commit(vec![write.clone(), place.clone()]).await {
                // The same id, and so the same text: an earlier try of this request has made it.
                Ok(()) | Err(CommitError::Exists) => return Ok((token, text)),
                Err(CommitError::Conflict) if self.again(attempt).await => {}
                Err(error) => return Err(unexpected(error)),
            }
        }
        Ok((token, text))
    }

    fn new_token(&self, owner: &Owner, new: NewToken) -> (Token, String, Write) {
        let id = TokenId::from_uuid(self.uuid());
        let text = self.token_text();
        let token = self.token_row(id, owner, new, &text);
        let write = Write::PutToken {
            sha256: digest::of_bytes(text.as_bytes()),
            token: token.clone(),
        };
        (token, text, write)
    }

    /// How many of the owner's tokens are active.
    pub(crate) async fn active_tokens(&self, owner: &OwnerId) -> Result<u32, StoreError> {
        let now = self.now();
        let tokens = self.store.tokens(owner).await?;
        let active = tokens.iter().filter(|(_, token)| token.is_valid(now));
        Ok(u32::try_from(active.count()).unwrap_or(u32::MAX))
    }

    /// The owner's tokens, newest first, without those that ended long enough ago.
    ///
    /// # Errors
    /// The store fails.
    pub async fn tokens(&self, owner: &OwnerId) -> Result<Vec<(String, Token)>, StoreError> {
        let now = self.now();
        let mut tokens = self.store.tokens(owner).await?;
        tokens.retain(|(_, token)| token.disappears_at().is_none_or(|at| now < at));
        Ok(tokens)
    }

    /// The owner's token of this id, with its SHA-256.
    ///
    /// # Errors
    /// The store fails.
    pub async fn token(
        &self,
        owner: &OwnerId,
        id: &TokenId,
    ) -> Result<Option<(String, Token)>, StoreError> {
        let tokens = self.tokens(owner).await?;
        Ok(tokens.into_iter().find(|(_, token)| token.id == *id))
    }

    /// Changes a token: `change` gives its next state, or none where nothing is to be written; the revision is set here.
    ///
    /// # Errors
    /// There is no such token, `change` refuses, or the store fails.
    pub async fn change_token<R>(
        &self,
        owner: &OwnerId,
        id: &TokenId,
        mut change: impl FnMut(&Token) -> Result<Option<Token>, R>,
    ) -> Result<Token, ChangeError<R>> {
        for attempt in 0.. {
            let (sha256, before) = self.token(owner, id).await?.ok_or(ChangeError::NotFound)?;
            let Some(mut token) = change(&before).map_err(ChangeError::Refused)? else {
                return Ok(before);
            };
            token.revision = before.revision + 1;
            let mut writes = vec![Write::PutToken {
                sha256,
                token: token.clone(),
            }];
            if before.revoked_at.is_none() && token.revoked_at.is_some() {
                writes.push(given_back(owner, Quota::Tokens));
            }
            if won(self.commit(writes).await)? {
                return Ok(token);
            }
            if !self.again(attempt).await {
                break;
            }
        }
        Err(ChangeError::Contended)
    }
}
