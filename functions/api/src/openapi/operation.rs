//! One operation: what it takes, what it answers, and which refusals it knows.
//!
//! Most refusals follow from what an operation is (it has an id in its path, a body, a list); only those of its own
//! are listed with it.

use std::collections::{BTreeMap, BTreeSet};

use domain::fault::Code;
use serde_json::{Map, Value, json};

use super::codes;
use crate::problem;

/// An answer that is no refusal.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) description: &'static str,
    /// The schema's name; `None`: no body.
    pub(super) schema: Option<&'static str>,
}

/// One method at one path.
#[derive(Debug, Clone)]
pub(super) struct Operation {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) tag: &'static str,
    pub(super) id: &'static str,
    pub(super) summary: &'static str,
    description: &'static str,
    /// `None`: no token is needed.
    permission: Option<&'static str>,
    /// Query parameters of its own.
    query: Vec<Value>,
    is_list: bool,
    has_revision: bool,
    takes_if_match: bool,
    body: Option<(&'static str, bool)>,
    answers: Vec<Answer>,
    codes: Vec<Code>,
}

/// Begins an operation: its method, path, tag, name and summary.
pub(super) fn operation(
    method: &'static str,
    path: &'static str,
    tag: &'static str,
    id: &'static str,
    summary: &'static str,
) -> Operation {
    Operation {
        method,
        path,
        tag,
        id,
        summary,
        description: "",
        permission: Some(if method == "get" { "read" } else { "workflows" }),
        query: Vec::new(),
        is_list: false,
        has_revision: false,
        takes_if_match: false,
        body: None,
        answers: Vec::new(),
        codes: Vec::new(),
    }
}

impl Operation {
    pub(super) fn says(mut self, description: &'static str) -> Self {
        self.description = description;
        self
    }

    pub(super) fn needs(mut self, permission: &'static str) -> Self {
        self.permission = Some(permission);
        self
    }

    pub(super) fn open(mut self) -> Self {
        self.permission = None;
        self
    }

    pub(super) fn query(mut self, name: &str, schema: &Value, description: &str) -> Self {
        self.query.push(json!({
            "name": name, "in": "query", "required": false, "description": description, "schema": schema,
        }));
        self
    }

    /// A list, with both styles of paging.
    pub(super) fn list(mut self) -> Self {
        self.is_list = true;
        self
    }

    /// Its answer carries the object's `ETag`.
    pub(super) fn revision(mut self) -> Self {
        self.has_revision = true;
        self
    }

    pub(super) fn if_match(mut self) -> Self {
        self.takes_if_match = true;
        self
    }

    pub(super) fn body(mut self, schema: &'static str) -> Self {
        self.body = Some((schema, true));
        self
    }

    /// A body that may be left out.
    pub(super) fn optional_body(mut self, schema: &'static str) -> Self {
        self.body = Some((schema, false));
        self
    }

    pub(super) fn answers(
        mut self,
        status: u16,
        description: &'static str,
        schema: &'static str,
    ) -> Self {
        self.answers.push(Answer {
            status,
            description,
            schema: Some(schema),
        });
        self
    }

    pub(super) fn answers_nothing(mut self, description: &'static str) -> Self {
        self.answers.push(Answer {
            status: 204,
            description,
            schema: None,
        });
        self
    }

    pub(super) fn refuses(mut self, codes: &[Code]) -> Self {
        self.codes.extend(codes);
        self
    }

    /// Every code it may answer with.
    fn codes(&self) -> Vec<Code> {
        let mut codes: Vec<Code> = self.codes.clone();
        if self.permission.is_some() {
            codes.extend([
                Code::Unauthenticated,
                Code::Forbidden,
                Code::MalformedQuery,
                Code::ValidationFailed,
                Code::RateLimited,
                Code::Unavailable,
            ]);
        }
        if self.path.contains('{') {
            codes.push(Code::NotFound);
        }
        if self.is_list {
            codes.push(Code::InvalidCursor);
        }
        if self.body.is_some() {
            codes.extend([
                Code::MalformedJson,
                Code::PayloadTooLarge,
                Code::UnsupportedMediaType,
            ]);
        }
        if self.takes_if_match {
            codes.push(Code::StaleEtag);
        }
        if self.method == "post" {
            codes.extend([Code::IdempotencyInProgress, Code::IdempotencyKeyReused]);
        }
        codes
    }

    pub(super) fn document(&self) -> Value {
        let mut document = json!({
            "operationId": self.id,
            "tags": [self.tag],
            "summary": self.summary,
            "parameters": self.parameters(),
            "responses": self.responses(),
        });
        let mut description = self.description.to_owned();
        if let Some(permission) = self.permission {
            let needed = format!("Needs the permission `{permission}`.");
            let gap = if description.is_empty() { "" } else { "\n\n" };
            description = format!("{description}{gap}{needed}");
        } else {
            document["security"] = json!([]);
        }
        if !description.is_empty() {
            document["description"] = description.into();
        }
        if let Some((schema, required)) = self.body {
            document["requestBody"] = json!({
                "required": required,
                "content": {"application/json": {"schema": reference(schema)}},
            });
        }
        document
    }

    fn parameters(&self) -> Vec<Value> {
        let mut parameters: Vec<Value> = self
            .path
            .split('/')
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
            .map(|name| {
                let schema = match name {
                    "version" => json!({"type": "integer", "minimum": 1, "maximum": 999_999}),
                    _ => json!({"type": "string", "minLength": 1, "maxLength": 64}),
                };
                json!({"name": name, "in": "path", "required": true, "schema": schema})
            })
            .collect();
        parameters.extend(self.query.iter().cloned());
        let mut shared = |name: &str| {
            parameters.push(json!({"$ref": format!("#/components/parameters/{name}")}));
        };
        if self.is_list {
            ["limit", "offset", "cursor"]
                .into_iter()
                .for_each(&mut shared);
        }
        if self.method == "post" {
            shared("idempotency-key");
        }
        if self.takes_if_match {
            shared("if-match");
        }
        parameters
    }

    fn responses(&self) -> Value {
        let mut responses = Map::new();
        for answer in &self.answers {
            let mut headers = json!({"X-Request-Id": header("X-Request-Id")});
            if self.permission.is_some() {
                headers["RateLimit"] = header("RateLimit");
                headers["RateLimit-Policy"] = header("RateLimit-Policy");
            }
            if self.has_revision && answer.schema.is_some() {
                headers["ETag"] = header("ETag");
            }
            if self.method == "post" {
                headers["Idempotent-Replayed"] = header("Idempotent-Replayed");
            }
            if matches!(answer.status, 201 | 202) {
                headers["Location"] = header("Location");
            }
            let mut response = json!({"description": answer.description, "headers": headers});
            if let Some(schema) = answer.schema {
                response["content"] = content(schema);
            }
            responses.insert(answer.status.to_string(), response);
        }
        if self.permission.is_some() {
            let response = json!({
                "description": "The answer is larger than 5 MB: it is at `Location` for five minutes.",
                "headers": {"X-Request-Id": header("X-Request-Id"), "Location": header("Location")},
            });
            responses.insert("303".to_owned(), response);
        }
        let mut by_status: BTreeMap<u16, BTreeSet<&str>> = BTreeMap::new();
        for code in self.codes() {
            by_status
                .entry(problem::status(code).as_u16())
                .or_default()
                .insert(code.as_str());
        }
        for (status, codes) in by_status {
            let codes: Vec<String> = codes.iter().map(|code| format!("`{code}`")).collect();
            let response = json!({
                "description": codes.join(", "),
                "headers": {"X-Request-Id": header("X-Request-Id")},
                "content": {"application/problem+json": {"schema": reference("Problem")}},
            });
            responses.insert(status.to_string(), response);
        }
        responses.into()
    }
}

/// The media type follows from the schema.
fn content(schema: &str) -> Value {
    match schema {
        "Text" => json!({"text/plain": {"schema": {"type": "string"}}}),
        "JsonLines" => json!({"application/x-ndjson": {"schema": {"type": "string"}}}),
        "Output" => {
            let picture = json!({"schema": {"type": "string", "format": "binary"}});
            json!({
                "application/json": {"schema": reference("Output")},
                "image/png": picture, "image/jpeg": picture, "image/webp": picture, "image/gif": picture,
            })
        }
        _ => json!({"application/json": {"schema": reference(schema)}}),
    }
}

pub(super) fn reference(schema: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{schema}")})
}

fn header(name: &str) -> Value {
    json!({"$ref": format!("#/components/headers/{name}")})
}

/// The parameters many operations share.
pub(super) fn parameters() -> Value {
    json!({
        "limit": {
            "name": "limit", "in": "query", "description": "How many objects a page has at most.",
            "schema": {"type": "integer", "minimum": 1, "maximum": 100, "default": 20},
        },
        "offset": {
            "name": "offset", "in": "query",
            "description": "How many objects to leave out. Not together with a cursor, which reaches further and costs less.",
            "schema": {"type": "integer", "minimum": 0, "maximum": crate::page::FURTHEST, "default": 0},
        },
        "cursor": {
            "name": "cursor", "in": "query",
            "description": "`next_cursor` of the page before. It belongs to its list, owner and filters.",
            "schema": {"type": "string", "minLength": 1, "maxLength": crate::page::LONGEST},
        },
        "idempotency-key": {
            "name": "Idempotency-Key", "in": "header",
            "description": "Makes the request safe to repeat for 24 hours: the first answer is given again.",
            "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
        },
        "if-match": {
            "name": "If-Match", "in": "header",
            "description": "The `ETag` of the revision you have seen; when it is no longer the present one, 412.",
            "schema": {"type": "string", "pattern": "^(\\*|\"[0-9]{1,19}\")$"},
        },
    })
}

/// The headers of answers.
pub(super) fn headers() -> Value {
    let text = json!({"type": "string"});
    json!({
        "X-Request-Id": {"description": "The request's id, for the log.", "schema": text},
        "ETag": {"description": "The object's revision, in quotes.", "schema": {"type": "string", "pattern": "^\"[0-9]+\"$"}},
        "Location": {"description": "Where the new object is.", "schema": text},
        "Idempotent-Replayed": {"description": "`true` when this is the answer to an earlier request with the same key.", "schema": {"const": "true"}},
        "RateLimit": {"description": "How much is left in each window (IETF draft \"RateLimit header fields for HTTP\").", "schema": text},
        "RateLimit-Policy": {"description": "The windows' quotas.", "schema": text},
    })
}

/// The refusal every operation may answer with, for clients that do not tell them apart.
pub(super) fn refusals() -> Value {
    json!({
        "Problem": {
            "description": codes::SUMMARY,
            "content": {"application/problem+json": {"schema": reference("Problem")}},
        },
    })
}
