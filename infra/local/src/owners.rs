//! The local owner and further tenants.
//!
//! Made through the engine's own verb and the real adapters, as an administrator's request would be:
//! the host knows nothing of how owners are stored.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws::{ConfigError, Wiring};
use domain::owner::Permission;
use domain::{digest, text};
use engine::Engine;
use engine::owners::NewOwner;
use engine::ports::store::StoreError;
use jiff::Timestamp;

use crate::clock::Clock;
use crate::settings::Hidden;

/// Credits of an owner where nothing else is said.
pub(crate) const CREDITS: u32 = 10_000;

/// Why there is no such owner.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OwnerError {
    #[error("the store cannot be reached")]
    Wiring(#[from] ConfigError),
    #[error("`{0}` is no e-mail address")]
    Email(String),
    #[error("the owner could not be stored")]
    Store(#[from] StoreError),
}

/// Makes owners.
#[derive(Clone)]
pub(crate) struct Owners {
    engine: Engine,
}

/// An owner that was made, and its token, which nobody can look up afterwards.
pub(crate) struct Made {
    pub(crate) owner_id: String,
    pub(crate) token: String,
}

/// The system's clock as the engine wants it: to the millisecond.
struct EngineClock(Arc<Clock>);

impl engine::ports::Clock for EngineClock {
    fn now(&self) -> Timestamp {
        let now = self.0.now();
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }
}

impl Owners {
    /// With the environment of a function, whichever: all of them reach the store.
    pub(crate) fn new(
        environment: BTreeMap<String, String>,
        clock: Arc<Clock>,
    ) -> Result<Self, OwnerError> {
        let wiring = Wiring::new(environment.into_iter().collect())?;
        Ok(Self {
            engine: Engine {
                clock: Arc::new(EngineClock(clock)),
                ..wiring.engine()
            },
        })
    }

    /// Makes the owner this token belongs to, if the token is not known yet. It may do everything.
    pub(crate) async fn ensure(&self, email: &str, token: &Hidden) -> Result<(), OwnerError> {
        let known = self
            .engine
            .store
            .token(&digest::of_bytes(token.0.as_bytes()))
            .await?;
        if known.is_some() {
            return Ok(());
        }
        let permissions = Permission::ALL.to_vec();
        self.make(email, None, permissions, CREDITS, Some(token.0.clone()))
            .await
            .map(|_| ())
    }

    /// Makes another tenant, who may do everything but administer.
    pub(crate) async fn create(
        &self,
        email: &str,
        team: Option<String>,
        credits: u32,
    ) -> Result<Made, OwnerError> {
        let all = Permission::ALL.iter().copied();
        let permissions = all
            .filter(|permission| *permission != Permission::Admin)
            .collect();
        self.make(email, team, permissions, credits, None).await
    }

    async fn make(
        &self,
        email: &str,
        team: Option<String>,
        permissions: Vec<Permission>,
        credits: u32,
        token: Option<String>,
    ) -> Result<Made, OwnerError> {
        if !text::is_email(email) {
            return Err(OwnerError::Email(email.to_owned()));
        }
        let new = NewOwner {
            email: email.to_owned(),
            team,
            permissions,
            credits: Some(credits),
            token,
        };
        let (owner, token) = self.engine.create_owner(new).await?;
        Ok(Made {
            owner_id: owner.id.to_string(),
            token,
        })
    }
}
