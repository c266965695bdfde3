//! Telling the owner what a run came to.
//!
//! Whether there is something to say was decided when the run was judged; here it is only said. Delivery is
//! at least once: there is no memory of what was told, so a message that comes twice is told twice.

use domain::execution::{Execution, Status};
use domain::ids::{ExecutionId, OwnerId};
use engine::consuming::Disposition;
use engine::ports::{About, Mail, MailError};

use crate::letters::{RunFailed, Signal};
use crate::{Notifier, NotifyError};

impl Notifier {
    pub(crate) async fn tell(
        &self,
        owner: &OwnerId,
        id: &ExecutionId,
    ) -> Result<Disposition, NotifyError> {
        let Some(run) = self.engine.store.execution(owner, id).await? else {
            return Ok(Disposition::Done);
        };
        let Some(person) = self.engine.store.owner(owner).await? else {
            tracing::error!(execution.id = %id, "the run's owner is gone; nobody is told");
            return Ok(Disposition::Done);
        };
        let Some(mail) = self.letter(&run, &person.email).await? else {
            tracing::info!(execution.id = %id, status = %run.status(), "there is nothing to tell about this run");
            return Ok(Disposition::Done);
        };
        let about = About::Run {
            owner: owner.clone(),
            execution: id.clone(),
        };
        let mail = Mail {
            about: Some(about),
            ..mail
        };
        match self.mailer.send(&mail).await {
            Ok(message_id) => {
                tracing::info!(execution.id = %id, mail.id = message_id, "the owner was told");
                Ok(Disposition::Done)
            }
            Err(error @ MailError::Refused(_)) => {
                tracing::error!(execution.id = %id, %error, "the owner's address takes no mail");
                Ok(Disposition::Done)
            }
            Err(error @ (MailError::Unavailable(_) | MailError::Unknown(_))) => {
                tracing::warn!(execution.id = %id, %error, "the owner is told later");
                Ok(Disposition::Failed)
            }
        }
    }

    /// The mail about a run; `None` when it has not ended or says nothing.
    async fn letter(&self, run: &Execution, to: &str) -> Result<Option<Mail>, NotifyError> {
        let workflow = self
            .engine
            .store
            .workflow(&run.owner, &run.workflow)
            .await?;
        let link = self.links.execution(&run.id);
        Ok(match run.status() {
            Status::Failed => Some(RunFailed::new(run, workflow.as_ref(), link).mail(to)),
            Status::Completed => match self.engine.store.conclusion(&run.owner, &run.id).await? {
                Some(conclusion) => Signal::read(run, workflow.as_ref(), &conclusion, link)
                    .map(|signal| signal.mail(to)),
                None => None,
            },
            Status::Cancelled
            | Status::Pending
            | Status::Running
            | Status::AwaitingApproval
            | Status::Paused => None,
        })
    }
}
