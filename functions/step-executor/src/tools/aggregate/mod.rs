//! Brings together what several steps found.

mod rendering;

use std::collections::HashMap;

use domain::plan::{Aggregate, Aggregation, Format, ToolKind};
use domain::url_identity::parse_identity;
use engine::ports::model::{Task, TextFormat};
use engine::retry::ToolFailure;
use serde_json::{Value, json};

use super::{Context, Made};
use crate::material;

/// How many items `top_n` keeps when the plan does not say.
const DEFAULT_TOP: usize = 5;
/// The constant of reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009).
const RANK_DAMPING: f64 = 60.0;

pub(crate) async fn run(config: &Aggregate, context: &Context<'_>) -> Result<Made, ToolFailure> {
    let lists: Vec<Vec<Value>> = config
        .from
        .iter()
        .filter_map(|key| context.upstream.get(key))
        .map(items)
        .collect();
    let most = config.n.map(|n| n as usize);
    let mut items = match config.aggregation_type {
        Aggregation::Merge => lists.concat(),
        Aggregation::Dedupe | Aggregation::Summarize | Aggregation::Count => distinct(&lists),
        Aggregation::TopN => ranked(&lists),
    };
    let count = items.len();
    match (config.aggregation_type, most) {
        (Aggregation::TopN, most) => items.truncate(most.unwrap_or(DEFAULT_TOP)),
        (Aggregation::Merge | Aggregation::Dedupe | Aggregation::Summarize, Some(most)) => {
            items.truncate(most)
        }
        (Aggregation::Count, _) => items.clear(),
        (Aggregation::Merge | Aggregation::Dedupe | Aggregation::Summarize, None) => {}
    }
    let (text, credits) = match config.aggregation_type {
        Aggregation::Summarize => (summary(config, context).await?, 1),
        Aggregation::Count => (rendering::count(count, config.format), 0),
        Aggregation::Merge | Aggregation::Dedupe | Aggregation::TopN => {
            (rendering::items(&items, config.format), 0)
        }
    };
    let count = if config.aggregation_type == Aggregation::Count {
        count
    } else {
        items.len()
    };
    Ok(Made::Output {
        document: json!({ "items": items, "text": text, "count": count }),
        credits,
    })
}

/// A model's summary. HTML is made from its plain text here: mark-up it wrote itself would be a
/// stranger's mark-up.
async fn summary(config: &Aggregate, context: &Context<'_>) -> Result<String, ToolFailure> {
    let format = match config.format {
        Format::Markdown => TextFormat::Markdown,
        Format::Json | Format::Text | Format::Html => TextFormat::Text,
    };
    let task = Task::Summarise {
        format,
        material: material::of(context.upstream, &config.from),
    };
    let text = context.write(&task).await?;
    Ok(if config.format == Format::Html {
        rendering::paragraphs(&text)
    } else {
        text
    })
}

/// The things in an output, as objects. A text is one thing.
fn items(made: &crate::upstream::Made) -> Vec<Value> {
    let document = &made.document;
    let listed = |field: &str| document[field].as_array().cloned().unwrap_or_default();
    match made.kind {
        ToolKind::Search | ToolKind::Crawl => listed("results"),
        ToolKind::Aggregate => listed("items"),
        ToolKind::GenerateOutline => listed("outline")
            .into_iter()
            .map(|part| json!({ "title": part["heading"], "points": part["points"] }))
            .collect(),
        ToolKind::Transform => match &document["value"] {
            Value::Array(list) => list.iter().map(as_item).collect(),
            Value::Null => Vec::new(),
            value => vec![as_item(value)],
        },
        ToolKind::GenerateReport | ToolKind::LlmResponse | ToolKind::FormatPost => {
            let title = document["title"].as_str().unwrap_or_default();
            vec![json!({ "title": title, "text": document["text"] })]
        }
        ToolKind::GenerateImage | ToolKind::SendEmail | ToolKind::PostWebhook => {
            vec![document.clone()]
        }
    }
}

/// A thing that is no object becomes one; an address is an address.
fn as_item(value: &Value) -> Value {
    match value {
        Value::Object(_) => value.clone(),
        Value::String(text) if parse_identity(text).is_some() => {
            json!({ "url": text, "title": text })
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            json!({ "value": value })
        }
    }
}

/// By what two things are the same: their page, else all they say.
fn identity(item: &Value) -> String {
    item["url"]
        .as_str()
        .and_then(parse_identity)
        .unwrap_or_else(|| item.to_string())
}

/// Each thing once, as first found.
fn distinct(lists: &[Vec<Value>]) -> Vec<Value> {
    let mut seen = std::collections::HashSet::new();
    lists
        .iter()
        .flatten()
        .filter(|item| seen.insert(identity(item)))
        .cloned()
        .collect()
}

/// The most relevant first: what stands high in a list, and in several lists, wins (reciprocal rank
/// fusion); among equals the newer does.
fn ranked(lists: &[Vec<Value>]) -> Vec<Value> {
    let mut scores: HashMap<String, f64> = HashMap::new();
    for list in lists {
        let mut rank = 0.0;
        for item in distinct(std::slice::from_ref(list)) {
            rank += 1.0;
            *scores.entry(identity(&item)).or_default() += 1.0 / (RANK_DAMPING + rank);
        }
    }
    let published = |item: &Value| {
        item["published_date"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let mut items: Vec<(f64, String, Value)> = distinct(lists)
        .into_iter()
        .map(|item| (scores[&identity(&item)], published(&item), item))
        .collect();
    // Stable: what is equal in both stays in the order it was found. ISO dates sort as text.
    items.sort_by(|(a, a_date, _), (b, b_date, _)| b.total_cmp(a).then_with(|| b_date.cmp(a_date)));
    items.into_iter().map(|(_, _, item)| item).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(n: u32, date: &str) -> Value {
        json!({ "url": format!("https://example.com/{n}"), "title": n.to_string(), "published_date": date })
    }

    #[test]
    fn what_several_lists_have_ranks_first_and_among_equals_the_newer() {
        let lists = [
            vec![page(1, "2026-01-01"), page(2, "2026-01-01")],
            vec![page(3, "2026-02-01"), page(2, "2026-01-01")],
        ];
        let titles: Vec<String> = ranked(&lists)
            .iter()
            .map(|item| item["title"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(titles, ["2", "3", "1"]);
        assert_eq!(distinct(&lists).len(), 3);
    }

    #[test]
    fn anything_selected_is_an_item() {
        let made = |value: Value| crate::upstream::Made {
            kind: ToolKind::Transform,
            is_summary: false,
            document: json!({ "value": value }),
        };
        assert_eq!(
            items(&made(json!(["https://a.example/", 3, {"a": 1}]))),
            [
                json!({"url": "https://a.example/", "title": "https://a.example/"}),
                json!({"value": 3}),
                json!({"a": 1}),
            ]
        );
        assert!(items(&made(Value::Null)).is_empty());
    }
}
