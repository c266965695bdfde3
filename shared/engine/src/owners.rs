//! Owners: made with a first token, and given credits.

use domain::digest;
use domain::ids::{OwnerId, TokenId};
use domain::owner::{Owner, Permission};
use domain::quota::Quota;
use domain::rate::RateLimit;
use jiff::Timestamp;

use crate::Engine;
use crate::planning::unexpected;
use crate::ports::store::{CommitError, StoreError, Write};
use crate::quotas::place;
use crate::tokens::NewToken;

/// An owner to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOwner {
    pub email: String,
    pub team: Option<String>,
    pub permissions: Vec<Permission>,
    /// `None`: credits are not limited.
    pub credits: Option<u32>,
    /// The token to give; a fresh one when `None`.
    pub token: Option<String>,
}

impl Engine {
    /// Makes an owner with a token, and gives both; the token is not stored.
    ///
    /// # Errors
    /// The store fails.
    pub async fn create_owner(&self, new: NewOwner) -> Result<(Owner, String), StoreError> {
        let now = self.now();
        let owner = Owner {
            id: OwnerId::from_uuid(self.uuid()),
            email: new.email,
            team: new.team,
            created_at: now,
        };
        let text = new.token.unwrap_or_else(|| self.token_text());
        let first = NewToken {
            name: "first token".to_owned(),
            permissions: new.permissions,
            limit: RateLimit::default(),
            expires_at: None,
        };
        let token = self.token_row(TokenId::from_uuid(self.uuid()), &owner, first, &text);
        let mut writes = vec![
            Write::PutOwner {
                owner: owner.clone(),
            },
            Write::PutToken {
                sha256: digest::of_bytes(text.as_bytes()),
                token,
            },
            place(&owner.id, Quota::Tokens),
        ];
        if let Some(amount) = new.credits {
            writes.push(Write::Grant {
                owner: owner.id.clone(),
                amount,
                at: now,
            });
        }
        match self.commit(writes).await {
            // The same token: an earlier try of this request has made both.
            Ok(()) | Err(CommitError::Exists) => Ok((owner, text)),
            Err(error) => Err(unexpected(error)),
        }
    }

    /// Gives credits, and limits them from now on. The time and the writer name the ledger's entry: the same twice
    /// is one grant.
    ///
    /// # Errors
    /// The store fails.
    pub async fn grant(
        &self,
        owner: &OwnerId,
        amount: u32,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let grant = Write::Grant {
            owner: owner.clone(),
            amount,
            at,
        };
        self.commit(vec![grant]).await.map_err(unexpected)
    }
}
