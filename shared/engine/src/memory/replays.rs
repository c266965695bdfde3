//! First answers in memory.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use domain::ids::OwnerId;
use jiff::Timestamp;

use super::lock;
use crate::ports::StoreError;
use crate::ports::replays::{Attempt, KEPT, LEASE, Opened, Opening, Replays};

#[derive(Debug)]
struct Kept {
    request_sha256: String,
    seed: [u8; 32],
    begun_at: Timestamp,
    running_until: Timestamp,
    answer: Option<Vec<u8>>,
}

/// [`Replays`] in memory.
#[derive(Debug, Default)]
pub struct MemoryReplays {
    kept: Mutex<BTreeMap<(OwnerId, String), Kept>>,
}

impl MemoryReplays {
    /// What was kept, sealed.
    #[must_use]
    pub fn kept(&self) -> Vec<Vec<u8>> {
        let all = lock(&self.kept);
        all.values()
            .filter_map(|kept| kept.answer.clone())
            .collect()
    }

    /// As if every try had been cut off before its answer was kept.
    pub fn forget_answers(&self) {
        let mut all = lock(&self.kept);
        all.values_mut().for_each(|kept| kept.answer = None);
    }
}

#[async_trait]
impl Replays for MemoryReplays {
    async fn open(&self, opening: Opening<'_>) -> Result<Opened, StoreError> {
        let Opening {
            owner,
            key_sha256,
            request_sha256,
            seed,
            now,
        } = opening;
        let mut all = lock(&self.kept);
        let key = (owner.clone(), key_sha256.to_owned());
        if let Some(kept) = all.get_mut(&key).filter(|kept| now < kept.begun_at + KEPT) {
            if kept.request_sha256 != request_sha256 {
                return Ok(Opened::Reused);
            }
            if let Some(answer) = &kept.answer {
                return Ok(Opened::Answered(answer.clone()));
            }
            if now < kept.running_until {
                return Ok(Opened::Running);
            }
            kept.running_until = now + LEASE;
            return Ok(Opened::Begin(Attempt {
                seed: kept.seed,
                begun_at: kept.begun_at,
                is_repeat: true,
            }));
        }
        all.insert(
            key,
            Kept {
                request_sha256: request_sha256.to_owned(),
                seed,
                begun_at: now,
                running_until: now + LEASE,
                answer: None,
            },
        );
        Ok(Opened::Begin(Attempt {
            seed,
            begun_at: now,
            is_repeat: false,
        }))
    }

    async fn answer(
        &self,
        owner: &OwnerId,
        key_sha256: &str,
        seed: &[u8; 32],
        sealed: Vec<u8>,
    ) -> Result<(), StoreError> {
        let mut all = lock(&self.kept);
        if let Some(kept) = all.get_mut(&(owner.clone(), key_sha256.to_owned()))
            && kept.seed == *seed
            && kept.answer.is_none()
        {
            kept.answer = Some(sealed);
        }
        Ok(())
    }

    async fn give_up(
        &self,
        owner: &OwnerId,
        key_sha256: &str,
        seed: &[u8; 32],
    ) -> Result<(), StoreError> {
        let mut all = lock(&self.kept);
        if let Some(kept) = all.get_mut(&(owner.clone(), key_sha256.to_owned()))
            && kept.seed == *seed
        {
            kept.running_until = Timestamp::UNIX_EPOCH;
        }
        Ok(())
    }

    async fn release(
        &self,
        owner: &OwnerId,
        key_sha256: &str,
        seed: &[u8; 32],
    ) -> Result<(), StoreError> {
        let mut all = lock(&self.kept);
        let key = (owner.clone(), key_sha256.to_owned());
        if all
            .get(&key)
            .is_some_and(|kept| kept.seed == *seed && kept.answer.is_none())
        {
            all.remove(&key);
        }
        Ok(())
    }
}
