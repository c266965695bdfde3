//! Before any handler: whose request it is, whether it is one too many, and whether it was answered already.
//!
//! A request without a valid token is let through: the handler's own [`crate::auth::Caller`] refuses it. Counting is a
//! brake: when the counts cannot be reached a request is not refused for it. A request of one too many is told from
//! what is counted already, by a read: it is neither counted nor recorded, so however many there are, they cost no write.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use domain::fault::Code;
use domain::ids::OwnerId;
use domain::owner::Token;
use domain::rate::{RateLimit, Uses};
use engine::ports::usage::{Call, Counted};
use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};

use crate::app::App;
use crate::problem::Problem;
use crate::request_id::RequestId;
use crate::{answer_size, auth, replay};

/// The fields of the IETF's draft "`RateLimit` header fields for HTTP" (draft-ietf-httpapi-ratelimit-headers-10).
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Admits a request.
pub(crate) async fn layer(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let Some(bearer) = auth::bearer(request.headers()).map(str::to_owned) else {
        return next.run(request).await;
    };
    let token = match auth::valid(&app, &bearer).await {
        Ok(Some(token)) => token,
        Ok(None) => return next.run(request).await,
        Err(problem) => return problem.into_response(),
    };
    let at = app.engine.now();
    let (method, path) = (
        request.method().to_string(),
        request.uri().path().to_owned(),
    );
    let request_id = request.extensions().get::<RequestId>().cloned();
    request.extensions_mut().insert(token.clone());
    let counted = Counted::Token(token.id.clone());
    if app.settings.limits {
        let (uses, of_owner) = futures::join!(
            next_use(&app, &token.owner, &counted),
            next_use(&app, &token.owner, &Counted::Requests),
        );
        if let Some(refusal) = refusal(&token.limit, uses, of_owner) {
            return refusal;
        }
    }
    let (uses, of_owner) = futures::join!(
        count(&app, &token, &counted),
        count(&app, &token, &Counted::Requests),
    );
    let limited = uses.filter(|_| app.settings.limits);
    let of_owner = of_owner.filter(|_| app.settings.limits);
    // Others were faster between the look and the count.
    if let Some(refusal) = refusal(&token.limit, limited, of_owner) {
        return refusal;
    }
    let mut response = match replay::key(request.method(), request.headers()) {
        Some(key) => replay::once(&app, &token, &bearer, &key, request, next)
            .await
            .unwrap_or_else(Problem::into_response),
        None => next.run(request).await,
    };
    response = answer_size::fit(&app, &token.owner, response).await;
    if let Some(uses) = limited {
        announce(response.headers_mut(), &token.limit, &uses);
    }
    let call = Call {
        at,
        method,
        path,
        status: response.status().as_u16(),
        request_id: request_id.map(|id| id.0).unwrap_or_default(),
    };
    if let Err(error) = app.usage.record(&token.owner, &token.id, &call).await {
        tracing::warn!(%error, "a call could not be recorded");
    }
    response
}

/// The answer to a request of one too many, of the token's or of all its owner's.
fn refusal(limit: &RateLimit, uses: Option<Uses>, of_owner: Option<Uses>) -> Option<Response> {
    let refused = uses.and_then(|uses| limit.exceeded(&uses));
    let of_owner = of_owner.and_then(|uses| limit.of_owner().exceeded(&uses));
    let wait = refused.max(of_owner)?;
    let detail = if of_owner > refused {
        "this owner's tokens together have been used as often as they may for now"
    } else {
        "this token has been used as often as it may for now; see RateLimit"
    };
    let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX);
    let mut response = Problem::new(Code::RateLimited, detail)
        .retry_after(seconds)
        .into_response();
    if let Some(uses) = uses {
        announce(response.headers_mut(), limit, &uses);
    }
    Some(response)
}

/// What the count would be with one more use; it is not counted. `None` when it cannot be read.
async fn next_use(app: &App, owner: &OwnerId, counted: &Counted) -> Option<Uses> {
    let read = app.usage.uses(owner, counted).await;
    let before = read
        .inspect_err(|error| tracing::warn!(%error, "uses cannot be read"))
        .ok()?;
    Some(Uses::counted(before, app.engine.now()))
}

/// The count with one more use, when that is one too many; it is not counted. What cannot be read is not used up.
pub(crate) async fn used_up(
    app: &App,
    owner: &OwnerId,
    counted: &Counted,
    limit: &RateLimit,
) -> Option<Uses> {
    let next = next_use(app, owner, counted).await?;
    limit.exceeded(&next).map(|_| next)
}

async fn count(app: &App, token: &Token, counted: &Counted) -> Option<Uses> {
    let counting = app.usage.count(&token.owner, counted, app.engine.now());
    counting
        .await
        .inspect_err(|error| tracing::warn!(%error, "a use could not be counted"))
        .ok()
}

/// Says how much is left, in both windows.
fn announce(headers: &mut HeaderMap, limit: &RateLimit, uses: &Uses) {
    let windows = limit.windows(uses);
    let left = windows.map(|w| format!("\"{}\";r={};t={}", w.name, w.left, w.ends_in));
    let policy = windows.map(|w| format!("\"{}\";q={};w={}", w.name, w.quota, w.seconds));
    for (name, items) in [(RATE_LIMIT, left), (RATE_LIMIT_POLICY, policy)] {
        let value = HeaderValue::from_str(&items.join(", ")).expect("names and digits");
        headers.insert(name, value);
    }
}
