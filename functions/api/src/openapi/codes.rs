//! The error reference: one paragraph a code. The match is complete, so a new code cannot be forgotten.

use domain::fault::Code;

pub(super) const SUMMARY: &str =
    "A refusal (RFC 9457). It says everything that is wrong at once, and has changed nothing.";

/// What the code means, and what to do.
pub(super) fn paragraph(code: Code) -> &'static str {
    match code {
        Code::MalformedJson => {
            "The body is no JSON text in UTF-8. `detail` says where reading stopped."
        }
        Code::MalformedQuery => "The query string is not percent-encoded UTF-8.",
        Code::InvalidCursor => {
            "The cursor belongs to another list, another owner or other filters, or is none of ours. Begin again without one."
        }
        Code::Unauthenticated => {
            "There is no valid token in the one `Authorization: Bearer nd_…` header. It may be revoked or expired; a token in the query never counts."
        }
        Code::InsufficientCredits => {
            "The account has fewer credits available than this may cost: `required` and `available` say how many. Nothing was set aside."
        }
        Code::Forbidden => "The token is valid and lacks the permission that `detail` names.",
        Code::CsrfFailed => {
            "A form of a page came from elsewhere, or its nonce does not belong to what it decides. Open the page again."
        }
        Code::NotFound => {
            "There is nothing here: the address, or the object, does not exist or is not yours. The two cannot be told apart."
        }
        Code::LinkInvalid => "This is no link that was ever mailed.",
        Code::MethodNotAllowed => {
            "The address exists and does not take this method; `Allow` lists those it takes."
        }
        Code::ExecutionInProgress => {
            "A run is live: of the workflow, whose `overlap_policy` does not allow another now, or the one that is to be removed. `execution_id` names it."
        }
        Code::WorkflowNotActive => {
            "The workflow is not active: it is a draft, paused, archived, completed or failed."
        }
        Code::InvalidTransition => {
            "The object is in a state from which this cannot follow; `detail` says which."
        }
        Code::AlreadyDecided => {
            "Somebody has decided otherwise before: `decision`, `decided_by` and `decided_at` say what, who and when."
        }
        Code::DraftChanged => {
            "The `sha256` you have seen is no longer the draft's. Look at it again before you decide."
        }
        Code::RevisionsExhausted => {
            "Changes were requested as often as the workflow's `max_revisions` allows. Approve or reject."
        }
        Code::MaxExecutionsReached => {
            "The workflow has had as many runs as its `max_executions` allows."
        }
        Code::IdempotencyInProgress => {
            "A request with this `Idempotency-Key` is under way. Ask again after `Retry-After`."
        }
        Code::CannotRevokeSelf => {
            "A token cannot revoke itself: use another one, so that nobody locks themselves out."
        }
        Code::LinkExpired => "The mailed link is past its time.",
        Code::ApprovalGone => {
            "The approval has expired, was superseded by a newer draft, or its run was cancelled. Nothing can be decided any more."
        }
        Code::StaleEtag => {
            "The object has changed since the revision in `If-Match`. Read it again, and send the change for what is there now."
        }
        Code::PayloadTooLarge => "The body has more than 262,144 bytes.",
        Code::UnsupportedMediaType => {
            "The body is not `application/json` in UTF-8, or is compressed."
        }
        Code::MisdirectedRequest => {
            "The local server was called under a host name that is not its own."
        }
        Code::ValidationFailed => {
            "Fields of the request cannot be accepted. `errors` lists all of them, each with its path, a code and a sentence."
        }
        Code::CronInvalid => "The cron expression does not read as five fields.",
        Code::CronNeverFires => {
            "The cron expression is well-formed and has no date, such as 30 February."
        }
        Code::CronUnsupported => "The cron expression uses what the scheduler cannot say.",
        Code::IntervalTooShort => {
            "The schedule would fire more often than every 5 minutes, or less often than once a year."
        }
        Code::TimezoneUnknown => {
            "The time zone is none of the IANA database, whose names are case-sensitive."
        }
        Code::UrlNotAllowed => {
            "The URL would be fetched or posted to and is not a public http or https address."
        }
        Code::DependencyCycle => "The steps depend on each other in a circle.",
        Code::PlanInvalid => {
            "The steps do not fit together: a reference names no step before it, or is not of the type that is needed there."
        }
        Code::ConditionTrivial => "The stop condition holds always or never, whatever a run finds.",
        Code::InvalidEmail => "This is no e-mail address.",
        Code::EmailNotVerified => {
            "Nobody has shown that mail to this address is wanted: it is neither verified nor of a trusted domain."
        }
        Code::WeakSecret => {
            "A secret that signs is too short, or is the placeholder that stands for one."
        }
        Code::DecisionRequired => "The form has no decision, or more than one.",
        Code::CodeRequired => "This approval also asks for the code printed in the mail.",
        Code::IntentTooVague => "Nobody can plan this goal. `vague_aspects` says what to add.",
        Code::IdempotencyKeyReused => {
            "This `Idempotency-Key` was used within a day for another request, or with another token."
        }
        Code::RateLimited => {
            "The token was used as often as it may in this hour or day. `RateLimit` and `Retry-After` say when it goes on."
        }
        Code::QuotaExceeded => "There are as many objects of this kind as an owner may have.",
        Code::TooManyAttempts => "There were too many wrong tries. Wait for `Retry-After`.",
        Code::Unavailable => {
            "Nightdesk cannot answer at the moment. Nothing is lost; repeat the request, with its `Idempotency-Key`, after `Retry-After`."
        }
    }
}
