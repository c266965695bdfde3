//! Items: a JSON document in `doc`, beside the attributes that conditions and the index need.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use engine::ports::StoreError;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::keys::{self, Key};

pub(super) type Attributes = HashMap<String, AttributeValue>;

pub(super) const DOC: &str = "doc";
pub(super) const REVISION: &str = "revision";
pub(super) const WRITER: &str = "writer";

/// An item under construction.
pub(super) struct Item {
    pub(super) attributes: Attributes,
}

impl Item {
    pub(super) fn new(key: &Key) -> Self {
        Self {
            attributes: primary(key),
        }
    }

    /// The document, of the version this code writes.
    pub(super) fn document<T: Serialize>(mut self, document: &T) -> Self {
        let json = serde_json::to_string(document).expect("our documents are plain JSON");
        self.attributes
            .insert(DOC.to_owned(), AttributeValue::S(json));
        self
    }

    pub(super) fn revision(self, revision: u64) -> Self {
        self.number(REVISION, i64::try_from(revision).unwrap_or(i64::MAX))
    }

    pub(super) fn number(mut self, name: &str, n: i64) -> Self {
        self.attributes
            .insert(name.to_owned(), AttributeValue::N(n.to_string()));
        self
    }

    pub(super) fn text(mut self, name: &str, text: &str) -> Self {
        self.attributes
            .insert(name.to_owned(), AttributeValue::S(text.to_owned()));
        self
    }

    pub(super) fn bytes(mut self, name: &str, bytes: Vec<u8>) -> Self {
        self.attributes
            .insert(name.to_owned(), AttributeValue::B(bytes.into()));
        self
    }

    /// Puts it into the due index, or leaves it out.
    pub(super) fn due(self, due_at: Option<Timestamp>) -> Self {
        let Some(due_at) = due_at else { return self };
        let shard = match self.attributes.get("pk") {
            Some(AttributeValue::S(pk)) => keys::shard(pk),
            _ => keys::shard(""),
        };
        self.text("due_shard", &shard)
            .number("due_at", due_at.as_millisecond())
    }
}

/// The primary key as attributes.
pub(super) fn primary(key: &Key) -> Attributes {
    [
        ("pk".to_owned(), AttributeValue::S(key.pk.clone())),
        ("sk".to_owned(), AttributeValue::S(key.sk.clone())),
    ]
    .into()
}

/// A text attribute.
pub(super) fn text<'a>(attributes: &'a Attributes, name: &str) -> Option<&'a str> {
    attributes
        .get(name)
        .and_then(|value| value.as_s().ok())
        .map(String::as_str)
}

/// A number attribute.
pub(super) fn number(attributes: &Attributes, name: &str) -> Option<i64> {
    attributes
        .get(name)
        .and_then(|value| value.as_n().ok())
        .and_then(|n| n.parse().ok())
}

/// Reads an item's document.
///
/// # Errors
/// It does not read as what it should be.
pub(super) fn read<T: DeserializeOwned>(attributes: &Attributes) -> Result<T, StoreError> {
    let key = || {
        format!(
            "{}/{}",
            text(attributes, "pk").unwrap_or("?"),
            text(attributes, "sk").unwrap_or("?")
        )
    };
    let json = text(attributes, DOC).ok_or_else(|| StoreError::Damaged {
        key: key(),
        reason: "it has no document".to_owned(),
    })?;
    serde_json::from_str(json).map_err(|error| StoreError::Damaged {
        key: key(),
        reason: error.to_string(),
    })
}
