//! `/v1/tokens`: the keys of an owner's own house. A token gives no more than it has.

use axum::Json;
use axum::response::{IntoResponse, Response};
use domain::fault::Code;
use domain::ids::TokenId;
use domain::owner::Owner;
use http::StatusCode;
use http::header::LOCATION;
use serde_json::{Value, json};

use crate::app::App;
use crate::auth::{Caller, Read, Workflows};
use crate::etag::{self, IfMatch};
use crate::extract;
use crate::page::{Asked, List};
use crate::path::Id;
use crate::problem::Problem;
use crate::query::Query;
use crate::wire::token as wire;

/// The most tokens of one owner, revoked ones included: their log stays readable.
const MOST_TOKENS: usize = 200;
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
    let tokens = app.engine.store.tokens(caller.owner()).await?;
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
    caller: Caller<Workflows>,
    query: Query,
    body: extract::Json,
) -> Result<Response, Problem> {
    let new = query.and(wire::create(&body.0, &giver(&app, &caller)))?;
    let had = app.engine.store.tokens(caller.owner()).await?.len();
    if had >= MOST_TOKENS {
        let detail = format!("an owner has at most {MOST_TOKENS} tokens");
        return Err(Problem::quota_exceeded(detail));
    }
    let owner = app.engine.store.owner(caller.owner()).await?;
    let owner = owner.unwrap_or_else(|| Owner {
        id: caller.owner().clone(),
        email: caller.email().to_owned(),
        team: None,
        created_at: app.engine.now(),
    });
    let (token, text) = app.engine.create_token(&owner, new).await?;
    let mut body = wire::object(&token, None);
    body.insert("token".to_owned(), text.into());
    let location = [(LOCATION, format!("/v1/tokens/{}", token.id))];
    let tag = etag::header(token.revision);
    Ok((StatusCode::CREATED, location, tag, Json(body)).into_response())
}

fn giver<'a, P>(app: &App, caller: &'a Caller<P>) -> wire::Giver<'a> {
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

async fn answer(app: &App, token: &domain::owner::Token) -> Result<Response, Problem> {
    let ids = std::slice::from_ref(&token.id);
    let used = app.usage.last_used(&token.owner, ids).await?;
    let body = wire::object(token, used.into_iter().next().flatten());
    Ok((etag::header(token.revision), Json(body)).into_response())
}

/// Nobody saws off the branch they sit on.
fn cannot_revoke_self() -> Problem {
    Problem::new(
        Code::CannotRevokeSelf,
        "this is the token the request came with; revoke it with another",
    )
}

/// `PATCH /v1/tokens/{id}`
pub(super) async fn change(
    app: App,
    caller: Caller<Workflows>,
    Id(id): Id<TokenId>,
    seen: IfMatch,
    query: Query,
    body: extract::Json,
) -> Result<Response, Problem> {
    let change = query.and(wire::change(&body.0, &giver(&app, &caller)))?;
    let is_own = id == caller.token.id;
    let changed = app.engine.change_token(caller.owner(), &id, |before| {
        seen.check(before.revision)?;
        if is_own && change.is_active == Some(false) {
            return Err(cannot_revoke_self());
        }
        Ok(change.apply(before))
    });
    let token = changed.await?;
    answer(&app, &token).await
}

/// `DELETE /v1/tokens/{id}`
pub(super) async fn revoke(
    app: App,
    caller: Caller<Workflows>,
    Id(id): Id<TokenId>,
    seen: IfMatch,
    query: Query,
) -> Result<StatusCode, Problem> {
    query.finish()?;
    if id == caller.token.id {
        return Err(cannot_revoke_self());
    }
    let revoked = app.engine.change_token(caller.owner(), &id, |before| {
        seen.check(before.revision)?;
        let mut token = before.clone();
        token.is_active = false;
        Ok::<_, Problem>(token)
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
