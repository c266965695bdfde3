//! What a failed request means for the run. The client reports one error type with a chain of
//! causes; which of them decides is settled here and nowhere else.

use std::error::Error;

use engine::ports::FetchError;

use super::resolver::{Blocked, Unresolved};

/// Decides what an error of the client means.
pub(crate) fn of_request(error: &reqwest::Error) -> FetchError {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(blocked) = error.downcast_ref::<Blocked>() {
            return FetchError::BlockedAddress {
                reason: blocked.reason.to_owned(),
            };
        }
        if error.downcast_ref::<Unresolved>().is_some() {
            return unreachable_because("its name does not resolve");
        }
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return of_tls(tls);
        }
        if let Some(io) = error.downcast_ref::<std::io::Error>()
            && let Some(tls) = io
                .get_ref()
                .and_then(|inner| inner.downcast_ref::<rustls::Error>())
        {
            return of_tls(tls);
        }
        cause = error.source();
    }
    if error.is_timeout() {
        FetchError::Timeout
    } else if error.is_connect() {
        unreachable_because("no connection could be made")
    } else if error.is_decode() {
        unreachable_because("its answer could not be decompressed")
    } else {
        unreachable_because("its answer is not valid HTTP or was cut off")
    }
}

fn of_tls(error: &rustls::Error) -> FetchError {
    unreachable_because(match error {
        rustls::Error::InvalidCertificate(_) => "its certificate is not valid",
        _ => "no secure connection could be made",
    })
}

pub(super) fn unreachable_because(reason: &str) -> FetchError {
    FetchError::Unreachable {
        reason: reason.to_owned(),
    }
}
