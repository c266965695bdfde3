//! Pictures from words.

use std::time::Duration;

use async_trait::async_trait;
use domain::plan::Aspect;

use super::model::ModelError;

/// What to draw.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageRequest {
    pub prompt: String,
    pub aspect: Aspect,
}

/// A drawn picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Image {
    pub bytes: Vec<u8>,
    /// Always a type browsers show: `image/png`.
    pub content_type: String,
    pub width: u32,
    pub height: u32,
    pub alt: String,
}

/// An image model, or its offline twin. Fails as models fail.
#[async_trait]
pub trait Images: Send + Sync {
    async fn draw(&self, request: &ImageRequest, limit: Duration) -> Result<Image, ModelError>;
}
