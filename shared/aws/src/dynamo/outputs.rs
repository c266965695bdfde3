//! Documents steps make, under their hash.
//!
//! The smallest stay inside the aggregate; up to 64 KiB compressed they are an item; above that they go to the
//! blob store. Those that may be too large for an answer lie there as they are, so that whoever is sent there by a
//! presigned address reads JSON and no compression of ours. Content-addressed, so storing one twice is storing it once,
//! and one whose run never committed harms nobody.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use domain::execution::Output;
use domain::ids::{OwnerId, WorkflowId};
use domain::{digest, text};
use engine::ports::StoreError;
use engine::ports::downloads::{Download, Downloads};
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey};
use object_store::path::Path;
use object_store::signer::{Method, SignedUrlOptions, Signer as _};
use object_store::{ObjectStore, ObjectStoreExt as _};
use serde_json::Value;

use super::item;
use super::keys::Key;
use super::read::{failed, if_it_holds};
use super::{DynamoStore, deflate, keys};
use crate::sdk::causes;
use crate::signed_address::{AddressKey, Named};

/// The largest compressed document kept in the table, in bytes: above it a write costs more units than
/// a blob costs requests.
const MOST_IN_TABLE: usize = 64 << 10;

/// The stored bytes of an item's document.
pub(super) const DEFLATED: &str = "deflated";
/// How often it has been stored.
const STORED: &str = "stored";

/// The largest document that is compressed, in bytes. In an answer a document takes at most twice its size
/// (`answer_size` of the API), so one of this size always fits into the 5 MB of an answer.
const MOST_COMPRESSED: usize = 2_500_000;

/// Where large documents and pictures are. The client is made when the first one is stored or read: most
/// invocations have neither, and making it costs more than the rest of a start.
#[derive(Debug, Clone)]
pub struct Blobs {
    url: url::Url,
    options: Vec<(&'static str, String)>,
    opened: Arc<OnceLock<Opened>>,
    /// Where a folder is served, and what its addresses are signed with; S3 signs by itself.
    served: Option<Arc<(url::Url, AddressKey)>>,
    signer: Arc<OnceLock<AmazonS3>>,
}

#[derive(Debug)]
struct Opened {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
}

impl Blobs {
    /// The blobs at `s3://bucket` or `file:///folder`, with the credentials of the environment.
    pub(crate) fn at(url: &str, variables: &[(String, String)]) -> Result<Self, String> {
        let url = url::Url::parse(url).map_err(|error| error.to_string())?;
        if !matches!(url.scheme(), "s3" | "file") {
            return Err(format!("{} is neither s3 nor file", url.scheme()));
        }
        let options = variables.iter().filter_map(|(name, value)| {
            let key = match name.as_str() {
                "AWS_ACCESS_KEY_ID" => "aws_access_key_id",
                "AWS_SECRET_ACCESS_KEY" => "aws_secret_access_key",
                "AWS_SESSION_TOKEN" => "aws_session_token",
                "AWS_REGION" => "aws_region",
                _ => return None,
            };
            (url.scheme() == "s3").then(|| (key, value.clone()))
        });
        let options = options.collect();
        let variable = |wanted: &str| {
            let found = variables.iter().find(|(name, _)| name == wanted);
            found
                .map(|(_, value)| value.as_str())
                .filter(|value| !value.is_empty())
        };
        let served = match (
            variable("NIGHTDESK_BLOBS_ADDRESS"),
            variable("NIGHTDESK_BLOBS_KEY"),
        ) {
            (Some(base), Some(key)) => {
                let base = url::Url::parse(base).map_err(|error| error.to_string())?;
                Some(Arc::new((base, AddressKey::new(key))))
            }
            _ => None,
        };
        Ok(Self {
            url,
            options,
            opened: Arc::default(),
            served,
            signer: Arc::default(),
        })
    }

    fn opened(&self) -> Result<&Opened, StoreError> {
        if let Some(opened) = self.opened.get() {
            return Ok(opened);
        }
        let unusable =
            |error: &(dyn std::error::Error + 'static)| StoreError::Unavailable(causes(error));
        if self.url.scheme() == "file" {
            std::fs::create_dir_all(self.url.path()).map_err(|error| unusable(&error))?;
        }
        let options = self.options.iter().cloned();
        let (store, prefix) =
            object_store::parse_url_opts(&self.url, options).map_err(|error| unusable(&error))?;
        let store = Arc::from(store);
        Ok(self.opened.get_or_init(|| Opened { store, prefix }))
    }

    /// Stores bytes. What is there already is written again, which has S3 count its age anew.
    pub(super) async fn put(
        &self,
        place: Place<'_>,
        sha256: &str,
        bytes: Vec<u8>,
    ) -> Result<(), StoreError> {
        let opened = self.opened()?;
        let path = opened.path(place, sha256);
        let put = opened.store.put(&path, bytes.into()).await;
        put.map(|_| ())
            .map_err(|error| StoreError::Unavailable(causes(&error)))
    }

    /// Removes bytes, if they are there.
    pub(super) async fn delete(&self, place: Place<'_>, sha256: &str) -> Result<(), StoreError> {
        let opened = self.opened()?;
        match opened.store.delete(&opened.path(place, sha256)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(StoreError::Unavailable(causes(&error))),
        }
    }

    /// Removes everything of an owner's: at most a thousand a request (Amazon S3 API Reference, `DeleteObjects`).
    pub(super) async fn delete_all(&self, owner: &OwnerId) -> Result<(), StoreError> {
        let failed = |error: object_store::Error| StoreError::Unavailable(causes(&error));
        let opened = self.opened()?;
        for place in [BLOBS_OF_RUNS, KEPT] {
            let folder = opened.under(&Path::from(place).join(owner.as_str()));
            let found = opened.store.list(Some(&folder));
            let found = found.map_ok(|blob| blob.location).boxed();
            let mut removed = opened.store.delete_stream(found);
            while let Some(removed) = removed.next().await {
                match removed {
                    Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
                    Err(error) => return Err(failed(error)),
                }
            }
        }
        Ok(())
    }

    pub(super) async fn get(
        &self,
        place: Place<'_>,
        sha256: &str,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let failed = |error: object_store::Error| StoreError::Unavailable(causes(&error));
        let opened = self.opened()?;
        match opened.store.get(&opened.path(place, sha256)).await {
            Ok(found) => found
                .bytes()
                .await
                .map(|bytes| Some(bytes.to_vec()))
                .map_err(failed),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }
}

impl Blobs {
    /// What signs addresses of S3.
    fn signer(&self) -> Result<&AmazonS3, StoreError> {
        if let Some(signer) = self.signer.get() {
            return Ok(signer);
        }
        let mut builder = AmazonS3Builder::new().with_url(self.url.as_str());
        for (key, value) in &self.options {
            let key: AmazonS3ConfigKey = key
                .parse()
                .map_err(|error: object_store::Error| StoreError::Unavailable(causes(&error)))?;
            builder = builder.with_config(key, value);
        }
        let signer = builder
            .build()
            .map_err(|error| StoreError::Unavailable(causes(&error)))?;
        Ok(self.signer.get_or_init(|| signer))
    }
}

#[async_trait]
impl Downloads for DynamoStore {
    async fn address(&self, download: Download<'_>) -> Result<Option<String>, StoreError> {
        let Download {
            owner,
            sha256,
            content_type,
            lives,
            now,
        } = download;
        if self.blobs.url.scheme() == "s3" {
            // What it is is part of what is signed, and S3 says so to whoever fetches it.
            let said =
                SignedUrlOptions::default().with_query([("response-content-type", content_type)]);
            let path = Place::Runs(owner).path(sha256);
            let url = self
                .blobs
                .signer()?
                .signed_url_opts(Method::GET, &path, lives, &said)
                .await
                .map_err(|error| StoreError::Unavailable(causes(&error)))?;
            return Ok(Some(url.into()));
        }
        Ok(self.blobs.served.as_ref().map(|served| {
            let (base, key) = &**served;
            let lives = i64::try_from(lives.as_secs()).unwrap_or(i64::MAX);
            let named = Named {
                owner: owner.as_str(),
                sha256,
                content_type,
                until: now.as_second().saturating_add(lives),
            };
            key.address(base, &named).into()
        }))
    }
}

/// The folder of what runs have made, which the template's lifecycle is for.
pub const BLOBS_OF_RUNS: &str = "runs";
/// The folder of what stays as long as a workflow.
const KEPT: &str = "kept";

/// Whose bytes, and how long they are kept.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place<'a> {
    /// What runs have made.
    Runs(&'a OwnerId),
    /// What stays as long as a workflow.
    Kept(&'a OwnerId, &'a WorkflowId),
}

impl Place<'_> {
    /// Where bytes with this hash are, under what all blobs are under.
    fn path(self, sha256: &str) -> Path {
        match self {
            Self::Runs(owner) => Path::from(BLOBS_OF_RUNS).join(owner.as_str()),
            Self::Kept(owner, workflow) => Path::from(KEPT)
                .join(owner.as_str())
                .join(workflow.as_str()),
        }
        .join(sha256)
    }
}

impl Opened {
    fn path(&self, place: Place<'_>, sha256: &str) -> Path {
        self.under(&place.path(sha256))
    }

    fn under(&self, path: &Path) -> Path {
        self.prefix.parts().chain(path.parts()).collect()
    }
}

impl DynamoStore {
    pub(super) async fn store_output(
        &self,
        owner: &OwnerId,
        document: &Value,
        preview: &str,
    ) -> Result<Output, StoreError> {
        let (output, stored) = Self::reference(document, preview);
        let Some(stored) = stored else {
            return Ok(output);
        };
        if Self::fits(&stored) {
            self.note_output(owner, &output.sha256, Some(stored))
                .await?;
        } else {
            let place = Place::Runs(owner);
            self.blobs.put(place, &output.sha256, stored).await?;
            self.note_output(owner, &output.sha256, None).await?;
        }
        Ok(output)
    }

    /// Stores a compressed document in the table, or that it is in the blob store. Storing it again
    /// keeps it for longer. How often it was stored is counted: a run removes only what it alone has stored.
    async fn note_output(
        &self,
        owner: &OwnerId,
        sha256: &str,
        compressed: Option<Vec<u8>>,
    ) -> Result<(), StoreError> {
        let until = self.retention.of_part(self.now()).as_second();
        let number = |n: i64| AttributeValue::N(n.to_string());
        let mut expression = "SET #expires = :expires".to_owned();
        let mut update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(item::primary(&keys::output(owner, sha256))))
            .expression_attribute_names("#expires", item::EXPIRES_AT)
            .expression_attribute_names("#stored", STORED)
            .expression_attribute_values(":expires", number(until))
            .expression_attribute_values(":one", number(1));
        if let Some(compressed) = compressed {
            expression.push_str(", #deflated = :deflated");
            update = update
                .expression_attribute_names("#deflated", DEFLATED)
                .expression_attribute_values(":deflated", AttributeValue::B(compressed.into()));
        }
        expression.push_str(" ADD #stored :one");
        let updated = update.update_expression(expression).send().await;
        updated.map(|_| ()).map_err(|error| failed(&error))
    }

    /// Removes a document that has been stored once and never again.
    pub(super) async fn remove_output(
        &self,
        owner: &OwnerId,
        output: &Output,
    ) -> Result<(), StoreError> {
        if output.inline.is_some() {
            return Ok(());
        }
        let delete = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(item::primary(&keys::output(owner, &output.sha256))))
            .condition_expression("#stored = :one")
            .expression_attribute_names("#stored", STORED)
            .expression_attribute_values(":one", AttributeValue::N("1".to_owned()))
            .return_values(ReturnValue::AllOld);
        let gone = if_it_holds(delete.send().await)?.and_then(|answer| answer.attributes);
        match gone {
            Some(stored) if !stored.contains_key(DEFLATED) => {
                let place = Place::Runs(owner);
                self.blobs.delete(place, &output.sha256).await
            }
            Some(_) | None => Ok(()),
        }
    }

    /// The reference to a document, and the bytes to be stored when it does not travel inside of that.
    pub(super) fn reference(document: &Value, preview: &str) -> (Output, Option<Vec<u8>>) {
        let json = document.to_string().into_bytes();
        let inline = json.len() <= Output::MOST_INLINE;
        let output = Output {
            sha256: digest::of_bytes(&json),
            bytes: json.len() as u64,
            inline: inline.then(|| document.clone()),
            preview: text::preview(preview, Output::PREVIEW),
        };
        let stored = match json.len() {
            _ if inline => None,
            ..=MOST_COMPRESSED => Some(deflate::compress(&json)),
            _ => Some(json),
        };
        (output, stored)
    }

    /// Whether a document that is stored as these bytes is kept in the table.
    pub(super) fn fits(stored: &[u8]) -> bool {
        stored.len() <= MOST_IN_TABLE
    }

    /// The document that was stored as these bytes.
    pub(super) fn opened(
        key: &Key,
        output: &Output,
        stored: Option<Vec<u8>>,
    ) -> Result<Option<Value>, StoreError> {
        let damaged = |reason: String| StoreError::Damaged {
            key: key.pk.clone(),
            reason,
        };
        let Some(stored) = stored else {
            return Ok(None);
        };
        // A document is an object: what begins like one lies there as it is.
        let json = if output.bytes > MOST_COMPRESSED as u64 && stored.first() == Some(&b'{') {
            stored
        } else {
            deflate::inflate(&stored).map_err(damaged)?
        };
        serde_json::from_slice(&json)
            .map(Some)
            .map_err(|error| damaged(error.to_string()))
    }

    pub(super) async fn load_output(
        &self,
        owner: &OwnerId,
        output: &Output,
    ) -> Result<Option<Value>, StoreError> {
        if let Some(document) = &output.inline {
            return Ok(Some(document.clone()));
        }
        let key = keys::output(owner, &output.sha256);
        let item = self.get(&key).await?;
        let stored = match item
            .as_ref()
            .and_then(|attributes| attributes.get(DEFLATED)?.as_b().ok())
        {
            Some(bytes) => Some(bytes.as_ref().to_vec()),
            None => self.blobs.get(Place::Runs(owner), &output.sha256).await?,
        };
        Self::opened(&key, output, stored)
    }

    pub(super) async fn store_bytes(
        &self,
        owner: &OwnerId,
        bytes: &[u8],
    ) -> Result<String, StoreError> {
        let sha256 = digest::of_bytes(bytes);
        let place = Place::Runs(owner);
        self.blobs.put(place, &sha256, bytes.to_vec()).await?;
        Ok(sha256)
    }

    pub(super) async fn load_bytes(
        &self,
        owner: &OwnerId,
        sha256: &str,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        self.blobs.get(Place::Runs(owner), sha256).await
    }
}
