//! What a port's error means for a step: a code of the contract, a sentence for the owner, and whether
//! another attempt may help. One function a port; nothing else decides about retries.

use std::time::Duration;

use domain::execution::ErrorCode;
use domain::plan::ReferenceMissing;
use engine::ports::model::ModelError;
use engine::ports::store::StoreError;
use engine::ports::{FetchError, MailError, PostError, SearchError};
use engine::retry::{Again, ToolFailure};

fn after(retry_after: Option<Duration>) -> Again {
    retry_after.map_or(Again::Backoff, Again::After)
}

/// The operator's log has the reason; the owner learns that it was us.
pub(crate) fn of_store(error: &StoreError) -> ToolFailure {
    tracing::warn!(%error, "the store failed in the middle of a step");
    ToolFailure::new(
        ErrorCode::Infrastructure,
        "what the step needs could not be loaded or stored",
        Again::Backoff,
    )
}

pub(crate) fn of_reference(missing: &ReferenceMissing) -> ToolFailure {
    ToolFailure::new(
        ErrorCode::ReferenceMissing,
        missing.to_string(),
        Again::Never,
    )
}

pub(crate) fn of_search(error: &SearchError) -> ToolFailure {
    let (code, again) = match error {
        SearchError::Timeout => (ErrorCode::Timeout, Again::Backoff),
        SearchError::RateLimited { retry_after } => (ErrorCode::RateLimited, after(*retry_after)),
        SearchError::Unavailable { .. } => (ErrorCode::ProviderError, Again::Backoff),
        SearchError::Refused { .. } => (ErrorCode::ProviderError, Again::Never),
    };
    ToolFailure::new(code, error.to_string(), again)
}

pub(crate) fn of_model(error: &ModelError) -> ToolFailure {
    let (code, again) = match error {
        ModelError::Timeout => (ErrorCode::Timeout, Again::Backoff),
        ModelError::RateLimited { retry_after } => (ErrorCode::RateLimited, after(*retry_after)),
        ModelError::Unreadable { .. } | ModelError::Unavailable { .. } => {
            (ErrorCode::ProviderError, Again::Backoff)
        }
        ModelError::Refused { .. } => (ErrorCode::ProviderError, Again::Never),
    };
    ToolFailure::new(code, error.to_string(), again)
}

/// A site that is down, slow or busy may recover; one that answers otherwise has answered.
pub(crate) fn of_fetch(error: &FetchError) -> ToolFailure {
    let (code, again) = match error {
        FetchError::BlockedAddress { .. } => (ErrorCode::BlockedAddress, Again::Never),
        FetchError::Timeout => (ErrorCode::Timeout, Again::Backoff),
        FetchError::RateLimited { retry_after } => (ErrorCode::RateLimited, after(*retry_after)),
        FetchError::Unreachable { .. } => (ErrorCode::Unreachable, Again::Backoff),
        FetchError::BadCertificate { .. } => (ErrorCode::Unreachable, Again::Never),
        FetchError::HttpStatus {
            status,
            retry_after,
        } => (
            ErrorCode::HttpStatus,
            if *status >= 500 {
                after(*retry_after)
            } else {
                Again::Never
            },
        ),
        FetchError::TooManyRedirects => (ErrorCode::TooManyRedirects, Again::Never),
        FetchError::TooLarge { .. } | FetchError::TooCostly => (ErrorCode::TooLarge, Again::Never),
        FetchError::UnsupportedContentType { .. } => {
            (ErrorCode::UnsupportedContentType, Again::Never)
        }
        FetchError::RobotsDenied => (ErrorCode::RobotsDenied, Again::Never),
        FetchError::NeedsScript => (ErrorCode::NeedsScript, Again::Never),
        FetchError::NotYet { wait } => (ErrorCode::RateLimited, Again::After(*wait)),
    };
    ToolFailure::new(code, error.to_string(), again)
}

/// Mail has no idempotency key: what may have been sent is for a person to find out.
pub(crate) fn of_mail(error: &MailError) -> ToolFailure {
    let again = match error {
        MailError::Refused(_) => Again::Never,
        MailError::Unavailable(_) => Again::Backoff,
        MailError::Unknown(_) => Again::Unknown,
    };
    ToolFailure::new(ErrorCode::ProviderError, error.to_string(), again)
}

/// A post carries its key, so one that may have arrived can be sent again.
pub(crate) fn of_post(error: &PostError) -> ToolFailure {
    let (code, again) = match error {
        PostError::BlockedAddress { .. } => (ErrorCode::BlockedAddress, Again::Never),
        PostError::Timeout => (ErrorCode::Timeout, Again::Backoff),
        PostError::Unreachable { .. } => (ErrorCode::Unreachable, Again::Backoff),
        PostError::BadCertificate { .. } => (ErrorCode::Unreachable, Again::Never),
        PostError::HttpStatus {
            status: 408 | 429 | 500..,
            retry_after,
        } => (ErrorCode::HttpStatus, after(*retry_after)),
        PostError::HttpStatus { .. } => (ErrorCode::HttpStatus, Again::Never),
    };
    ToolFailure::new(code, error.to_string(), again)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a port says and what the domain's table says of the code agree, but where the code alone cannot tell: a
    /// status, a certificate, a provider that refuses, an effect in the dark.
    #[test]
    fn the_table_of_errors_is_what_the_ports_mean() {
        let told = Some(Duration::from_secs(1));
        let failures = [
            of_fetch(&FetchError::Timeout),
            of_fetch(&FetchError::Unreachable { reason: "r".into() }),
            of_fetch(&FetchError::RateLimited { retry_after: told }),
            of_fetch(&FetchError::BlockedAddress { reason: "r".into() }),
            of_fetch(&FetchError::TooManyRedirects),
            of_fetch(&FetchError::RobotsDenied),
            of_fetch(&FetchError::NeedsScript),
            of_search(&SearchError::Timeout),
            of_search(&SearchError::RateLimited { retry_after: told }),
            of_model(&ModelError::Timeout),
            of_model(&ModelError::RateLimited { retry_after: told }),
            of_post(&PostError::Timeout),
            of_post(&PostError::BlockedAddress { reason: "r".into() }),
            of_store(&StoreError::Unavailable("r".into())),
            of_reference(&ReferenceMissing {
                key: "a".into(),
                tail: "b".into(),
            }),
        ];
        for failure in failures {
            assert_eq!(
                failure.again.class(),
                failure.error.code.class(),
                "{failure}"
            );
        }
    }

    #[test]
    fn only_what_may_recover_is_tried_again() {
        let status = |status| {
            of_fetch(&FetchError::HttpStatus {
                status,
                retry_after: None,
            })
            .again
        };
        assert_eq!(
            (status(404), status(500), status(503)),
            (Again::Never, Again::Backoff, Again::Backoff)
        );
        let post = |status, wait| {
            of_post(&PostError::HttpStatus {
                status,
                retry_after: wait,
            })
            .again
        };
        assert_eq!(post(302, None), Again::Never);
        assert_eq!(post(410, None), Again::Never);
        assert_eq!(
            post(429, Some(Duration::from_secs(7))),
            Again::After(Duration::from_secs(7))
        );
        assert_eq!(post(500, None), Again::Backoff);
        assert_eq!(
            of_mail(&MailError::Unknown("cut off".into())).again,
            Again::Unknown
        );
        let reason = || "it has expired".to_owned();
        for untrusted in [
            of_fetch(&FetchError::BadCertificate { reason: reason() }),
            of_post(&PostError::BadCertificate { reason: reason() }),
        ] {
            assert_eq!(
                (untrusted.error.code, untrusted.again),
                (ErrorCode::Unreachable, Again::Never)
            );
        }
        assert_eq!(
            of_search(&SearchError::Refused {
                reason: "no key".into()
            })
            .again,
            Again::Never
        );
    }
}
