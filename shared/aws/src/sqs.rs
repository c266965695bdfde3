//! SQS: which message goes to which queue, and how long it hides.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use domain::ids::OwnerId;
use domain::plan::Lane;
use engine::ports::{DeadLetter, Message, QueueError, Queues};

use crate::sdk::{Sdk, causes};

/// The longest delay SQS takes, in seconds (`SendMessage`, `DelaySeconds`).
const LONGEST_DELAY_SECONDS: u64 = 900;

/// Where the queues are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueUrls {
    pub step: String,
    pub crawl: String,
    pub start: String,
    pub plan: String,
    pub judge: String,
    pub notice: String,
    pub dead_letters: String,
}

/// The queues of a stack.
#[derive(Debug, Clone)]
pub struct SqsQueues {
    client: Client,
    urls: QueueUrls,
}

impl SqsQueues {
    #[must_use]
    pub fn new(sdk: &Sdk, urls: QueueUrls) -> Self {
        Self {
            client: Client::new(&sdk.service("SQS")),
            urls,
        }
    }

    fn url(&self, message: &Message) -> &str {
        match message {
            Message::Step { lane, .. } => match lane {
                Lane::Step => &self.urls.step,
                Lane::Crawl => &self.urls.crawl,
            },
            Message::Judge { .. } => &self.urls.judge,
            Message::Start { .. } => &self.urls.start,
            Message::Plan { .. } | Message::Assess { .. } => &self.urls.plan,
            Message::AskApproval { .. }
            | Message::Deliver { .. }
            | Message::Tell { .. }
            | Message::MailReturned { .. } => &self.urls.notice,
        }
    }

    /// Hides a message that was received until `after` from now. Failing is no harm: it comes back
    /// when its visibility ends.
    pub(crate) async fn hide(
        &self,
        message: &Message,
        receipt: &str,
        after: Duration,
    ) -> Result<(), QueueError> {
        // Twelve hours is SQS's own limit (ChangeMessageVisibility, `VisibilityTimeout`).
        let seconds = i32::try_from(after.as_secs().clamp(1, 43_200)).unwrap_or(43_200);
        let request = self
            .client
            .change_message_visibility()
            .queue_url(self.url(message))
            .receipt_handle(receipt);
        request
            .visibility_timeout(seconds)
            .send()
            .await
            .map(|_| ())
            .map_err(|error| QueueError(causes(&error)))
    }
}

#[async_trait]
impl Queues for SqsQueues {
    async fn send(&self, message: &Message, delay: Duration) -> Result<(), QueueError> {
        // Whole seconds, upwards: a message that comes early is only sent back.
        let seconds = delay.as_secs() + u64::from(delay.subsec_millis() > 0);
        let seconds = i32::try_from(seconds.min(LONGEST_DELAY_SECONDS)).unwrap_or_default();
        let request = self
            .client
            .send_message()
            .queue_url(self.url(message))
            // Fair queues: the backlog of one owner stands behind what others have.
            .set_message_group_id(message.owner().map(OwnerId::to_string))
            .message_body(message.encode());
        let request = if seconds > 0 {
            request.delay_seconds(seconds)
        } else {
            request
        };
        request
            .send()
            .await
            .map(|_| ())
            .map_err(|error| QueueError(causes(&error)))
    }

    async fn dead_letters(&self) -> Result<Vec<DeadLetter>, QueueError> {
        let request = self
            .client
            .receive_message()
            .queue_url(&self.urls.dead_letters)
            .max_number_of_messages(10);
        let answer = request
            .send()
            .await
            .map_err(|error| QueueError(causes(&error)))?;
        let letters = answer
            .messages
            .unwrap_or_default()
            .into_iter()
            .filter_map(|message| {
                Some(DeadLetter {
                    body: message.body?,
                    receipt: message.receipt_handle?,
                })
            });
        Ok(letters.collect())
    }

    async fn bury(&self, letter: &DeadLetter) -> Result<(), QueueError> {
        let request = self
            .client
            .delete_message()
            .queue_url(&self.urls.dead_letters)
            .receipt_handle(&letter.receipt);
        request
            .send()
            .await
            .map(|_| ())
            .map_err(|error| QueueError(causes(&error)))
    }
}
