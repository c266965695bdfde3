//! Who asks: the bearer token of the one `Authorization` header, and what it may do.
//!
//! A token is looked up by its SHA-256 and never compared as text, so no comparison takes longer the
//! closer a guess is. Which permission a handler needs is in the type of its caller: a handler that takes
//! a [`Caller<Approvals>`] cannot be reached without it.

use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use domain::digest;
use domain::fault::Code;
use domain::ids::{OwnerId, TokenId};
use domain::owner::{Permission, Token};
use domain::rate::RateLimit;
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use http::request::Parts;
use jiff::Timestamp;

use crate::app::App;
use crate::problem::Problem;

/// A permission as a type.
pub(crate) trait Needs: Send + Sync + 'static {
    const PERMISSION: Permission;
}

macro_rules! needs {
    ($($(#[$meta:meta])* $name:ident = $permission:ident),+ $(,)?) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy)]
        pub(crate) enum $name {}

        impl Needs for $name {
            const PERMISSION: Permission = Permission::$permission;
        }
    )+};
}

needs! {
    /// Every GET.
    Read = Read,
    /// Workflows, planning and runs.
    Workflows = Workflows,
    /// Decisions.
    Approvals = Approvals,
    /// What workflows have seen between them.
    Sessions = Sessions,
    /// Every write of tokens.
    Tokens = Tokens,
    /// Owners and grants.
    Admin = Admin,
}

/// Somebody with a valid token that may do `P`.
#[derive(Debug)]
pub(crate) struct Caller<P> {
    pub(crate) token: Token,
    permission: PhantomData<P>,
}

impl<P> Caller<P> {
    pub(crate) fn owner(&self) -> &OwnerId {
        &self.token.owner
    }

    /// The address that decisions and events are recorded under.
    pub(crate) fn email(&self) -> &str {
        &self.token.email
    }
}

impl<P: Needs> FromRequestParts<App> for Caller<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        // Put there when the request was admitted.
        let token = parts
            .extensions
            .get::<Token>()
            .cloned()
            .ok_or_else(unauthenticated)?;
        if is_installation(&token) && P::PERMISSION != Permission::Admin {
            let detail = "this token makes owners and grants credits, and nothing else";
            return Err(Problem::new(Code::Forbidden, detail));
        }
        if !token.may(P::PERMISSION) {
            return Err(Problem::new(
                Code::Forbidden,
                format!("this token lacks the permission {}", P::PERMISSION),
            ));
        }
        Ok(Self {
            token,
            permission: PhantomData,
        })
    }
}

/// The token of the one `Authorization` header. Two headers are refused: which of them a proxy checked
/// is anybody's guess.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (value, None) = (values.next()?, values.next()) else {
        return None;
    };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token)
        .filter(|token| Token::is_well_formed(token))
}

/// The token this text is, if it is one that counts now.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn valid(app: &App, text: &str) -> Result<Option<Token>, Problem> {
    if !Token::is_well_formed(text) {
        return Ok(None);
    }
    let sha256 = digest::of_bytes(text.as_bytes());
    if app.settings.admin_token_sha256.as_ref() == Some(&sha256) {
        return Ok(Some(installations_own()));
    }
    let token = app.engine.store.token(&sha256).await?;
    Ok(token.filter(|token| token.is_valid(app.engine.now())))
}

/// Who the installation's own token belongs to: an owner that no id ever made is.
fn installation() -> OwnerId {
    OwnerId::from_uuid(uuid::Uuid::nil())
}

/// Whether it is the installation's own token, which is no owner's.
pub(crate) fn is_installation(token: &Token) -> bool {
    token.owner == installation()
}

/// The token that makes the first owner: it is in the deployment, by its hash, and not in the table.
fn installations_own() -> Token {
    Token {
        id: TokenId::from_uuid(uuid::Uuid::nil()),
        owner: installation(),
        email: String::new(),
        name: "the installation's own".to_owned(),
        prefix: Token::PREFIX.to_owned(),
        permissions: vec![Permission::Admin],
        revoked_at: None,
        created_at: Timestamp::UNIX_EPOCH,
        expires_at: None,
        limit: RateLimit::default(),
        revision: 0,
    }
}

fn unauthenticated() -> Problem {
    let challenge = HeaderValue::from_static("Bearer realm=\"nightdesk\"");
    Problem::new(
        Code::Unauthenticated,
        "one header \"Authorization: Bearer nd_…\" with a valid token is needed",
    )
    .header(WWW_AUTHENTICATE, challenge)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        values
            .iter()
            .map(|value| (AUTHORIZATION, value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn one_well_formed_bearer_token_is_read() {
        let token = format!("nd_{}", "a".repeat(32));
        let good = format!("Bearer {token}");
        assert_eq!(bearer(&headers(&[&good])), Some(token.as_str()));
        assert_eq!(
            bearer(&headers(&[&format!("bearer {token}")])),
            Some(token.as_str())
        );
        assert_eq!(bearer(&headers(&[])), None);
        assert_eq!(bearer(&headers(&[&good, &good])), None);
        for bad in [
            "Bearer ",
            "Basic YTpi",
            "Bearer eyJhbGciOiJub25lIn0.e30.",
            &token,
            &format!("Bearer  {token}"),
        ] {
            assert_eq!(bearer(&headers(&[bad])), None, "{bad:?}");
        }
    }
}
