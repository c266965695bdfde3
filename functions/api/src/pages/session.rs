//! Signing in with a token. The browser is given a session of its own ([`domain::sign_in`]), not the token: it is listed in
//! the settings, can be signed out from there, and ends after a week or with the token it was made with. Its cookie is read
//! by pages only, never by the API, and goes nowhere but here.
//!
//! `SameSite=Lax`: a link in a mail opens the page it names, for a GET changes nothing; a form from elsewhere comes without
//! the cookie, and is refused by its origin as well.

use askama::Template;
use axum::extract::{FromRequestParts, State};
use axum::response::{IntoResponse, Response};
use domain::digest;
use domain::ids::SignInId;
use domain::owner::{Permission, Token};
use domain::sign_in::{LASTS_DAYS, SignIn};
use engine::quotas::MakeError;
use http::header::{COOKIE, HeaderValue, SET_COOKIE, USER_AGENT};
use http::request::Parts;
use http::{HeaderMap, StatusCode};

use super::frame::{notice, page, see_other, unavailable};
use super::origin;
use crate::app::{App, Settings};
use crate::auth;
use crate::extract::Form;
use crate::problem::Problem;

/// The cookie's name. Over TLS the prefix has browsers refuse one that another host or path has set (RFC 6265bis, section
/// 4.1.3.2).
fn cookie_name(settings: &Settings) -> &'static str {
    if settings.is_secure() {
        "__Host-nightdesk"
    } else {
        "nightdesk"
    }
}

/// How long a browser keeps the cookie, in seconds.
const KEEP_SECONDS: i64 = LASTS_DAYS * 24 * 3600;

/// Somebody who has signed in and may read.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) token: Token,
    /// This browser.
    pub(super) sign_in: SignIn,
    /// The secret in its cookie, under which forms are signed.
    pub(super) secret: String,
}

impl FromRequestParts<App> for Session {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let Some(secret) = cookie(&parts.headers, &app.settings) else {
            return Err(see_other("/signin"));
        };
        match app.engine.signed_in(secret).await {
            Ok(Some((sign_in, token))) if token.may(Permission::Read) => Ok(Self {
                token,
                sign_in,
                secret: secret.to_owned(),
            }),
            Ok(Some(_)) => Err(notice(
                StatusCode::FORBIDDEN,
                "Not allowed",
                "The token you signed in with may not read. Sign in with another.",
            )),
            Ok(None) => Err(see_other("/signin")),
            Err(error) => {
                tracing::warn!(%error, "a sign-in cannot be looked up");
                Err(unavailable())
            }
        }
    }
}

fn cookie<'a>(headers: &'a HeaderMap, settings: &Settings) -> Option<&'a str> {
    let own = cookie_name(settings);
    let pairs = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'));
    pairs
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == own)
        .map(|(_, value)| value)
}

fn set_cookie(value: &str, seconds: i64, settings: &Settings) -> HeaderValue {
    let secure = if settings.is_secure() { "; Secure" } else { "" };
    let name = cookie_name(settings);
    let text = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::from_str(&text).expect("a secret is ASCII")
}

#[derive(Debug, Template)]
#[template(path = "signin.html")]
struct SignInPage<'a> {
    alert: Option<&'a str>,
}

/// `GET /signin`
pub(super) async fn form() -> Response {
    page(StatusCode::OK, &SignInPage { alert: None })
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
    let token = match auth::valid(&app, text).await {
        // The installation's own token makes owners, and reads nothing.
        Ok(token) => {
            token.filter(|token| token.may(Permission::Read) && !auth::is_installation(token))
        }
        Err(_) => return unavailable(),
    };
    let Some(token) = token else {
        return refused(StatusCode::UNAUTHORIZED, "This token is not valid.");
    };
    let browser = headers.get(USER_AGENT).and_then(|name| name.to_str().ok());
    let sha256 = digest::of_bytes(text.as_bytes());
    let signing_in = app
        .engine
        .sign_in(&token, sha256, browser.unwrap_or_default());
    match signing_in.await {
        Ok(secret) => {
            let mut response = see_other("/");
            response
                .headers_mut()
                .insert(SET_COOKIE, set_cookie(&secret, KEEP_SECONDS, &app.settings));
            response
        }
        Err(MakeError::Full(_)) => refused(
            StatusCode::TOO_MANY_REQUESTS,
            "Too many browsers are signed in. Sign one of them out, or revoke the token they were signed in with.",
        ),
        Err(error @ (MakeError::Contended | MakeError::Store(_))) => {
            tracing::warn!(%error, "a browser could not be signed in");
            unavailable()
        }
    }
}

fn refused(status: StatusCode, alert: &str) -> Response {
    page(status, &SignInPage { alert: Some(alert) })
}

/// Which browsers a form signs out.
#[derive(Debug, PartialEq, Eq)]
enum Scope {
    This,
    All,
    One(SignInId),
}

impl Scope {
    /// Reads a form; one that says nothing means this browser.
    fn read(form: &Form) -> Option<Self> {
        match (form.one("scope"), form.one("id")) {
            (Some("this"), None) | (None, None) => Some(Self::This),
            (Some("all"), None) => Some(Self::All),
            (None, Some(id)) => SignInId::parse(id).ok().map(Self::One),
            (Some(_), _) => None,
        }
    }
}

/// `POST /signout`: this browser, all of the owner's, or another of them.
pub(super) async fn sign_out(
    State(app): State<App>,
    headers: HeaderMap,
    session: Result<Session, Response>,
    form: Result<Form, Problem>,
) -> Response {
    if !origin::may_be_ours(&headers, &app.settings) {
        return notice(
            StatusCode::FORBIDDEN,
            "Not from here",
            "The form was not sent from a page of Nightdesk.",
        );
    }
    let scope = form.ok().as_ref().map_or(Some(Scope::This), Scope::read);
    let Some(scope) = scope else {
        return notice(
            StatusCode::UNPROCESSABLE_ENTITY,
            "Nobody was signed out",
            "The form does not say which browser. Open the settings again.",
        );
    };
    // Whoever is signed out already leaves the cookie behind all the same.
    if let Ok(session) = session {
        let own = &session.sign_in.id;
        let ends = |one: &SignIn| match &scope {
            Scope::This => one.id == *own,
            Scope::All => true,
            Scope::One(id) => one.id == *id,
        };
        if let Err(error) = app.engine.sign_out(&session.token.owner, ends).await {
            tracing::warn!(%error, "a browser could not be signed out");
            return unavailable();
        }
        if matches!(&scope, Scope::One(id) if id != own) {
            return see_other("/settings");
        }
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
        let set = set_cookie("nds_x", 60, &settings);
        assert_eq!(
            set,
            "__Host-nightdesk=nds_x; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure"
        );
        let headers = |pairs: &str| [(COOKIE, pairs.parse().unwrap())].into_iter().collect();
        let own = headers("a=b; nightdesk=nds_y; __Host-nightdesk=nds_x; c=d");
        assert_eq!(cookie(&own, &settings), Some("nds_x"));
        assert_eq!(cookie(&headers("nightdesk=nds_y"), &settings), None);
        let local = Settings::read(|name| {
            (name == "NIGHTDESK_BASE_URL").then(|| "http://127.0.0.1:8787".to_owned())
        })
        .unwrap();
        assert_eq!(cookie(&own, &local), Some("nds_y"));
        assert!(
            !set_cookie("nds_x", 60, &local)
                .to_str()
                .unwrap()
                .contains("Secure")
        );
    }
}
