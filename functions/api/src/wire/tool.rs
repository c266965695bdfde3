//! The catalogue of tools: `GET /v1/tools`, with JSON Schemas (2020-12) of what they take and give.

use domain::plan::{FieldType, ToolKind};
use serde_json::{Value, json};

/// Every tool.
pub(crate) fn catalogue() -> Value {
    json!({"tools": ToolKind::ALL.iter().map(|kind| tool(*kind)).collect::<Vec<_>>()})
}

fn tool(kind: ToolKind) -> Value {
    json!({
        "type": kind,
        "description": kind.description(),
        "config_schema": config(kind),
        "output_schema": output(kind),
        "effect": kind.effect().as_str(),
        "publishes": kind.publishes(),
        "requires_approval": kind.always_gated(),
        "credits": credits(kind),
    })
}

/// The least one call costs (API section 3); what adds to it is in the description of the field that does.
fn credits(kind: ToolKind) -> u32 {
    match kind {
        ToolKind::Search
        | ToolKind::Crawl
        | ToolKind::GenerateOutline
        | ToolKind::GenerateReport
        | ToolKind::LlmResponse
        | ToolKind::FormatPost => 1,
        ToolKind::GenerateImage => 2,
        ToolKind::Aggregate | ToolKind::Transform | ToolKind::SendEmail | ToolKind::PostWebhook => {
            0
        }
    }
}

fn object(properties: &Value, required: &[&str]) -> Value {
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

fn text(longest: u32) -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": longest})
}

fn whole(least: u32, most: u32, default: u32) -> Value {
    json!({"type": "integer", "minimum": least, "maximum": most, "default": default})
}

fn from() -> Value {
    json!({
        "type": "array", "maxItems": 100, "items": {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,63}$"},
        "description": "Output keys; those of depends_on when absent.",
    })
}

/// What the tool takes.
pub(crate) fn config(kind: ToolKind) -> Value {
    match kind {
        ToolKind::Search => object(
            &json!({
                "query": text(1000),
                "max_results": whole(1, 50, 10),
                "query_decomposition": {"type": "boolean", "default": false, "description": "Each sub-query costs one credit more."},
                "max_sub_queries": whole(1, 10, 4),
                "freshness": {"enum": ["day", "week", "month", "year"]},
            }),
            &["query"],
        ),
        ToolKind::Crawl => object(
            &json!({
                "urls": {
                    "description": "Addresses, or one reference to a list of them.",
                    "anyOf": [{"type": "array", "minItems": 1, "maxItems": 100, "items": text(2048)}, {"type": "string", "pattern": "^\\$\\{steps\\."}],
                },
                "max_pages": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 10, "description": "One credit for every ten begun."},
                "extraction_schema": {"type": "object", "description": "A JSON Schema of the fields to read from each page."},
                "follow_links": {"type": "boolean", "default": false},
            }),
            &["urls"],
        ),
        ToolKind::Aggregate => object(
            &json!({
                "aggregation_type": {"enum": ["merge", "dedupe", "summarize", "top_n", "count"], "description": "summarize costs one credit."},
                "format": {"enum": ["json", "markdown", "text", "html"], "default": "json"},
                "from": from(),
                "n": {"type": "integer", "minimum": 1, "maximum": 100},
            }),
            &["aggregation_type"],
        ),
        ToolKind::GenerateOutline => object(
            &json!({"from": from(), "sections": whole(2, 12, 5), "topic": text(500)}),
            &[],
        ),
        ToolKind::GenerateReport => object(
            &json!({
                "from": from(),
                "length_words": whole(50, 3000, 400),
                "format": {"enum": ["markdown", "html", "text"], "default": "markdown"},
                "title": text(255),
            }),
            &[],
        ),
        ToolKind::LlmResponse => {
            object(&json!({"prompt": text(8000), "from": from()}), &["prompt"])
        }
        ToolKind::FormatPost => object(
            &json!({
                "from": from(),
                "channel": {"enum": ["linkedin", "x", "newsletter", "blog", "slack", "generic"]},
                "max_words": {"type": "integer", "minimum": 1, "maximum": 3000},
            }),
            &["channel"],
        ),
        ToolKind::GenerateImage => object(
            &json!({"prompt": text(4000), "aspect": {"enum": ["1:1", "16:9", "4:5"], "default": "16:9"}}),
            &["prompt"],
        ),
        ToolKind::Transform => object(
            &json!({"from": {"type": "string"}, "select": {"type": "string", "description": "An RFC 9535 JSONPath query."}}),
            &["from", "select"],
        ),
        ToolKind::SendEmail => object(
            &json!({
                "to": {"anyOf": [{"type": "array", "minItems": 1, "maxItems": 50, "items": text(254)}, {"type": "string", "pattern": "^\\$\\{steps\\."}]},
                "subject": text(200),
                "body": {"type": "string", "minLength": 1},
            }),
            &["to", "subject", "body"],
        ),
        ToolKind::PostWebhook => object(
            &json!({
                "url": text(2048),
                "body": {"description": "Text, posted as text/plain, or JSON."},
                "secret": {"type": "string", "pattern": "^whsec_", "description": "Signs the request (Standard Webhooks); never shown again."},
            }),
            &["url", "body"],
        ),
    }
}

fn output(kind: ToolKind) -> Value {
    let properties: serde_json::Map<String, Value> = kind
        .output_fields()
        .iter()
        .map(|(name, field_type)| {
            let schema = match field_type {
                FieldType::Array => json!({"type": "array"}),
                FieldType::Text => json!({"type": "string"}),
                FieldType::Number => json!({"type": "number"}),
                FieldType::Any => json!({}),
            };
            ((*name).to_owned(), schema)
        })
        .collect();
    json!({"type": "object", "properties": properties})
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::egress::EgressRule;
    use domain::plan::Tool;

    /// The fields a tool reads are exactly those its schema shows: reading an object of all of them
    /// refuses none as unknown, and reading an empty one demands the required.
    #[test]
    fn schemas_show_what_the_tools_read() {
        for kind in ToolKind::ALL {
            let schema = config(*kind);
            let names: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
            let all: Value = names
                .iter()
                .map(|name| ((*name).clone(), Value::Null))
                .collect::<serde_json::Map<_, _>>()
                .into();
            let faults = Tool::read(*kind, &all, "", &EgressRule::public_only())
                .err()
                .unwrap_or_default();
            assert!(
                faults
                    .iter()
                    .all(|fault| fault.message != "is not a field of this object"),
                "{kind}: {faults:?}"
            );
            let empty = Tool::read(*kind, &json!({}), "", &EgressRule::public_only())
                .err()
                .unwrap_or_default();
            let required: Vec<String> = schema["required"]
                .as_array()
                .unwrap()
                .iter()
                .map(|name| format!("/{}", name.as_str().unwrap()))
                .collect();
            let missing: Vec<String> = empty.into_iter().map(|fault| fault.path).collect();
            assert_eq!(missing, required, "{kind}");
            assert!(credits(*kind) <= 2);
        }
    }
}
