//! Asking what a model thinks of a goal. The function that answers people holds no model's key: it puts a question
//! where the planner finds it, and looks for the opinion.

use std::time::Duration;

use domain::ids::{AssessmentId, OwnerId};

use crate::Engine;
use crate::ports::StoreError;
use crate::ports::assessments::{Assessments, Question};
use crate::ports::queues::Message;

impl Engine {
    /// Asks for an opinion on a goal, to be had within `patience`, and gives the name under which it will be there.
    ///
    /// # Errors
    /// The question cannot be put. That its message is not sent is no error: the opinion is missing then.
    pub async fn ask_opinion(
        &self,
        assessments: &dyn Assessments,
        owner: &OwnerId,
        intent: &str,
        patience: Duration,
    ) -> Result<AssessmentId, StoreError> {
        let id = AssessmentId::from_uuid(self.uuid());
        let deadline = self.now().checked_add(patience);
        let question = Question {
            intent: intent.to_owned(),
            deadline: deadline.unwrap_or(jiff::Timestamp::MAX),
        };
        assessments.ask(owner, &id, &question).await?;
        let message = Message::Assess {
            owner: owner.clone(),
            assessment: id.clone(),
        };
        self.send(&message, self.now()).await;
        Ok(id)
    }
}
