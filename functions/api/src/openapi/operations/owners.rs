//! Owners, their tokens and credits.

use domain::fault::Code;
use serde_json::json;

use super::{Operation, operation};

const TAG: &str = "Owner";
const ADMIN: &str = "Administration";

const GIVING: &str = "What a token makes neither outlives nor exceeds it: no permission, no higher limit and no later end than its \
    own. Without `permissions` the new one has those of the caller's but `admin` and `tokens`; without `expires_at` it ends with it. \
    An owner has at most 200 active tokens.";

const CHANGING: &str = "A token that may do more than the one of the request is out of its reach (403), and none can be changed \
    into more than the one of the request. What was revoked or has expired stays so (409).";

pub(super) fn all() -> Vec<Operation> {
    vec![
        operation("get", "/v1/me", TAG, "getMe", "Whose token this is").answers(
            200,
            "The owner.",
            "Me",
        ),
        operation(
            "get",
            "/v1/me/export",
            TAG,
            "exportMe",
            "Everything that is kept of the owner",
        )
        .says("JSON lines, each `{kind, data}`; the last one of a page has the kind `page` and says in `data.next_cursor` how the next begins, or `null`. A page ends by bytes. Secrets, hashes of tokens and the outputs of steps are left out; a run's line says where its outputs and its further events are.")
        .query(
            "cursor",
            &json!({"type": "string", "maxLength": crate::page::LONGEST}),
            "Where the page before ended.",
        )
        .answers(200, "A page of the export.", "JsonLines")
        .refuses(&[Code::InvalidCursor]),
        operation(
            "get",
            "/v1/credits",
            TAG,
            "getCredits",
            "Your credits, and where they went",
        )
        .says("`balance` is null while no grant was made: then credits are not limited.")
        .answers(200, "The account with its ledger, newest first.", "Credits"),
        operation(
            "get",
            "/v1/tokens",
            TAG,
            "listTokens",
            "Your tokens, newest first",
        )
        .list()
        .answers(200, "A page of tokens.", "TokenList"),
        operation(
            "post",
            "/v1/tokens",
            TAG,
            "createToken",
            "Make a token; it is shown this once",
        )
        .needs("tokens")
        .says(GIVING)
        .body("TokenCreate")
        .revision()
        .answers(201, "The token.", "TokenCreated")
        .refuses(&[Code::QuotaExceeded]),
        operation("get", "/v1/tokens/{id}", TAG, "getToken", "One token")
            .revision()
            .answers(200, "The token.", "Token"),
        operation(
            "patch",
            "/v1/tokens/{id}",
            TAG,
            "changeToken",
            "Change a token",
        )
        .needs("tokens")
        .says(CHANGING)
        .body("TokenChange")
        .if_match()
        .revision()
        .answers(200, "The token as it is now.", "Token")
        .refuses(&[Code::CannotRevokeSelf, Code::InvalidTransition]),
        operation(
            "delete",
            "/v1/tokens/{id}",
            TAG,
            "revokeToken",
            "Revoke a token for good; it and its log are shown for 30 more days",
        )
        .needs("tokens")
        .says("A token that may do more than the one of the request is out of its reach (403).")
        .if_match()
        .answers_nothing("It does not count any more.")
        .refuses(&[Code::CannotRevokeSelf]),
        operation(
            "get",
            "/v1/tokens/{id}/logs",
            TAG,
            "listCalls",
            "The hundred newest calls with a token",
        )
        .answers(200, "Calls, newest first.", "CallList"),
        operation(
            "post",
            "/v1/owners",
            ADMIN,
            "createOwner",
            "Make another owner, with a first token",
        )
        .needs("admin")
        .body("OwnerCreate")
        .answers(
            201,
            "The owner, with the token that is shown this once.",
            "OwnerCreated",
        )
        .refuses(&[Code::InvalidEmail]),
        operation(
            "delete",
            "/v1/owners/{id}",
            ADMIN,
            "eraseOwner",
            "Erase an owner with everything that is theirs",
        )
        .needs("admin")
        .says("At once nobody gets in for the owner any more and what waits for an approval is closed; everything else is removed within minutes, with runs that are at work. Asked again meanwhile it answers the same; afterwards the owner is not found (404). It cannot be undone: `GET /v1/me/export` comes before.")
        .answers(202, "The owner is being erased.", "OwnerErasing"),
        operation(
            "post",
            "/v1/owners/{id}/tokens",
            ADMIN,
            "recoverOwner",
            "Give an owner a new token, who has none left that can be trusted",
        )
        .needs("admin")
        .says("Without `permissions` it may do what an owner's first token may. There is room for it however many tokens there are.")
        .optional_body("TokenRecover")
        .revision()
        .answers(201, "The token, which is shown this once.", "TokenCreated"),
        operation(
            "post",
            "/v1/credits/grants",
            ADMIN,
            "grantCredits",
            "Give an owner credits, and limit them from now on",
        )
        .needs("admin")
        .body("Grant")
        .answers(201, "The account after it.", "Granted"),
    ]
}
