//! Items: a JSON document in `doc`, beside the attributes that conditions and the index need.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use engine::ports::StoreError;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::keys::{self, Key};

pub(super) type Attributes = HashMap<String, AttributeValue>;

pub(super) const DOC: &str = "doc";
/// The version of the document's form. A field that older code can do without does not change it.
pub(super) const FORMAT: &str = "v";
const FORMAT_VERSION: i64 = 1;
pub(super) const REVISION: &str = "revision";
pub(super) const WRITER: &str = "writer";
/// When DynamoDB removes an item, in seconds since 1970; it takes days, and until then readers look at the time.
pub(super) const EXPIRES_AT: &str = "expires_at";
/// Until when lists show a row, in seconds since 1970. It is removed later, so that what it stands for is found by it.
pub(super) const SHOWN_UNTIL: &str = "shown_until";

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
        self.number(FORMAT, FORMAT_VERSION)
    }

    /// Has it removed some time after `kept` from now.
    pub(super) fn expires_after(self, kept: Duration, now: Timestamp) -> Self {
        self.number(EXPIRES_AT, expires_at(kept, now))
    }

    /// Has it removed some time after `at`, when there is such a time.
    pub(super) fn expires_at(self, at: Option<Timestamp>) -> Self {
        match at {
            Some(at) => self.number(EXPIRES_AT, at.as_second()),
            None => self,
        }
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

/// Some time after `kept` from now, in seconds since 1970.
pub(super) fn expires_at(kept: Duration, now: Timestamp) -> i64 {
    let kept = i64::try_from(kept.as_secs()).unwrap_or(i64::MAX);
    now.as_second().saturating_add(kept)
}

/// Whether an item is there: not one that expired by `now` and waits for its removal.
pub(super) fn is_there(attributes: &Attributes, now: Timestamp) -> bool {
    [EXPIRES_AT, SHOWN_UNTIL].iter().all(|name| {
        let until = number(attributes, name);
        until.is_none_or(|until| until > now.as_second())
    })
}

/// The primary key of a stored item.
pub(super) fn key_of(attributes: &Attributes) -> Key {
    let text = |name| text(attributes, name).unwrap_or_default().to_owned();
    Key {
        pk: text("pk"),
        sk: text("sk"),
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
    let version = number(attributes, FORMAT).unwrap_or(FORMAT_VERSION);
    if version > FORMAT_VERSION {
        // Code that knows it is being deployed: what is asked here is asked again, there.
        let reason = format!("{} was written by newer code: version {version}", key());
        return Err(StoreError::Unavailable(reason));
    }
    let json = text(attributes, DOC).ok_or_else(|| StoreError::Damaged {
        key: key(),
        reason: "it has no document".to_owned(),
    })?;
    serde_json::from_str(json).map_err(|error| StoreError::Damaged {
        key: key(),
        reason: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_says_its_version_and_one_of_newer_code_is_asked_for_again() {
        let key = keys::account(&domain::ids::OwnerId::from_uuid(uuid::Uuid::nil()));
        let item = Item::new(&key).document(&7);
        assert_eq!(number(&item.attributes, FORMAT), Some(FORMAT_VERSION));
        assert_eq!(read(&item.attributes), Ok(7));
        let newer = item.number(FORMAT, FORMAT_VERSION + 1).attributes;
        assert!(matches!(
            read::<i32>(&newer),
            Err(StoreError::Unavailable(_))
        ));
        let mut unmarked = newer;
        unmarked.remove(FORMAT);
        assert_eq!(
            read(&unmarked),
            Ok(7),
            "an item from before there were versions"
        );
    }
}
