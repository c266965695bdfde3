//! One attempt at a delivery: a letter or a post, and what came of it.
//!
//! Whether there is something to say was decided and written down with what it tells of; here it is only said. The
//! attempt is claimed first, so that a message that comes twice finds nothing to do, and what came of it is written
//! down last: a worker that dies in between leaves an attempt that is made again. A receiver knows a repetition by the
//! `webhook-id`; a reader of mail does not, so a mail whose fate is unknown may come twice.

use std::time::Duration;

use domain::delivery::{
    Address, Came, Channel, Delivery, Destination, EventType, LIMIT_SECONDS, Told, ToldState,
};
use domain::execution::Output;
use domain::ids::{DeliveryId, OwnerId};
use domain::signature::SigningSecret;
use domain::workflow::Workflow;
use engine::consuming::Disposition;
use engine::ports::{About, Mail, MailError, Post, PostError};
use jiff::Timestamp;
use tokio::time::Instant;

use crate::letters::{ApproversChanged, DestinationDisabled, DestinationTest, RunFailed, Signal};
use crate::{Notifier, NotifyError};

/// With less time than this no further mail is begun: what came of it has to be written down as well.
const LEAST_TIME: Duration = Duration::from_secs(12);

/// A receiver that is gone says so with this status (API section 7).
const GONE: u16 = 410;

impl Notifier {
    /// Makes the next attempt, within `remaining`.
    pub(crate) async fn deliver(
        &self,
        owner: &OwnerId,
        id: &DeliveryId,
        remaining: Duration,
    ) -> Result<Disposition, NotifyError> {
        let Some(mut delivery) = self.engine.begin_delivery(owner, id).await? else {
            return Ok(Disposition::Done);
        };
        let Some(came) = self.attempt(&mut delivery, remaining).await? else {
            return Ok(Disposition::Done);
        };
        let (delivery_id, event) = (&delivery.id, delivery.event.as_str());
        match &came {
            Came::Delivered { .. } => {
                tracing::info!(delivery.id = %delivery_id, event, "delivered")
            }
            Came::NotNow => {
                tracing::warn!(delivery.id = %delivery_id, event, "no attempt is possible now; the delivery waits");
            }
            Came::Failed { error, .. } | Came::Refused { error } | Came::Gone { error, .. } => {
                tracing::warn!(delivery.id = %delivery_id, event, error, "an attempt at a delivery failed");
            }
        }
        self.engine.conclude_delivery(&delivery, &came).await?;
        Ok(Disposition::Done)
    }

    /// What came of the attempt; `None` when somebody else is at the delivery by now.
    async fn attempt(
        &self,
        delivery: &mut Delivery,
        remaining: Duration,
    ) -> Result<Option<Came>, NotifyError> {
        let ends = Instant::now() + remaining;
        let store = &self.engine.store;
        let workflow = store
            .workflow(&delivery.owner, &delivery.subject.workflow)
            .await?;
        let destination = match &delivery.destination {
            None => None,
            Some(id) => match destination(workflow.as_ref(), id, delivery.event) {
                Ok(destination) => Some(destination),
                Err(error) => return Ok(Some(gone(error))),
            },
        };
        let to = match (&delivery.channel, destination.map(|it| &it.address)) {
            (Channel::Webhook { body }, Some(Address::Webhook { url, secret, .. })) => {
                let limit = Duration::from_secs(LIMIT_SECONDS).min(remaining);
                let secret = match self.sealing.open(&delivery.owner, secret).await {
                    Ok(secret) => secret,
                    Err(error) => {
                        tracing::error!(%error, delivery.id = %delivery.id, "a webhook's secret cannot be opened now");
                        return Ok(Some(Came::NotNow));
                    }
                };
                let posted = self.post(delivery, body, url, secret.as_ref(), limit);
                return posted.await.map(Some);
            }
            (Channel::Email, Some(Address::Email { to })) => to.clone(),
            (Channel::Email, None) if let Some(succession) = &delivery.subject.succession => {
                vec![succession.told.clone()]
            }
            (Channel::Email, None) => match store.owner(&delivery.owner).await? {
                Some(owner) => vec![owner.email],
                None => return Ok(Some(gone("the owner is no more"))),
            },
            (Channel::Webhook { .. }, Some(Address::Email { .. }) | None)
            | (Channel::Email, Some(Address::Webhook { .. })) => {
                return Ok(Some(gone("the destination is of another type now")));
            }
        };
        self.mail(delivery, workflow.as_ref(), &to, ends).await
    }

    /// Posts the body as it is stored.
    async fn post(
        &self,
        delivery: &Delivery,
        body: &Output,
        url: &str,
        secret: Option<&SigningSecret>,
        limit: Duration,
    ) -> Result<Came, NotifyError> {
        let refused = |error: &str| {
            Ok(Came::Refused {
                error: error.to_owned(),
            })
        };
        let Some(secret) = secret else {
            return refused("the stored secret cannot be opened: give the webhook a new one");
        };
        let Some(body) = self.engine.store.output(&delivery.owner, body).await? else {
            return refused("its body is gone");
        };
        let content = ("application/json", body.to_string().into_bytes());
        // The real time even where a test has moved the clock: receivers compare it with theirs.
        let seconds = Timestamp::now().as_second();
        let id = delivery.id.as_str();
        let Some(post) = Post::standard(url, content, id, seconds, Some(secret.expose()), limit)
        else {
            return refused("the stored secret cannot sign");
        };
        Ok(match self.webhooks.post(&post).await {
            Ok(status) => Came::Delivered {
                status_code: Some(status),
            },
            Err(error @ PostError::HttpStatus { status: GONE, .. }) => Came::Gone {
                status_code: Some(GONE),
                error: error.to_string(),
            },
            Err(error @ PostError::HttpStatus { status, .. }) => Came::Failed {
                status_code: Some(status),
                error: error.to_string(),
            },
            Err(
                error @ (PostError::BlockedAddress { .. }
                | PostError::Timeout
                | PostError::Unreachable { .. }
                | PostError::BadCertificate { .. }),
            ) => Came::Failed {
                status_code: None,
                error: error.to_string(),
            },
        })
    }

    /// Sends the letter to each of `to` that has neither been sent it nor refused it. What became of it at each of
    /// several is written down before the next is sent; `None` when that shows that somebody else is at it.
    async fn mail(
        &self,
        delivery: &mut Delivery,
        workflow: Option<&Workflow>,
        to: &[String],
        ends: Instant,
    ) -> Result<Option<Came>, NotifyError> {
        let Some(letter) = self.letter(delivery, workflow).await? else {
            let error = "there is nothing left to tell".to_owned();
            return Ok(Some(Came::Refused { error }));
        };
        let left: Vec<String> = delivery.untold(to).cloned().collect();
        let (mut not_now, mut unknown) = (false, None);
        for address in left {
            if ends.saturating_duration_since(Instant::now()) < LEAST_TIME {
                not_now = true;
                break;
            }
            let about = About::Delivery {
                owner: delivery.owner.clone(),
                delivery: delivery.id.clone(),
            };
            let mail = Mail {
                about: Some(about),
                to: vec![address.clone()],
                ..letter.clone()
            };
            let state = match self.mailer.send(&mail).await {
                Ok(message_id) => {
                    tracing::info!(delivery.id = %delivery.id, mail.id = message_id, "a mail was taken");
                    ToldState::Taken
                }
                Err(MailError::Refused(reason)) => ToldState::Refused { reason },
                Err(MailError::Unavailable(reason)) => {
                    tracing::warn!(delivery.id = %delivery.id, reason, "a mail was not taken");
                    not_now = true;
                    continue;
                }
                Err(error @ MailError::Unknown(_)) => {
                    unknown = Some(error.to_string());
                    continue;
                }
            };
            let told = Told { address, state };
            if to.len() == 1 {
                // What came of the attempt says it all.
                return Ok(Some(match told.state {
                    ToldState::Taken => Came::Delivered { status_code: None },
                    ToldState::Refused { reason } => Came::Refused {
                        error: MailError::Refused(reason).to_string(),
                    },
                }));
            }
            match self.engine.note_told(delivery, told).await? {
                Some(next) => *delivery = next,
                None => return Ok(None),
            }
        }
        Ok(Some(match unknown {
            Some(error) => Came::Failed {
                status_code: None,
                error,
            },
            None if not_now => Came::NotNow,
            None if delivery.told.iter().any(|it| it.state == ToldState::Taken) => {
                Came::Delivered { status_code: None }
            }
            None => Came::Refused {
                error: delivery
                    .refusals()
                    .unwrap_or_else(|| "there is nobody to tell".to_owned()),
            },
        }))
    }

    /// The letter, to nobody yet; `None` when what it would tell of is gone, or says nothing.
    async fn letter(
        &self,
        delivery: &Delivery,
        workflow: Option<&Workflow>,
    ) -> Result<Option<Mail>, NotifyError> {
        let nobody = "";
        let (owner, subject) = (&delivery.owner, &delivery.subject);
        if let Some(workflow) = workflow {
            let link = self.links.workflow(&workflow.id);
            if delivery.event == EventType::DestinationTest {
                return Ok(Some(DestinationTest::new(workflow, link).mail(nobody)));
            }
            if let Some(succession) = &subject.succession {
                let letter = ApproversChanged::new(workflow, succession, link);
                return Ok(Some(letter.mail(nobody)));
            }
            if let Some(id) = &subject.destination {
                let disabled = workflow.deliver.iter().find(|it| it.id == *id);
                return Ok(disabled
                    .and_then(|it| DestinationDisabled::new(workflow, it, link))
                    .map(|letter| letter.mail(nobody)));
            }
        }
        let store = &self.engine.store;
        let run = match &subject.execution {
            Some(id) => store.execution(owner, id).await?,
            None => None,
        };
        let Some(run) = run else {
            return Ok(None);
        };
        let link = self.links.execution(&run.id);
        Ok(match delivery.event {
            EventType::ExecutionFailed => Some(RunFailed::new(&run, workflow, link).mail(nobody)),
            EventType::WorkflowSignal | EventType::WorkflowCompleted => {
                let signal = match &subject.signal {
                    Some(id) => store.signal(owner, id).await?,
                    None => None,
                };
                let promoted = signal.is_some_and(|signal| signal.promoted_at.is_some());
                store
                    .conclusion(owner, &run.id)
                    .await?
                    .and_then(|conclusion| {
                        Signal::read(&run, workflow, &conclusion, link, promoted)
                    })
                    .map(|signal| signal.mail(nobody))
            }
            EventType::WorkflowUnhealthy
            | EventType::WorkflowRecovered
            | EventType::ExecutionCompleted
            | EventType::ApprovalRequested
            | EventType::ApprovalDecided
            | EventType::DestinationTest
            | EventType::DestinationDisabled
            | EventType::ApproversChanged => None,
        })
    }
}

fn gone(error: &str) -> Came {
    Came::Gone {
        status_code: None,
        error: error.to_owned(),
    }
}

/// The destination as the workflow has it now. A test reaches one that is disabled.
fn destination<'a>(
    workflow: Option<&'a Workflow>,
    id: &domain::ids::DestinationId,
    event: EventType,
) -> Result<&'a Destination, &'static str> {
    let destination = workflow
        .and_then(|workflow| workflow.deliver.iter().find(|it| it.id == *id))
        .ok_or("the destination has been removed")?;
    if destination.disabled_at.is_some() && event != EventType::DestinationTest {
        return Err("the destination is disabled");
    }
    Ok(destination)
}
