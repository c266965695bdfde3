//! Reading the table: a case, and the requests it stands for.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};
use url::form_urlencoded;

/// The copy of the table in this repository.
const TABLE: &str = include_str!("../../../bad_inputs.json");

/// The media type of a form.
const FORM: &str = "application/x-www-form-urlencoded";

/// One case of the table.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) id: String,
    pub(super) why: String,
    /// What is sent; a case without one is about a function, not about HTTP.
    pub(super) request: Option<Value>,
    pub(super) expect: Value,
}

/// One request as it goes over the wire, its placeholders still in it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ready {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Option<Vec<u8>>,
}

/// The table.
pub(super) struct Table {
    pub(super) cases: Vec<Case>,
    fixtures: Map<String, Value>,
}

impl Table {
    pub(super) fn read() -> Self {
        let mut table: Value = serde_json::from_str(TABLE).unwrap();
        let cases = table["cases"].as_array().unwrap().iter().map(|case| Case {
            id: text(&case["id"]),
            why: text(&case["why"]),
            request: case.get("request").cloned(),
            expect: case["expect"].clone(),
        });
        let cases: Vec<Case> = cases.collect();
        assert_eq!(cases.len() as u64, table["count"].as_u64().unwrap());
        let Value::Object(fixtures) = table["meta"]["fixtures"].take() else {
            panic!("the table has no fixtures");
        };
        Self { cases, fixtures }
    }

    /// The requests of a case, in order. `own` is our own origin, which a browser sends with its forms.
    pub(super) fn requests(&self, request: &Value, own: &str) -> Vec<Ready> {
        let one = |path: &Value, body: Body| self.ready(request, path, body, own);
        let path = &request["path"];
        if let Some(paths) = request.get("concurrent_paths").and_then(Value::as_array) {
            let ready = paths.iter().map(|path| one(path, self.body(request)));
            return ready.collect();
        }
        if let Some(bodies) = request.get("bodies").and_then(Value::as_array) {
            let ready = bodies
                .iter()
                .map(|body| one(path, Body::Json(generated(body))));
            return ready.collect();
        }
        let count = ["repeat", "concurrent"]
            .iter()
            .find_map(|times| request.get(*times)?.as_u64());
        (0..count.unwrap_or(1))
            .map(|_| one(path, self.body(request)))
            .collect()
    }

    fn ready(&self, request: &Value, path: &Value, body: Body, own: &str) -> Ready {
        let path = match path {
            Value::Null => "/v1/workflows".to_owned(),
            path => text(&generated(path)),
        };
        let mut headers: Vec<(String, String)> = Vec::new();
        for (name, value) in request["headers"].as_object().into_iter().flatten() {
            headers.push((name.clone(), text(&generated(value))));
        }
        for pair in request["headers_multi"].as_array().into_iter().flatten() {
            headers.push((text(&pair[0]), text(&pair[1])));
        }
        if let Some(claims) = request.get("jwt") {
            headers.push((
                "authorization".to_owned(),
                format!("Bearer {}", jwt(claims)),
            ));
        }
        let mut default = |name: &str, value: &str| {
            if !headers.iter().any(|(sent, _)| sent == name) {
                headers.push((name.to_owned(), value.to_owned()));
            }
        };
        let body = match body {
            Body::None => None,
            Body::Raw(bytes) => Some(bytes),
            Body::Json(value) => {
                default("content-type", "application/json");
                Some(value.to_string().into_bytes())
            }
            Body::Form(fields) => {
                default("content-type", FORM);
                default("origin", own);
                Some(fields.into_bytes())
            }
        };
        Ready {
            method: request["method"].as_str().unwrap_or("GET").to_owned(),
            path,
            headers,
            body,
        }
    }

    fn body(&self, request: &Value) -> Body {
        let field = |name: &str| request.get(name);
        if let Some(raw) = field("body_raw") {
            return Body::Raw(text(&generated(raw)).into_bytes());
        }
        if let Some(encoded) = field("body_base64") {
            return Body::Raw(STANDARD.decode(text(encoded)).unwrap());
        }
        if let Some(fields) = field("form") {
            let mut form = form_urlencoded::Serializer::new(String::new());
            for (name, value) in fields.as_object().unwrap() {
                form.append_pair(name, &text(value));
            }
            // The braces of placeholders are filled in later.
            let form = form.finish().replace("%7B", "{").replace("%7D", "}");
            return Body::Form(form);
        }
        if let Some(base) = field("base") {
            return Body::Json(self.changed(&text(base), request));
        }
        match field("body") {
            Some(body) => Body::Json(generated(body)),
            None if request["method"] == "POST" => Body::Json(json!({})),
            None => Body::None,
        }
    }

    /// A fixture with its changes.
    fn changed(&self, base: &str, request: &Value) -> Value {
        let mut body = self.fixtures[base].clone();
        for pointer in request["remove"].as_array().into_iter().flatten() {
            let (parent, name) = split(pointer.as_str().unwrap());
            let parent = body.pointer_mut(parent).unwrap().as_object_mut().unwrap();
            assert!(parent.remove(&name).is_some(), "{base} has no {name}");
        }
        for (pointer, value) in request["set"].as_object().into_iter().flatten() {
            let (parent, name) = split(pointer);
            match body.pointer_mut(parent).unwrap() {
                Value::Object(parent) => {
                    parent.insert(name, generated(value));
                }
                parent => parent[name.parse::<usize>().unwrap()] = generated(value),
            }
        }
        body
    }
}

/// What a request carries.
enum Body {
    None,
    Raw(Vec<u8>),
    Json(Value),
    /// Encoded fields.
    Form(String),
}

fn split(pointer: &str) -> (&str, String) {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    (parent, name.replace("~1", "/").replace("~0", "~"))
}

/// The text of a value that must be one.
pub(super) fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no text"))
        .to_owned()
}

/// A value with what it says to generate generated.
fn generated(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let n = || usize::try_from(fields["n"].as_u64().unwrap()).unwrap();
            if let Some(unit) = fields.get("$repeat") {
                return text(unit).repeat(n()).into();
            }
            if let Some(parts) = fields.get("$concat") {
                let parts = parts.as_array().unwrap().iter();
                return parts
                    .map(|part| text(&generated(part)))
                    .collect::<String>()
                    .into();
            }
            match fields.get("$gen").map(text).as_deref() {
                None => {}
                Some("object_with_n_keys") => {
                    let object: Map<String, Value> =
                        (0..n()).map(|i| (format!("k{i}"), i.into())).collect();
                    return Value::Object(object).to_string().into();
                }
                Some(other) => panic!("nobody generates {other}"),
            }
            let fields = fields.iter();
            fields
                .map(|(name, value)| (name.clone(), generated(value)))
                .collect::<Map<String, Value>>()
                .into()
        }
        Value::Array(items) => items.iter().map(generated).collect(),
        other => other.clone(),
    }
}

/// A token of another kind than ours, with these claims or headers.
fn jwt(claims: &Value) -> String {
    let mut header = json!({"alg": "HS256", "typ": "JWT"});
    let mut payload = json!({"sub": "usr_a"});
    for (name, value) in claims.as_object().unwrap() {
        match (name.as_str(), value) {
            ("header", Value::Object(fields)) => {
                header.as_object_mut().unwrap().extend(fields.clone());
            }
            _ => payload[name] = value.clone(),
        }
    }
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!(
        "{}.{}.{}",
        part(&header),
        part(&payload),
        URL_SAFE_NO_PAD.encode([7_u8; 32])
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_becomes_the_requests_it_stands_for() {
        let table = Table::read();
        let sent = |request: Value| table.requests(&request, "http://own");
        let one = sent(
            json!({"method": "POST", "path": "/v1/workflows", "base": "wf_crawl",
            "set": {"/operation_config/urls/0": {"$repeat": "ab", "n": 2}}, "remove": ["/name"]}),
        );
        let body: Value = serde_json::from_slice(one[0].body.as_ref().unwrap()).unwrap();
        assert_eq!(body["operation_config"]["urls"], json!(["abab"]));
        assert!(body.get("name").is_none());
        assert_eq!(
            one[0].headers,
            [("content-type".to_owned(), "application/json".to_owned())]
        );
        assert_eq!(sent(json!({"path": "/a", "repeat": 3})).len(), 3);
        let raw = sent(
            json!({"method": "POST", "path": "/", "headers": {}, "body_raw": {"$concat": ["{", {"$repeat": "x", "n": 2}]}}),
        );
        assert_eq!(
            (raw[0].headers.len(), raw[0].body.as_deref()),
            (0, Some(&b"{xx"[..]))
        );
        let form = sent(
            json!({"method": "POST", "path": "/a/{token}", "form": {"nonce": "{nonce}", "note": "a b"}}),
        );
        assert_eq!(
            form[0].body.as_deref(),
            Some(&b"nonce={nonce}&note=a+b"[..])
        );
        assert!(
            form[0]
                .headers
                .contains(&("origin".to_owned(), "http://own".to_owned()))
        );
    }
}
