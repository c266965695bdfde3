//! `/v1/tokens`. What a token makes or changes neither outlives nor exceeds it, what may do more than it is out of its
//! reach, and what has ended has ended for good.

use axum::Json;
use axum::response::{IntoResponse, Response};
use domain::fault::Code;
use domain::ids::TokenId;
use domain::owner::{Owner, Token};
use http::StatusCode;
use http::header::LOCATION;
use serde_json::{Value, json};

use crate::app::App;
use crate::auth::{Caller, Read, Tokens};
use crate::etag::{self, IfMatch};
use crate::extract;
use crate::page::{Asked, List};
use crate::path::Id;
use crate::problem::Problem;
use crate::query::Query;
use crate::wire::token as wire;

/// How many of a token's calls are shown.
const CALLS: usize = 100;

/// `GET /v1/tokens`
pub(super) async fn list(
    app: App,
    caller: Caller<Read>,
    query: Query,
) -> Result<Json<Value>, Problem> {
    let asked = Asked::only(query)?;
    let list = List {
        name: "tokens",
        owner: caller.owner(),
        filters: String::new(),
    };
    let page = asked.of(&list)?;
    let tokens = app.engine.tokens(caller.owner()).await?;
    let tokens = page.cut(tokens, |(_, token)| token.id.to_string());
    let ids: Vec<TokenId> = tokens
        .items
        .iter()
        .map(|(_, token)| token.id.clone())
        .collect();
    let used = app.usage.last_used(caller.owner(), &ids).await?;
    let items = tokens.items.iter().zip(used);
    let items = items.map(|((_, token), used)| wire::object(token, used).into());
    Ok(Json(page.answer(&list, &tokens, items.collect())))
}

/// `POST /v1/tokens`
pub(super) async fn create(
    app: App,
    caller: Caller<Tokens>,
    query: Query,
    body: extract::Json,
) -> Result<Response, Problem> {
    let new = query.and(wire::create(&body.0, &giver(&app, &caller)))?;
    let owner = app.engine.store.owner(caller.owner()).await?;
    let owner = owner.unwrap_or_else(|| Owner {
        id: caller.owner().clone(),
        email: caller.email().to_owned(),
        team: None,
        created_at: app.engine.now(),
    });
    let (token, text) = app.engine.create_token(&owner, new).await?;
    Ok(shown_once(&token, text))
}

/// The answer that has a new token's text, and is the only one that ever has it.
pub(super) fn shown_once(token: &Token, text: String) -> Response {
    let mut body = wire::object(token, None);
    body.insert("token".to_owned(), text.into());
    let location = [(LOCATION, format!("/v1/tokens/{}", token.id))];
    let tag = etag::header(token.revision);
    (StatusCode::CREATED, location, tag, Json(body)).into_response()
}

pub(super) fn giver<'a, P>(app: &App, caller: &'a Caller<P>) -> wire::Giver<'a> {
    wire::Giver {
        token: &caller.token,
        now: app.engine.now(),
    }
}

/// `GET /v1/tokens/{id}`
pub(super) async fn show(
    app: App,
    caller: Caller<Read>,
    Id(id): Id<TokenId>,
    query: Query,
) -> Result<Response, Problem> {
    query.finish()?;
    let (_, token) = app
        .engine
        .token(caller.owner(), &id)
        .await?
        .ok_or_else(Problem::not_found)?;
    answer(&app, &token).await
}

async fn answer(app: &App, token: &Token) -> Result<Response, Problem> {
    let ids = std::slice::from_ref(&token.id);
    let used = app.usage.last_used(&token.owner, ids).await?;
    let body = wire::object(token, used.into_iter().next().flatten());
    Ok((etag::header(token.revision), Json(body)).into_response())
}

/// A token cannot revoke itself: its owner could be left without one.
fn cannot_revoke_self() -> Problem {
    Problem::new(
        Code::CannotRevokeSelf,
        "this is the token the request came with; revoke it with another",
    )
}

/// Refuses what `caller` may not touch: a token that may do more.
fn within_reach(caller: &Caller<Tokens>, token: &Token) -> Result<(), Problem> {
    if token.may_more_than(&caller.token) {
        let detail = "this token may do less than the one it would change";
        return Err(Problem::new(Code::Forbidden, detail));
    }
    Ok(())
}

/// `PATCH /v1/tokens/{id}`
pub(super) async fn change(
    app: App,
    caller: Caller<Tokens>,
    Id(id): Id<TokenId>,
    seen: IfMatch,
    query: Query,
    body: extract::Json,
) -> Result<Response, Problem> {
    let change = query.and(wire::change(&body.0, &giver(&app, &caller)))?;
    let is_own = id == caller.token.id;
    let now = app.engine.now();
    let changed = app.engine.change_token(caller.owner(), &id, |before| {
        within_reach(&caller, before)?;
        seen.check(before.revision)?;
        if !before.is_valid(now) {
            let detail = "a token that was revoked or has expired stays so; make a new one";
            return Err(Problem::new(Code::InvalidTransition, detail));
        }
        if is_own && change.is_active == Some(false) {
            return Err(cannot_revoke_self());
        }
        let after = change.apply(before, now);
        if after.exceeds(&caller.token) {
            let detail = "the token would outlive this one, or have a higher limit";
            return Err(Problem::new(Code::Forbidden, detail));
        }
        Ok(Some(after))
    });
    let token = changed.await?;
    answer(&app, &token).await
}

/// `DELETE /v1/tokens/{id}`
pub(super) async fn revoke(
    app: App,
    caller: Caller<Tokens>,
    Id(id): Id<TokenId>,
    seen: IfMatch,
    query: Query,
) -> Result<StatusCode, Problem> {
    query.finish()?;
    if id == caller.token.id {
        return Err(cannot_revoke_self());
    }
    let now = app.engine.now();
    let revoked = app.engine.change_token(caller.owner(), &id, |before| {
        within_reach(&caller, before)?;
        seen.check(before.revision)?;
        // What has ended already is as it was asked for.
        Ok::<_, Problem>(before.is_valid(now).then(|| Token {
            revoked_at: Some(now),
            ..before.clone()
        }))
    });
    revoked.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /v1/tokens/{id}/logs`
pub(super) async fn logs(
    app: App,
    caller: Caller<Read>,
    Id(id): Id<TokenId>,
    query: Query,
) -> Result<Json<Value>, Problem> {
    query.finish()?;
    let token = app.engine.token(caller.owner(), &id).await?;
    token.ok_or_else(Problem::not_found)?;
    let calls = app.usage.calls(caller.owner(), &id, CALLS).await?;
    let logs: Vec<Value> = calls.iter().map(wire::call).collect();
    let pagination = json!({"limit": CALLS, "offset": 0, "total": logs.len(), "next_cursor": null});
    Ok(Json(json!({"logs": logs, "pagination": pagination})))
}
