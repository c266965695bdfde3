//! A post for a channel. A model's idea of "at most" is not ours: what is longer than asked is cut at a
//! word, because a person is about to approve exactly what will be published.

use domain::plan::{Channel, FormatPost};
use engine::ports::model::Task;
use engine::retry::ToolFailure;
use serde_json::json;

use super::{Context, Made};
use crate::material;

/// What X takes, in characters.
const MOST_CHARACTERS_ON_X: usize = 280;

pub(crate) async fn run(config: &FormatPost, context: &Context<'_>) -> Result<Made, ToolFailure> {
    let task = Task::Post {
        channel: config.channel,
        max_words: config.max_words,
        note: context.note(),
        material: material::of(context.upstream, &config.from),
    };
    let text = context.write(&task).await?;
    let mut text = text.trim();
    if let Some(most) = config.max_words {
        text = within_words(text, most as usize);
    }
    let text = match config.channel {
        Channel::X => within_characters(text, MOST_CHARACTERS_ON_X),
        Channel::Linkedin
        | Channel::Newsletter
        | Channel::Blog
        | Channel::Slack
        | Channel::Generic => text.to_owned(),
    };
    let characters = text.chars().count();
    Ok(Made::Output {
        document: json!({ "text": text, "channel": config.channel, "characters": characters }),
        credits: 1,
    })
}

/// The text up to the end of word number `most`, its line breaks kept.
fn within_words(text: &str, most: usize) -> &str {
    let mut words = 0;
    let mut inside = false;
    for (at, c) in text.char_indices() {
        match (inside, c.is_whitespace()) {
            (false, false) if words == most => return text[..at].trim_end(),
            (false, false) => {
                words += 1;
                inside = true;
            }
            (true, true) => inside = false,
            (true, false) | (false, true) => {}
        }
    }
    text
}

/// At most `most` characters, cut at a word with an ellipsis.
fn within_characters(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let cut: String = text.chars().take(most - 1).collect();
    let end = cut
        .rfind(char::is_whitespace)
        .filter(|end| *end > cut.len() / 2)
        .unwrap_or(cut.len());
    format!("{}…", cut[..end].trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_is_cut_at_a_word() {
        assert_eq!(within_words("one two\n\nthree four", 3), "one two\n\nthree");
        assert_eq!(within_words("one two", 2), "one two");
        let long = "wörter ".repeat(60);
        let cut = within_characters(&long, 280);
        assert!(
            cut.chars().count() <= 280 && cut.ends_with("wörter…"),
            "{cut}"
        );
        assert_eq!(
            within_characters(&"x".repeat(300), 280).chars().count(),
            280
        );
    }
}
