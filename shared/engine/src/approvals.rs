//! Asking people, and what their word does.
//!
//! A decision is one commit: the approval's next revision and the run's. Of two people who decide at
//! once one commits, and the other, loading again, learns who won (promise 5).

use domain::approval::asking::Asking;
use domain::approval::{Approval, ApprovalStatus, CannotDecide, Choice, Decided, Draft, Verdict};
use domain::execution::{Event, Execution, Gate, Output, Refused, StepState};
use domain::ids::{ApprovalId, OwnerId};
use domain::text;
use domain::workflow::{ApprovalPolicy, Workflow};
use serde_json::Value;

use crate::advance::{AdvanceError, Alongside, TryAdvance};
use crate::ports::queues::Message;
use crate::ports::store::{Keepsake, StoreError, Write};
use crate::{Engine, notices, seeded_bugs, won};

/// Why a decision was not taken.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DecideError {
    #[error("there is no such approval")]
    NotFound,
    #[error(transparent)]
    Cannot(#[from] CannotDecide),
    /// A picture has no body, and a JSON body stays JSON.
    #[error("the draft cannot take this body")]
    BodyDoesNotFit,
    #[error("too many others decide at the same time")]
    Contended,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why nobody was asked.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RequestError {
    #[error("the owner is gone, so nobody can be asked")]
    OwnerGone,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A draft on its way before a person.
#[derive(Debug, Clone, PartialEq)]
pub struct DraftMade {
    pub draft: Draft,
    /// The finished output, for a step that only produces.
    pub output: Option<Output>,
    /// What making it cost.
    pub credits: u32,
    /// Addresses of what it was made from.
    pub sources: Vec<String>,
}

impl Engine {
    /// The approval for a draft of `step`, and what is to be committed with the step's parking. Where the policy names
    /// nobody, the owner is asked.
    ///
    /// # Errors
    /// There is nobody to ask, or the draft cannot be stored.
    pub async fn request_approval(
        &self,
        execution: &Execution,
        step: &str,
        workflow_name: &str,
        policy: &ApprovalPolicy,
        made: DraftMade,
    ) -> Result<(Gate, Alongside), RequestError> {
        let now = self.now();
        let mut approvers = policy.approvers.clone();
        if approvers.is_empty() {
            let owner = self.store.owner(&execution.owner).await?;
            approvers.push(owner.ok_or(RequestError::OwnerGone)?.email);
        }
        let sha256 = made.draft.sha256();
        let document = serde_json::to_value(&made.draft).expect("a draft is plain JSON");
        let draft = self
            .store
            .put_kept(
                &execution.owner,
                &execution.workflow,
                Keepsake::Draft,
                &document,
                &text::preview(&made.draft.text(), Output::PREVIEW),
            )
            .await?;
        let revisions = execution.step(step).map_or(0, |row| row.revisions);
        let approval = Approval {
            id: ApprovalId::from_uuid(self.uuid()),
            owner: execution.owner.clone(),
            execution: execution.id.clone(),
            workflow: execution.workflow.clone(),
            workflow_name: workflow_name.to_owned(),
            step: step.to_owned(),
            generation: revisions + 1,
            status: ApprovalStatus::Pending,
            draft,
            original: None,
            sha256: sha256.clone(),
            required: policy.required,
            max_revisions: policy.max_revisions,
            asking: Asking::of(&approvers, now),
            approvers,
            strict: policy.strict,
            decisions: Vec::new(),
            sources: made.sources,
            deadline: policy.deadline(now),
            created_at: now,
            revision: 0,
        };
        let gate = Gate {
            approval: approval.id.clone(),
            sha256,
            deadline: approval.deadline,
            on_timeout: policy.on_timeout,
            output: made.output,
            credits: made.credits,
        };
        let message = Message::AskApproval {
            owner: execution.owner.clone(),
            approval: approval.id.clone(),
        };
        Ok((
            gate,
            Alongside {
                writes: vec![Write::PutApproval { approval }],
                messages: vec![message],
            },
        ))
    }

    /// Adds to the commit of a parked step that the workflow's destinations are told that somebody is asked.
    ///
    /// # Errors
    /// A notice cannot be stored.
    pub async fn tell_of_request(
        &self,
        workflow: &Workflow,
        alongside: &mut Alongside,
    ) -> Result<(), StoreError> {
        let asked = alongside.writes.iter().find_map(|write| match write {
            Write::PutApproval { approval } => Some(notices::of_request(approval)),
            _ => None,
        });
        match asked {
            Some(asked) => self.tell(workflow, &[asked], alongside).await,
            None => Ok(()),
        }
    }

    /// Takes a person's word on an approval. `edited_body` replaces the draft's body as it is approved.
    ///
    /// # Errors
    /// It does not exist, does not count, or the store fails. Nothing has changed then.
    pub async fn decide(
        &self,
        owner: &OwnerId,
        id: &ApprovalId,
        verdict: &Verdict,
        edited_body: Option<&str>,
    ) -> Result<Approval, DecideError> {
        for attempt in 0.. {
            let approval = self
                .store
                .approval(owner, id)
                .await?
                .ok_or(DecideError::NotFound)?;
            match seeded_bugs::decided(&approval, verdict, self.now())? {
                Decided::Again => return Ok(approval),
                Decided::Counted(next) => {
                    let approval = next.clone();
                    let write = Write::PutApproval { approval };
                    if won(self.commit(vec![write]).await)? {
                        return Ok(next);
                    }
                }
                Decided::Settled(next) => {
                    if let Some(done) = self.settle_approval(next, verdict, edited_body).await? {
                        return Ok(done);
                    }
                }
            }
            if !self.again(attempt).await {
                break;
            }
        }
        Err(DecideError::Contended)
    }

    /// Commits a settled approval with its run; `None` after a conflict.
    async fn settle_approval(
        &self,
        mut next: Approval,
        verdict: &Verdict,
        edited_body: Option<&str>,
    ) -> Result<Option<Approval>, DecideError> {
        let execution = self
            .store
            .execution(&next.owner, &next.execution)
            .await?
            .ok_or(CannotDecide::Gone(ApprovalStatus::Cancelled))?;
        let step = next.step.clone();
        let approval = next.id.clone();
        let event = match verdict.choice {
            Choice::Approve => {
                let output = match edited_body {
                    Some(body) => self.edit(&mut next, &execution, body).await?,
                    None => None,
                };
                Event::Approved {
                    step,
                    approval,
                    sha256: next.sha256.clone(),
                    output,
                }
            }
            Choice::Reject => Event::Rejected { step, approval },
            Choice::RequestChanges => Event::ChangesRequested {
                step,
                approval,
                note: verdict.comment.clone().unwrap_or_default(),
            },
        };
        let mut alongside = Alongside {
            writes: vec![Write::PutApproval {
                approval: next.clone(),
            }],
            messages: Vec::new(),
        };
        if let Some(workflow) = self.store.workflow(&next.owner, &next.workflow).await? {
            let decided = notices::of_decision(&next);
            self.tell(&workflow, &[decided], &mut alongside).await?;
        }
        match self
            .try_advance(&execution, &event, &verdict.by, &alongside)
            .await
        {
            Ok(_) => Ok(Some(next)),
            Err(TryAdvance::Conflict) => Ok(None),
            Err(TryAdvance::Other(AdvanceError::Refused(
                Refused::Ended | Refused::NotNow { .. } | Refused::OtherApproval,
            ))) => {
                // The run has moved on between the two loads. Whoever moved it has decided or closed the
                // approval in the same commit, and looking again says who; if not, it is a fault of ours, and
                // the decision cannot count.
                let stored = self.store.approval(&next.owner, &next.id).await?;
                if stored.is_some_and(|stored| !stored.is_open()) {
                    return Ok(None);
                }
                Err(CannotDecide::Gone(ApprovalStatus::Cancelled).into())
            }
            Err(TryAdvance::Other(AdvanceError::Store(error))) => Err(error.into()),
            Err(TryAdvance::Other(other)) => Err(StoreError::Unavailable(other.to_string()).into()),
        }
    }

    /// Puts the edited body into the draft, keeps the original, and gives the edited output of a
    /// step that only produces.
    async fn edit(
        &self,
        approval: &mut Approval,
        execution: &Execution,
        body: &str,
    ) -> Result<Option<Output>, DecideError> {
        let draft = self.draft(approval).await?;
        let edited = draft.with_body(body).ok_or(DecideError::BodyDoesNotFit)?;
        let document = serde_json::to_value(&edited).expect("a draft is plain JSON");
        let stored = self
            .store
            .put_kept(
                &approval.owner,
                &approval.workflow,
                Keepsake::Draft,
                &document,
                &text::preview(&edited.text(), Output::PREVIEW),
            )
            .await?;
        approval.original = Some(std::mem::replace(&mut approval.draft, stored));
        approval.sha256 = edited.sha256();
        let Some(StepState::AwaitingApproval { gate }) =
            execution.step(&approval.step).map(|row| &row.state)
        else {
            return Ok(None);
        };
        let Some(output) = &gate.output else {
            return Ok(None);
        };
        let mut document = self
            .store
            .output(&approval.owner, output)
            .await?
            .unwrap_or_default();
        document["text"] = Value::String(body.to_owned());
        if document.get("characters").is_some() {
            document["characters"] = body.chars().count().into();
        }
        Ok(Some(
            self.store
                .put_output(
                    &approval.owner,
                    &document,
                    &text::preview(body, Output::PREVIEW),
                )
                .await?,
        ))
    }

    /// The draft under review.
    ///
    /// # Errors
    /// It is gone or damaged.
    pub async fn draft(&self, approval: &Approval) -> Result<Draft, StoreError> {
        let damaged = |reason: String| StoreError::Damaged {
            key: approval.id.to_string(),
            reason,
        };
        let document = self
            .store
            .kept(
                &approval.owner,
                &approval.workflow,
                Keepsake::Draft,
                &approval.draft,
            )
            .await?
            .ok_or_else(|| damaged("its draft is gone".to_owned()))?;
        serde_json::from_value(document).map_err(|error| damaged(error.to_string()))
    }
}
