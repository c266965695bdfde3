//! The page of a request: its mark-up, given as text or as the path of a file, and its address.

use std::borrow::Cow;
use std::fs::File;
use std::io::Read as _;

use engine::ports::{FieldRequest, Fields};
use jiff::Timestamp;
use jiff::tz::Offset;
use providers::page::Reading;
use serde_json::Value;
use url::Url;

use super::Fault;

/// A page as a probe is given it.
pub(super) struct Source<'a> {
    pub(super) html: Cow<'a, str>,
    pub(super) url: Url,
}

impl<'a> Source<'a> {
    /// Reads `{html | html_path, url}`. A file is bytes: its characters are decoded as those of an
    /// answer without a `charset` parameter are.
    pub(super) fn of(request: &'a Value) -> Result<Self, Fault> {
        let url = text(request, "url")?.ok_or_else(|| Fault::invalid("/url: is required"))?;
        let url =
            Url::parse(url).map_err(|error| Fault::invalid(format!("/url: is no URL: {error}")))?;
        let html = match (text(request, "html")?, text(request, "html_path")?) {
            (Some(html), None) => Cow::Borrowed(html),
            (None, Some(path)) => {
                Cow::Owned(providers::page::decode(&bytes(path)?).map_err(Fault::costly)?)
            }
            (Some(_), Some(_)) | (None, None) => {
                return Err(Fault::invalid("either /html or /html_path is required"));
            }
        };
        Ok(Self { html, url })
    }

    /// What is read of it. Whenever it was fetched, it was not after today.
    pub(super) fn reading(&self) -> Result<Reading, Fault> {
        self.reading_with(None).map(|(reading, _)| reading)
    }

    /// The same, with the fields that are wanted.
    pub(super) fn reading_with(
        &self,
        wanted: Option<&FieldRequest>,
    ) -> Result<(Reading, Option<Fields>), Fault> {
        let today = Offset::UTC.to_datetime(Timestamp::now()).date();
        providers::page::extract_with_fields(&self.html, &self.url, Some(today), wanted)
            .map_err(Fault::costly)
    }
}

/// The string under `key`, when there is one.
fn text<'a>(request: &'a Value, key: &str) -> Result<Option<&'a str>, Fault> {
    match request.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Fault::invalid(format!("/{key}: is a string"))),
    }
}

fn bytes(path: &str) -> Result<Vec<u8>, Fault> {
    let unreadable = |error: std::io::Error| Fault::new("not_found", format!("{path}: {error}"));
    let limit = providers::page::MAX_BYTES;
    let mut bytes = Vec::new();
    File::open(path)
        .map_err(unreadable)?
        .take(limit as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() > limit {
        let message = format!("{path}: a page has at most {limit} bytes");
        return Err(Fault::new("too_large", message));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_page_comes_as_text_or_as_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page.html");
        std::fs::write(&path, b"<meta charset=windows-1252><p>caf\xe9").unwrap();
        let url = "https://news.example/a";
        let html = |request: Value| Source::of(&request).map(|source| source.html.into_owned());
        assert_eq!(
            html(json!({"html": "<p>x", "url": url})),
            Ok("<p>x".to_owned())
        );
        assert_eq!(
            html(json!({"html_path": path, "url": url})),
            Ok("<meta charset=windows-1252><p>café".to_owned())
        );
        for (request, code) in [
            (json!({"html": "x"}), "validation_failed"),
            (json!({"html": "x", "url": "a"}), "validation_failed"),
            (json!({"html": 1, "url": url}), "validation_failed"),
            (json!({"url": url}), "validation_failed"),
            (
                json!({"html": "x", "html_path": "y", "url": url}),
                "validation_failed",
            ),
            (
                json!({"html_path": folder.path().join("none"), "url": url}),
                "not_found",
            ),
            (json!({"html_path": folder.path(), "url": url}), "not_found"),
        ] {
            assert_eq!(html(request.clone()).unwrap_err().code, code, "{request}");
        }
    }
}
