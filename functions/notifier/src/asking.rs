//! Asking the approvers.
//!
//! The link is stored before the mail leaves: a link that arrives and is unknown would be worse than one
//! that is known and never arrives. What came of each mail is written down before the next leaves
//! (`domain::approval::asking`): an address that refuses mail keeps nobody else waiting, and a mail service that takes
//! none now costs time only.

use std::time::Duration;

use domain::approval::asking::Sent;
use domain::approval::code::MailedCode;
use domain::approval::{Approval, Draft};
use engine::consuming::{Delivery, Disposition};
use engine::ports::queues::Message;
use engine::ports::store::{CommitError, Link, StoreError};
use engine::ports::{About, Mail, MailError, Write};
use tokio::time::Instant;

use crate::letters::ApprovalRequest;
use crate::{Notifier, NotifyError};

/// With less time than this no further mail is begun: what came of it has to be written down as well.
const LEAST_TIME: Duration = Duration::from_secs(12);

impl Notifier {
    pub(crate) async fn ask(&self, delivery: &Delivery) -> Result<Disposition, NotifyError> {
        let Message::AskApproval { owner, approval } = &delivery.message else {
            return Ok(Disposition::Failed);
        };
        let ends = Instant::now() + delivery.remaining;
        let worker = delivery.worker.as_str();
        let begun = self.engine.begin_asking(owner, approval, worker).await?;
        let Some(mut approval) = begun else {
            return Ok(Disposition::Done);
        };
        let draft = self.engine.draft(&approval).await?;
        while let Some(approver) = approval.asking.next(self.engine.now()).map(str::to_owned) {
            if ends.saturating_duration_since(Instant::now()) < LEAST_TIME {
                approval = self.engine.leave_asking(&approval).await?;
                break;
            }
            let sent = self.send_question(&approval, &approver, &draft).await?;
            let noted = self
                .engine
                .note_question(&approval, worker, &approver, &sent)
                .await?;
            match noted {
                Some(next) => approval = next,
                // It was decided, or somebody else is at it.
                None => return Ok(Disposition::Done),
            }
        }
        self.engine.send_question(&approval).await;
        Ok(Disposition::Done)
    }

    /// Sends the mail to one approver.
    async fn send_question(
        &self,
        approval: &Approval,
        approver: &str,
        draft: &Draft,
    ) -> Result<Sent, NotifyError> {
        let token = self.links.token(approval, approver).await?;
        let code = if approval.strict {
            Some(self.links.code(approval, approver).await?)
        } else {
            None
        };
        self.remember(approval, approver, token.sha256(), code.as_ref())
            .await?;
        let link = self.links.approval(&token);
        let letter = ApprovalRequest::new(approval, draft, link, code.as_ref());
        let about = About::Approval {
            owner: approval.owner.clone(),
            approval: approval.id.clone(),
        };
        let mail = Mail {
            about: Some(about),
            ..letter.mail(approver)
        };
        let id = &approval.id;
        Ok(match self.mailer.send(&mail).await {
            Ok(message_id) => {
                tracing::info!(approval.id = %id, mail.id = message_id, "an approver was asked");
                Sent::Taken { message_id }
            }
            Err(MailError::Refused(reason)) => {
                tracing::warn!(approval.id = %id, reason, "an approver's address takes no mail");
                Sent::Refused { reason }
            }
            Err(error @ MailError::Unavailable(_)) => {
                tracing::warn!(approval.id = %id, %error, "an approver is asked later");
                Sent::NotNow
            }
            Err(error @ MailError::Unknown(_)) => {
                tracing::warn!(approval.id = %id, %error, "an approver may have been asked, and is asked again later");
                Sent::Unknown
            }
        })
    }

    async fn remember(
        &self,
        approval: &Approval,
        approver: &str,
        token_sha256: String,
        code: Option<&MailedCode>,
    ) -> Result<(), StoreError> {
        let link = Link {
            owner: approval.owner.clone(),
            approval: approval.id.clone(),
            approver: approver.to_owned(),
        };
        let mut writes = vec![Write::PutLink { token_sha256, link }];
        if let Some(code) = code {
            writes.push(Write::PutCode {
                owner: approval.owner.clone(),
                approval: approval.id.clone(),
                approver: approver.to_owned(),
                proof: code.proof(&approval.id, approver),
            });
        }
        match self.engine.commit(writes).await {
            // A link that is there already is this link: its key is derived from what it says.
            Ok(()) | Err(CommitError::Exists) => Ok(()),
            Err(CommitError::Store(error)) => Err(error),
            Err(
                error @ (CommitError::Conflict
                | CommitError::InsufficientCredits(_)
                | CommitError::Full(_)),
            ) => Err(StoreError::Unavailable(error.to_string())),
        }
    }
}
