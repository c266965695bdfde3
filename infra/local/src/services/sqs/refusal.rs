//! Refusals in SQS's shape.

use http::StatusCode;
use serde_json::{Value, json};

use super::SqsError;
use crate::services::wire::{Answer, json as json_answer, with_header};

/// The media type of requests and answers.
pub(super) const MEDIA_TYPE: &str = "application/x-amz-json-1.0";

/// A refusal in SQS's shape. Clients of the older query protocol know errors by other names, which the
/// SDKs still prefer when the header `x-amzn-query-error` has one.
pub(super) struct Refusal {
    status: StatusCode,
    shape: &'static str,
    query_code: &'static str,
    message: String,
}

impl Refusal {
    pub(super) fn new(
        shape: &'static str,
        query_code: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            shape,
            query_code,
            message: message.into(),
        }
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new("InvalidParameterValue", "InvalidParameterValue", message)
    }

    pub(super) fn internal() -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            ..Self::new(
                "InternalFailure",
                "InternalFailure",
                "We encountered an internal error. Please try again.",
            )
        }
    }

    pub(super) fn answer(&self) -> Answer {
        let fault = if self.status.is_server_error() {
            "Receiver"
        } else {
            "Sender"
        };
        let body = json!({ "__type": format!("com.amazonaws.sqs#{}", self.shape), "message": self.message });
        with_header(
            json_answer(self.status, MEDIA_TYPE, &body),
            "x-amzn-query-error",
            &format!("{};{fault}", self.query_code),
        )
    }

    /// The same as an entry of a batch's `Failed`.
    pub(super) fn entry(&self, id: &str) -> Value {
        json!({
            "Id": id,
            "Code": self.query_code,
            "Message": self.message,
            "SenderFault": self.status.is_client_error(),
        })
    }
}

impl From<SqsError> for Refusal {
    fn from(error: SqsError) -> Self {
        let message = error.to_string();
        match error {
            SqsError::NoSuchQueue => Self::new(
                "QueueDoesNotExist",
                "AWS.SimpleQueueService.NonExistentQueue",
                message,
            ),
            SqsError::Missing(_) => Self::new(
                "MissingRequiredParameterException",
                "MissingParameter",
                message,
            ),
            SqsError::Invalid(_) => Self::invalid(message),
            SqsError::InvalidContents(_) => {
                Self::new("InvalidMessageContents", "InvalidMessageContents", message)
            }
            SqsError::NotAReceipt => {
                Self::new("ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid", message)
            }
            SqsError::NotInFlight => Self::new(
                "MessageNotInflight",
                "AWS.SimpleQueueService.MessageNotInflight",
                message,
            ),
            SqsError::State(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the queues could not be read or written"
                );
                Self::internal()
            }
        }
    }
}
