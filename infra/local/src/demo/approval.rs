//! The first story: goal → plan → run → mail → approval by the mailed link → published.

use serde_json::{Value, json};

use super::board::Board;
use super::client::{Client, DemoError};
use super::{quote, tell_line};

/// Tells it to its end.
pub(super) async fn tell(client: &Client, board: &Board, goal: &str) -> Result<(), DemoError> {
    let execution = run_to_the_gate(client, "Launch radar", goal).await?;
    // Every gate on the way asks by mail; the last one publishes.
    let mut approved = 0;
    let mut told = Vec::new();
    loop {
        let run = client
            .follow(
                &execution,
                &["awaiting_approval", "completed"],
                &mut told,
                tell_step,
            )
            .await?;
        if run["status"] == "completed" {
            break;
        }
        approved += 1;
        approve_by_mail(client, approved).await?;
    }
    for note in board.notes() {
        tell_line(
            "published",
            &format!(
                "{} bytes arrived, Idempotency-Key {}…",
                note.body.len(),
                note.key.get(..12).unwrap_or(&note.key)
            ),
        );
        quote(&readable(&note.body), 14);
    }
    if board.notes().is_empty() {
        tell_line(
            "finished",
            "everything the goal asked for is approved; it named no address to publish to",
        );
    }
    Ok(())
}

/// Tells it up to the draft, for comparison.
pub(super) async fn tell_to_the_draft(client: &Client, goal: &str) -> Result<(), DemoError> {
    let execution = run_to_the_gate(client, "Energy letter", goal).await?;
    let run = client
        .follow(
            &execution,
            &["awaiting_approval", "completed"],
            &mut Vec::new(),
            tell_step,
        )
        .await?;
    if run["status"] == "completed" {
        return Ok(());
    }
    let approvals = client.get("/v1/approvals?status=pending").await?;
    let draft = approvals["approvals"][0]["draft"]["body"]
        .as_str()
        .unwrap_or_default();
    tell_line("draft", "waits for a person; nothing goes out");
    quote(draft, 12);
    client
        .post(&format!("/v1/executions/{execution}/cancel"), json!({}))
        .await?;
    Ok(())
}

async fn run_to_the_gate(client: &Client, name: &str, goal: &str) -> Result<String, DemoError> {
    tell_line("goal", &format!("“{goal}”"));
    let plan = client
        .post("/v1/workflows/plan", json!({"intent": goal}))
        .await?;
    tell_line(
        "plan",
        &format!(
            "by the {} planner, {}",
            plan["planner"]["source"].as_str().unwrap_or("?"),
            plan["planning_profile"].as_str().unwrap_or("?")
        ),
    );
    for step in plan["recommended_steps"].as_array().into_iter().flatten() {
        let gate = if step["requires_approval"] == true {
            "  ⛔ a person decides"
        } else {
            ""
        };
        tell_line(
            "",
            &format!(
                "{:<14} {:<16} {}{gate}",
                step["id"].as_str().unwrap_or("?"),
                step["type"].as_str().unwrap_or("?"),
                essence(&step["config"])
            ),
        );
    }
    let workflow = client
        .post(
            "/v1/workflows",
            json!({"name": name, "mode": "ai_planned", "plan_id": plan["plan_id"], "schedule": "manual", "stop_condition": {"type": "always"}}),
        )
        .await?;
    let started = client
        .post(
            &format!(
                "/v1/workflows/{}/execute",
                workflow["id"].as_str().unwrap_or_default()
            ),
            json!({}),
        )
        .await?;
    let execution = started["execution"]["id"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    tell_line("run", &format!("{execution}, one queue message a step"));
    Ok(execution)
}

async fn approve_by_mail(client: &Client, n: usize) -> Result<(), DemoError> {
    let mail = client.mail(n).await?;
    let to = mail["to"][0].as_str().unwrap_or_default();
    tell_line(
        "mail",
        &format!("to {to}: {}", mail["subject"].as_str().unwrap_or_default()),
    );
    let link = client.link(&mail)?;
    for _ in 0..20 {
        client.page(&link).await?;
    }
    tell_line(
        "",
        "a mail scanner opens the link twenty times: nothing happens, because only the button decides",
    );
    let page = client.page(&link).await?;
    let nonce = page
        .split("name=\"nonce\" value=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next());
    let nonce = nonce.ok_or_else(|| DemoError::Story("the page has no button".to_owned()))?;
    client
        .submit(&link, format!("decision=approve&nonce={nonce}"))
        .await?;
    tell_line("approved", &format!("by {to}, on the page behind the link"));
    Ok(())
}

fn tell_step(step: &Value) {
    let status = step["status"].as_str().unwrap_or_default();
    let more = match status {
        "failed" => step["error"]["message"].as_str().unwrap_or_default(),
        _ => step["output_preview"].as_str().unwrap_or_default(),
    };
    let line = more
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    let short: String = line.chars().take(64).collect();
    tell_line(
        "",
        &format!(
            "{:<14} {status:<18} {short}",
            step["id"].as_str().unwrap_or("?")
        ),
    );
}

/// The few words of a configuration that say what a step does.
fn essence(config: &Value) -> String {
    let words = [
        "query",
        "urls",
        "aggregation_type",
        "channel",
        "n",
        "length_words",
        "url",
        "to",
        "freshness",
        "max_results",
    ];
    let said = words.iter().filter_map(|key| {
        let value = config.get(key)?;
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        Some(format!(
            "{key} {}",
            text.chars().take(44).collect::<String>()
        ))
    });
    said.take(3).collect::<Vec<_>>().join(", ")
}

/// A posted body as a person reads it: the text, or a JSON body's own text field.
fn readable(body: &[u8]) -> String {
    match serde_json::from_slice::<Value>(body) {
        Ok(Value::String(text)) => text,
        Ok(json) => json["text"]
            .as_str()
            .map_or_else(|| format!("{json:#}"), str::to_owned),
        Err(_) => String::from_utf8_lossy(body).into_owned(),
    }
}
