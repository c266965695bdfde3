//! Mails of runs that came back.

use domain::execution::Event;
use domain::ids::{ExecutionId, OwnerId};

use crate::Engine;
use crate::advance::{AdvanceError, Alongside, SYSTEM};
use crate::ports::store::StoreError;

impl Engine {
    /// Writes down, on its run and in the run's log, that a mail that `step` has sent came back. The run may have ended
    /// long ago; what is known already is not noted twice.
    ///
    /// # Errors
    /// The store fails, or the run keeps changing.
    pub async fn note_returned_mail(
        &self,
        owner: &OwnerId,
        execution: &ExecutionId,
        step: &str,
        address: &str,
        reason: &str,
    ) -> Result<(), StoreError> {
        let event = Event::MailReturned {
            step: step.to_owned(),
            address: address.to_owned(),
            reason: reason.to_owned(),
        };
        match self
            .advance(owner, execution, &event, SYSTEM, &Alongside::default())
            .await
        {
            Ok(_) | Err(AdvanceError::NotFound) => Ok(()),
            Err(AdvanceError::Refused(refused)) => {
                tracing::info!(execution.id = %execution, step.id = step, %refused, "a mail that came back is not noted again");
                Ok(())
            }
            Err(AdvanceError::Contended | AdvanceError::Full(_)) => {
                Err(StoreError::Unavailable("the run keeps changing".to_owned()))
            }
            Err(AdvanceError::Store(error)) => Err(error),
        }
    }
}
