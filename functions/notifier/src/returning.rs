//! Mails that came back.
//!
//! Acceptance is not delivery: an approver whose address bounces would never know that somebody waits, so it
//! is written down on the approval, where its run shows it; a notice that comes back has failed; and what a step sent is
//! noted on its run. The mail service's word may come twice, late,
//! and after the decision; none of that does harm.

use engine::consuming::Disposition;
use engine::ports::About;

use crate::{Notifier, NotifyError};

impl Notifier {
    pub(crate) async fn returned(
        &self,
        about: &About,
        address: &str,
        reason: &str,
    ) -> Result<Disposition, NotifyError> {
        match about {
            About::Approval { owner, approval } => {
                tracing::warn!(approval.id = %approval, reason, "a mail to an approver came back");
                self.engine
                    .note_returned(owner, approval, address, reason)
                    .await?;
            }
            About::Step {
                owner,
                execution,
                step,
            } => {
                tracing::warn!(execution.id = %execution, step.id = step, reason, "an approved mail came back");
                self.engine
                    .note_returned_mail(owner, execution, step, address, reason)
                    .await?;
            }
            About::Delivery { owner, delivery } => {
                tracing::warn!(delivery.id = %delivery, reason, "a notice came back");
                self.engine
                    .note_bounced(owner, delivery, address, reason)
                    .await?;
            }
        }
        Ok(Disposition::Done)
    }
}
