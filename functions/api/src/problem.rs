//! What is said when a request is not granted: RFC 9457 problem details, and the one place where a code
//! of the contract becomes an HTTP status.
//!
//! A handler returns a [`Problem`]; the outermost layer writes it down, because only there is the id of
//! the request known. What an operator needs is logged where the failure is handled; the client of a
//! 5xx learns no more than that it may try again.

use axum::response::{IntoResponse, Response};
use domain::fault::{Code, Fault};
use engine::ports::store::StoreError;
use http::StatusCode;
use http::header::{self, HeaderName, HeaderValue};
use serde_json::{Map, Value, json};

/// When a client may try again after a 503, in seconds.
const TRY_AGAIN_SECONDS: u32 = 2;
/// When somebody may try again who has as many objects as they may, in seconds.
pub(crate) const FULL_RETRY_SECONDS: u32 = 3600;

/// A refusal on its way to the client.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Problem {
    pub(crate) code: Code,
    pub(crate) detail: String,
    pub(crate) faults: Vec<Fault>,
    /// Members beyond those of RFC 9457, as `required` and `available` of a 402.
    pub(crate) members: Vec<(&'static str, Value)>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// The status of each code of the closed list.
#[must_use]
pub(crate) fn status(code: Code) -> StatusCode {
    match code {
        Code::MalformedJson | Code::MalformedQuery | Code::InvalidCursor => StatusCode::BAD_REQUEST,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::InsufficientCredits => StatusCode::PAYMENT_REQUIRED,
        Code::Forbidden | Code::CsrfFailed => StatusCode::FORBIDDEN,
        Code::NotFound | Code::LinkInvalid => StatusCode::NOT_FOUND,
        Code::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Code::ExecutionInProgress
        | Code::WorkflowNotActive
        | Code::InvalidTransition
        | Code::AlreadyDecided
        | Code::DraftChanged
        | Code::RevisionsExhausted
        | Code::MaxExecutionsReached
        | Code::IdempotencyInProgress
        | Code::CannotRevokeSelf => StatusCode::CONFLICT,
        Code::LinkExpired | Code::ApprovalGone => StatusCode::GONE,
        Code::StaleEtag => StatusCode::PRECONDITION_FAILED,
        Code::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Code::MisdirectedRequest => StatusCode::MISDIRECTED_REQUEST,
        Code::ValidationFailed
        | Code::CronInvalid
        | Code::CronNeverFires
        | Code::CronUnsupported
        | Code::IntervalTooShort
        | Code::TimezoneUnknown
        | Code::UrlNotAllowed
        | Code::DependencyCycle
        | Code::PlanInvalid
        | Code::ConditionTrivial
        | Code::InvalidEmail
        | Code::EmailNotVerified
        | Code::WeakSecret
        | Code::DecisionRequired
        | Code::CodeRequired
        | Code::IntentTooVague
        | Code::IdempotencyKeyReused => StatusCode::UNPROCESSABLE_ENTITY,
        Code::RateLimited | Code::QuotaExceeded | Code::TooManyAttempts => {
            StatusCode::TOO_MANY_REQUESTS
        }
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// The code in words: `title` of RFC 9457, the same at every occurrence.
fn title(code: Code) -> String {
    let words = code.as_str().replace('_', " ");
    let mut chars = words.chars();
    chars
        .next()
        .map(|first| first.to_uppercase().chain(chars).collect())
        .unwrap_or_default()
}

impl Problem {
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            faults: Vec::new(),
            members: Vec::new(),
            headers: Vec::new(),
        }
    }

    /// Everything that is wrong with a request. Its code is the one all faults share, or the general one.
    pub(crate) fn of(faults: Vec<Fault>) -> Self {
        let code = match faults.split_first() {
            Some((first, rest)) if rest.iter().all(|fault| fault.code == first.code) => first.code,
            Some(_) | None => Code::ValidationFailed,
        };
        let detail = match faults.as_slice() {
            [one] => one.to_string(),
            many => format!("{} fields cannot be accepted", many.len()),
        };
        Self {
            faults,
            ..Self::new(code, detail)
        }
    }

    /// What does not exist and what belongs to somebody else: the same words for both (promise 12).
    pub(crate) fn not_found() -> Self {
        Self::new(Code::NotFound, "there is nothing here")
    }

    /// A failure that is not the client's.
    pub(crate) fn unavailable() -> Self {
        Self::new(
            Code::Unavailable,
            "Nightdesk cannot answer at the moment; nothing is lost, try again",
        )
        .retry_after(TRY_AGAIN_SECONDS)
    }

    /// As many objects as an owner may have. Nothing frees a place by itself.
    pub(crate) fn quota_exceeded(detail: impl Into<String>) -> Self {
        Self::new(Code::QuotaExceeded, detail).retry_after(FULL_RETRY_SECONDS)
    }

    pub(crate) fn member(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.members.push((name, value.into()));
        self
    }

    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    pub(crate) fn retry_after(self, seconds: u32) -> Self {
        self.header(header::RETRY_AFTER, seconds.into())
    }

    /// The document as it is sent.
    pub(crate) fn document(&self, request_id: &str) -> Value {
        let mut document = Map::new();
        document.insert(
            "type".to_owned(),
            format!("urn:nightdesk:problem:{}", self.code).into(),
        );
        document.insert("title".to_owned(), title(self.code).into());
        document.insert("status".to_owned(), status(self.code).as_u16().into());
        document.insert("detail".to_owned(), self.detail.clone().into());
        document.insert("code".to_owned(), self.code.as_str().into());
        document.insert("request_id".to_owned(), request_id.into());
        if !self.faults.is_empty() {
            let errors = self.faults.iter().map(
                |fault| json!({"path": fault.path, "code": fault.code, "message": fault.message}),
            );
            document.insert("errors".to_owned(), errors.collect());
        }
        for (name, value) in &self.members {
            document.insert((*name).to_owned(), value.clone());
        }
        document.into()
    }
}

impl From<Vec<Fault>> for Problem {
    fn from(faults: Vec<Fault>) -> Self {
        Self::of(faults)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Unavailable(_) => tracing::warn!(%error, "the store does not answer"),
            StoreError::Refused(_) => tracing::error!(%error, "the store refuses a request"),
            StoreError::Damaged { .. } => tracing::error!(%error, "a stored document is damaged"),
        }
        Self::unavailable()
    }
}

impl IntoResponse for Problem {
    /// The bare status; [`crate::request_id::layer`] writes the document.
    fn into_response(mut self) -> Response {
        let mut response = status(self.code).into_response();
        response
            .headers_mut()
            .extend(std::mem::take(&mut self.headers));
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_status_of_its_own_class() {
        for code in Code::ALL {
            let status = status(*code);
            assert!(
                status.is_client_error() || *code == Code::Unavailable,
                "{code}: {status}"
            );
            assert!(title(*code).starts_with(char::is_uppercase));
        }
    }

    #[test]
    fn faults_of_one_code_give_it_to_the_whole() {
        let cron = Fault::new("/cron_expression", Code::CronInvalid, "no");
        let name = Fault::invalid("/name", "is required");
        assert_eq!(Problem::of(vec![cron.clone()]).code, Code::CronInvalid);
        assert_eq!(Problem::of(vec![cron, name]).code, Code::ValidationFailed);
    }

    #[test]
    fn the_document_is_complete() {
        let document = Problem::of(vec![Fault::invalid("/name", "is required")])
            .member("available", 3)
            .document("r1");
        assert_eq!(
            document,
            json!({
                "type": "urn:nightdesk:problem:validation_failed", "title": "Validation failed", "status": 422,
                "detail": "/name: is required (validation_failed)", "code": "validation_failed", "request_id": "r1",
                "errors": [{"path": "/name", "code": "validation_failed", "message": "is required"}], "available": 3,
            })
        );
    }

    #[test]
    fn a_store_that_fails_says_nothing_of_itself() {
        let problem = Problem::from(StoreError::Unavailable(
            "connection refused 10.0.0.7".to_owned(),
        ));
        assert!(!problem.document("r").to_string().contains("10.0.0.7"));
    }
}
