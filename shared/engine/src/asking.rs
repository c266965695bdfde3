//! Asking the approvers of a draft, one mail at a time.
//!
//! The notifier brackets its mails with [`Engine::begin_asking`] and [`Engine::note_question`]: the turn is taken before
//! anything is sent, and what came of each mail is committed before the next leaves. A commit that fails for a moment
//! is tried again, because a mail that went out and is not written down goes out twice.

use domain::approval::Approval;
use domain::approval::asking::Sent;
use domain::ids::{ApprovalId, OwnerId};

use crate::ports::queues::Message;
use crate::ports::store::{StoreError, Write};
use crate::{Engine, won};

impl Engine {
    /// Takes the turn at asking for `worker`; `None` when nothing is to be sent now, or somebody else is at it.
    ///
    /// # Errors
    /// The store fails.
    pub async fn begin_asking(
        &self,
        owner: &OwnerId,
        id: &ApprovalId,
        worker: &str,
    ) -> Result<Option<Approval>, StoreError> {
        let stored = self.store.approval(owner, id).await?;
        let Some(approval) = stored.filter(Approval::is_open) else {
            return Ok(None);
        };
        let Some(begun) = approval.asking.begin(worker, self.now()) else {
            return Ok(None);
        };
        let approval = approval.with_asking(begun);
        let write = Write::PutApproval {
            approval: approval.clone(),
        };
        Ok(won(self.commit(vec![write]).await)?.then_some(approval))
    }

    /// Writes down what came of the mail to `approver`; `None` when the turn is not `worker`'s any more, or nobody
    /// need be asked.
    ///
    /// # Errors
    /// The store fails, or the approval keeps changing.
    pub async fn note_question(
        &self,
        approval: &Approval,
        worker: &str,
        approver: &str,
        sent: &Sent,
    ) -> Result<Option<Approval>, StoreError> {
        let fraction = self.entropy.fraction();
        let mut present = approval.clone();
        for conflicts in 0.. {
            let asking = present.asking.note(approver, sent, self.now(), fraction);
            let next = present.with_asking(asking);
            let write = Write::PutApproval {
                approval: next.clone(),
            };
            if won(self.commit_patiently(vec![write]).await)? {
                return Ok(Some(next));
            }
            // Somebody has decided, or something came back meanwhile.
            if !self.again(conflicts).await {
                break;
            }
            let stored = self.store.approval(&present.owner, &present.id).await?;
            match stored.filter(|it| it.is_open() && it.asking.is_turn_of(worker)) {
                Some(stored) => present = stored,
                None => return Ok(None),
            }
        }
        Err(StoreError::Unavailable("contended".to_owned()))
    }

    /// Gives the turn back with questions left, because the worker's time is up.
    ///
    /// # Errors
    /// The store fails.
    pub async fn leave_asking(&self, approval: &Approval) -> Result<Approval, StoreError> {
        let next = approval.with_asking(approval.asking.rest(self.now()));
        let write = Write::PutApproval {
            approval: next.clone(),
        };
        // Where somebody has changed it meanwhile, the turn ends by itself.
        won(self.commit(vec![write]).await)?;
        Ok(next)
    }

    /// Sends the message for the next question, when there is one.
    pub async fn send_question(&self, approval: &Approval) {
        if let Some(next_try) = approval.asking.next_try().filter(|_| approval.is_open()) {
            self.send(&message(approval), next_try).await;
        }
    }

    /// Sets an approval moving whose next question is overdue.
    pub(crate) async fn nudge_approval(
        &self,
        owner: &OwnerId,
        id: &ApprovalId,
    ) -> Result<(), StoreError> {
        let stored = self.store.approval(owner, id).await?;
        let Some(approval) = stored.filter(Approval::is_open) else {
            return Ok(());
        };
        let Some(asking) = approval.asking.nudge(self.now()) else {
            return Ok(());
        };
        let next = approval.with_asking(asking);
        let write = Write::PutApproval {
            approval: next.clone(),
        };
        if won(self.commit(vec![write]).await)? {
            self.send(&message(&next), self.now()).await;
        }
        Ok(())
    }

    /// The message that has the approvers asked ended in the dead letters: they are asked later.
    pub(crate) async fn put_off_asking(
        &self,
        owner: &OwnerId,
        id: &ApprovalId,
    ) -> Result<(), StoreError> {
        let stored = self.store.approval(owner, id).await?;
        let Some(approval) = stored.filter(|it| it.due_at().is_some()) else {
            return Ok(());
        };
        let approval = approval.with_asking(approval.asking.put_off(self.now()));
        won(self.commit(vec![Write::PutApproval { approval }]).await)?;
        Ok(())
    }

    /// Writes down, where the run shows it, that an approver's mail came back. A decided approval needs no
    /// mail any more, and what is noted already is not noted twice.
    ///
    /// # Errors
    /// The store fails, or the approval changes faster than it can be read.
    pub async fn note_returned(
        &self,
        owner: &OwnerId,
        id: &ApprovalId,
        address: &str,
        reason: &str,
    ) -> Result<(), StoreError> {
        for attempt in 0.. {
            let stored = self.store.approval(owner, id).await?;
            let Some(approval) = stored.filter(Approval::is_open) else {
                return Ok(());
            };
            let Some(asking) = approval.asking.came_back(address, reason, self.now()) else {
                return Ok(());
            };
            let approval = approval.with_asking(asking);
            if won(self.commit(vec![Write::PutApproval { approval }]).await)? {
                return Ok(());
            }
            if !self.again(attempt).await {
                break;
            }
        }
        Err(StoreError::Unavailable("contended".to_owned()))
    }
}

fn message(approval: &Approval) -> Message {
    Message::AskApproval {
        owner: approval.owner.clone(),
        approval: approval.id.clone(),
    }
}
