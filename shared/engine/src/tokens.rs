//! Tokens: made, changed, revoked. A token is shown once and known afterwards by its SHA-256 only.
//!
//! A revoked token stays as a row, so that its calls can still be looked at.

use domain::digest;
use domain::ids::{OwnerId, TokenId};
use domain::owner::{Owner, Permission, Token};
use domain::rate::RateLimit;
use jiff::Timestamp;

use crate::planning::unexpected;
use crate::ports::store::{CommitError, StoreError, Write};
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
            is_active: true,
            created_at: self.now(),
            expires_at: new.expires_at,
            limit: new.limit,
            revision: 0,
        }
    }

    /// Makes a token for an owner, and gives its text, which is not stored.
    ///
    /// # Errors
    /// The store fails.
    pub async fn create_token(
        &self,
        owner: &Owner,
        new: NewToken,
    ) -> Result<(Token, String), StoreError> {
        let id = TokenId::from_uuid(self.uuid());
        let text = self.token_text();
        let token = self.token_row(id, owner, new, &text);
        let write = Write::PutToken {
            sha256: digest::of_bytes(text.as_bytes()),
            token: token.clone(),
        };
        match self.commit(vec![write]).await {
            // The same id, and so the same text: an earlier try of this request has made it.
            Ok(()) | Err(CommitError::Exists) => Ok((token, text)),
            Err(error) => Err(unexpected(error)),
        }
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
        let tokens = self.store.tokens(owner).await?;
        Ok(tokens.into_iter().find(|(_, token)| token.id == *id))
    }

    /// Changes a token: `change` gives its next state; the revision is set here.
    ///
    /// # Errors
    /// There is no such token, `change` refuses, or the store fails.
    pub async fn change_token<R>(
        &self,
        owner: &OwnerId,
        id: &TokenId,
        mut change: impl FnMut(&Token) -> Result<Token, R>,
    ) -> Result<Token, ChangeError<R>> {
        for attempt in 0.. {
            let (sha256, before) = self.token(owner, id).await?.ok_or(ChangeError::NotFound)?;
            let mut token = change(&before).map_err(ChangeError::Refused)?;
            token.revision = before.revision + 1;
            let write = Write::PutToken {
                sha256,
                token: token.clone(),
            };
            if won(self.commit(vec![write]).await)? {
                return Ok(token);
            }
            if !self.again(attempt).await {
                break;
            }
        }
        Err(ChangeError::Contended)
    }
}
