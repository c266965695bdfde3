//! SES v2. Acceptance is not delivery, and there is no idempotency token: an attempt whose answer is lost is
//! never repeated by the client itself, so its retries are off.

use async_trait::async_trait;
use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::config::retry::RetryConfig;
use aws_sdk_sesv2::error::SdkError;
use aws_sdk_sesv2::operation::send_email::SendEmailError;
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message, MessageTag};
use engine::ports::{About, Mail, MailError, Mailer};

use crate::mail_events;
use crate::sdk::{Sdk, causes};

/// Sends mail from one verified identity.
#[derive(Debug, Clone)]
pub struct SesMailer {
    client: Client,
    from: String,
    configuration_set: Option<String>,
}

impl SesMailer {
    /// Sends as `from`. With a configuration set SES tells what comes back (see [`crate::mail_events`]).
    #[must_use]
    pub fn new(sdk: &Sdk, from: String, configuration_set: Option<String>) -> Self {
        let config = aws_sdk_sesv2::config::Builder::from(&sdk.service("SESV2"))
            .retry_config(RetryConfig::disabled())
            .build();
        Self {
            client: Client::from_conf(config),
            from,
            configuration_set,
        }
    }
}

fn message_tags(about: &About) -> Vec<MessageTag> {
    let tag = |(name, value)| MessageTag::builder().name(name).value(value).build();
    mail_events::tags(about)
        .map(tag)
        .into_iter()
        .map(|tag| tag.expect("a tag has its name and its value"))
        .collect()
}

fn content(text: &str) -> Result<Content, MailError> {
    Content::builder()
        .data(text)
        .charset("UTF-8")
        .build()
        .map_err(|error| MailError::Refused(error.to_string()))
}

#[async_trait]
impl Mailer for SesMailer {
    async fn send(&self, mail: &Mail) -> Result<String, MailError> {
        let html = mail.html.as_deref().map(content).transpose()?;
        let body = Body::builder()
            .text(content(&mail.text)?)
            .set_html(html)
            .build();
        let message = Message::builder()
            .subject(content(&mail.subject)?)
            .body(body)
            .build();
        let sent = self
            .client
            .send_email()
            .from_email_address(&self.from)
            .set_configuration_set_name(self.configuration_set.clone())
            .set_email_tags(mail.about.as_ref().map(message_tags))
            .destination(
                Destination::builder()
                    .set_to_addresses(Some(mail.to.clone()))
                    .build(),
            )
            .content(EmailContent::builder().simple(message).build())
            .send()
            .await;
        match sent {
            Ok(answer) => Ok(answer.message_id().unwrap_or_default().to_owned()),
            Err(error) => Err(classify(&error)),
        }
    }
}

fn classify(error: &SdkError<SendEmailError>) -> MailError {
    let text = causes(error);
    match error {
        // The request never left, or no connection was made.
        SdkError::ConstructionFailure(_) => MailError::Refused(text),
        SdkError::DispatchFailure(failure) if failure.is_io() || failure.is_user() => {
            MailError::Unavailable(text)
        }
        SdkError::ServiceError(service) => match service.err() {
            SendEmailError::TooManyRequestsException(_)
            | SendEmailError::LimitExceededException(_)
            | SendEmailError::SendingPausedException(_)
            | SendEmailError::AccountSuspendedException(_) => MailError::Unavailable(text),
            SendEmailError::MessageRejected(_)
            | SendEmailError::BadRequestException(_)
            | SendEmailError::MailFromDomainNotVerifiedException(_)
            | SendEmailError::NotFoundException(_) => MailError::Refused(text),
            // A 5xx may come after the mail was taken.
            _ if service.raw().status().is_server_error() => MailError::Unknown(text),
            _ => MailError::Refused(text),
        },
        _ => MailError::Unknown(text),
    }
}
