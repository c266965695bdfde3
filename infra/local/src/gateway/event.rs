//! A request as API Gateway's event, payload format 2.0.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use axum::http::request::Parts;
use axum::http::{HeaderMap, Version, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::topology::ACCOUNT;

/// Builds the event. `now` is the system's time, not the machine's.
pub(crate) fn of(parts: &Parts, body: &[u8], peer: SocketAddr, now: Timestamp) -> Value {
    let path = parts.uri.path();
    let query = parts.uri.query().unwrap_or("");
    let host = text(&parts.headers, &header::HOST).unwrap_or_default();
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers(&parts.headers, peer, &host),
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": "local",
            "domainName": host,
            "domainPrefix": "local",
            "http": {
                "method": parts.method.as_str(),
                "path": path,
                "protocol": protocol(parts.version),
                "sourceIp": peer.ip().to_string(),
                "userAgent": text(&parts.headers, &header::USER_AGENT).unwrap_or_default(),
            },
            "requestId": Uuid::now_v7().to_string(),
            "routeKey": "$default",
            "stage": "$default",
            "time": now.to_zoned(TimeZone::UTC).strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            "timeEpoch": now.as_millisecond(),
        },
        "isBase64Encoded": false,
    });
    let cookies = cookies(&parts.headers);
    if !cookies.is_empty() {
        event["cookies"] = Value::from(cookies);
    }
    if !query.is_empty() {
        event["queryStringParameters"] = query_parameters(query);
    }
    if !body.is_empty() {
        match readable(&parts.headers, body) {
            Some(text) => event["body"] = Value::from(text),
            None => {
                event["body"] = Value::from(STANDARD.encode(body));
                event["isBase64Encoded"] = Value::from(true);
            }
        }
    }
    event
}

/// Names in lower case, values of one name joined by commas, and the three headers the gateway
/// writes itself: what a client claims about them is overwritten.
fn headers(all: &HeaderMap, peer: SocketAddr, host: &str) -> Value {
    let mut joined = Map::new();
    for name in all.keys() {
        let own =
            ["x-forwarded-for", "x-forwarded-port", "x-forwarded-proto"].contains(&name.as_str());
        if !own
            && name != header::COOKIE
            && let Some(value) = text(all, name)
        {
            joined.insert(name.as_str().to_owned(), Value::from(value));
        }
    }
    let port = host.rsplit_once(':').map_or("80", |(_, port)| port);
    joined.insert(
        "x-forwarded-for".to_owned(),
        Value::from(peer.ip().to_string()),
    );
    joined.insert("x-forwarded-port".to_owned(), Value::from(port));
    joined.insert("x-forwarded-proto".to_owned(), Value::from("http"));
    Value::Object(joined)
}

/// All values of a header, joined. Bytes that are no UTF-8 become replacement characters: an event
/// is JSON, and the function must get the chance to refuse the header by name.
fn text(headers: &HeaderMap, name: &header::HeaderName) -> Option<String> {
    let values: Vec<_> = headers
        .get_all(name)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .collect();
    (!values.is_empty()).then(|| values.join(","))
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    let lines = headers
        .get_all(header::COOKIE)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    lines
        .flat_map(|line| {
            line.split(';')
                .map(|cookie| cookie.trim().to_owned())
                .collect::<Vec<_>>()
        })
        .filter(|cookie| !cookie.is_empty())
        .collect()
}

fn query_parameters(query: &str) -> Value {
    let mut joined: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        joined
            .entry(name.into_owned())
            .and_modify(|values| {
                values.push(',');
                values.push_str(&value);
            })
            .or_insert_with(|| value.into_owned());
    }
    json!(joined)
}

/// The body as text, where the gateway takes it for text.
fn readable<'b>(headers: &HeaderMap, body: &'b [u8]) -> Option<&'b str> {
    let kind = text(headers, &header::CONTENT_TYPE)?.to_ascii_lowercase();
    let kind = kind.split(';').next().unwrap_or("").trim();
    let textual = kind.starts_with("text/")
        || [
            "application/json",
            "application/javascript",
            "application/xml",
        ]
        .contains(&kind);
    if textual && !headers.contains_key(header::CONTENT_ENCODING) {
        std::str::from_utf8(body).ok()
    } else {
        None
    }
}

fn protocol(version: Version) -> &'static str {
    if version == Version::HTTP_10 {
        "HTTP/1.0"
    } else {
        "HTTP/1.1"
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;
    use lambda_http::{Body, RequestExt as _};

    use super::*;

    /// The event as the runtime crate of the API function reads it.
    fn as_seen_by_the_function(request: Request<&[u8]>) -> lambda_http::Request {
        let (parts, body) = request.into_parts();
        let peer = SocketAddr::from(([127, 0, 0, 1], 50_000));
        let now = "2026-11-21T12:00:00Z".parse().expect("a time");
        let event = of(&parts, body, peer, now).to_string();
        lambda_http::request::from_str(&event).expect("an event the runtime crate reads")
    }

    #[test]
    fn a_request_arrives_as_it_was_sent() {
        let sent = Request::post("/v1/workflows/a%2Fb/execute?tags=x%20y&tags=z&empty=")
            .header("Host", "localhost:8787")
            .header("Content-Type", "application/json; charset=utf-8")
            .header("Accept", "text/html")
            .header("Accept", "application/json")
            .header("Cookie", "a=1; b=2")
            .header("X-Forwarded-For", "203.0.113.9")
            .body(r#"{"name":"Grüße"}"#.as_bytes())
            .expect("a request");
        let seen = as_seen_by_the_function(sent);
        assert_eq!(seen.method(), "POST");
        assert_eq!(seen.uri().path(), "/v1/workflows/a%2Fb/execute");
        assert_eq!(seen.uri().query(), Some("tags=x%20y&tags=z&empty="));
        assert_eq!(
            seen.query_string_parameters_ref()
                .and_then(|all| all.first("tags")),
            Some("x y")
        );
        let header = |name: &str| seen.headers()[name].to_str().expect("text").to_owned();
        assert_eq!(header("accept"), "text/html,application/json");
        assert_eq!(header("cookie"), "a=1; b=2");
        assert_eq!(header("x-forwarded-for"), "127.0.0.1");
        assert_eq!(header("x-forwarded-port"), "8787");
        assert_eq!(seen.body(), &Body::Text(r#"{"name":"Grüße"}"#.to_owned()));
    }

    #[test]
    fn what_is_no_text_travels_as_bytes() {
        let cases: [(&str, &[u8]); 4] = [
            ("application/x-www-form-urlencoded", b"decision=approve"),
            ("application/octet-stream", &[0, 159, 146, 150]),
            ("application/json", &[0xff, 0xfe]),
            ("", b"bare"),
        ];
        for (kind, body) in cases {
            let sent = Request::post("/a/t")
                .header("Host", "localhost")
                .header("Content-Type", kind)
                .body(body);
            let seen = as_seen_by_the_function(sent.expect("a request"));
            assert_eq!(seen.body(), &Body::Binary(body.to_vec()), "{kind}");
        }
    }

    #[test]
    fn a_header_outside_utf8_still_reaches_the_function() {
        let sent = Request::get("/health")
            .header("Host", "localhost")
            .header("Authorization", &b"Bearer \x80\xff"[..])
            .body(&b""[..])
            .expect("a request");
        let seen = as_seen_by_the_function(sent);
        assert!(
            seen.headers()["authorization"]
                .as_bytes()
                .starts_with(b"Bearer ")
        );
        assert_eq!(seen.body(), &Body::Empty);
    }
}
