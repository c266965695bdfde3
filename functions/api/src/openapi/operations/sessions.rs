//! What several workflows have seen between them.

use domain::fault::Code;
use domain::session::SessionStatus;

use super::{Operation, operation};
use crate::openapi::schemas::words;

const TAG: &str = "Sessions";
const PERMISSION: &str = "sessions";

pub(super) fn all() -> Vec<Operation> {
    vec![
        operation(
            "get",
            "/v1/sessions",
            TAG,
            "listSessions",
            "Your sessions, newest first",
        )
        .list()
        .query(
            "status",
            &words(SessionStatus::ALL.iter().map(|word| word.as_str())),
            "Only those of this status.",
        )
        .answers(200, "A page of sessions.", "SessionList"),
        operation(
            "post",
            "/v1/sessions",
            TAG,
            "createSession",
            "Make a session: a memory that workflows share",
        )
        .says(
            "A URL that one of its workflows has seen is not new to another, whichever runs first. A workflow joins it with `session_id`.",
        )
        .needs(PERMISSION)
        .body("SessionCreate")
        .revision()
        .answers(201, "The session.", "Session")
        .refuses(&[Code::QuotaExceeded]),
        operation("get", "/v1/sessions/{id}", TAG, "getSession", "One session")
            .revision()
            .answers(200, "The session.", "Session"),
        operation(
            "patch",
            "/v1/sessions/{id}",
            TAG,
            "changeSession",
            "Rename a session, or open it again",
        )
        .needs(PERMISSION)
        .body("SessionChange")
        .if_match()
        .revision()
        .answers(200, "The session as it is now.", "Session"),
        operation(
            "delete",
            "/v1/sessions/{id}",
            TAG,
            "deleteSession",
            "Delete a session and what it remembers",
        )
        .says("Its workflows go on with what each of them remembers itself.")
        .needs(PERMISSION)
        .if_match()
        .answers_nothing("It is gone."),
        operation(
            "post",
            "/v1/sessions/{id}/complete",
            TAG,
            "completeSession",
            "Say that a session is done",
        )
        .says("No further workflow can join it; those that use it go on.")
        .needs(PERMISSION)
        .optional_body("Nothing")
        .revision()
        .answers(200, "The session as it is now.", "Session")
        .refuses(&[Code::InvalidTransition]),
        operation(
            "post",
            "/v1/sessions/{id}/archive",
            TAG,
            "archiveSession",
            "Put a session away",
        )
        .needs(PERMISSION)
        .optional_body("Nothing")
        .revision()
        .answers(200, "The session as it is now.", "Session"),
        operation(
            "get",
            "/v1/sessions/{id}/urls",
            TAG,
            "listSessionUrls",
            "The URLs a session remembers, newest first",
        )
        .list()
        .answers(200, "A page of URLs.", "SessionUrlList"),
        operation(
            "get",
            "/v1/sessions/{id}/timeline",
            TAG,
            "getSessionTimeline",
            "What each run added to a session, newest first",
        )
        .list()
        .answers(200, "A page of additions.", "SessionTimeline"),
    ]
}
