//! Ten thousand workflows and a hundred thousand runs, and what each list of them reads, on the host's own meter.

mod seed;

use std::time::Instant;

use serde_json::{Value, json};

use crate::world::{Nightdesk, Options};
use seed::{COPIES, RUNS};

/// What answering a request read: items, and units.
#[derive(Debug)]
struct Read {
    items: f64,
    units: f64,
}

async fn metered(nightdesk: &Nightdesk, path: &str) -> (Value, Read) {
    nightdesk
        .send(reqwest::Method::DELETE, "/_local/usage", None)
        .await;
    let answer = nightdesk.get(path).await;
    let usage = nightdesk.get("/_local/usage").await;
    let figure = |name: &str| usage["dynamodb"][name].as_f64().unwrap();
    let read = Read {
        items: figure("items_read"),
        units: figure("rru"),
    };
    (answer, read)
}

/// A prototype of all the others: it has run ten times, and says its number in its name, its text and a tag.
async fn prototype(nightdesk: &Nightdesk) -> (String, Vec<String>) {
    let step = json!({"id": "hello", "type": "llm_response", "config": {"prompt": "Say hello."}});
    let id = nightdesk
        .workflow(json!({
            "name": format!("Watch {}", seed::NUMBER), "description": format!("Whatever office {} gives out", seed::NUMBER),
            "tags": [seed::TAG], "mode": "multi_step", "schedule": "manual", "stop_condition": {"type": "always"},
            "steps": [step],
        }))
        .await;
    let mut runs = Vec::new();
    for _ in 0..RUNS {
        let run = nightdesk.execute(&id).await;
        let ended = nightdesk.run_until(&run, &["completed", "failed"]).await;
        assert_eq!(ended["status"], "completed", "{ended:#}");
        runs.push(run);
    }
    nightdesk
        .post("/_local/quiesce", json!({"timeout_ms": 30_000}))
        .await;
    (id, runs)
}

#[tokio::test]
#[expect(clippy::print_stdout, reason = "the figures of the report")]
async fn lists_read_what_they_show_however_much_there_is() {
    let mut nightdesk = Nightdesk::start(Options::default()).await;
    let (workflow, runs) = prototype(&nightdesk).await;
    let begun = Instant::now();
    nightdesk.kill_change_and_restart(|data| seed::multiply(data, &workflow, &runs));
    let all = COPIES + 1;
    println!(
        "{all} workflows and {} runs in {:.1} s",
        all * RUNS,
        begun.elapsed().as_secs_f64()
    );

    // What every request reads to know who asks; once before, so that the function is warm.
    metered(&nightdesk, "/v1/tools").await;
    let (_, door) = metered(&nightdesk, "/v1/tools").await;
    let tell = |path: &str, read: &Read| {
        println!(
            "{path}: {} items, {} units",
            read.items - door.items,
            read.units - door.units
        );
    };

    // In an order: a page's rows and objects, whatever the cursor; the first page of a walk counts the list as well.
    for (plural, query, total, counts) in [
        ("workflows", "limit=20", all, 1),
        ("workflows", "limit=100&status=active", all, 1),
        ("workflows", "limit=100&scope=owned&sort_by=updated", all, 1),
        (
            "workflows",
            "limit=50&sort_by=updated&status=active",
            all,
            1,
        ),
        (
            "workflows",
            "limit=100&sort_by=name&sort_order=desc",
            all,
            1,
        ),
        ("workflows", "limit=20&sort_by=name&status=active", all, 1),
        ("workflows", "status=failed", 0, 1),
        ("executions", "limit=20", all * RUNS, 8),
        ("executions", "limit=100&status=completed", all * RUNS, 8),
        ("executions", "status=running", 0, 0),
        (
            "executions",
            &format!("limit=5&workflow_id={workflow}"),
            RUNS,
            2,
        ),
    ] {
        let mut path = format!("/v1/{plural}?{query}");
        let mut seen = 0;
        for page in 0..3 {
            let (answer, read) = metered(&nightdesk, &path).await;
            tell(&path, &read);
            let pagination = &answer["pagination"];
            assert_eq!(pagination["total"], total, "{path}");
            let limit = pagination["limit"].as_u64().unwrap();
            let (items, units) = (read.items - door.items, read.units - door.units);
            // A list that is cut by month reads which months there are.
            let months = f64::from(u8::from(plural == "executions"));
            let most = (2 * limit) as f64 + months;
            let counted = if page == 0 { f64::from(counts) } else { 0.0 };
            assert!(items <= most + counted, "{path} reads {items} items");
            assert!(units <= most, "{path} reads {units} units");
            let here = answer[plural].as_array().unwrap().len();
            assert_eq!(here, (total - seen).min(limit as usize), "{path}");
            seen += here;
            let Some(cursor) = pagination["next_cursor"].as_str() else {
                assert_eq!(seen, total, "{path}");
                break;
            };
            path = format!("/v1/{plural}?{query}&cursor={cursor}");
        }
    }

    // By all compact rows.
    let number = seed::number(COPIES / 2);
    let one = format!("search=OFFICE+{number}");
    for (query, total) in [
        (one.as_str(), 1),
        ("search=nowhere", 0),
        ("search=whatever&limit=20", all),
        ("tags=desk-07&limit=100&sort_by=name", COPIES / 100),
        ("tags=desk-07&status=active&sort_by=updated", COPIES / 100),
        ("offset=9980&sort_by=name", all),
    ] {
        let path = format!("/v1/workflows?{query}");
        let (answer, read) = metered(&nightdesk, &path).await;
        tell(&path, &read);
        assert_eq!(answer["pagination"]["total"], total, "{path}");
        assert!(read.units < 300.0, "{path} reads {} units", read.units);
    }

    // One workflow, its plan, the months of the list of runs, and its ten newest runs.
    let path = format!("/v1/workflows/{workflow}");
    let (answer, read) = metered(&nightdesk, &path).await;
    tell(&path, &read);
    assert_eq!(answer["executions"].as_array().unwrap().len(), RUNS);
    assert!(read.items - door.items <= 23.0, "{read:?}");
    let (status, _) = nightdesk
        .send(reqwest::Method::GET, "/v1/workflows?offset=10001", None)
        .await;
    assert_eq!(status, 422);
}
