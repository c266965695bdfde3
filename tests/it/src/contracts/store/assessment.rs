//! Questions to a model: taken once, answered to those who asked.

use std::sync::Arc;

use domain::assessment::NoOpinion;
use domain::ids::AssessmentId;
use engine::memory::MemoryAssessments;
use engine::ports::Assessments;
use engine::ports::assessments::Question;

use super::{fresh, now, owner};

#[tokio::test]
async fn a_question_in_the_table_is_taken_once_and_answered() {
    let bench = super::embedded::bench().await;
    taken_once_and_answered(bench.wiring.assessments()).await;
}

#[tokio::test]
async fn a_question_in_memory_is_taken_once_and_answered() {
    taken_once_and_answered(Arc::new(MemoryAssessments::default())).await;
}

async fn taken_once_and_answered(assessments: Arc<dyn Assessments>) {
    let (owner, id) = (owner(), AssessmentId::from_uuid(fresh()));
    let question = Question {
        intent: "watch the wires".to_owned(),
        deadline: now(),
    };
    assert_eq!(assessments.take(&owner, &id).await, Ok(None));
    assessments.ask(&owner, &id, &question).await.unwrap();
    assert_eq!(assessments.take(&super::owner(), &id).await, Ok(None));
    let takes = (0..10).map(|_| assessments.take(&owner, &id));
    let taken: Vec<Question> = futures::future::join_all(takes)
        .await
        .into_iter()
        .filter_map(Result::unwrap)
        .collect();
    assert_eq!(taken, [question]);
    assert_eq!(assessments.opinion(&owner, &id).await, Ok(None));
    let opinion = Err(NoOpinion::ParseError);
    assessments.answer(&owner, &id, &opinion).await.unwrap();
    assert_eq!(assessments.opinion(&owner, &id).await, Ok(Some(opinion)));
    assert_eq!(assessments.opinion(&super::owner(), &id).await, Ok(None));
}
