//! Questions and opinions in memory.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use domain::ids::{AssessmentId, OwnerId};

use super::lock;
use crate::ports::StoreError;
use crate::ports::assessments::{Assessments, Opinion, Question};

type Named<T> = Mutex<BTreeMap<(OwnerId, AssessmentId), T>>;

/// [`Assessments`] in memory.
#[derive(Debug, Default)]
pub struct MemoryAssessments {
    questions: Named<Question>,
    opinions: Named<Opinion>,
}

#[async_trait]
impl Assessments for MemoryAssessments {
    async fn ask(
        &self,
        owner: &OwnerId,
        id: &AssessmentId,
        question: &Question,
    ) -> Result<(), StoreError> {
        lock(&self.questions).insert((owner.clone(), id.clone()), question.clone());
        Ok(())
    }

    async fn take(
        &self,
        owner: &OwnerId,
        id: &AssessmentId,
    ) -> Result<Option<Question>, StoreError> {
        Ok(lock(&self.questions).remove(&(owner.clone(), id.clone())))
    }

    async fn answer(
        &self,
        owner: &OwnerId,
        id: &AssessmentId,
        opinion: &Opinion,
    ) -> Result<(), StoreError> {
        lock(&self.opinions).insert((owner.clone(), id.clone()), opinion.clone());
        Ok(())
    }

    async fn opinion(
        &self,
        owner: &OwnerId,
        id: &AssessmentId,
    ) -> Result<Option<Opinion>, StoreError> {
        let opinions = lock(&self.opinions);
        Ok(opinions.get(&(owner.clone(), id.clone())).cloned())
    }
}
