//! The page on which a person decides, and what their answer leads to: the same through a mailed link and
//! behind the sign-in.

use askama::Template;
use axum::response::{IntoResponse, Response};
use domain::address;
use domain::approval::{
    Approval, ApprovalStatus, CannotDecide, Choice, DecisionChannel, Draft, Verdict,
};
use domain::execution::Output;
use domain::text;
use engine::approvals::DecideError;
use engine::ports::downloads::Download;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use jiff::SignedDuration;
use url::Url;

use super::frame::{Notice, headers, notice, page, unavailable};
use super::marked::Marked;
use super::nonce;
use super::words::{done, moment};
use crate::answer_size;
use crate::app::App;
use crate::challenge::{self, Unproven};
use crate::extract::Form;
use crate::wire::approval::LONGEST_NOTE;

/// The way a person came to an approval.
#[derive(Debug)]
pub(super) struct Door<'a> {
    /// Whose decision it will be.
    pub(super) approver: &'a str,
    /// The secret they hold: a link's token or a session's.
    pub(super) secret: &'a str,
    /// Where the form goes.
    pub(super) action: String,
    pub(super) channel: DecisionChannel,
}

/// An address the draft was made from.
#[derive(Debug)]
struct Source {
    text: Marked,
    is_link: bool,
}

#[derive(Debug, Template)]
#[template(path = "approval.html")]
struct ApprovalPage<'a> {
    workflow: &'a str,
    asks: &'a str,
    what: &'static str,
    alert: Option<&'a str>,
    step: &'a str,
    generation: u32,
    approver: &'a str,
    deadline: String,
    deadline_iso: String,
    required: u32,
    approved: usize,
    facts: Vec<(&'static str, Marked)>,
    image: Option<(String, Marked)>,
    body: Marked,
    sha256: &'a str,
    sources: Vec<Source>,
    action: &'a str,
    nonce: String,
    note: &'a str,
    asks_code: bool,
    may_request_changes: bool,
}

/// The page for an approval as it stands.
pub(super) async fn show(app: &App, door: &Door<'_>, approval: &Approval) -> Response {
    if let Some(response) = closed(app, approval) {
        return response;
    }
    if approval.approver(door.approver).is_none() {
        return not_asked(&approval.approvers);
    }
    form(app, door, approval, StatusCode::OK, None, "").await
}

/// The page that says why there is nothing to decide; `None` while there is.
fn closed(app: &App, approval: &Approval) -> Option<Response> {
    let gone = |title: &str, line: String| Some(notice(StatusCode::GONE, title, line));
    match approval.status {
        ApprovalStatus::Pending if app.engine.now() < approval.deadline => None,
        ApprovalStatus::Pending | ApprovalStatus::Expired => {
            let line = format!(
                "The time to decide passed on {}. If it still matters, whoever asked must ask again.",
                moment(approval.deadline)
            );
            gone("This link has expired", line)
        }
        ApprovalStatus::Approved | ApprovalStatus::Rejected => {
            Some(page(StatusCode::OK, &decided(approval)))
        }
        ApprovalStatus::ChangesRequested => {
            let by = approval
                .decisions
                .last()
                .map_or("somebody", |decision| decision.by.as_str());
            gone(
                "This draft is superseded",
                format!(
                    "{by} requested changes, and a new draft takes its place. A new mail comes with it."
                ),
            )
        }
        ApprovalStatus::Superseded => gone(
            "This draft is superseded",
            "A new draft has taken its place, and a new mail comes with it.".to_owned(),
        ),
        ApprovalStatus::Cancelled => gone(
            "Nothing to decide any more",
            "The run that asked was stopped. Nothing was sent.".to_owned(),
        ),
    }
}

/// The page for somebody who was not asked.
fn not_asked(approvers: &[String]) -> Response {
    let line = format!(
        "This was asked of {}, and nobody else may decide it.",
        approvers.join(", ")
    );
    notice(StatusCode::FORBIDDEN, "Somebody else was asked", line)
}

/// The page that says who has decided.
fn decided(approval: &Approval) -> Notice<'static> {
    let title = if approval.status == ApprovalStatus::Approved {
        "Already approved"
    } else {
        "Already rejected"
    };
    let lines = approval.decisions.iter().map(|decision| {
        let mut line = format!(
            "Already {} by {} at {}.",
            done(decision.decision),
            decision.by,
            moment(decision.at)
        );
        if let Some(comment) = &decision.comment {
            line.push_str(&format!(" “{comment}”"));
        }
        line
    });
    Notice {
        title,
        lines: lines.collect(),
        link: None,
    }
}

/// The page with the form, with an alert where a first answer could not be taken.
async fn form(
    app: &App,
    door: &Door<'_>,
    approval: &Approval,
    status: StatusCode,
    alert: Option<&str>,
    note: &str,
) -> Response {
    let (draft, owner) = match load(app, approval).await {
        Ok(loaded) => loaded,
        Err(error) => {
            tracing::error!(%error, approval.id = %approval.id, "a draft cannot be shown");
            return unavailable();
        }
    };
    let (what, mut facts, image, body) = shown(draft, &door.action);
    let body = match shortened(app, approval, body, &mut facts).await {
        Ok(body) => body,
        Err(error) => {
            tracing::error!(%error, approval.id = %approval.id, "a large draft cannot be shown");
            return unavailable();
        }
    };
    let view = ApprovalPage {
        workflow: &approval.workflow_name,
        asks: owner.as_deref().unwrap_or("Nightdesk"),
        what,
        alert,
        step: &approval.step,
        generation: approval.generation,
        approver: door.approver,
        deadline: moment(approval.deadline),
        deadline_iso: approval.deadline.to_string(),
        required: approval.required,
        approved: approval.decisions.len(),
        facts: facts
            .into_iter()
            .map(|(label, value)| (label, Marked::new(value)))
            .collect(),
        image: image.map(|(address, alt)| (address, Marked::new(alt))),
        body: Marked::new(body),
        sha256: &approval.sha256,
        sources: approval
            .sources
            .iter()
            .map(|source| Source {
                text: Marked::new(source),
                is_link: is_web(source),
            })
            .collect(),
        action: &door.action,
        nonce: nonce::of(door.secret, approval),
        note,
        asks_code: approval.strict,
        may_request_changes: approval.generation <= approval.max_revisions,
    };
    page(status, &view)
}

async fn load(
    app: &App,
    approval: &Approval,
) -> Result<(Draft, Option<String>), engine::ports::store::StoreError> {
    let draft = app.engine.draft(approval).await?;
    let owner = app.engine.store.owner(&approval.owner).await?;
    Ok((draft, owner.map(|owner| owner.email)))
}

type Shown = (
    &'static str,
    Vec<(&'static str, String)>,
    Option<(String, String)>,
    String,
);

/// What of a draft stands where on the page.
fn shown(draft: Draft, action: &str) -> Shown {
    let body = draft.text();
    match draft {
        Draft::Email { to, subject, .. } => (
            "this mail may be sent",
            vec![("To", address::listed(&to)), ("Subject", subject)],
            None,
            body,
        ),
        Draft::Webhook { url, .. } => (
            "this may be posted",
            vec![("To", address::listed(&[url]))],
            None,
            body,
        ),
        Draft::Content { .. } => ("this text may be used", Vec::new(), None, body),
        Draft::Image { alt, .. } => (
            "this picture may be used",
            Vec::new(),
            Some((format!("{action}/image"), alt)),
            body,
        ),
    }
}

/// The most that a draft takes on the page, in bytes: an answer ends at 6 MB ([`answer_size`]).
const MOST_ON_PAGE: usize = 3_600_000;

/// What of a large body stands on the page, with the address of all of it among the facts.
async fn shortened(
    app: &App,
    approval: &Approval,
    mut body: String,
    facts: &mut Vec<(&'static str, String)>,
) -> Result<String, engine::ports::store::StoreError> {
    let end = Marked::beginning(&body, MOST_ON_PAGE).len();
    if end == body.len() {
        return Ok(body);
    }
    let store = &app.engine.store;
    let sha256 = store.put_bytes(&approval.owner, body.as_bytes()).await?;
    let download = Download {
        owner: &approval.owner,
        sha256: &sha256,
        content_type: "text/plain; charset=utf-8",
        lives: answer_size::ADDRESS_LIVES,
        now: app.engine.now(),
    };
    if let Some(address) = app.downloads.address(download).await? {
        facts.push(("All of it, for five minutes", address));
    }
    body.truncate(end);
    body.push('…');
    Ok(body)
}

/// Whether a source may be a link: what a page's author wrote could be `javascript:`.
fn is_web(source: &str) -> bool {
    Url::parse(source).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

/// Takes the answer of the form. That it came from our page is checked by the caller as far as headers
/// tell; the nonce is checked here.
pub(super) async fn take(
    app: &App,
    door: &Door<'_>,
    approval: &Approval,
    form_fields: &Form,
) -> Response {
    let over = closed(app, approval);
    let open = over.is_none();
    match (approval.status, over) {
        // Of a decided one the engine says whether this is the same word again.
        (
            ApprovalStatus::Approved | ApprovalStatus::Rejected | ApprovalStatus::ChangesRequested,
            _,
        )
        | (_, None) => {}
        (
            ApprovalStatus::Pending
            | ApprovalStatus::Expired
            | ApprovalStatus::Superseded
            | ApprovalStatus::Cancelled,
            Some(gone),
        ) => return gone,
    }
    // Where nothing can be decided any more there is nothing to forge either.
    if open
        && !form_fields
            .one("nonce")
            .is_some_and(|sent| nonce::is_of(sent, door.secret, approval))
    {
        return notice(
            StatusCode::FORBIDDEN,
            "Not from this page",
            "The form was not sent from this page, or the draft has changed since. Open the link again.",
        );
    }
    let note = form_fields
        .one("note")
        .map(text::normalise)
        .unwrap_or_default();
    let choice = form_fields.one("decision").and_then(Choice::parse);
    let fault = match choice {
        None => Some("Choose exactly one: approve, reject or request changes."),
        Some(_) if note.chars().count() > LONGEST_NOTE => {
            Some("The note is too long: at most 2,000 characters.")
        }
        Some(_) if !note.chars().all(text::allowed_in_text) => {
            Some("The note holds characters that cannot be stored.")
        }
        Some(Choice::RequestChanges) if note.is_empty() => Some("Say in the note what to change."),
        Some(Choice::Approve | Choice::Reject | Choice::RequestChanges) => None,
    };
    let choice = match (choice, fault) {
        (Some(choice), None) => choice,
        (_, fault) if open => {
            return form(
                app,
                door,
                approval,
                StatusCode::UNPROCESSABLE_ENTITY,
                fault,
                &note,
            )
            .await;
        }
        (_, fault) => {
            return notice(
                StatusCode::UNPROCESSABLE_ENTITY,
                "No decision",
                fault.unwrap_or_default(),
            );
        }
    };
    // Of a decided one everybody may know what the page says.
    if open && approval.strict && approval.approver(door.approver).is_some() {
        let typed = form_fields.one("code").unwrap_or_default();
        match challenge::check(app, approval, door.approver, typed).await {
            Ok(()) => {}
            Err(Unproven::TooMany(left)) => return too_many_codes(left),
            Err(Unproven::Store(error)) => {
                tracing::warn!(%error, "a code cannot be checked");
                return unavailable();
            }
            Err(Unproven::Missing) => {
                let alert = "Type the code from the mail: this approval asks for it.";
                let status = StatusCode::UNPROCESSABLE_ENTITY;
                return form(app, door, approval, status, Some(alert), &note).await;
            }
            Err(Unproven::Wrong) => {
                let alert = "That is not the code in the mail.";
                let status = StatusCode::UNPROCESSABLE_ENTITY;
                return form(app, door, approval, status, Some(alert), &note).await;
            }
        }
    }
    let verdict = Verdict {
        by: door.approver.to_owned(),
        choice,
        comment: Some(note).filter(|note| !note.is_empty()),
        channel: door.channel,
        seen_sha256: Some(approval.sha256.clone()),
        has_code: approval.strict,
    };
    match app
        .engine
        .decide(&approval.owner, &approval.id, &verdict, None)
        .await
    {
        Ok(approval) => page(StatusCode::OK, &thanks(&approval, choice)),
        Err(error) => refusal(app, &approval.id.to_string(), approval, error),
    }
}

fn too_many_codes(left: SignedDuration) -> Response {
    let mut response = notice(
        StatusCode::TOO_MANY_REQUESTS,
        "Too many codes",
        "No further code is taken for this approval today. Come back tomorrow (UTC).",
    );
    let seconds = HeaderValue::from(left.as_secs());
    response.headers_mut().insert(RETRY_AFTER, seconds);
    response
}

fn thanks(approval: &Approval, choice: Choice) -> Notice<'static> {
    let (title, line) = match (choice, approval.is_open()) {
        (Choice::Approve, true) => (
            "Your approval counts",
            format!(
                "{} of {} approvals are there; the run waits for the rest.",
                approval.decisions.len(),
                approval.required
            ),
        ),
        (Choice::Approve, false) => (
            "Approved",
            "The run goes on. You can close this page.".to_owned(),
        ),
        (Choice::Reject, _) => (
            "Rejected",
            "The run has ended and nothing was sent. You can close this page.".to_owned(),
        ),
        (Choice::RequestChanges, _) => (
            "Changes requested",
            "A new draft is being made with your note. A new mail comes with it.".to_owned(),
        ),
    };
    Notice {
        title,
        lines: vec![line],
        link: None,
    }
}

fn refusal(app: &App, id: &str, approval: &Approval, error: DecideError) -> Response {
    match error {
        DecideError::Cannot(CannotDecide::NotAsked { approvers }) => not_asked(&approvers),
        // What is asked here has been checked before.
        DecideError::Cannot(CannotDecide::CodeRequired) => notice(
            StatusCode::UNPROCESSABLE_ENTITY,
            "The code is missing",
            "This approval asks for the code in the mail. Open the link again and type it.",
        ),
        DecideError::Cannot(CannotDecide::AlreadyDecided { decision, by, at }) => {
            let line = format!(
                "Already {} by {by} at {}. Your answer was not counted.",
                done(decision),
                moment(at)
            );
            notice(StatusCode::CONFLICT, "Already decided", line)
        }
        DecideError::Cannot(CannotDecide::DraftChanged) => notice(
            StatusCode::CONFLICT,
            "The draft has changed",
            "Open the link again to see the present draft.",
        ),
        DecideError::Cannot(CannotDecide::RevisionsExhausted) => notice(
            StatusCode::CONFLICT,
            "No further changes",
            "Changes were requested as often as the workflow allows. Approve or reject this draft.",
        ),
        DecideError::Cannot(CannotDecide::Expired) => notice(
            StatusCode::GONE,
            "This link has expired",
            format!(
                "The time to decide passed on {}.",
                moment(approval.deadline)
            ),
        ),
        DecideError::Cannot(CannotDecide::Gone(status)) => closed(
            app,
            &Approval {
                status,
                ..approval.clone()
            },
        )
        .unwrap_or_else(unavailable),
        DecideError::NotFound => notice(
            StatusCode::GONE,
            "Nothing to decide any more",
            "The approval is gone.",
        ),
        DecideError::BodyDoesNotFit | DecideError::Contended | DecideError::Store(_) => {
            tracing::warn!(%error, approval.id = id, "a decision was not taken");
            unavailable()
        }
    }
}

/// The picture under review.
pub(super) async fn image(app: &App, approval: &Approval) -> Response {
    let Ok(Draft::Image { sha256, .. }) = app.engine.draft(approval).await else {
        return notice(
            StatusCode::NOT_FOUND,
            "No picture",
            "This draft has no picture.",
        );
    };
    match app.engine.store.bytes(&approval.owner, &sha256).await {
        Ok(Some(bytes)) => match format_of(&bytes) {
            Some(content_type) => (
                headers(),
                [(CONTENT_TYPE, HeaderValue::from_static(content_type))],
                bytes,
            )
                .into_response(),
            None => notice(
                StatusCode::NOT_FOUND,
                "No picture",
                "The picture is in a format that cannot be shown.",
            ),
        },
        Ok(None) => notice(
            StatusCode::NOT_FOUND,
            "No picture",
            format!(
                "The picture {} is gone.",
                text::preview(&sha256, Output::PREVIEW)
            ),
        ),
        Err(error) => {
            tracing::warn!(%error, approval.id = %approval.id, "a picture cannot be read");
            unavailable()
        }
    }
}

/// The media type by the first bytes: what is shown is never what its maker calls it.
fn format_of(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [0xFF, 0xD8, 0xFF, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => Some("image/webp"),
        _ => None,
    }
}
