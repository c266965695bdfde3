//! Refusals in SES's shape.

use http::StatusCode;
use serde_json::json;

use crate::services::sqs::SqsError;
use crate::services::wire::{Answer, json as json_answer, with_header};

/// The media type of requests and answers.
pub(super) const MEDIA_TYPE: &str = "application/json";

pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl Refusal {
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code,
            message: message.into(),
        }
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new("BadRequestException", message)
    }

    pub(super) fn answer(&self) -> Answer {
        let body = json!({ "message": self.message });
        with_header(
            json_answer(self.status, MEDIA_TYPE, &body),
            "x-amzn-errortype",
            self.code,
        )
    }
}

/// The request was good and this machine was not.
impl From<SqsError> for Refusal {
    fn from(error: SqsError) -> Self {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "the mailbox could not be written"
        );
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            ..Self::new(
                "InternalServiceErrorException",
                "An error occurred on the server side.",
            )
        }
    }
}
