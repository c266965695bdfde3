//! Who may do what, whose it is, and what is counted: a row for every operation of the document.
//!
//! The table is held against the document in both directions, so a new operation fails here until somebody has said who may
//! use it. That another owner's objects are not there, whatever the route, is walked in `journeys::tenants`.

use std::collections::BTreeSet;

use domain::digest;
use domain::owner::{Permission, Token};
use domain::quota::Quota;
use engine::ports::Write;
use serde_json::{Value, json};

use super::world::{A, Answer, World};
use crate::openapi;

use Permission::{Admin, Approvals, Read, Sessions, Tokens, Workflows};

/// One operation: what its caller needs, `None` for anybody, and what it takes a place of.
struct Row {
    method: &'static str,
    path: &'static str,
    needs: Option<Permission>,
    takes: Option<Quota>,
}

const fn row(
    method: &'static str,
    path: &'static str,
    needs: Option<Permission>,
    takes: Option<Quota>,
) -> Row {
    Row {
        method,
        path,
        needs,
        takes,
    }
}

#[rustfmt::skip]
const TABLE: &[Row] = &[
    row("get", "/health", None, None),
    row("get", "/llms.txt", None, None),
    row("get", "/v1/approvals", Some(Read), None),
    row("get", "/v1/approvals/{id}", Some(Read), None),
    row("post", "/v1/approvals/{id}/approve", Some(Approvals), None),
    row("post", "/v1/approvals/{id}/reject", Some(Approvals), None),
    row("post", "/v1/approvals/{id}/request_changes", Some(Approvals), None),
    row("get", "/v1/credits", Some(Read), None),
    row("post", "/v1/credits/grants", Some(Admin), None),
    row("get", "/v1/deliveries", Some(Read), None),
    row("post", "/v1/deliveries/{id}/redeliver", Some(Workflows), None),
    row("post", "/v1/destinations/{id}/enable", Some(Workflows), None),
    row("post", "/v1/destinations/{id}/test", Some(Workflows), None),
    row("get", "/v1/executions", Some(Read), None),
    row("get", "/v1/executions/{id}", Some(Read), None),
    row("delete", "/v1/executions/{id}", Some(Workflows), None),
    row("post", "/v1/executions/{id}/cancel", Some(Workflows), None),
    row("get", "/v1/executions/{id}/diff/{before}", Some(Read), None),
    row("get", "/v1/executions/{id}/events", Some(Read), None),
    row("get", "/v1/executions/{id}/outputs/{key}", Some(Read), None),
    row("post", "/v1/executions/{id}/pause", Some(Workflows), None),
    row("post", "/v1/executions/{id}/resolve", Some(Workflows), None),
    row("post", "/v1/executions/{id}/resume", Some(Workflows), None),
    row("post", "/v1/executions/{id}/retry", Some(Workflows), None),
    row("get", "/v1/me", Some(Read), None),
    row("get", "/v1/me/export", Some(Read), None),
    row("get", "/v1/openapi.json", None, None),
    row("post", "/v1/owners", Some(Admin), None),
    row("delete", "/v1/owners/{id}", Some(Admin), None),
    row("post", "/v1/owners/{id}/tokens", Some(Admin), None),
    row("get", "/v1/sessions", Some(Read), None),
    row("post", "/v1/sessions", Some(Sessions), Some(Quota::Sessions)),
    row("get", "/v1/sessions/{id}", Some(Read), None),
    row("patch", "/v1/sessions/{id}", Some(Sessions), None),
    row("delete", "/v1/sessions/{id}", Some(Sessions), None),
    row("post", "/v1/sessions/{id}/archive", Some(Sessions), None),
    row("post", "/v1/sessions/{id}/complete", Some(Sessions), None),
    row("get", "/v1/sessions/{id}/timeline", Some(Read), None),
    row("get", "/v1/sessions/{id}/urls", Some(Read), None),
    row("get", "/v1/signals/{id}", Some(Read), None),
    row("post", "/v1/signals/{id}/promote", Some(Workflows), None),
    row("get", "/v1/tokens", Some(Read), None),
    row("post", "/v1/tokens", Some(Tokens), Some(Quota::Tokens)),
    row("get", "/v1/tokens/{id}", Some(Read), None),
    row("patch", "/v1/tokens/{id}", Some(Tokens), None),
    row("delete", "/v1/tokens/{id}", Some(Tokens), None),
    row("get", "/v1/tokens/{id}/logs", Some(Read), None),
    row("get", "/v1/tools", Some(Read), None),
    row("get", "/v1/workflows", Some(Read), None),
    row("post", "/v1/workflows", Some(Workflows), Some(Quota::Workflows)),
    row("post", "/v1/workflows/assess-intent", Some(Workflows), None),
    row("post", "/v1/workflows/plan", Some(Workflows), None),
    row("post", "/v1/workflows/plan/async", Some(Workflows), None),
    row("get", "/v1/workflows/plan/async/{session_id}", Some(Read), None),
    row("get", "/v1/workflows/{id}", Some(Read), None),
    row("patch", "/v1/workflows/{id}", Some(Workflows), None),
    row("delete", "/v1/workflows/{id}", Some(Workflows), None),
    row("post", "/v1/workflows/{id}/execute", Some(Workflows), None),
    row("get", "/v1/workflows/{id}/executions", Some(Read), None),
    row("get", "/v1/workflows/{id}/occurrences", Some(Read), None),
    row("post", "/v1/workflows/{id}/plan/approve", Some(Workflows), None),
    row("get", "/v1/workflows/{id}/plans", Some(Read), None),
    row("get", "/v1/workflows/{id}/plans/{version}", Some(Read), None),
    row("get", "/v1/workflows/{id}/signals", Some(Read), None),
];

impl Row {
    /// The path with ids that never were: who may not is told so before anything is looked for.
    fn address(&self) -> String {
        let parts = self.path.split('/').collect::<Vec<_>>();
        let filled = parts.iter().enumerate().map(|(i, part)| match *part {
            "{version}" => "1".to_owned(),
            "{key}" => "step".to_owned(),
            "{before}" => format!("exe_{}", "0".repeat(32)),
            "{session_id}" => format!("pls_{}", "0".repeat(32)),
            "{id}" => {
                let prefix = match parts[i - 1] {
                    "workflows" => "wf",
                    "executions" => "exe",
                    "approvals" => "apr",
                    "tokens" => "tok",
                    "owners" => "own",
                    "sessions" => "ses",
                    "signals" => "sig",
                    "deliveries" => "dlv",
                    "destinations" => "dst",
                    other => panic!("the table knows no id under {other}"),
                };
                format!("{prefix}_{}", "0".repeat(32))
            }
            literal => {
                assert!(
                    !literal.contains('{'),
                    "the table cannot fill {}",
                    self.path
                );
                literal.to_owned()
            }
        });
        filled.collect::<Vec<_>>().join("/")
    }

    async fn ask(&self, world: &World, token: Option<&str>) -> Answer {
        let bearer = token.map(|token| format!("Bearer {token}"));
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
        let body = if self.method == "get" { "" } else { "{}" };
        let method = self.method.to_uppercase();
        world.send(&method, &self.address(), &headers, body).await
    }
}

/// A token's text that nobody else in these tests has.
fn text(name: char) -> String {
    format!("nd_{}", name.to_string().repeat(40))
}

#[test]
fn every_operation_has_a_row_that_says_what_the_document_says() {
    let document = openapi::document();
    let mut documented = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let said = operation["description"].as_str().unwrap_or_default();
            let needs = Permission::ALL
                .iter()
                .find(|one| said.contains(&format!("Needs the permission `{one}`.")));
            documented.insert((method.clone(), path.clone(), needs.map(|one| one.as_str())));
        }
    }
    let table: BTreeSet<_> = TABLE
        .iter()
        .map(|row| {
            let needs = row.needs.map(Permission::as_str);
            (row.method.to_owned(), row.path.to_owned(), needs)
        })
        .collect();
    assert_eq!(table.len(), TABLE.len(), "a row stands there twice");
    let missing: Vec<_> = documented.difference(&table).collect();
    let stale: Vec<_> = table.difference(&documented).collect();
    assert!(
        missing.is_empty() && stale.is_empty(),
        "the document has {missing:?}, the table has {stale:?}"
    );
}

#[tokio::test]
async fn a_permission_lets_through_what_its_rows_say_and_nothing_else() {
    let world = World::new().with_admin_token(&text('o'));
    let letters = ['r', 'w', 'p', 's', 't', 'd'];
    for (&permission, letter) in Permission::ALL.iter().zip(letters) {
        world.token(&text(letter), 1, "a@owner.test", &[permission]);
    }
    for row in TABLE {
        let name = format!("{} {}", row.method, row.path);
        let Some(needs) = row.needs else {
            let open = row.ask(&world, None).await;
            assert!(open.status.is_success(), "{name}: {}", open.status);
            continue;
        };
        row.ask(&world, None).await.refused(401, "unauthenticated");
        for (&permission, letter) in Permission::ALL.iter().zip(letters) {
            let answer = row.ask(&world, Some(&text(letter))).await;
            if permission == needs || permission == Admin {
                let status = answer.status.as_u16();
                assert!(
                    !matches!(status, 401 | 403),
                    "{permission} {name}: {status}"
                );
            } else {
                answer.refused(403, "forbidden");
            }
        }
        // The installation's own token administers, and nothing else.
        let installation = row.ask(&world, Some(&text('o'))).await;
        assert_eq!(installation.status == 403, needs != Admin, "{name}");
    }
}

#[tokio::test]
async fn a_token_that_has_ended_lets_nothing_through() {
    let world = World::new();
    let all = Permission::ALL;
    let token = world.token(&text('x'), 1, "a@owner.test", all);
    let plant = |name: char, token: Token| {
        world.store.plant(&Write::PutToken {
            sha256: digest::of_bytes(text(name).as_bytes()),
            token,
        });
    };
    let now = token.created_at;
    plant(
        'v',
        Token {
            revoked_at: Some(now),
            ..token.clone()
        },
    );
    plant(
        'e',
        Token {
            expires_at: Some(now),
            ..token
        },
    );
    for row in TABLE.iter().filter(|row| row.needs.is_some()) {
        for ended in ['v', 'e'] {
            let answer = row.ask(&world, Some(&text(ended))).await;
            answer.refused(401, "unauthenticated");
        }
    }
}

/// Takes every place of a quota.
fn fill(world: &World, quota: Quota) {
    let owner = World::owner(1);
    for n in 0..quota.most() {
        world.store.plant(&Write::TakePlace {
            owner: owner.clone(),
            quota,
            most: u32::MAX,
        });
        if quota == Quota::Tokens {
            // Counted anew when there is no room, so they must be there in truth.
            let text = format!("nd_{n:040}");
            let token = world.token(&text, 1, "a@owner.test", &[Read]);
            world.store.plant(&Write::PutToken {
                sha256: digest::of_bytes(text.as_bytes()),
                token,
            });
        }
    }
}

#[tokio::test]
async fn what_takes_a_place_is_refused_when_there_is_none() {
    let bodies = |quota: Quota| -> Value {
        match quota {
            Quota::Workflows => super::world::simple(),
            Quota::Tokens => json!({"token_name": "t"}),
            Quota::Sessions => json!({"name": "s"}),
            Quota::OpenApprovals | Quota::SignIns => Value::Null,
        }
    };
    let mut taken = Vec::new();
    for row in TABLE {
        let Some(quota) = row.takes else { continue };
        let world = World::new();
        fill(&world, quota);
        let refused = world.post(row.path, bodies(quota)).await;
        refused.refused(429, "quota_exceeded");
        let most = match quota {
            Quota::Workflows => world.app.settings.most_workflows,
            other => other.most(),
        };
        assert_eq!(refused.header("ratelimit-limit"), most.to_string());
        taken.push(quota);
    }
    // Approvals are opened by runs, and browsers signed in by pages.
    let elsewhere = [Quota::OpenApprovals, Quota::SignIns];
    let by_requests = Quota::ALL.iter().filter(|one| !elsewhere.contains(one));
    assert_eq!(taken.len(), by_requests.count(), "{taken:?}");
}

/// What each token may do to each other token of its owner.
#[tokio::test]
async fn a_token_reaches_tokens_that_may_do_no_more_than_itself() {
    let world = World::new();
    let named: [(&str, &[Permission]); 4] = [
        ("first", &[Read, Workflows, Approvals, Sessions, Tokens]),
        ("keeper", &[Read, Tokens]),
        ("reader", &[Read]),
        ("runner", &[Read, Workflows]),
    ];
    let mut made = Vec::new();
    for (name, permissions) in named {
        let body = json!({"token_name": name, "permissions": permissions});
        let token = world.post("/v1/tokens", body).await.json();
        let path = format!("/v1/tokens/{}", token["id"].as_str().unwrap());
        made.push((token["token"].as_str().unwrap().to_owned(), path));
    }
    // Rows act, columns are acted upon: whether it is within reach.
    let reach = [
        ("first", [true, true, true, true]),
        ("keeper", [false, true, true, false]),
        ("reader", [false, false, false, false]),
        ("runner", [false, false, false, false]),
    ];
    for ((who, may), (actor, _)) in reach.iter().zip(&made) {
        for ((whom, _), ((_, path), may)) in named.iter().zip(made.iter().zip(may)) {
            let renamed = json!({"token_name": "renamed"});
            let answer = world.json_as(actor, "PATCH", path, &renamed).await;
            let expected = if *may { 200 } else { 403 };
            assert_eq!(
                answer.status,
                expected,
                "{who} changes {whom}: {}",
                answer.text()
            );
            if !may {
                let answer = world.json_as(actor, "DELETE", path, &Value::Null).await;
                assert_eq!(answer.status, 403, "{who} revokes {whom}");
            }
        }
    }
    let first = world.get_as(A, &made[0].1).await.json();
    assert_eq!(first["is_active"], true);
}
