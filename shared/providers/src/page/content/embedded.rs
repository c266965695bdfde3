//! Text a page carries as data: for search engines (JSON-LD), or for its own script.
//!
//! It is the last step of the ladder: where a page shows its text, the text shown is what a reader sees
//! and what an owner of a watch expects to be told about.

use std::collections::HashSet;

use serde_json::Value;

/// The most values of a page's data looked at, and the most text taken, in bytes.
const MAX_VALUES: usize = 200_000;
const MAX_TEXT: usize = 1_000_000;

/// Properties of schema.org whose value is a text.
const TEXTS: &[&str] = &["articleBody", "reviewBody"];

/// Keys under which applications keep the text they show.
const STATE_KEYS: &[&str] = &[
    "body",
    "content",
    "text",
    "html",
    "articleBody",
    "description",
    "cooked",
    "paragraph",
    "paragraphs",
    "rendered",
    "markdown",
    "summary",
    "caption",
    "value",
];

/// The text in a page's JSON-LD.
pub(super) fn of_data(structured: &Value) -> String {
    let mut texts = Vec::new();
    let objects = structured.get("json_ld").and_then(Value::as_array);
    for object in objects.into_iter().flatten() {
        for key in TEXTS {
            if let Some(text) = object.get(key).and_then(Value::as_str) {
                texts.push(text.to_owned());
            }
        }
        steps(object.get("recipeInstructions"), &mut texts);
        // Questions with their accepted answers (FAQ and Q&A pages).
        for question in each(object.get("mainEntity")) {
            let name = question.get("name").and_then(Value::as_str);
            let answers =
                each(question.get("acceptedAnswer")).chain(each(question.get("suggestedAnswer")));
            let answers: Vec<&str> = answers
                .filter_map(|answer| answer.get("text")?.as_str())
                .collect();
            if !answers.is_empty() {
                texts.extend(name.into_iter().chain(answers).map(str::to_owned));
            }
        }
        // Posts of a discussion.
        if is_a(object, "DiscussionForumPosting") || is_a(object, "SocialMediaPosting") {
            let posts = std::iter::once(object).chain(each(object.get("comment")));
            texts.extend(
                posts
                    .filter_map(|post| post.get("text")?.as_str())
                    .map(str::to_owned),
            );
        }
    }
    join(texts)
}

fn is_a(object: &Value, kind: &str) -> bool {
    each(object.get("@type")).any(|name| name.as_str() == Some(kind))
}

fn steps(instructions: Option<&Value>, texts: &mut Vec<String>) {
    for step in each(instructions) {
        let inner = each(step.get("itemListElement"));
        for step in std::iter::once(step).chain(inner) {
            if let Some(text) = step.as_str().or_else(|| step.get("text")?.as_str()) {
                texts.push(text.to_owned());
            }
        }
    }
}

/// The elements of a list, or the one value that stands in its place.
fn each(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    let values = match value {
        Some(Value::Array(values)) => values.as_slice(),
        Some(value) => std::slice::from_ref(value),
        None => &[],
    };
    values.iter()
}

/// The running text in the states a page's script starts from.
pub(super) fn of_states<'a>(states: impl IntoIterator<Item = &'a Value>) -> String {
    let mut texts: Vec<String> = Vec::new();
    let mut seen: HashSet<&str> = HashSet::new();
    let mut size = 0;
    for state in states {
        // In document order, without recursion: the depth of the data is the page's choice.
        let mut open: Vec<(&Value, bool)> = vec![(state, false)];
        for _ in 0..MAX_VALUES {
            let Some((value, is_text)) = open.pop() else {
                break;
            };
            match value {
                Value::Array(values) => {
                    open.extend(values.iter().rev().map(|value| (value, is_text)))
                }
                Value::Object(fields) => open.extend(
                    fields
                        .iter()
                        .rev()
                        .map(|(key, value)| (value, STATE_KEYS.contains(&key.as_str()))),
                ),
                Value::String(text) if is_text && is_prose(text) && size < MAX_TEXT => {
                    if seen.insert(text) {
                        size += text.len();
                        texts.push(text.clone());
                    }
                }
                Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
            }
        }
    }
    join(texts)
}

/// Whether a string is a sentence or more, and not a key, an address or code.
fn is_prose(text: &str) -> bool {
    let chars = text.chars().count();
    let blanks = text.chars().filter(|c| c.is_whitespace()).count();
    let wide = text.chars().filter(|c| *c >= '\u{3000}').count();
    chars >= 60
        && (blanks * 12 >= chars || wide * 2 >= chars)
        && !text.trim_start().starts_with(['{', '['])
}

/// Texts below each other; those that are mark-up are read as such.
fn join(texts: Vec<String>) -> String {
    let mut out = String::new();
    for text in texts {
        let is_mark_up = text.contains("</")
            || text.contains("<br")
            || text.contains("&lt;p")
            || text.contains("<p>");
        let text = if is_mark_up {
            super::whole(&text)
        } else {
            text.lines()
                .map(str::trim)
                .filter(|line| !line.is_empty())
                .collect::<Vec<_>>()
                .join("\n")
        };
        if text.is_empty() {
            continue;
        }
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&text);
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SENTENCE: &str =
        "The northern quay reopened on Thursday after eleven months of repairs, the port said.";

    #[test]
    fn text_for_search_engines_is_text() {
        let structured = json!({"json_ld": [
            {"@type": "NewsArticle", "articleBody": "<p>One.</p><p>Two &amp; three.</p>"},
            {"@type": "FAQPage", "mainEntity": [{"name": "When?", "acceptedAnswer": {"text": "At nine."}}]},
            {"@type": "Recipe", "recipeInstructions": [{"text": "Stir."}, {"itemListElement": [{"text": "Bake."}]}]},
            {"@type": "DiscussionForumPosting", "text": "First post", "comment": [{"text": "Answer"}]},
            7
        ]});
        assert_eq!(
            of_data(&structured),
            "One.\nTwo & three.\nWhen?\nAt nine.\nStir.\nBake.\nFirst post\nAnswer"
        );
    }

    #[test]
    fn running_text_of_a_state_is_text() {
        let state = json!({"props": {"id": "x", "href": "https://news.example/a?b=c", "body": [SENTENCE, {"content": format!("{SENTENCE} Twice.")}],
            "other": SENTENCE, "html": "short"}});
        assert_eq!(
            of_states(&[state]),
            format!("{SENTENCE}\n{SENTENCE} Twice.")
        );
        assert_eq!(of_states(&[]), "");
    }
}
