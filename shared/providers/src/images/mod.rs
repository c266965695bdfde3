//! Pictures from words: an images API of a chat-completions server, and the offline twin.

mod api;
mod drawing;
mod offline;

use domain::plan::Aspect;

pub use api::ApiImages;
pub use offline::OfflineImages;

/// Width and height in pixels: sizes the large networks show uncropped.
#[must_use]
pub fn size(aspect: Aspect) -> (u32, u32) {
    match aspect {
        Aspect::Wide => (1200, 675),
        Aspect::Square => (1080, 1080),
        Aspect::Portrait => (1080, 1350),
    }
}

/// What a picture is said to show, at most 200 characters.
fn alt(prompt: &str) -> String {
    let words: Vec<&str> = prompt.split_whitespace().collect();
    words.join(" ").chars().take(200).collect()
}
