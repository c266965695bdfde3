//! What is wrong with a document, said completely.
//!
//! A request is checked to its end and every invalid field is answered at once, each with a JSON
//! pointer, a code of the contract's closed list and a sentence for a person. Checking never stops at the
//! first fault and never changes anything.

use crate::words::words;

words! {
    /// The contract's closed list of error codes (API section 1). Which HTTP status each has is
    /// decided in one match, in the API function.
    Code {
        MalformedJson = "malformed_json",
        MalformedQuery = "malformed_query",
        InvalidCursor = "invalid_cursor",
        Unauthenticated = "unauthenticated",
        InsufficientCredits = "insufficient_credits",
        Forbidden = "forbidden",
        CsrfFailed = "csrf_failed",
        NotFound = "not_found",
        LinkInvalid = "link_invalid",
        MethodNotAllowed = "method_not_allowed",
        ExecutionInProgress = "execution_in_progress",
        WorkflowNotActive = "workflow_not_active",
        InvalidTransition = "invalid_transition",
        AlreadyDecided = "already_decided",
        DraftChanged = "draft_changed",
        RevisionsExhausted = "revisions_exhausted",
        MaxExecutionsReached = "max_executions_reached",
        IdempotencyInProgress = "idempotency_in_progress",
        CannotRevokeSelf = "cannot_revoke_self",
        LinkExpired = "link_expired",
        ApprovalGone = "approval_gone",
        StaleEtag = "stale_etag",
        PayloadTooLarge = "payload_too_large",
        UnsupportedMediaType = "unsupported_media_type",
        MisdirectedRequest = "misdirected_request",
        ValidationFailed = "validation_failed",
        CronInvalid = "cron_invalid",
        CronNeverFires = "cron_never_fires",
        CronUnsupported = "cron_unsupported",
        IntervalTooShort = "interval_too_short",
        TimezoneUnknown = "timezone_unknown",
        UrlNotAllowed = "url_not_allowed",
        DependencyCycle = "dependency_cycle",
        PlanInvalid = "plan_invalid",
        ConditionTrivial = "condition_trivial",
        InvalidEmail = "invalid_email",
        EmailNotVerified = "email_not_verified",
        WeakSecret = "weak_secret",
        DecisionRequired = "decision_required",
        CodeRequired = "code_required",
        IntentTooVague = "intent_too_vague",
        IdempotencyKeyReused = "idempotency_key_reused",
        RateLimited = "rate_limited",
        QuotaExceeded = "quota_exceeded",
        TooManyAttempts = "too_many_attempts",
        Unavailable = "unavailable",
    }
}

/// One thing wrong at one place of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// A JSON pointer (RFC 6901) into the document, or the bare name of a query parameter.
    pub path: String,
    pub code: Code,
    /// A sentence the sender may read.
    pub message: String,
}

impl Fault {
    /// A fault of one field's own shape.
    pub fn invalid(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(path, Code::ValidationFailed, message)
    }

    pub fn new(path: impl Into<String>, code: Code, message: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            code,
            message: message.into(),
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}: {} ({})",
            if self.path.is_empty() {
                "/"
            } else {
                &self.path
            },
            self.message,
            self.code
        )
    }
}
