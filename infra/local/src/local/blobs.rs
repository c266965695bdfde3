//! `/_local/blobs/{owner}/{sha256}`: what the blob store's presigned addresses lead to.
//!
//! In AWS this is S3. The address itself is the permission: with another signature, for another object, or after its
//! time it is refused, and nothing is said about what exists.

use std::path::PathBuf;
use std::sync::Arc;

use aws::BLOBS_OF_RUNS;
use aws::signed_address::{AddressKey, Named};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;

use super::Local;
use crate::clock::Clock;
use crate::problem::Problem;

/// The folder of blobs, and what its addresses are signed with.
#[derive(Clone)]
pub(crate) struct Blobs {
    pub(crate) folder: PathBuf,
    pub(crate) key: Arc<AddressKey>,
    pub(crate) clock: Arc<Clock>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Signed {
    #[serde(rename = "type")]
    content_type: String,
    until: i64,
    signature: String,
}

pub(super) async fn fetch(
    State(local): State<Local>,
    Path((owner, sha256)): Path<(String, String)>,
    signed: Result<Query<Signed>, QueryRejection>,
) -> Result<Response, Problem> {
    let Blobs { folder, key, clock } = &local.blobs;
    let refused = || {
        let detail = "The address is not valid, or no longer.";
        Problem::new(StatusCode::FORBIDDEN, "forbidden", detail)
    };
    let Query(signed) = signed.map_err(|_| refused())?;
    let named = Named {
        owner: &owner,
        sha256: &sha256,
        content_type: &signed.content_type,
        until: signed.until,
    };
    if !key.allows(&named, &signed.signature, clock.now()) {
        return Err(refused());
    }
    // As S3 answers whoever may not list.
    let path = folder.join(BLOBS_OF_RUNS).join(&owner).join(&sha256);
    let bytes = tokio::fs::read(path).await;
    let bytes = bytes.map_err(|_| refused())?;
    let content_type = HeaderValue::from_str(&signed.content_type).map_err(|_| refused())?;
    Ok(([(header::CONTENT_TYPE, content_type)], bytes).into_response())
}
