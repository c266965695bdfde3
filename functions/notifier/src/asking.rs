//! Asking the approvers.
//!
//! The link is stored before the mail leaves: a link that arrives and is unknown would be worse than one
//! that is known and never arrives. An address that refuses mail is written down on the approval,
//! where its run shows it; the others are asked all the same.

use domain::approval::Approval;
use domain::approval::code::MailedCode;
use domain::ids::{ApprovalId, OwnerId};
use engine::consuming::Disposition;
use engine::ports::store::{CommitError, Link, StoreError};
use engine::ports::{About, Mail, MailError, Write};

use crate::letters::ApprovalRequest;
use crate::{Notifier, NotifyError};

impl Notifier {
    pub(crate) async fn ask(
        &self,
        owner: &OwnerId,
        id: &ApprovalId,
    ) -> Result<Disposition, NotifyError> {
        let approval = self.engine.store.approval(owner, id).await?;
        let Some(approval) = approval.filter(|approval| approval.is_open() && !approval.asked)
        else {
            return Ok(Disposition::Done);
        };
        let draft = self.engine.draft(&approval).await?;
        let mut refused = Vec::new();
        let mut later = false;
        for approver in &approval.approvers {
            let token = self.links.token(&approval, approver).await?;
            let code = if approval.strict {
                Some(self.links.code(&approval, approver).await?)
            } else {
                None
            };
            self.remember(&approval, approver, token.sha256(), code.as_ref())
                .await?;
            let link = self.links.approval(&token);
            let letter = ApprovalRequest::new(&approval, &draft, link, code.as_ref());
            let about = About::Approval {
                owner: owner.clone(),
                approval: id.clone(),
            };
            let mail = Mail {
                about: Some(about),
                ..letter.mail(approver)
            };
            match self.mailer.send(&mail).await {
                Ok(message_id) => {
                    tracing::info!(approval.id = %approval.id, mail.id = message_id, "an approver was asked")
                }
                Err(MailError::Refused(reason)) => {
                    tracing::warn!(approval.id = %approval.id, reason, "an approver's address takes no mail");
                    refused.push(format!("{approver}: {reason}"));
                }
                Err(error @ (MailError::Unavailable(_) | MailError::Unknown(_))) => {
                    tracing::warn!(approval.id = %approval.id, %error, "an approver is asked again later");
                    later = true;
                }
            }
        }
        if later {
            return Ok(Disposition::Failed);
        }
        self.engine
            .mark_asked(&approval, (!refused.is_empty()).then(|| refused.join("; ")))
            .await?;
        Ok(Disposition::Done)
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
