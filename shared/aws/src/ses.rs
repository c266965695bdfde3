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
        .into_iter()
        .map(tag)
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
            Err(error) => Err(classify(&error, &self.from)),
        }
    }
}

/// What a failure means. Only two of SES's answers are about the mail: the rest of 4xx is about us (too many requests,
/// the day's quota, a paused account, a permission, an identity that is not verified yet), nothing has been sent then,
/// and it is waited out. SES says that it throttles in more than one way, and not all of them are in its model.
fn classify(error: &SdkError<SendEmailError>, from: &str) -> MailError {
    let text = causes(error);
    match error {
        // The request never left, or no connection was made.
        SdkError::ConstructionFailure(_) => MailError::Refused(text),
        SdkError::DispatchFailure(failure) if failure.is_io() || failure.is_user() => {
            MailError::Unavailable(text)
        }
        SdkError::ServiceError(service) => match service.err() {
            // "The following identities failed the check": ours, or in the sandbox the recipients'.
            SendEmailError::MessageRejected(_) if text.contains(from) => {
                MailError::Unavailable(text)
            }
            SendEmailError::MessageRejected(_) | SendEmailError::BadRequestException(_) => {
                MailError::Refused(text)
            }
            // A 5xx may come after the mail was taken.
            _ if service.raw().status().is_server_error() => MailError::Unknown(text),
            _ => MailError::Unavailable(text),
        },
        _ => MailError::Unknown(text),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_sesv2::config::http::HttpResponse;
    use aws_sdk_sesv2::error::ErrorMetadata;
    use aws_sdk_sesv2::types::error::{
        BadRequestException, LimitExceededException, MailFromDomainNotVerifiedException,
        MessageRejected, NotFoundException, SendingPausedException, TooManyRequestsException,
    };

    use super::*;

    fn classified(status: u16, error: impl Into<SendEmailError>) -> MailError {
        let status = status.try_into().expect("a status");
        let raw = HttpResponse::new(status, "".into());
        let error = SdkError::service_error(error.into(), raw);
        classify(&error, "desk@nightdesk.test")
    }

    fn rejected(message: &str) -> SendEmailError {
        let error = MessageRejected::builder().message(message).build();
        SendEmailError::MessageRejected(error)
    }

    fn other(code: &str) -> SendEmailError {
        SendEmailError::generic(ErrorMetadata::builder().code(code).build())
    }

    const UNVERIFIED: &str =
        "Email address is not verified. The following identities failed the check in region";

    #[test]
    fn what_is_ours_to_wait_out_is_never_the_recipients_fault() {
        let ours = [
            (
                429,
                SendEmailError::TooManyRequestsException(
                    TooManyRequestsException::builder().build(),
                ),
            ),
            (
                400,
                SendEmailError::LimitExceededException(LimitExceededException::builder().build()),
            ),
            (
                400,
                SendEmailError::SendingPausedException(SendingPausedException::builder().build()),
            ),
            (
                400,
                SendEmailError::MailFromDomainNotVerifiedException(
                    MailFromDomainNotVerifiedException::builder().build(),
                ),
            ),
            (
                404,
                SendEmailError::NotFoundException(NotFoundException::builder().build()),
            ),
            (400, other("ThrottlingException")),
            (400, other("Throttling")),
            (403, other("AccessDeniedException")),
            (403, other("ExpiredTokenException")),
            (
                400,
                rejected(&format!("{UNVERIFIED} EU-WEST-1: desk@nightdesk.test")),
            ),
        ];
        for (status, error) in ours {
            let what = format!("{status} {error:?}");
            let classified = classified(status, error);
            assert!(
                matches!(classified, MailError::Unavailable(_)),
                "{what}: {classified:?}"
            );
        }
        let theirs = [
            SendEmailError::BadRequestException(BadRequestException::builder().build()),
            rejected("Transaction failed: contains a virus"),
            rejected(&format!("{UNVERIFIED} EU-WEST-1: reader@x.test")),
        ];
        for error in theirs {
            let classified = classified(400, error);
            assert!(
                matches!(classified, MailError::Refused(_)),
                "{classified:?}"
            );
        }
        for status in [500, 503] {
            let classified = classified(status, other("InternalFailure"));
            assert!(
                matches!(classified, MailError::Unknown(_)),
                "{status}: {classified:?}"
            );
        }
    }
}
