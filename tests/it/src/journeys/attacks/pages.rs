//! Somebody whose page is watched wants the watch to end, or everybody's: their page costs the worker that reads it its
//! memory, its time, or its life. What the victim still has: every other page of the run, and the reason for this one.

use reqwest::Method;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::world::{Nightdesk, Options, Outside, workers};

/// What the step executor may take in AWS (`template.yaml`), in KiB.
const MEMORY_KIB: u64 = 512 * 1024;

/// Past the lease of a step: its 60 s, and the margin of 15 s.
const PAST_A_LEASE_SECONDS: u64 = 90;

/// 28 KB of formatting elements that are never closed, before one block of paragraphs, each of which opens them again.
fn formatting() -> String {
    let open: String = (0..1_200)
        .map(|n| format!("<font color=\"#{n:06}\">"))
        .collect();
    open + &"<p>".repeat(1_365)
}

/// Four and a half megabytes of cells.
fn cells() -> String {
    let row = "<tr><td>1<td>2<td>3<td>4";
    format!("<table>{}", row.repeat(4_500_000 / row.len()))
}

/// A page of values of two bytes each.
fn values() -> String {
    format!(
        "<script type=application/ld+json>[1{}]</script>",
        ",1".repeat(2_200_000)
    )
}

async fn stage() -> (Outside, Nightdesk) {
    let outside = Outside::start().await;
    for name in ["cranes", "ferries", "piers", "tides", "quays"] {
        outside.publish(
            name,
            name,
            "The harbour took delivery of two new cranes on Tuesday, and they have worked well since then.",
        );
    }
    let env = vec![("NIGHTDESK_EGRESS_ALLOW", outside.address())];
    let options = Options {
        env,
        ..Options::default()
    };
    let nightdesk = Nightdesk::start(options).await;
    (outside, nightdesk)
}

async fn crawl(nightdesk: &Nightdesk, urls: &[String]) -> String {
    let workflow = json!({
        "name": "Harbour",
        "mode": "multi_step",
        "schedule": "manual",
        "stop_condition": {"type": "always"},
        "steps": [{"id": "read", "type": "crawl", "config": {"urls": urls, "max_pages": urls.len()}}],
    });
    let id = nightdesk.workflow(workflow).await;
    nightdesk.execute(&id).await
}

async fn output(nightdesk: &Nightdesk, run: &str) -> Value {
    let ended = nightdesk.run_until(run, &["completed", "failed"]).await;
    assert_eq!(ended["status"], "completed", "{ended:#}");
    nightdesk
        .get(&format!("/v1/executions/{run}/outputs/read"))
        .await
}

fn urls_of(list: &Value) -> Vec<&str> {
    let entries = list.as_array().unwrap();
    entries
        .iter()
        .map(|entry| entry["url"].as_str().unwrap())
        .collect()
}

/// The most memory any of the host's workers has had.
fn most_memory_kib(nightdesk: &Nightdesk) -> u64 {
    let peak = |pid: Pid| {
        let path = format!("/proc/{}/status", pid.as_raw_nonzero());
        let status = std::fs::read_to_string(path).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok()
    };
    workers(nightdesk.pid())
        .into_iter()
        .filter_map(peak)
        .max()
        .unwrap_or_default()
}

fn kill_workers(nightdesk: &Nightdesk) {
    for worker in workers(nightdesk.pid()) {
        let _ = kill_process(worker, Signal::KILL);
    }
}

#[tokio::test]
async fn bombs_are_unreadable_and_the_other_pages_are_read() {
    let (outside, nightdesk) = stage().await;
    outside.publish_html("formatting", formatting());
    // Six dense pages are read at once, and none of them alone is the largest there can be.
    for n in 0..6 {
        outside.publish_html(&format!("cells{n}"), cells());
    }
    outside.publish_html("values", values());
    let names = [
        "cranes",
        "formatting",
        "ferries",
        "cells0",
        "cells1",
        "cells2",
        "cells3",
        "cells4",
        "cells5",
        "piers",
        "values",
        "tides",
    ];
    let urls = names.map(|name| outside.url(&format!("/pages/{name}")));
    let run = crawl(&nightdesk, &urls).await;
    let output = output(&nightdesk, &run).await;
    let kib = most_memory_kib(&nightdesk);

    assert!(
        kib > 0 && kib < MEMORY_KIB * 3 / 4,
        "a worker took {kib} KiB"
    );
    let read = urls_of(&output["results"]);
    for name in ["cranes", "ferries", "piers", "tides"] {
        assert!(
            read.contains(&outside.url(&format!("/pages/{name}")).as_str()),
            "{name} is not among {read:?}"
        );
    }
    let unreadable = output["unreadable"].as_array().unwrap();
    for name in ["formatting", "cells0", "cells5"] {
        let url = outside.url(&format!("/pages/{name}"));
        assert!(
            unreadable.contains(&json!({"url": url, "reason": "too_large"})),
            "{name} is not among {unreadable:?}"
        );
    }
}

#[tokio::test]
async fn a_page_that_kills_its_worker_is_the_only_one_that_is_lost() {
    let (outside, nightdesk) = stage().await;
    let killer = outside.url("/held/killer");
    let urls = [
        outside.url("/pages/cranes"),
        outside.url("/pages/ferries"),
        killer.clone(),
        outside.url("/pages/piers"),
        outside.url("/pages/tides"),
        outside.url("/pages/quays"),
    ];
    let run = crawl(&nightdesk, &urls).await;
    // It kills the worker that reads it among others, and the one that reads it alone.
    for death in 1..=2 {
        outside.until_held(death).await;
        kill_workers(&nightdesk);
        // It answers when the system is quiet, and that will not be before the next worker is killed.
        let door = nightdesk.owners_door();
        tokio::spawn(async move {
            let past = json!({"advance_seconds": PAST_A_LEASE_SECONDS});
            door.send(Method::POST, "/_local/clock", Some(past)).await
        });
    }
    let output = output(&nightdesk, &run).await;
    assert_eq!(
        output["unreadable"],
        json!([{"url": killer, "reason": "infrastructure"}])
    );
    let read = urls_of(&output["results"]);
    let others: Vec<&str> = urls
        .iter()
        .map(String::as_str)
        .filter(|url| *url != killer)
        .collect();
    assert_eq!(read, others);
}
