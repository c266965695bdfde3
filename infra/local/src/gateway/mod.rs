//! The HTTP API: API Gateway's side of `http://127.0.0.1:8787`.
//!
//! A request becomes the event API Gateway would send (payload format 2.0, [`event`]), the answer of
//! the function becomes the response ([`answer`]), and the gateway's limits hold: 10 MB of body, 30
//! seconds. Each request is an invocation of its own, so a slow one holds up nobody.
//!
//! One rule has no counterpart in AWS: a page of any web site can make a browser send requests to a
//! port of this machine, under a name its owner points here. So a request that was not addressed to
//! `127.0.0.1` or `localhost` by name is answered 421 and reaches nothing ([`addressed_to_us`]).

pub(crate) mod answer;
pub(crate) mod event;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::clock::Clock;
use crate::lambda::Functions;
use crate::problem::Problem;

/// API Gateway's limit of a request's body, in bytes.
const MAX_BODY: usize = 10 * 1024 * 1024;
/// API Gateway's limit of an integration.
const TIMEOUT: Duration = Duration::from_secs(30);

/// What a request needs on its way to the function.
#[derive(Clone)]
pub(crate) struct Gateway {
    pub(crate) functions: Functions,
    /// The function behind the HTTP API.
    pub(crate) function: Arc<str>,
    pub(crate) clock: Arc<Clock>,
}

impl Gateway {
    /// Serves every path there is, but for the ones a router has before it.
    pub(crate) fn router(self) -> Router {
        Router::new().fallback(forward).with_state(self)
    }
}

async fn forward(
    State(gateway): State<Gateway>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let body = match read(body).await {
        Ok(body) => body,
        Err(problem) => return problem.into_response(),
    };
    let event = event::of(&parts, &body, peer, gateway.clock.now());
    let invocation = gateway
        .functions
        .invoke(&gateway.function, Bytes::from(event.to_string()));
    match tokio::time::timeout(TIMEOUT, invocation).await {
        Ok(Ok(answer)) => answer::response(&answer).unwrap_or_else(|malformed| {
            tracing::error!(error = %malformed, "the API's answer is no HTTP response");
            Problem::unavailable("The request could not be answered.").into_response()
        }),
        Ok(Err(error)) => {
            tracing::error!(%error, "the API did not answer");
            Problem::unavailable("The request could not be answered.").into_response()
        }
        Err(_) => Problem::unavailable("The request took longer than 30 seconds.").into_response(),
    }
}

async fn read(body: Body) -> Result<Bytes, Problem> {
    axum::body::to_bytes(body, MAX_BODY).await.map_err(|error| {
        // The limit is the only cause the client can do something about; else it is gone anyway.
        tracing::debug!(%error, "a request's body was not read");
        Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "payload_too_large",
            "A request's body has at most 10 MB.",
        )
    })
}

/// Refuses what was addressed to somebody else; to be layered over everything on the port.
pub(crate) async fn addressed_to_us(request: Request, next: Next) -> Response {
    let named = request
        .headers()
        .get_all(header::HOST)
        .iter()
        .map(|value| value.to_str().unwrap_or(""));
    let hosts: Vec<&str> = named
        .chain(
            request
                .uri()
                .authority()
                .map(|authority| authority.as_str()),
        )
        .collect();
    if !hosts.is_empty() && hosts.into_iter().all(is_local) {
        return next.run(request).await;
    }
    let detail = "This server answers only to 127.0.0.1 and localhost.";
    Problem::new(
        StatusCode::MISDIRECTED_REQUEST,
        "misdirected_request",
        detail,
    )
    .into_response()
}

/// `127.0.0.1` or `localhost`, with or without a port.
fn is_local(host: &str) -> bool {
    let name = match host.split_once(':') {
        Some((name, port)) if port.parse::<u16>().is_ok() => name,
        Some(_) => return false,
        None => host,
    };
    name == "127.0.0.1" || name.eq_ignore_ascii_case("localhost")
}

#[cfg(test)]
mod tests {
    use super::is_local;

    #[test]
    fn only_the_two_names_are_ours() {
        for ours in ["127.0.0.1", "localhost", "LOCALHOST:9000", "127.0.0.1:8787"] {
            assert!(is_local(ours), "{ours}");
        }
        let foreign = [
            "",
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.nip.io",
            "127.0.0.1:",
            "localhost:x",
            "127.1",
            "[::1]:8787",
            "a@localhost",
            "0.0.0.0:8787",
        ];
        for foreign in foreign {
            assert!(!is_local(foreign), "{foreign}");
        }
    }
}
