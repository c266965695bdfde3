//! What a failed request means for the run. The client reports one error type with a chain of
//! causes; which of them decides is settled here and nowhere else.

use std::error::Error;
use std::io;

use engine::ports::FetchError;
use rustls::CertificateError;

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
        // What an error of I/O is made of is not among its causes: those are the causes of what it is made of.
        let made_of = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        cause = match made_of {
            Some(inner) => Some(inner),
            None => error.source(),
        };
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

/// A certificate that is not valid is the site's doing and lasts; any other fault of a handshake may pass.
fn of_tls(error: &rustls::Error) -> FetchError {
    let rustls::Error::InvalidCertificate(fault) = error else {
        return unreachable_because("no secure connection could be made");
    };
    let reason = match fault {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it is another host's"
        }
        // The second: it names an issuer that is trusted and has not signed it.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "nobody trusted has issued it"
        }
        CertificateError::Revoked => "it has been revoked",
        _ => "it cannot be verified",
    };
    FetchError::BadCertificate {
        reason: reason.to_owned(),
    }
}

pub(super) fn unreachable_because(reason: &str) -> FetchError {
    FetchError::Unreachable {
        reason: reason.to_owned(),
    }
}
