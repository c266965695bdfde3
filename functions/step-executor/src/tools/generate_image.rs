//! Draws a picture. Its bytes are stored by their hash; the step's output only names them, and the
//! approval is for exactly that hash.

use domain::plan::GenerateImage;
use engine::ports::ImageRequest;
use engine::retry::ToolFailure;
use serde_json::json;

use super::{Context, Made};
use crate::failure;

pub(crate) async fn run(
    config: &GenerateImage,
    context: &Context<'_>,
) -> Result<Made, ToolFailure> {
    let mut prompt = context.text(&config.prompt)?;
    if let Some(note) = context.note {
        // The image port knows prompts only; the note is a person's and belongs to the wish.
        prompt.push_str("\n\nChange asked for: ");
        prompt.push_str(note);
    }
    let request = ImageRequest {
        prompt,
        aspect: config.aspect,
    };
    let image = context
        .ports
        .images
        .draw(&request, context.left())
        .await
        .map_err(|error| failure::of_model(&error))?;
    let stored = context
        .engine
        .store
        .put_bytes(context.owner, &image.bytes)
        .await;
    let sha256 = stored.map_err(|error| failure::of_store(&error))?;
    let document = json!({
        "sha256": sha256,
        "content_type": image.content_type,
        "width": image.width,
        "height": image.height,
        "alt": image.alt,
    });
    Ok(Made::Output {
        document,
        credits: 2,
    })
}
