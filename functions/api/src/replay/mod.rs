//! Requests that may be sent again: `Idempotency-Key` on a POST (promise 6, API section 1).
//!
//! Of all requests with one key one is carried out; the others are given its answer, or told that it is under
//! way. A try that is cut off between its effect and its answer is taken over by the next one after a
//! while: what the request makes has ids that follow from the key's seed and the client's token, so the next finds what is there instead
//! of making it again. An answer below 300 is kept for a day. A refusal is not: it changed nothing, and the same
//! request may be right a minute later. A failure of ours keeps the seed and gives up the place.
//!
//! The answer may hold what is shown once (a new token), so it is sealed under a key that only the client's own
//! token and key give, neither of which is stored.

mod derived;
mod seal;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::digest;
use domain::fault::Code;
use domain::owner::Token;
use engine::ports::replays::{Attempt, Opened, Opening};
use http::header::{CONTENT_TYPE, ETAG, HeaderName, HeaderValue, LOCATION};
use http::{HeaderMap, Method, StatusCode};
use serde::{Deserialize, Serialize};

use crate::app::{App, Repeatable};
use crate::extract::{self, MOST_BYTES};
use crate::problem::Problem;
use derived::Derived;
use seal::Seal;

/// When a client whose request is under way may ask again, in seconds.
const AGAIN_SECONDS: u32 = 2;
/// The largest sealed answer that is kept in the table: an item has at most 400 KB (DynamoDB Developer Guide,
/// "Quotas"). A larger one is kept as a document of its own.
const MOST_INLINE_BYTES: usize = 300_000;
/// The headers that belong to an answer.
const KEPT_HEADERS: [HeaderName; 3] = [CONTENT_TYPE, ETAG, LOCATION];

const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// A first answer.
#[derive(Serialize, Deserialize)]
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    /// In base64.
    body: String,
}

/// Where a sealed answer is.
#[derive(Serialize, Deserialize)]
enum Kept {
    /// In base64.
    Here(String),
    /// The SHA-256 of the stored bytes.
    Bytes(String),
}

/// The request's key, when it is one POST with a well-formed one; any other is the handler's to refuse.
pub(crate) fn key(method: &Method, headers: &HeaderMap) -> Option<String> {
    if method != Method::POST || extract::check_idempotency_key(headers).is_err() {
        return None;
    }
    let key = headers.get("idempotency-key")?.to_str().ok()?;
    Some(key.to_owned())
}

/// Carries out the request of `token`, whose text is `bearer`, unless it was before.
///
/// # Errors
/// It is under way, the key belongs to another request, or the store does not answer.
pub(crate) async fn once(
    app: &App,
    token: &Token,
    bearer: &str,
    key: &str,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    let body = to_bytes(body, MOST_BYTES)
        .await
        .map_err(|_| extract::too_large())?;
    let target = parts.uri.path_and_query().map_or("", |path| path.as_str());
    let request_sha256 = digest::of_json(&(token.id.as_str(), target, digest::of_bytes(&body)));
    let key_sha256 = digest::of_bytes(key.as_bytes());
    let seal = Seal::new(bearer, key, &request_sha256);
    let opened = app
        .replays
        .open(Opening {
            owner: &token.owner,
            key_sha256: &key_sha256,
            request_sha256: &request_sha256,
            seed: app.engine.entropy.secret(),
            now: app.engine.now(),
        })
        .await?;
    let attempt = match opened {
        Opened::Begin(attempt) => attempt,
        Opened::Answered(kept) => return again(app, token, &seal, &kept).await,
        Opened::Running => {
            let detail = "a request with this Idempotency-Key is under way";
            return Err(
                Problem::new(Code::IdempotencyInProgress, detail).retry_after(AGAIN_SECONDS)
            );
        }
        Opened::Reused => {
            let detail = "this Idempotency-Key was used for another request, or with another token";
            return Err(Problem::new(Code::IdempotencyKeyReused, detail));
        }
    };
    parts.extensions.insert(beginning(app, &seal, &attempt));
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    let keeping = Keeping {
        app,
        token,
        key_sha256: &key_sha256,
        seal: &seal,
        attempt: &attempt,
    };
    Ok(keeping.conclude(response).await)
}

/// The application as a try sees it: what it makes follows from the seed.
fn beginning(app: &App, seal: &Seal, attempt: &Attempt) -> App {
    let key = seal.derive(&attempt.seed);
    let entropy = Derived::new(key, attempt.begun_at, &app.engine.entropy);
    let earlier = attempt.is_repeat.then(|| entropy.first());
    let mut app = app.clone();
    app.engine.entropy = std::sync::Arc::new(entropy);
    app.repeatable = Some(Repeatable {
        begun_at: attempt.begun_at,
        earlier,
    });
    app
}

/// The first answer, given again.
async fn again(app: &App, token: &Token, seal: &Seal, kept: &[u8]) -> Result<Response, Problem> {
    let unreadable = || {
        tracing::error!("a kept answer cannot be read");
        Problem::unavailable()
    };
    let sealed = match serde_json::from_slice(kept).map_err(|_| unreadable())? {
        Kept::Here(sealed) => STANDARD.decode(sealed).map_err(|_| unreadable())?,
        Kept::Bytes(sha256) => app
            .engine
            .store
            .bytes(&token.owner, &sha256)
            .await?
            .ok_or_else(unreadable)?,
    };
    let answer: Answer = seal
        .open(sealed)
        .and_then(|plain| serde_json::from_slice(&plain).ok())
        .ok_or_else(unreadable)?;
    let body = STANDARD.decode(answer.body).map_err(|_| unreadable())?;
    let status = StatusCode::from_u16(answer.status).map_err(|_| unreadable())?;
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.remove(CONTENT_TYPE);
    for (name, value) in answer.headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(&value)) {
            headers.insert(name, value);
        }
    }
    headers.insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}

/// What is needed to keep an answer.
struct Keeping<'a> {
    app: &'a App,
    token: &'a Token,
    key_sha256: &'a str,
    seal: &'a Seal,
    attempt: &'a Attempt,
}

impl Keeping<'_> {
    /// Keeps a success, frees the key of a refusal, gives a failure's place up. Whatever the store says to
    /// that, the client has its answer: without it kept, the next try comes after the lease and finds what is there.
    async fn conclude(&self, response: Response) -> Response {
        let status = response.status();
        let (owner, seed) = (&self.token.owner, &self.attempt.seed);
        let replays = &self.app.replays;
        let (response, kept) = if status.is_success() {
            match self.keep(response).await {
                Ok(response) => (response, Ok(())),
                Err((response, error)) => (response, Err(error)),
            }
        } else if status.is_server_error() {
            let given_up = replays.give_up(owner, self.key_sha256, seed).await;
            (response, given_up)
        } else {
            (
                response,
                replays.release(owner, self.key_sha256, seed).await,
            )
        };
        if let Err(error) = kept {
            tracing::warn!(%error, "what was answered to a repeatable request could not be kept");
        }
        response
    }

    async fn keep(
        &self,
        response: Response,
    ) -> Result<Response, (Response, engine::ports::StoreError)> {
        let (parts, body) = response.into_parts();
        // Our own answers are in memory: reading one cannot fail.
        let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
        let headers = KEPT_HEADERS.iter().filter_map(|name| {
            let value = parts.headers.get(name)?.to_str().ok()?;
            Some((name.to_string(), value.to_owned()))
        });
        let answer = Answer {
            status: parts.status.as_u16(),
            headers: headers.collect(),
            body: STANDARD.encode(&body),
        };
        let response = Response::from_parts(parts, Body::from(body));
        match self.store(&answer).await {
            Ok(()) => Ok(response),
            Err(error) => Err((response, error)),
        }
    }

    async fn store(&self, answer: &Answer) -> Result<(), engine::ports::StoreError> {
        let plain = serde_json::to_vec(answer).expect("texts and a number are plain JSON");
        let owner = &self.token.owner;
        let nonce = self.app.engine.entropy.secret();
        let sealed = self.seal.close(plain, &nonce);
        let kept = if sealed.len() <= MOST_INLINE_BYTES {
            Kept::Here(STANDARD.encode(sealed))
        } else {
            Kept::Bytes(self.app.engine.store.put_bytes(owner, &sealed).await?)
        };
        let kept = serde_json::to_vec(&kept).expect("a text is plain JSON");
        self.app
            .replays
            .answer(owner, self.key_sha256, &self.attempt.seed, kept)
            .await
    }
}
