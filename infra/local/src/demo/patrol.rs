//! The second story: baseline → nothing changed → the site changes → signal.

use serde_json::{Value, json};

use super::client::{Client, DemoError};
use super::tell_line;

/// Six hours, in seconds, and a bit: the interval of the watch.
const NEXT_OCCURRENCE: u64 = 6 * 3600 + 60;

/// Tells it to its end.
pub(super) async fn tell(client: &Client, site: &str) -> Result<(), DemoError> {
    let page = format!("{}/pricing", site.trim_end_matches('/'));
    tell_line("watch", &format!("{page}, every 6 hours"));
    let workflow = client
        .post(
            "/v1/workflows",
            json!({
                "name": "A competitor's prices",
                "mode": "simple",
                "workflow_type": "crawl",
                "operation_config": {"urls": [page], "max_pages": 1},
                "interval": "6 hours",
                "stop_condition": {"type": "always"},
            }),
        )
        .await?;
    let id = workflow["id"].as_str().unwrap_or_default();
    let mails = client.mail_count().await?;
    for (what, edition) in [("baseline", None), ("no change", None), ("change", Some(2))] {
        if let Some(edition) = edition {
            client
                .post("/_local/site", json!({"edition": edition}))
                .await?;
            tell_line("meanwhile", "the competitor changes its prices");
        }
        client
            .post("/_local/clock", json!({"advance_seconds": NEXT_OCCURRENCE}))
            .await?;
        let runs = client
            .get(&format!("/v1/workflows/{id}/executions?limit=1"))
            .await?;
        let run = client
            .get(&format!(
                "/v1/executions/{}",
                runs["executions"][0]["id"].as_str().unwrap_or_default()
            ))
            .await?;
        tell_run(what, &run);
    }
    let mail = client.mail(mails + 1).await?;
    tell_line("mail", mail["subject"].as_str().unwrap_or_default());
    let count = client.mail_count().await?;
    if count != mails + 1 {
        return Err(DemoError::Story(format!(
            "one change, but {} mails",
            count - mails
        )));
    }
    Ok(())
}

fn tell_run(what: &str, run: &Value) {
    let signal = &run["signal"];
    tell_line(
        "6 h later",
        &format!(
            "{what}: {} ({})",
            signal["decision"].as_str().unwrap_or("?"),
            signal["reason"].as_str().unwrap_or("?")
        ),
    );
    for change in run["result_changes"]["changed"]
        .as_array()
        .into_iter()
        .flatten()
    {
        for pair in change["diff"]["changed"]
            .as_array()
            .into_iter()
            .flatten()
            .take(3)
        {
            tell_line(
                "",
                &format!("− {}", pair["before"].as_str().unwrap_or_default().trim()),
            );
            tell_line(
                "",
                &format!("+ {}", pair["after"].as_str().unwrap_or_default().trim()),
            );
        }
        for (sign, lines) in [
            ("−", &change["diff"]["removed"]),
            ("+", &change["diff"]["added"]),
        ] {
            for line in lines.as_array().into_iter().flatten().take(3) {
                tell_line(
                    "",
                    &format!("{sign} {}", line.as_str().unwrap_or_default().trim()),
                );
            }
        }
    }
}
