//! Owners, tokens and credits.

use domain::credits::LedgerKind;
use domain::owner::Permission;
use serde_json::{Value, json};

use super::{Group, answer, count, id, nullable, page, request, some_text, time, whole, words};

fn permissions() -> Value {
    let word = words(Permission::ALL.iter().map(|permission| permission.as_str()));
    json!({"type": "array", "minItems": 1, "maxItems": Permission::ALL.len(), "items": word})
}

fn token() -> Value {
    json!({
        "id": id("tok_"),
        "token_name": some_text(255),
        "token_prefix": {"type": "string"},
        "permissions": permissions(),
        "rate_limit_per_hour": count(),
        "rate_limit_per_day": count(),
        "is_active": {"type": "boolean"},
        "last_used_at": nullable(&time()),
        "created_at": time(),
        "expires_at": nullable(&time()),
    })
}

fn given() -> Value {
    json!({
        "token_name": some_text(255),
        "permissions": permissions(),
        "rate_limit_per_hour": whole(1, 1000),
        "rate_limit_per_day": whole(1, 10_000),
        "expires_at": nullable(&time()),
    })
}

pub(super) fn all() -> Group {
    let mut created = token();
    created["token"] = json!({"type": "string", "description": "Shown this once."});
    let mut change = given();
    change["is_active"] = json!({"type": "boolean"});
    let mut change = request(&change, &[]);
    change["minProperties"] = json!(1);
    let call = answer(
        &json!({
            "at": time(), "method": {"type": "string"}, "path": {"type": "string"},
            "status": whole(100, 599), "request_id": {"type": "string"},
        }),
        &[],
    );
    let ledger = answer(
        &json!({
            "at": time(),
            "amount": {"type": "integer", "description": "Signed: a charge is negative."},
            "kind": words(LedgerKind::ALL.iter().map(|kind| kind.as_str())),
            "execution_id": id("exe_"),
            "plan_id": id("pln_"),
        }),
        &["execution_id", "plan_id"],
    );
    let balance = nullable(&json!({"type": "integer"}));
    let credits = answer(
        &json!({"balance": balance, "reserved": count(), "available": balance, "ledger": {"type": "array", "items": ledger}}),
        &[],
    );
    let granted = answer(
        &json!({"owner_id": id("own_"), "amount": count(), "balance": balance, "reserved": count(), "available": balance}),
        &[],
    );
    let email = json!({"type": "string", "format": "email", "maxLength": 254});
    let team = nullable(&some_text(100));
    vec![
        (
            "Me",
            answer(
                &json!({"owner_id": id("own_"), "email": {"type": "string"}, "team": team, "permissions": permissions()}),
                &[],
            ),
        ),
        ("Token", answer(&token(), &[])),
        ("TokenCreated", answer(&created, &[])),
        ("TokenList", page("tokens", "Token")),
        ("TokenCreate", request(&given(), &["token_name"])),
        ("TokenRecover", request(&given(), &[])),
        ("TokenChange", change),
        ("Call", call),
        ("CallList", page("logs", "Call")),
        ("Credits", credits),
        (
            "OwnerCreate",
            request(&json!({"email": email, "team": team}), &["email"]),
        ),
        (
            "OwnerCreated",
            answer(
                &json!({"owner_id": id("own_"), "email": {"type": "string"}, "team": team, "token": {"type": "string"}, "created_at": time()}),
                &[],
            ),
        ),
        (
            "OwnerErasing",
            answer(
                &json!({"owner_id": id("own_"), "status": {"const": "erasing"}, "asked_at": time()}),
                &[],
            ),
        ),
        (
            "Grant",
            request(
                &json!({"owner_id": id("own_"), "amount": whole(1, 1_000_000_000)}),
                &["owner_id", "amount"],
            ),
        ),
        ("Granted", granted),
    ]
}
