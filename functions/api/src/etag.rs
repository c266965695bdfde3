//! `ETag` and `If-Match` (RFC 9110, sections 8.8.3 and 13.1.1): a strong tag of an object's revision, so
//! that nobody overwrites what they have not seen.

use axum::extract::FromRequestParts;
use domain::fault::Code;
use http::header::{ETAG, HeaderName, HeaderValue, IF_MATCH};
use http::request::Parts;

use crate::app::App;
use crate::problem::Problem;

/// The tag of a revision.
fn tag(revision: u64) -> String {
    format!("\"{revision}\"")
}

/// The header that tells a client which revision it has.
pub(crate) fn header(revision: u64) -> [(HeaderName, HeaderValue); 1] {
    [(
        ETAG,
        HeaderValue::from_str(&tag(revision)).expect("digits and quotes"),
    )]
}

/// What the client insists on: nothing, or one of the listed tags.
#[derive(Debug, Clone)]
pub(crate) struct IfMatch(Option<Vec<String>>);

impl IfMatch {
    /// Whether the object may be changed at this revision.
    ///
    /// # Errors
    /// It is not the revision the client has seen.
    pub(crate) fn check(&self, revision: u64) -> Result<(), Problem> {
        match &self.0 {
            Some(tags)
                if !tags
                    .iter()
                    .any(|listed| listed == "*" || *listed == tag(revision)) =>
            {
                Err(Problem::new(
                    Code::StaleEtag,
                    "the object has changed since the revision in If-Match; read it again",
                ))
            }
            Some(_) | None => Ok(()),
        }
    }
}

impl FromRequestParts<App> for IfMatch {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Self::Rejection> {
        let values: Vec<&HeaderValue> = parts.headers.get_all(IF_MATCH).iter().collect();
        // Our tags hold no comma. Unreadable bytes match nothing, which is the safe reading.
        let tags = values.iter().flat_map(|value| {
            value
                .to_str()
                .unwrap_or_default()
                .split(',')
                .map(|tag| tag.trim().to_owned())
        });
        Ok(Self((!values.is_empty()).then(|| tags.collect())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_seen_revision_or_any_will_do() {
        let listed = |text: &str| {
            IfMatch(Some(
                text.split(',').map(|tag| tag.trim().to_owned()).collect(),
            ))
        };
        assert!(IfMatch(None).check(3).is_ok());
        assert!(listed("\"3\"").check(3).is_ok());
        assert!(listed("\"2\", \"3\"").check(3).is_ok());
        assert!(listed("*").check(3).is_ok());
        for stale in ["\"2\"", "W/\"3\"", "3", ""] {
            assert_eq!(
                listed(stale).check(3).unwrap_err().code,
                Code::StaleEtag,
                "{stale}"
            );
        }
    }
}
