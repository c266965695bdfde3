//! Addresses of blobs, of which nobody serves any.

use async_trait::async_trait;

use crate::ports::StoreError;
use crate::ports::downloads::{Download, Downloads};

/// [`Downloads`] in memory: each address says what it is of, and leads nowhere.
#[derive(Debug, Default)]
pub struct MemoryDownloads;

#[async_trait]
impl Downloads for MemoryDownloads {
    async fn address(&self, download: Download<'_>) -> Result<Option<String>, StoreError> {
        let Download {
            owner,
            sha256,
            content_type,
            lives,
            ..
        } = download;
        let seconds = lives.as_secs();
        Ok(Some(format!(
            "https://blobs.example/{owner}/{sha256}?type={content_type}&seconds={seconds}"
        )))
    }
}
