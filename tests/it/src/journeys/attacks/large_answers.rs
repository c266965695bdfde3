//! What is too large for one answer of a function is fetched elsewhere, or comes in smaller pages; it is never a failure
//! that lasts for ever, and never somebody else's.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{Nightdesk, Options, Outside};

/// How much of a page a crawl keeps, nearly, in characters; each takes three bytes.
const PAGE_CHARS: usize = 190_000;

async fn stage() -> (Outside, Nightdesk) {
    let outside = Outside::start().await;
    let nightdesk = Nightdesk::start(Options {
        env: vec![("NIGHTDESK_EGRESS_ALLOW", outside.address())],
        ..Options::default()
    })
    .await;
    (outside, nightdesk)
}

/// Puts up so many large pages, and gives their addresses.
fn large_pages(outside: &Outside, n: usize) -> Vec<String> {
    let name = |n: usize| format!("large{n}");
    for page in 0..n {
        let sentence = format!("夜勤の机は第{page:02}号の電報を読み、朝までに草稿を残しました。");
        let text = sentence.repeat(PAGE_CHARS / sentence.chars().count());
        outside.publish(&name(page), &format!("Large {page}"), &text);
    }
    (0..n)
        .map(|page| outside.url(&format!("/pages/{}", name(page))))
        .collect()
}

fn reading(urls: &[String]) -> Value {
    json!({"id": "read", "type": "crawl", "timeout_seconds": 300, "config": {"urls": urls, "max_pages": urls.len()}})
}

fn workflow(steps: Value) -> Value {
    json!({"name": "Large", "mode": "multi_step", "schedule": "manual", "stop_condition": {"type": "always"}, "steps": steps})
}

/// A client that shows where it is sent.
fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
}

/// Asks with the owner's token, and gives the address it is sent to.
async fn sent_to(nightdesk: &Nightdesk, path: &str) -> String {
    let url = format!("{}{path}", nightdesk.base());
    let request = client().get(url).bearer_auth(nightdesk.token());
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::SEE_OTHER, "GET {path}");
    let location = response.headers()["location"].to_str().unwrap();
    location.to_owned()
}

/// Fetches an address without any token.
async fn fetch(address: &str) -> reqwest::Response {
    client().get(address).send().await.unwrap()
}

#[tokio::test]
async fn a_large_output_is_fetched_at_an_address_that_opens_nothing_else_and_not_for_long() {
    let (outside, nightdesk) = stage().await;
    let urls = large_pages(&outside, 1);
    // One large page sixteen times over: 9 MB.
    let same = ["0"; 16].join(",");
    let steps = json!([
        reading(&urls),
        {"id": "many", "type": "transform", "depends_on": ["read"],
         "config": {"from": "read", "select": format!("$.pages[{same}].text")}},
    ]);
    let id = nightdesk.workflow(workflow(steps)).await;
    let run = nightdesk.execute(&id).await;
    let done = nightdesk.run_until(&run, &["completed", "failed"]).await;
    assert_eq!(done["status"], "completed", "{done:#}");

    let path = format!("/v1/executions/{run}/outputs/many");
    let address = sent_to(&nightdesk, &path).await;
    let response = fetch(&address).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "application/json");
    assert!(
        !response.headers().contains_key("content-encoding"),
        "curl reads it as it is"
    );
    let bytes = response.bytes().await.unwrap();
    assert!(bytes.len() > 6 << 20, "{} bytes", bytes.len());
    let output: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(output["value"].as_array().unwrap().len(), 16);
    // A client that follows sees no difference.
    let followed = nightdesk.get(&path).await;
    assert_eq!(followed, output);

    // The address is the only permission, and of this object alone.
    let (object, query) = address.split_once('?').unwrap();
    let (folder, name) = object.rsplit_once('/').unwrap();
    let (folders, owner) = folder.rsplit_once('/').unwrap();
    let other = nightdesk
        .post("/_local/owners", json!({"email": "mallory@nightdesk.test"}))
        .await;
    let other_owner = other["owner_id"].as_str().unwrap();
    let last = address.chars().last().unwrap();
    let another = if last == '0' { '1' } else { '0' };
    let forged = format!("{}{another}", &address[..address.len() - 1]);
    let longer = address.replace("until=", "until=9");
    for attempt in [
        object.to_owned(),
        forged,
        longer,
        format!("{folders}/{other_owner}/{name}?{query}"),
        format!("{folder}/{}?{query}", "0".repeat(64)),
        format!("{folders}/{owner}%2F..%2F{other_owner}/{name}?{query}"),
        format!("{folder}/..%2F..%2Ftoken?{query}"),
        address.replace("application%2Fjson", "text%2Fhtml"),
    ] {
        let status = fetch(&attempt).await.status();
        assert_eq!(status, StatusCode::FORBIDDEN, "{attempt}");
    }
    let door = nightdesk.door(other["token"].as_str().unwrap());
    let (status, _) = door.send(Method::GET, &path, None).await.unwrap();
    assert_eq!(status, StatusCode::NOT_FOUND, "another tenant sees nothing");
    nightdesk
        .post("/_local/clock", json!({"advance_seconds": 302}))
        .await;
    assert_eq!(
        fetch(&address).await.status(),
        StatusCode::FORBIDDEN,
        "it has expired"
    );
    let again = sent_to(&nightdesk, &path).await;
    assert_eq!(fetch(&again).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_list_of_large_drafts_ends_its_pages_early_and_an_approval_that_is_too_large_is_still_read()
 {
    let (outside, nightdesk) = stage().await;
    let urls = large_pages(&outside, 3);
    // Three drafts of 1.7 MB each, and one of 12 MB.
    let post = |id: &str, body: Value| {
        json!({"id": id, "type": "post_webhook", "depends_on": ["read"],
               "config": {"url": outside.url("/hook"), "body": body}})
    };
    let texts = "${steps.read.pages[*].text}";
    let many: Vec<Value> = (0..7).map(|_| json!(texts)).collect();
    let steps = json!([
        reading(&urls),
        post("one", json!({"n": 1, "texts": texts})),
        post("two", json!({"n": 2, "texts": texts})),
        post("three", json!({"n": 3, "texts": texts})),
        post("large", json!({"n": 4, "texts": many})),
    ]);
    let id = nightdesk.workflow(workflow(steps)).await;
    let run = nightdesk.execute(&id).await;
    let parked = nightdesk
        .run_until(&run, &["awaiting_approval", "failed"])
        .await;
    assert_eq!(parked["status"], "awaiting_approval", "{parked:#}");

    let mut seen = Vec::new();
    let mut path = "/v1/approvals?status=pending&limit=100".to_owned();
    let mut pages = 0;
    loop {
        let page = nightdesk.get(&path).await;
        pages += 1;
        for approval in page["approvals"].as_array().unwrap() {
            let n = approval["draft"]["body"]["n"].as_u64().unwrap();
            assert!(approval["draft"]["body"]["texts"].is_array());
            seen.push((n, approval["id"].as_str().unwrap().to_owned()));
        }
        assert_eq!(page["pagination"]["total"], 4);
        let Some(cursor) = page["pagination"]["next_cursor"].as_str() else {
            break;
        };
        path = format!("/v1/approvals?status=pending&limit=100&cursor={cursor}");
    }
    seen.sort();
    let numbers: Vec<u64> = seen.iter().map(|(n, _)| *n).collect();
    assert_eq!(numbers, [1, 2, 3, 4], "nothing is left out or shown twice");
    assert!(pages > 1, "one page would be too large");

    let large = &seen[3].1;
    let address = sent_to(&nightdesk, &format!("/v1/approvals/{large}")).await;
    let response = fetch(&address).await;
    assert_eq!(response.status(), StatusCode::OK);
    let approval: Value = response.json().await.unwrap();
    assert_eq!(approval["id"], json!(large));
    // Deciding about it works as for any other, and again with the same key.
    let decide = || {
        client()
            .post(format!("{}/v1/approvals/{large}/reject", nightdesk.base()))
            .bearer_auth(nightdesk.token())
            .header("idempotency-key", "once")
            .json(&json!({"reason": "too long"}))
            .send()
    };
    for _ in 0..2 {
        let decided = decide().await.unwrap();
        assert_eq!(decided.status(), StatusCode::SEE_OTHER);
        let location = decided.headers()["location"].to_str().unwrap();
        let decided: Value = fetch(location).await.json().await.unwrap();
        assert_eq!(decided["status"], "rejected");
    }
}
