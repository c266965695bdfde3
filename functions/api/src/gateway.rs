//! What the gateway may hand over that `lambda_http` would panic on.
//!
//! `lambda_http` builds a request with `expect`: a body that is said to be base64 and is not, a `Host`
//! that is no host and a query with a blank each end the invocation, and the caller sees a 502. API
//! Gateway sends none of them; whoever may invoke the function directly can. Each is made
//! harmless here, so that the ordinary checks answer it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use lambda_http::request::LambdaRequest;
use lambda_runtime::LambdaEvent;
use url::Url;

/// A body no reader takes for anything: no JSON begins with it, and no form field.
const UNREADABLE: &str = "\0";

/// Makes an event safe to be turned into a request.
pub(crate) fn readable(mut event: LambdaEvent<LambdaRequest>) -> LambdaEvent<LambdaRequest> {
    // Other kinds of events exist only behind features of `lambda_http` that are off.
    if let LambdaRequest::ApiGatewayV2(request) = &mut event.payload {
        mend(request);
    }
    event
}

fn mend(request: &mut ApiGatewayV2httpRequest) {
    if request.is_base64_encoded
        && request
            .body
            .as_deref()
            .is_some_and(|body| STANDARD.decode(body).is_err())
    {
        request.is_base64_encoded = false;
        request.body = Some(UNREADABLE.to_owned());
    }
    // The address is only taken apart again for its path: links are made from configuration.
    request
        .headers
        .remove(http::header::HOST.as_str())
        .filter(is_host)
        .map(|host| request.headers.insert(http::header::HOST, host));
    request.headers.remove("x-forwarded-proto");
    if request
        .request_context
        .domain_name
        .as_deref()
        .is_some_and(|name| !is_host_name(name))
    {
        request.request_context.domain_name = None;
    }
    if !request
        .raw_path
        .as_deref()
        .is_some_and(|path| path.starts_with('/'))
    {
        request.raw_path = Some("/".to_owned());
    }
    if let Some(query) = &mut request.raw_query_string {
        *query = query
            .chars()
            .map(|c| {
                if may_stand_in_query(c) {
                    c.to_string()
                } else {
                    percent(c)
                }
            })
            .collect();
    }
}

fn is_host(value: &http::HeaderValue) -> bool {
    value.to_str().is_ok_and(is_host_name)
}

fn is_host_name(name: &str) -> bool {
    Url::parse(&format!("https://{name}/"))
        .is_ok_and(|url| url.path() == "/" && url.query().is_none() && url.fragment().is_none())
}

/// Whether a query may hold this as it is (RFC 3986, section 3.4), percent signs included.
fn may_stand_in_query(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@/?%".contains(c)
}

/// A character in percent encoding.
fn percent(c: char) -> String {
    c.to_string()
        .bytes()
        .map(|byte| format!("%{byte:02X}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambda_http::Request;

    fn request(mend: impl FnOnce(&mut ApiGatewayV2httpRequest)) -> Request {
        let mut event = ApiGatewayV2httpRequest::default();
        event.raw_path = Some("/v1/workflows".to_owned());
        mend(&mut event);
        let context = lambda_runtime::Context::default();
        readable(LambdaEvent::new(
            LambdaRequest::ApiGatewayV2(event),
            context,
        ))
        .payload
        .into()
    }

    #[test]
    fn what_would_end_the_invocation_becomes_an_ordinary_bad_request() {
        let body = request(|event| {
            event.is_base64_encoded = true;
            event.body = Some("%%%".to_owned());
        });
        assert_eq!(body.body().as_ref(), b"\0");
        let host = request(|event| {
            event
                .headers
                .insert(http::header::HOST, "a b/c?d#e".parse().unwrap());
        });
        assert_eq!(host.uri().path(), "/v1/workflows");
        let query = request(|event| event.raw_query_string = Some("a=b c\u{e9}<%zz".to_owned()));
        assert_eq!(query.uri().query(), Some("a=b%20c%C3%A9%3C%zz"));
        let path = request(|event| event.raw_path = Some("/v1/workflows/' OR 1=1".to_owned()));
        assert_eq!(path.uri().path(), "/v1/workflows/'%20OR%201=1");
    }

    #[test]
    fn what_is_well_stays() {
        let request = request(|event| {
            event.is_base64_encoded = true;
            event.body = Some("e30=".to_owned());
            event
                .headers
                .insert(http::header::HOST, "127.0.0.1:8787".parse().unwrap());
        });
        assert_eq!(request.body().as_ref(), b"{}");
        assert_eq!(request.headers()[http::header::HOST], "127.0.0.1:8787");
    }
}
