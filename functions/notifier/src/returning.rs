//! Mails that came back.
//!
//! Acceptance is not delivery: an approver whose address bounces would never know that somebody waits, so it
//! is written down on the approval, where its run shows it. The mail service's word may come twice, late,
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
            // There is no other address to tell.
            About::Run { execution, .. } => {
                tracing::warn!(execution.id = %execution, reason, "a mail about a run came back");
            }
        }
        Ok(Disposition::Done)
    }
}
