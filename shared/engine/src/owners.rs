//! Owners and their tokens.
//!
//! A token is shown once and known afterwards by its SHA-256 only.

use domain::digest;
use domain::ids::{OwnerId, TokenId};
use domain::owner::{Owner, Permission, Token};

use crate::Engine;
use crate::planning::unexpected;
use crate::ports::store::{StoreError, Write};

/// How many characters of a token are kept for telling tokens apart.
const SHOWN: usize = 10;

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
        let text = new
            .token
            .unwrap_or_else(|| format!("{}{}", Token::PREFIX, digest::hex(&self.entropy.secret())));
        let token = Token {
            id: TokenId::from_uuid(self.uuid()),
            owner: owner.id.clone(),
            email: owner.email.clone(),
            name: "first token".to_owned(),
            prefix: text.chars().take(SHOWN).collect(),
            permissions: new.permissions,
            is_active: true,
            created_at: now,
            expires_at: None,
        };
        let mut writes = vec![
            Write::PutOwner {
                owner: owner.clone(),
            },
            Write::PutToken {
                sha256: digest::of_bytes(text.as_bytes()),
                token,
            },
        ];
        if let Some(amount) = new.credits {
            writes.push(Write::Grant {
                owner: owner.id.clone(),
                amount,
                at: now,
            });
        }
        self.commit(writes).await.map_err(unexpected)?;
        Ok((owner, text))
    }
}
