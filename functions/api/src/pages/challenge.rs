//! The code that a strict approval's link asks for: typed, counted, compared, in this order.
//!
//! A try is counted before it is looked at, by one atomic addition, so that a hundred at once are a hundred and the
//! sixth of a day is refused even when it is right. Whoever has used them up decides behind the sign-in or with a
//! token. A count that cannot be made refuses: guessing must not be free while the table is slow.

use axum::response::Response;
use domain::approval::code::{CodeProof, TRIES_A_DAY};
use domain::digest;
use domain::ids::OwnerId;
use engine::ports::usage::Counted;
use http::StatusCode;
use http::header::{HeaderValue, RETRY_AFTER};

use super::frame::{notice, unavailable};
use crate::app::App;

/// Why a decision does not count.
#[derive(Debug)]
pub(super) enum Unproven {
    /// The form comes again, and says this.
    Code(&'static str),
    /// No form at all.
    Refused(Response),
}

/// Whether `typed` is the code of the link with `token`.
pub(super) async fn check(
    app: &App,
    owner: &OwnerId,
    proof: &CodeProof,
    token: &str,
    typed: &str,
) -> Result<(), Unproven> {
    if typed.trim().is_empty() {
        return Err(Unproven::Code(
            "Type the code from the mail: this approval asks for it.",
        ));
    }
    let what = Counted::Codes(digest::of_bytes(token.as_bytes()));
    let uses = app.usage.count(owner, &what, app.engine.now()).await;
    let uses = uses.map_err(|error| {
        tracing::warn!(%error, "a code cannot be counted");
        Unproven::Refused(unavailable())
    })?;
    if let Some(left) = TRIES_A_DAY.exceeded(&uses) {
        let mut response = notice(
            StatusCode::TOO_MANY_REQUESTS,
            "Too many codes",
            "No further code is taken with this link today. Sign in to decide, or come back tomorrow.",
        );
        let seconds = HeaderValue::from(left.as_secs());
        response.headers_mut().insert(RETRY_AFTER, seconds);
        return Err(Unproven::Refused(response));
    }
    if proof.accepts(token, typed) {
        Ok(())
    } else {
        Err(Unproven::Code("That is not the code in the mail."))
    }
}
