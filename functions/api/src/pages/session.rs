//! Signing in with a token. The cookie is the token itself: there is no session to steal beside it, and
//! revoking the token ends it. It is read by pages only, never by the API, and goes nowhere but here.

use askama::Template;
use axum::extract::{FromRequestParts, State};
use axum::response::{IntoResponse, Response};
use domain::owner::{Permission, Token};
use http::header::{COOKIE, HeaderValue, SET_COOKIE};
use http::request::Parts;
use http::{HeaderMap, StatusCode};

use super::frame::{notice, page, see_other, unavailable};
use super::origin;
use crate::app::{App, Settings};
use crate::auth;
use crate::extract::Form;
use crate::problem::Problem;

const COOKIE_NAME: &str = "nightdesk";
/// How long a browser keeps the cookie, in seconds: a week.
const KEEP_SECONDS: u32 = 7 * 24 * 3600;

/// Somebody who has signed in and may read.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) token: Token,
    /// The token's text, under which forms are signed.
    pub(super) secret: String,
}

impl FromRequestParts<App> for Session {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let Some(secret) = cookie(&parts.headers) else {
            return Err(see_other("/signin"));
        };
        match auth::valid(app, secret).await {
            Ok(Some(token)) if token.may(Permission::Read) => Ok(Self {
                token,
                secret: secret.to_owned(),
            }),
            Ok(Some(_)) => Err(notice(
                StatusCode::FORBIDDEN,
                "Not allowed",
                "This token may not read. Sign in with another.",
            )),
            Ok(None) => Err(see_other("/signin")),
            Err(_) => Err(unavailable()),
        }
    }
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let pairs = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'));
    pairs
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE_NAME)
        .map(|(_, value)| value)
}

fn set_cookie(value: &str, seconds: u32, settings: &Settings) -> HeaderValue {
    let secure = if settings.is_secure() { "; Secure" } else { "" };
    let text = format!(
        "{COOKIE_NAME}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"
    );
    HeaderValue::from_str(&text).expect("a well-formed token is ASCII")
}

#[derive(Debug, Template)]
#[template(path = "signin.html")]
struct SignIn<'a> {
    alert: Option<&'a str>,
}

/// `GET /signin`
pub(super) async fn form() -> Response {
    page(StatusCode::OK, &SignIn { alert: None })
}

/// `POST /signin`
pub(super) async fn sign_in(
    State(app): State<App>,
    headers: HeaderMap,
    form: Result<Form, Problem>,
) -> Response {
    if !origin::may_be_ours(&headers, &app.settings) {
        return notice(
            StatusCode::FORBIDDEN,
            "Not from here",
            "The form was not sent from this page. Open it again and sign in there.",
        );
    }
    let form = form.ok();
    let text = form
        .as_ref()
        .and_then(|form| form.one("token"))
        .unwrap_or_default()
        .trim();
    match auth::valid(&app, text).await {
        Ok(Some(_)) => {
            let mut response = see_other("/");
            response
                .headers_mut()
                .insert(SET_COOKIE, set_cookie(text, KEEP_SECONDS, &app.settings));
            response
        }
        Ok(None) => page(
            StatusCode::UNAUTHORIZED,
            &SignIn {
                alert: Some("This token is not valid."),
            },
        ),
        Err(_) => unavailable(),
    }
}

/// `POST /signout`
pub(super) async fn sign_out(State(app): State<App>, headers: HeaderMap) -> Response {
    if !origin::may_be_ours(&headers, &app.settings) {
        return notice(
            StatusCode::FORBIDDEN,
            "Not from here",
            "The form was not sent from a page of Nightdesk.",
        );
    }
    let mut response = see_other("/signin").into_response();
    response
        .headers_mut()
        .insert(SET_COOKIE, set_cookie("", 0, &app.settings));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_is_read_back_and_kept_from_script_and_other_sites() {
        let settings = Settings::read(|_| None).unwrap();
        let set = set_cookie("nd_x", 60, &settings);
        assert_eq!(
            set,
            "nightdesk=nd_x; Path=/; Max-Age=60; HttpOnly; SameSite=Strict; Secure"
        );
        let headers = [(COOKIE, "a=b; nightdesk=nd_x; c=d".parse().unwrap())]
            .into_iter()
            .collect();
        assert_eq!(cookie(&headers), Some("nd_x"));
        let local = Settings::read(|name| {
            (name == "NIGHTDESK_BASE_URL").then(|| "http://127.0.0.1:8787".to_owned())
        })
        .unwrap();
        assert!(
            !set_cookie("nd_x", 60, &local)
                .to_str()
                .unwrap()
                .contains("Secure")
        );
    }
}
