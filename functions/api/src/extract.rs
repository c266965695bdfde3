//! Bodies of requests, as far as they can be judged before anybody knows what they mean: media type,
//! coding, size, syntax.
//!
//! Only `application/json` in plain UTF-8 is read. A browser cannot send that to another origin
//! without asking, which is what keeps forged requests out; a coded body could grow past any limit.
//! The reader is `serde_json`, whose nesting limit of 128 keeps the stack; of two fields of one name
//! the later counts.

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, FromRequestParts as _, Request};
use domain::fault::{Code, Fault};
use domain::reader::Object;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap};
use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::app::App;
use crate::problem::Problem;
use crate::query::Query;

/// The largest body, in bytes (API section 1).
pub(crate) const MOST_BYTES: usize = 256 * 1024;

/// A JSON document.
#[derive(Debug, Clone)]
pub(crate) struct Json(pub(crate) Value);

impl FromRequest<App> for Json {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &App) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        check_headers(&parts.headers, "application/json")?;
        parse(&read(&parts.headers, body).await?).map(Self)
    }
}

/// A JSON document, or nothing at all, which counts as `{}`: for verbs, whose every field is optional.
#[derive(Debug, Clone)]
pub(crate) struct OptionalJson(pub(crate) Value);

impl FromRequest<App> for OptionalJson {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &App) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        check_idempotency_key(&parts.headers)?;
        let bytes = read(&parts.headers, body).await?;
        if bytes.is_empty() {
            return Ok(Self(Map::new().into()));
        }
        check_headers(&parts.headers, "application/json")?;
        parse(&bytes).map(Self)
    }
}

/// No parameters and no fields: all that may be sent to a verb whose path says everything.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Nothing;

impl FromRequest<App> for Nothing {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let query = Query::from_request_parts(&mut parts, app).await?;
        let request = Request::from_parts(parts, body);
        let OptionalJson(body) = OptionalJson::from_request(request, app).await?;
        query.and(Object::new(&body, "").finish(Some(Self)))
    }
}

/// The fields of a form, in the order they were sent.
#[derive(Debug, Clone)]
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// The field's values.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(field, _)| field == name)
            .map(|(_, value)| value.as_str())
    }

    /// The field's value when it was sent exactly once.
    pub(crate) fn one<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        let mut values = self.all(name);
        let first = values.next()?;
        values.next().is_none().then_some(first)
    }
}

impl FromRequest<App> for Form {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &App) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        check_headers(&parts.headers, "application/x-www-form-urlencoded")?;
        let bytes = read(&parts.headers, body).await?;
        Ok(Self(form_urlencoded::parse(&bytes).into_owned().collect()))
    }
}

fn check_headers(headers: &HeaderMap, wanted: &str) -> Result<(), Problem> {
    check_idempotency_key(headers)?;
    if headers.contains_key(CONTENT_ENCODING) {
        return Err(Problem::new(
            Code::UnsupportedMediaType,
            "the body must not be compressed",
        ));
    }
    if !is_plain(headers, wanted) {
        return Err(Problem::new(
            Code::UnsupportedMediaType,
            format!("the body must be {wanted} in UTF-8"),
        ));
    }
    Ok(())
}

/// Whether the one `Content-Type` is `wanted`, in UTF-8 where it names a character set.
fn is_plain(headers: &HeaderMap, wanted: &str) -> bool {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return false;
    };
    let mut parts = value.to_str().unwrap_or_default().split(';').map(str::trim);
    parts
        .next()
        .is_some_and(|media_type| media_type.eq_ignore_ascii_case(wanted))
        && parts.all(|parameter| match parameter.split_once('=') {
            Some((name, value)) if name.eq_ignore_ascii_case("charset") => {
                value.trim_matches('"').eq_ignore_ascii_case("utf-8")
            }
            Some(_) | None => true,
        })
}

/// The form of `Idempotency-Key`: 1 to 255 visible ASCII characters.
pub(crate) fn check_idempotency_key(headers: &HeaderMap) -> Result<(), Problem> {
    let mut values = headers.get_all("idempotency-key").iter();
    let well_formed = match (values.next(), values.next()) {
        (None, _) => true,
        (Some(value), None) => {
            (1..=255).contains(&value.len()) && value.as_bytes().iter().all(u8::is_ascii_graphic)
        }
        (Some(_), Some(_)) => false,
    };
    if well_formed {
        return Ok(());
    }
    Err(Problem::of(vec![Fault::invalid(
        "idempotency-key",
        "must be one header of 1 to 255 visible ASCII characters",
    )]))
}

/// A body over [`MOST_BYTES`].
pub(crate) fn too_large() -> Problem {
    Problem::new(
        Code::PayloadTooLarge,
        format!("the body must have at most {MOST_BYTES} bytes"),
    )
}

async fn read(headers: &HeaderMap, body: Body) -> Result<Vec<u8>, Problem> {
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > MOST_BYTES) {
        return Err(too_large());
    }
    Ok(to_bytes(body, MOST_BYTES)
        .await
        .map_err(|_| too_large())?
        .to_vec())
}

fn parse(bytes: &[u8]) -> Result<Value, Problem> {
    serde_json::from_slice(bytes).map_err(|error| {
        Problem::new(
            Code::MalformedJson,
            format!("the body is no JSON text: {error}"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn only_plain_json_is_json() {
        for good in [
            "application/json",
            "Application/JSON; charset=utf-8",
            "application/json;charset=\"UTF-8\"",
            "application/json; v=1",
        ] {
            assert!(
                check_headers(&headers(&[("content-type", good)]), "application/json").is_ok(),
                "{good}"
            );
        }
        for bad in [
            "text/plain",
            "application/json; charset=utf-16",
            "application/jsonx",
            "",
            "application/x-www-form-urlencoded",
        ] {
            let refused = check_headers(&headers(&[("content-type", bad)]), "application/json");
            assert_eq!(
                refused.unwrap_err().code,
                Code::UnsupportedMediaType,
                "{bad}"
            );
        }
        let coded = headers(&[
            ("content-type", "application/json"),
            ("content-encoding", "gzip"),
        ]);
        assert_eq!(
            check_headers(&coded, "application/json").unwrap_err().code,
            Code::UnsupportedMediaType
        );
        assert!(check_headers(&HeaderMap::new(), "application/json").is_err());
    }

    #[test]
    fn what_is_no_json_is_malformed() {
        let deep = format!("{}1{}", "{\"a\":".repeat(129), "}".repeat(129));
        let deeper = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        for bad in [
            "",
            "{\"name\":\"a\",}",
            "{\"n\":NaN}",
            "{\"n\":1e999}",
            "{\"n\":\"\\ud800\"}",
            "\u{feff}{}",
            "{} {}",
            "\0",
            &deep,
            &deeper,
        ] {
            assert_eq!(
                parse(bad.as_bytes()).unwrap_err().code,
                Code::MalformedJson,
                "{}",
                &bad[..bad.len().min(40)]
            );
        }
        assert!(
            parse(b"{\"name\":\"\xff\"}").is_err() && parse(b"{\"name\":\"\xc0\xaf\"}").is_err()
        );
        assert_eq!(parse(b"{\"a\":1,\"a\":2}").unwrap()["a"], 2);
    }

    #[test]
    fn an_idempotency_key_is_visible_ascii() {
        for good in ["k", "7f3c-…".trim_end_matches('…'), &"k".repeat(255)] {
            assert!(
                check_idempotency_key(&headers(&[("idempotency-key", good)])).is_ok(),
                "{good}"
            );
        }
        for bad in ["", "a b", &"k".repeat(256), "caf\u{e9}"] {
            let header = [(
                http::HeaderName::from_static("idempotency-key"),
                http::HeaderValue::from_bytes(bad.as_bytes()).unwrap(),
            )];
            let refused = check_idempotency_key(&header.into_iter().collect()).unwrap_err();
            assert_eq!(refused.faults[0].path, "idempotency-key", "{bad}");
        }
    }

    #[test]
    fn a_field_sent_twice_has_no_one_value() {
        let form = Form(
            form_urlencoded::parse(b"decision=reject&decision=approve&note=a+b%21")
                .into_owned()
                .collect(),
        );
        assert_eq!(form.one("decision"), None);
        assert_eq!(form.all("decision").count(), 2);
        assert_eq!(form.one("note"), Some("a b!"));
    }
}
