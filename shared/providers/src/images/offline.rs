//! The offline twin: a landscape drawn from the prompt's hash.
//!
//! It shows no content of the prompt and does not claim to. The same prompt gives the same bytes on
//! every machine, and another prompt another picture: enough to see a plan with a picture run, wait for
//! its approval and be published.

use std::time::Duration;

use async_trait::async_trait;
use engine::ports::{Image, ImageRequest, Images, ModelError};

use super::{alt, drawing, size};

/// Draws without a model.
#[derive(Debug, Clone, Copy, Default)]
pub struct OfflineImages;

#[async_trait]
impl Images for OfflineImages {
    async fn draw(&self, request: &ImageRequest, _limit: Duration) -> Result<Image, ModelError> {
        let (width, height) = size(request.aspect);
        let bytes = drawing::png(&request.prompt, width, height).map_err(|error| {
            ModelError::Unavailable {
                reason: format!("the picture could not be written: {error}"),
            }
        })?;
        Ok(Image {
            bytes,
            content_type: "image/png".to_owned(),
            width,
            height,
            alt: alt(&request.prompt),
        })
    }
}

#[cfg(test)]
mod tests {
    use domain::plan::Aspect;

    use super::*;

    async fn draw(prompt: &str, aspect: Aspect) -> Image {
        OfflineImages
            .draw(
                &ImageRequest {
                    prompt: prompt.to_owned(),
                    aspect,
                },
                Duration::from_secs(1),
            )
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn the_prompt_decides_the_picture() {
        let first = draw("a lighthouse", Aspect::Wide).await;
        assert_eq!(first, draw("a lighthouse", Aspect::Wide).await);
        assert_ne!(first.bytes, draw("a harbour", Aspect::Wide).await.bytes);
        assert_eq!(
            draw("  a \n lighthouse ", Aspect::Square).await.alt,
            "a lighthouse"
        );
    }

    #[tokio::test]
    async fn pictures_are_small_pngs_of_the_size_said() {
        for aspect in [Aspect::Wide, Aspect::Square, Aspect::Portrait] {
            let image = draw("night over the harbour", aspect).await;
            assert!(image.bytes.len() < 60_000, "{} bytes", image.bytes.len());
            let decoder = png::Decoder::new(std::io::Cursor::new(&image.bytes));
            let reader = decoder.read_info().unwrap();
            assert_eq!(
                (reader.info().width, reader.info().height),
                (image.width, image.height)
            );
        }
    }
}
