//! `/v1/sessions`: what several workflows have seen between them.

use axum::Json;
use axum::response::{IntoResponse, Response};
use domain::fault::Code;
use domain::ids::SessionId;
use domain::session::{Session, SessionStatus};
use engine::page::{Begin, PageOf, Slice};
use http::StatusCode;
use http::header::LOCATION;
use serde_json::Value;

use crate::app::App;
use crate::auth::{Caller, Read, Sessions};
use crate::etag::{self, IfMatch};
use crate::extract::{self, Nothing};
use crate::page::{Asked, List};
use crate::path::Id;
use crate::problem::Problem;
use crate::query::Query;
use crate::wire::session as wire;

fn answer(session: &Session) -> Response {
    (etag::header(session.revision), Json(wire::object(session))).into_response()
}

async fn load<P>(app: &App, caller: &Caller<P>, id: &SessionId) -> Result<Session, Problem> {
    let session = app.engine.store.session(caller.owner(), id).await?;
    session.ok_or_else(Problem::not_found)
}

/// `GET /v1/sessions`
pub(super) async fn list(
    app: App,
    caller: Caller<Read>,
    mut query: Query,
) -> Result<Json<Value>, Problem> {
    let asked = Asked::read(&mut query);
    let status = query.word("status", SessionStatus::ALL, SessionStatus::as_str);
    query.finish()?;
    let list = List {
        name: "sessions",
        owner: caller.owner(),
        filters: status.map_or_else(String::new, |status| status.to_string()),
    };
    let page = asked.of(&list)?;
    let mut sessions = app.engine.store.sessions(caller.owner()).await?;
    sessions.retain(|session| status.is_none_or(|status| session.status == status));
    let sessions = page.cut(sessions, |session| session.id.to_string());
    Ok(Json(page.answer_of(&list, &sessions, wire::object)))
}

/// `POST /v1/sessions`
pub(super) async fn create(
    app: App,
    caller: Caller<Sessions>,
    query: Query,
    body: extract::Json,
) -> Result<Response, Problem> {
    let new = query.and(wire::create(&body.0))?;
    let made = app
        .engine
        .create_session(caller.owner(), new.name, new.description);
    let session = made.await?;
    let location = [(LOCATION, format!("/v1/sessions/{}", session.id))];
    Ok((StatusCode::CREATED, location, answer(&session)).into_response())
}

/// `GET /v1/sessions/{id}`
pub(super) async fn show(
    app: App,
    caller: Caller<Read>,
    Id(id): Id<SessionId>,
    query: Query,
) -> Result<Response, Problem> {
    query.finish()?;
    Ok(answer(&load(&app, &caller, &id).await?))
}

/// `PATCH /v1/sessions/{id}`
pub(super) async fn change(
    app: App,
    caller: Caller<Sessions>,
    Id(id): Id<SessionId>,
    seen: IfMatch,
    query: Query,
    body: extract::Json,
) -> Result<Response, Problem> {
    let change = query.and(wire::change(&body.0))?;
    let changed = app
        .engine
        .change_session(caller.owner(), &id, |before| -> Result<_, Problem> {
            seen.check(before.revision)?;
            Ok(change.apply(before))
        });
    Ok(answer(&changed.await?))
}

/// `DELETE /v1/sessions/{id}`
pub(super) async fn delete(
    app: App,
    caller: Caller<Sessions>,
    Id(id): Id<SessionId>,
    seen: IfMatch,
    query: Query,
) -> Result<StatusCode, Problem> {
    query.finish()?;
    let deleted = app
        .engine
        .delete_session(caller.owner(), &id, |before| seen.check(before.revision));
    deleted.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /v1/sessions/{id}/complete`
pub(super) async fn complete(
    app: App,
    caller: Caller<Sessions>,
    Id(id): Id<SessionId>,
    _: Nothing,
) -> Result<Response, Problem> {
    let completed = app.engine.change_session(caller.owner(), &id, |before| {
        before
            .complete()
            .map_err(|cannot| Problem::new(Code::InvalidTransition, cannot.to_string()))
    });
    Ok(answer(&completed.await?))
}

/// `POST /v1/sessions/{id}/archive`
pub(super) async fn archive(
    app: App,
    caller: Caller<Sessions>,
    Id(id): Id<SessionId>,
    _: Nothing,
) -> Result<Response, Problem> {
    let archived = app.engine.change_session(caller.owner(), &id, |before| {
        Ok::<_, Problem>(before.archive())
    });
    Ok(answer(&archived.await?))
}

/// `GET /v1/sessions/{id}/urls`, the newest first.
pub(super) async fn urls(
    app: App,
    caller: Caller<Read>,
    Id(id): Id<SessionId>,
    query: Query,
) -> Result<Json<Value>, Problem> {
    let asked = Asked::only(query)?;
    let list = List {
        name: "urls",
        owner: caller.owner(),
        filters: id.to_string(),
    };
    let page = asked.of(&list)?;
    let session = load(&app, &caller, &id).await?;
    let (engine, session) = (&app.engine, &session);
    let read = |slice: Slice| async move { Ok(engine.session_urls(session, &slice).await?) };
    Ok(Json(page.fitting(&list, read, wire::url).await?))
}

/// `GET /v1/sessions/{id}/timeline`: what each run added, the newest first.
pub(super) async fn timeline(
    app: App,
    caller: Caller<Read>,
    Id(id): Id<SessionId>,
    query: Query,
) -> Result<Json<Value>, Problem> {
    let asked = Asked::only(query)?;
    let list = List {
        name: "timeline",
        owner: caller.owner(),
        filters: id.to_string(),
    };
    let page = asked.of(&list)?;
    let session = load(&app, &caller, &id).await?;
    // Additions are numbered, so the session itself says how many there are and where a page begins.
    let newest = session.addition_count;
    let from = match &page.slice.begin {
        Begin::Offset(offset) => newest.saturating_sub(*offset as u64),
        // A place that was made up begins nowhere.
        Begin::Behind(reached) => reached.place.parse().unwrap_or(0),
    };
    let (store, owner, id) = (&app.engine.store, caller.owner(), &id);
    let read = |slice: Slice| async move {
        let additions = store.additions(owner, id, from, slice.limit).await?;
        let next = additions
            .last()
            .map(|addition| addition.number - 1)
            .filter(|next| *next > 0)
            .map(|next| next.to_string());
        Ok(PageOf {
            items: additions,
            total: slice.total(usize::try_from(newest).unwrap_or(usize::MAX)),
            next,
        })
    };
    Ok(Json(page.fitting(&list, read, wire::addition).await?))
}
