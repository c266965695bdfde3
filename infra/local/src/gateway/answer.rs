//! A function's answer as an HTTP response, payload format 2.0.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;

/// Why an answer is no response. API Gateway would say no more than "Internal Server Error".
#[derive(Debug, thiserror::Error)]
pub(crate) enum Malformed {
    #[error("the answer is not the JSON of a response")]
    Json(#[from] serde_json::Error),
    #[error("{0} is no HTTP status")]
    Status(u16),
    #[error("the header {0} is not valid")]
    Header(String),
    #[error("the body is not Base64")]
    Base64(#[from] base64::DecodeError),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    status_code: u16,
    #[serde(default)]
    headers: Option<BTreeMap<String, Value>>,
    #[serde(default)]
    multi_value_headers: Option<BTreeMap<String, Vec<Value>>>,
    #[serde(default)]
    cookies: Option<Vec<String>>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

/// The response an answer stands for.
///
/// # Errors
/// [`Malformed`], when it stands for none.
pub(crate) fn response(answer: &[u8]) -> Result<Response, Malformed> {
    let answer: Value = serde_json::from_slice(answer)?;
    if answer.get("statusCode").is_none() {
        // Anything without a status is itself the body of a good answer.
        let mut response = Response::new(Body::from(answer.to_string()));
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        return Ok(response);
    }
    let answer: Answer = serde_json::from_value(answer)?;
    let body = match answer.body {
        Some(body) if answer.is_base64_encoded => STANDARD.decode(body)?,
        Some(body) => body.into_bytes(),
        None => Vec::new(),
    };
    let has_body = !body.is_empty();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(answer.status_code)
        .ok()
        .filter(|status| !status.is_informational())
        .ok_or(Malformed::Status(answer.status_code))?;

    let single = answer.headers.unwrap_or_default().into_iter();
    let multiple = answer.multi_value_headers.unwrap_or_default().into_iter();
    let all = single
        .map(|(name, value)| (name, vec![value]))
        .chain(multiple)
        .flat_map(|(name, values)| values.into_iter().map(move |value| (name.clone(), value)))
        .chain(
            answer
                .cookies
                .unwrap_or_default()
                .into_iter()
                .map(|cookie| ("set-cookie".to_owned(), cookie.into())),
        );
    for (name, value) in all {
        let (name, value) = parse(&name, &value).ok_or(Malformed::Header(name))?;
        if !belongs_to_the_connection(&name) {
            response.headers_mut().append(name, value);
        }
    }
    if has_body && !response.headers().contains_key(header::CONTENT_TYPE) {
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        );
    }
    Ok(response)
}

fn parse(name: &str, value: &Value) -> Option<(HeaderName, HeaderValue)> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(_) | Value::Bool(_) => value.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    Some((name.parse().ok()?, HeaderValue::from_str(&text).ok()?))
}

/// Headers that describe the connection to the function, not the one to the client.
fn belongs_to_the_connection(name: &HeaderName) -> bool {
    [
        header::CONNECTION,
        header::CONTENT_LENGTH,
        header::TRANSFER_ENCODING,
    ]
    .contains(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn text(response: Response) -> String {
        let bytes = axum::body::to_bytes(response.into_body(), 1_000)
            .await
            .expect("in memory");
        String::from_utf8(bytes.to_vec()).expect("text")
    }

    #[tokio::test]
    async fn an_answer_becomes_a_response() {
        let answer = r#"{"statusCode":201,"headers":{"content-type":"text/html","content-length":"999"},"multiValueHeaders":{},"cookies":["a=1","b=2; HttpOnly"],"body":"PGI+","isBase64Encoded":true}"#;
        let response = response(answer.as_bytes()).expect("a response");
        assert_eq!(response.status(), StatusCode::CREATED);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/html");
        assert!(!response.headers().contains_key(header::CONTENT_LENGTH));
        let cookies: Vec<_> = response
            .headers()
            .get_all(header::SET_COOKIE)
            .iter()
            .collect();
        assert_eq!(cookies, ["a=1", "b=2; HttpOnly"]);
        assert_eq!(text(response).await, "<b>");
    }

    #[tokio::test]
    async fn an_answer_without_status_is_a_body() {
        let response = response(br#"{"ok":true}"#).expect("a response");
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(text(response).await, r#"{"ok":true}"#);
    }

    #[test]
    fn nonsense_is_no_response() {
        for nonsense in [
            &b"<html>"[..],
            br#"{"statusCode":99}"#,
            br#"{"statusCode":101}"#,
            br#"{"statusCode":200,"headers":{"a b":"c"}}"#,
            br#"{"statusCode":200,"headers":{"a":"line\nfeed"}}"#,
            br#"{"statusCode":200,"body":"%","isBase64Encoded":true}"#,
        ] {
            assert!(
                response(nonsense).is_err(),
                "{}",
                String::from_utf8_lossy(nonsense)
            );
        }
    }
}
