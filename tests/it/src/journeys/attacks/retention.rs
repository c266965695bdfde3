//! Somebody gets hold of a token, or of a copy of the data, a year later. What they find of the past: nothing that has
//! ended more than the retention ago, nothing of a run that its owner has removed.
//!
//! What the owner still has: what is open, what was published, and the baseline, so that the next run says what is new
//! and not that everything is.

use std::path::{Path, PathBuf};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{Account, Door, Nightdesk, Options, Outside};

const SECRET: &str = "The lighthouse keeper signed with the name Ottoline Vex";

async fn stage() -> (Outside, Nightdesk) {
    let outside = Outside::start().await;
    // Long enough for the table, and with its copies for the folder of blobs.
    let words = (0..60_000_u64)
        .map(|n| format!("w{:x}", n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20))
        .collect::<Vec<_>>();
    outside.publish(
        "lamp",
        "The lamp",
        &format!("{SECRET}. {}", words.join(" ")),
    );
    let env = vec![
        ("NIGHTDESK_EGRESS_ALLOW", outside.address()),
        ("NIGHTDESK_RETENTION_DAYS", "30".to_owned()),
    ];
    let options = Options {
        env,
        ..Options::default()
    };
    (outside, Nightdesk::start(options).await)
}

async fn workflow(nightdesk: &Nightdesk, outside: &Outside) -> String {
    let read = json!({"id": "read", "type": "crawl", "config": {"urls": [outside.url("/pages/lamp")], "max_pages": 1}});
    let workflow = json!({
        "name": "Lamp", "mode": "multi_step", "schedule": "manual", "stop_condition": {"type": "result_count", "operator": ">", "value": 5},
        "confirmations": 1, "steps": [read],
    });
    nightdesk.workflow(workflow).await
}

async fn run(nightdesk: &Nightdesk, workflow: &str) -> Value {
    let id = nightdesk.execute(workflow).await;
    let ended = nightdesk.run_until(&id, &["completed", "failed"]).await;
    assert_eq!(ended["status"], "completed", "{ended:#}");
    ended
}

async fn pass_days(nightdesk: &Nightdesk, days: u64) {
    let by = json!({"advance_seconds": days * 24 * 3600});
    nightdesk.post("/_local/clock", by).await;
}

async fn status(nightdesk: &Nightdesk, path: &str) -> u16 {
    nightdesk.send(Method::GET, path, None).await.0.as_u16()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .flat_map(|entry| match entry.path() {
            path if path.is_dir() => files(&path),
            path => vec![path],
        })
        .collect()
}

#[tokio::test]
async fn what_has_ended_is_gone_after_the_retention_and_the_baseline_is_not() {
    let (outside, nightdesk) = stage().await;
    let workflow = workflow(&nightdesk, &outside).await;
    let first = run(&nightdesk, &workflow).await;
    let second = run(&nightdesk, &workflow).await;
    let path = |run: &Value| format!("/v1/executions/{}", run["id"].as_str().unwrap());
    assert_eq!(
        status(&nightdesk, &format!("{}/outputs/read", path(&first))).await,
        200
    );
    pass_days(&nightdesk, 32).await;
    let list = nightdesk.get("/v1/executions").await;
    assert_eq!(
        (&list["executions"], &list["pagination"]["total"]),
        (&json!([]), &json!(0))
    );
    for of in ["", "/events", "/outputs/read"] {
        assert_eq!(
            status(&nightdesk, &format!("{}{of}", path(&first))).await,
            404,
            "{of}"
        );
    }
    // The last complete run: what the next is compared with.
    assert_eq!(status(&nightdesk, &path(&second)).await, 200);
    let third = run(&nightdesk, &workflow).await;
    let changes = &third["result_changes"];
    assert_eq!(
        changes["previous_execution_id"], second["id"],
        "{changes:#}"
    );
    assert_eq!(changes["net_new_count"], 0);
    let list = nightdesk.get("/v1/executions").await;
    assert_eq!(list["pagination"]["total"], 1);
}

#[tokio::test]
async fn a_run_that_its_owner_removes_is_gone_with_all_it_made() {
    let (outside, nightdesk) = stage().await;
    let workflow = workflow(&nightdesk, &outside).await;
    let ended = run(&nightdesk, &workflow).await;
    let path = format!("/v1/executions/{}", ended["id"].as_str().unwrap());
    for expected in [204, 404] {
        let (status, _) = nightdesk.send(Method::DELETE, &path, None).await;
        assert_eq!(status.as_u16(), expected);
    }
    for of in ["", "/events", "/outputs/read"] {
        assert_eq!(
            status(&nightdesk, &format!("{path}{of}")).await,
            404,
            "{of}"
        );
    }
    let list = nightdesk.get("/v1/executions").await;
    assert_eq!(
        (&list["executions"], &list["pagination"]["total"]),
        (&json!([]), &json!(0))
    );
    // One that is at work is not removed.
    let slow = json!({"id": "read", "type": "crawl", "config": {"urls": [outside.url("/slow/3000/lamp")], "max_pages": 1}});
    let live = nightdesk
        .workflow(json!({
            "name": "Slow", "mode": "multi_step", "schedule": "manual", "stop_condition": {"type": "always"}, "steps": [slow],
        }))
        .await;
    let live = nightdesk.execute(&live).await;
    let (status, answer) = nightdesk
        .send(Method::DELETE, &format!("/v1/executions/{live}"), None)
        .await;
    assert_eq!(
        (status.as_u16(), &answer["code"]),
        (409, &json!("execution_in_progress"))
    );
}

/// A blob has no owner who would ask for it: it is gone from the disk itself.
#[tokio::test]
async fn large_outputs_leave_the_disk() {
    let (outside, nightdesk) = stage().await;
    let workflow = workflow(&nightdesk, &outside).await;
    run(&nightdesk, &workflow).await;
    let blobs = nightdesk.data().join("blobs/runs");
    assert!(!files(&blobs).is_empty(), "the page is a blob");
    pass_days(&nightdesk, 1).await;
    pass_days(&nightdesk, 91).await;
    assert_eq!(files(&blobs), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn an_owner_takes_everything_along_and_no_secret() {
    let (outside, nightdesk) = stage().await;
    let workflow = workflow(&nightdesk, &outside).await;
    let mut runs = Vec::new();
    for _ in 0..3 {
        runs.push(run(&nightdesk, &workflow).await["id"].clone());
    }
    let (mut path, mut lines) = ("/v1/me/export".to_owned(), Vec::<Value>::new());
    loop {
        let page = nightdesk
            .browser(Method::GET, &path)
            .bearer_auth(nightdesk.token())
            .send()
            .await
            .unwrap();
        assert_eq!(page.headers()["content-type"], "application/x-ndjson");
        let text = page.text().await.unwrap();
        assert!(text.len() < 6 << 20);
        assert!(!text.contains(nightdesk.token()));
        lines.extend(
            text.lines()
                .map(|line| serde_json::from_str::<Value>(line).unwrap()),
        );
        let last = lines.pop().unwrap();
        assert_eq!(last["kind"], "page");
        let Some(cursor) = last["data"]["next_cursor"].as_str() else {
            break;
        };
        path = format!("/v1/me/export?cursor={cursor}");
    }
    let of = |kind: &str| -> Vec<&Value> {
        let found = lines.iter().filter(|line| line["kind"] == kind);
        found.map(|line| &line["data"]).collect()
    };
    let exported: Vec<&Value> = of("execution").iter().map(|run| &run["id"]).collect();
    assert_eq!(exported, runs.iter().rev().collect::<Vec<_>>());
    assert!(
        of("execution")
            .iter()
            .all(|run| !run["events"].as_array().unwrap().is_empty())
    );
    assert_eq!(of("workflow").len(), of("plan").len());
    assert!(!of("owner").is_empty() && !of("token").is_empty());
    let (status, answer) = nightdesk
        .send(Method::GET, "/v1/me/export?cursor=eA", None)
        .await;
    assert_eq!(
        (status.as_u16(), &answer["code"]),
        (400, &json!("invalid_cursor"))
    );
}

/// An owner with a run, a run at work, an approval that waits, a watch with a schedule, and a plan that nobody took.
async fn busy_owner(nightdesk: &Nightdesk, outside: &Outside) -> (String, Door) {
    let made = nightdesk
        .post("/_local/owners", json!({"email": "leaving@nightdesk.test"}))
        .await;
    let door = nightdesk.door(made["token"].as_str().unwrap());
    let make = async |body: Value| -> String {
        let made = door.send(Method::POST, "/v1/workflows", Some(body)).await;
        let (status, made) = made.unwrap();
        assert_eq!(status, StatusCode::CREATED, "{made:#}");
        made["id"].as_str().unwrap().to_owned()
    };
    let execute = async |workflow: &str| -> String {
        let path = format!("/v1/workflows/{workflow}/execute");
        let (status, run) = door.send(Method::POST, &path, None).await.unwrap();
        assert_eq!(status, StatusCode::ACCEPTED, "{run:#}");
        run["execution"]["id"].as_str().unwrap().to_owned()
    };
    let crawl = |path: String| json!([{"id": "read", "type": "crawl", "config": {"urls": [outside.url(&path)], "max_pages": 1}}]);
    let watch = make(json!({
        "name": "Lamp", "mode": "multi_step", "interval": "12 hours", "stop_condition": {"type": "result_count", "operator": ">", "value": 5},
        "confirmations": 1, "steps": crawl("/pages/lamp".to_owned()),
    }))
    .await;
    let ended = execute(&watch).await;
    let slow = make(json!({
        "name": "Slow", "mode": "multi_step", "schedule": "manual", "stop_condition": {"type": "always"},
        "steps": crawl("/slow/3000/lamp".to_owned()),
    }))
    .await;
    execute(&slow).await;
    let mail = json!({"to": ["reader@nightdesk.test"], "subject": "Lamp", "body": SECRET});
    let gated = make(json!({
        "name": "Gated", "mode": "multi_step", "schedule": "manual", "stop_condition": {"type": "always"},
        "steps": [{"id": "mail", "type": "send_email", "config": mail}],
    }))
    .await;
    execute(&gated).await;
    let goal = json!({"goal": "Find this week's launches about lamps and draft a note"});
    let planned = door
        .send(Method::POST, "/v1/workflows/plan", Some(goal))
        .await;
    assert!(planned.unwrap().0.is_success());
    loop {
        let path = format!("/v1/executions/{ended}?wait=20");
        let (_, run) = door.send(Method::GET, &path, None).await.unwrap();
        if run["status"] == "completed" {
            break;
        }
    }
    (made["owner_id"].as_str().unwrap().to_owned(), door)
}

/// The erasure is in no hurry and forgets nothing: killed in its middle, it goes on.
#[tokio::test]
async fn an_owner_who_is_erased_leaves_nothing_and_nobody_else_loses_anything() {
    let (outside, mut nightdesk) = stage().await;
    let mine = workflow(&nightdesk, &outside).await;
    let kept = run(&nightdesk, &mine).await;
    let (leaving, door) = busy_owner(&nightdesk, &outside).await;
    let mails = nightdesk.mails(1).await;
    let link = nightdesk.link(&mails[0]);
    let path = format!("/v1/owners/{leaving}");
    let (refused, _) = door.send(Method::DELETE, &path, None).await.unwrap();
    assert_eq!(
        refused,
        StatusCode::FORBIDDEN,
        "nobody erases themselves so"
    );
    for _ in 0..2 {
        let (status, answer) = nightdesk.send(Method::DELETE, &path, None).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{answer:#}");
        assert_eq!(answer["status"], "erasing");
    }
    // At once: no way in, and nothing that anybody could still say yes to.
    let (shut, _) = door.send(Method::GET, "/v1/me", None).await.unwrap();
    assert_eq!(shut, StatusCode::UNAUTHORIZED);
    let decided = nightdesk.browser(Method::GET, &link).send().await.unwrap();
    let page = decided.text().await.unwrap();
    assert!(!page.contains("value=\"approve\""), "{page}");
    nightdesk.kill_and_restart();
    let mut minutes = 0;
    while nightdesk.send(Method::DELETE, &path, None).await.0 != StatusCode::NOT_FOUND {
        minutes += 1;
        assert!(minutes < 30, "it comes to an end");
        let minute = json!({"advance_seconds": 60});
        nightdesk.post("/_local/clock", minute).await;
    }
    let items = Account::of(&nightdesk).await.items().await;
    let left: Vec<_> = items
        .iter()
        .filter(|item| serde_json::to_string(item).unwrap().contains(&leaving))
        .map(|item| (&item["pk"]["S"], &item["sk"]["S"]))
        // Who administers has a log of having asked for it.
        .filter(|(pk, sk)| {
            pk.as_str().unwrap().starts_with(&leaving) || !sk.as_str().unwrap().starts_with("call#")
        })
        .collect();
    assert_eq!(left, []);
    for folder in ["runs", "kept"] {
        let blobs = nightdesk.data().join("blobs").join(folder).join(&leaving);
        assert_eq!(files(&blobs), Vec::<PathBuf>::new());
    }
    let schedules = nightdesk.get("/_local/schedules").await;
    assert!(!schedules.to_string().contains(&leaving), "{schedules:#}");
    let sent = nightdesk.get("/_local/mail").await;
    let sent = sent["messages"].as_array().unwrap().iter();
    let went_out = sent.filter(|mail| mail["to"].to_string().contains("reader@nightdesk.test"));
    assert_eq!(went_out.count(), 0);
    let path = format!("/v1/executions/{}", kept["id"].as_str().unwrap());
    assert_eq!(status(&nightdesk, &path).await, 200);
    assert_eq!(
        status(&nightdesk, &format!("{path}/outputs/read")).await,
        200
    );
}
