//! The members of a request, read one by one.

use domain::fault;
use jiff::Timestamp;
use serde_json::Value;
use url::Url;

use super::Fault;

/// The string under `key`.
pub(super) fn text<'a>(request: &'a Value, key: &str) -> Result<&'a str, Fault> {
    optional_text(request, key)?.ok_or_else(|| Fault::invalid(format!("/{key}: is required")))
}

/// The string under `key`, when there is one.
pub(super) fn optional_text<'a>(request: &'a Value, key: &str) -> Result<Option<&'a str>, Fault> {
    match request.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Fault::invalid(format!("/{key}: is a string"))),
    }
}

/// Whatever stands under `key`, null as well.
pub(super) fn value<'a>(request: &'a Value, key: &str) -> Result<&'a Value, Fault> {
    request
        .get(key)
        .ok_or_else(|| Fault::invalid(format!("/{key}: is required")))
}

/// The absolute URL under `key`.
pub(super) fn url(request: &Value, key: &str) -> Result<Url, Fault> {
    let text = text(request, key)?;
    Url::parse(text.trim()).map_err(|error| Fault::invalid(format!("/{key}: is no URL: {error}")))
}

/// The RFC 3339 instant under `key`.
pub(super) fn instant(request: &Value, key: &str) -> Result<Timestamp, Fault> {
    text(request, key)?
        .parse()
        .map_err(|_| Fault::invalid(format!("/{key}: is no RFC 3339 instant")))
}

impl From<Vec<fault::Fault>> for Fault {
    /// The first of them by its code, all of them in the message.
    fn from(faults: Vec<fault::Fault>) -> Self {
        let code = faults
            .first()
            .map_or("validation_failed", |fault| fault.code.as_str());
        let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
        Self::new(code, told.join("; "))
    }
}
