//! A report with the sources it was written from. The sources are the material's, not the model's word.

use domain::plan::{GenerateReport, TextFormat};
use engine::ports::model::{self, Task};
use engine::retry::ToolFailure;
use serde_json::json;

use super::{Context, Made};
use crate::material;

pub(crate) async fn run(
    config: &GenerateReport,
    context: &Context<'_>,
) -> Result<Made, ToolFailure> {
    let material = material::of(context.upstream, &config.from);
    let sources = material::sources(&material);
    let title = context.optional_text(config.title.as_ref())?;
    let format = match config.format {
        TextFormat::Markdown => model::TextFormat::Markdown,
        TextFormat::Html => model::TextFormat::Html,
        TextFormat::Text => model::TextFormat::Text,
    };
    let task = Task::Report {
        title: title.clone(),
        length_words: config.length_words,
        format,
        note: context.note(),
        material,
    };
    let text = context.write(&task).await?;
    let title = title
        .or_else(|| first_heading(&text))
        .unwrap_or_else(|| "Report".to_owned());
    Ok(Made::Output {
        document: json!({ "title": title, "text": text, "sources": sources }),
        credits: 1,
    })
}

/// The heading a Markdown or HTML text begins with.
fn first_heading(text: &str) -> Option<String> {
    let first = text.lines().find(|line| !line.trim().is_empty())?.trim();
    let inner = match first.strip_prefix('#') {
        Some(rest) => rest.trim_start_matches('#'),
        None => first.strip_prefix("<h1>")?.split("</h1>").next()?,
    };
    Some(inner.trim().to_owned()).filter(|heading| !heading.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_named_by_its_first_heading() {
        assert_eq!(
            first_heading("\n# The week\n\ntext").as_deref(),
            Some("The week")
        );
        assert_eq!(
            first_heading("<h1>The week</h1><p>x").as_deref(),
            Some("The week")
        );
        assert_eq!(first_heading("The week\n# later"), None);
    }
}
