//! What an owner may have so many of: counted by the write that makes it.
//!
//! Some of what is counted ends by itself (tokens and sign-ins expire), and nobody counts it off then. So when a place is refused, those
//! that count are counted anew, once, and the place is asked for again.

use domain::ids::OwnerId;
use domain::quota::Quota;

use crate::ports::store::{CommitError, StoreError, Write};
use crate::{Engine, won};

/// Why something was not made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum MakeError {
    #[error("{}", .0.refusal())]
    Full(Quota),
    #[error("too many others write at the same time")]
    Contended,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A place taken, under the quota's ordinary bound.
pub(crate) fn place(owner: &OwnerId, quota: Quota) -> Write {
    Write::TakePlace {
        owner: owner.clone(),
        quota,
        most: quota.most(),
    }
}

/// A place given back.
pub(crate) fn given_back(owner: &OwnerId, quota: Quota) -> Write {
    Write::GivePlaces {
        owner: owner.clone(),
        quota,
        places: 1,
    }
}

/// The places of the approvals that these writes open and close. One that is closed is never written again.
pub(crate) fn of_approvals(writes: &[Write]) -> Vec<Write> {
    let quota = Quota::OpenApprovals;
    let mut owner = None;
    let (mut opened, mut closed) = (0_u32, 0_u32);
    for write in writes {
        if let Write::PutApproval { approval } = write {
            owner = Some(&approval.owner);
            opened += u32::from(approval.revision == 0);
            closed += u32::from(approval.revision > 0 && !approval.is_open());
        }
    }
    let Some(owner) = owner else {
        return Vec::new();
    };
    // Both at once concern one counter, which one commit writes once.
    match (opened, closed) {
        (opened, 0) if opened > 0 => vec![place(owner, quota)],
        (opened, closed) if closed > opened => vec![Write::GivePlaces {
            owner: owner.clone(),
            quota,
            places: closed - opened,
        }],
        _ => Vec::new(),
    }
}

impl Engine {
    /// Writes what is new with its place. When that is refused, those that count are counted anew, and if they are fewer
    /// than the count says, it is written again.
    ///
    /// # Errors
    /// There is no room, or the store fails. What exists already is no error: an earlier try of the same request has
    /// made it.
    pub(crate) async fn make(
        &self,
        owner: &OwnerId,
        quota: Quota,
        new: Write,
    ) -> Result<(), MakeError> {
        let writes = vec![new, place(owner, quota)];
        let mut is_counted = false;
        for attempt in 0.. {
            match self.commit(writes.clone()).await {
                Ok(()) | Err(CommitError::Exists) => return Ok(()),
                Err(CommitError::Full(quota)) if is_counted => return Err(MakeError::Full(quota)),
                Err(CommitError::Full(quota)) => is_counted = self.recount(owner, quota).await?,
                Err(CommitError::Conflict | CommitError::InsufficientCredits(_))
                    if self.again(attempt).await => {}
                Err(CommitError::Conflict | CommitError::InsufficientCredits(_)) => break,
                Err(CommitError::Store(error)) => return Err(error.into()),
            }
        }
        Err(MakeError::Contended)
    }

    /// Puts a count right. `true` when it is right; `false` when it may have been wrong.
    async fn recount(&self, owner: &OwnerId, quota: Quota) -> Result<bool, StoreError> {
        let before = self.store.places(owner, quota).await?;
        let places = match quota {
            Quota::Tokens => self.active_tokens(owner).await?,
            Quota::SignIns => {
                let signed_in = self.sign_ins(owner).await?;
                u32::try_from(signed_in.len()).unwrap_or(u32::MAX)
            }
            // Whoever ends one of these counts it off.
            Quota::Workflows | Quota::Sessions | Quota::OpenApprovals => return Ok(true),
        };
        if places >= before {
            return Ok(true);
        }
        let recount = Write::RecountPlaces {
            owner: owner.clone(),
            quota,
            before,
            places,
        };
        // Where others have written meanwhile, it is counted once more.
        won(self.commit(vec![recount]).await)?;
        Ok(false)
    }
}
