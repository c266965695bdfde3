//! An attacker has a copy of the table and of the folder of blobs. The copy gives them no secret to sign a webhook with, and
//! no token: none is stored in clear, and none can be computed from what is stored.
//!
//! What the owner still has: their webhooks are signed as before, also after the host was killed.

use std::io::Read as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::digest;
use domain::signature::{SignedHeaders, secret_of, verify};
use flate2::read::DeflateDecoder;
use jiff::Timestamp;
use reqwest::{Method, StatusCode};
use ring::hmac;
use serde_json::{Map, Value, json};

use crate::world::{Account, Nightdesk, Options, Outside, Received};

/// How many secrets are made of one seed here, and more.
const MADE_OF_A_SEED: u32 = 8;

async fn stage() -> (Outside, Nightdesk) {
    let outside = Outside::start().await;
    let env = vec![("NIGHTDESK_EGRESS_ALLOW", outside.address())];
    let options = Options {
        env,
        ..Options::default()
    };
    (outside, Nightdesk::start(options).await)
}

/// A POST that may be sent again, as clients send it that do not want a thing made twice.
async fn post_once(nightdesk: &Nightdesk, path: &str, body: &Value) -> Value {
    let request = nightdesk.browser(Method::POST, path);
    let request = request.bearer_auth(nightdesk.token());
    let request = request.header("idempotency-key", path).json(body);
    let answer = request.send().await.unwrap();
    let (status, text) = (answer.status(), answer.text().await.unwrap());
    assert_eq!(status, StatusCode::CREATED, "{text}");
    serde_json::from_str(&text).unwrap()
}

fn workflow(outside: &Outside, of_the_step: &str, of_the_hook: &str) -> Value {
    let post = json!({"url": outside.url("/hook?step"), "body": "hello", "secret": of_the_step});
    json!({
        "name": "Lamp", "mode": "multi_step", "schedule": "manual", "stop_condition": {"type": "always"},
        "steps": [{"id": "post", "type": "post_webhook", "config": post}],
        "deliver": [
            {"type": "webhook", "url": outside.url("/hook?given"), "secret": of_the_hook},
            {"type": "webhook", "url": outside.url("/hook?made")},
        ],
    })
}

/// Everything that a copy holds: each item as text with its binary values inflated, and each file.
async fn copy_of(nightdesk: &Nightdesk) -> Vec<String> {
    let items = Account::of(nightdesk).await.items().await;
    assert!(items.len() > 5, "the copy holds the table");
    let mut all: Vec<String> = items.iter().flat_map(texts).collect();
    read_files(&nightdesk.data().join("blobs"), &mut all);
    all
}

fn texts(item: &Map<String, Value>) -> Vec<String> {
    let inflated = item.values().filter_map(|value| {
        let bytes = STANDARD.decode(value["B"].as_str()?).unwrap();
        let mut text = Vec::new();
        // What is no deflated document is looked at as it is.
        if DeflateDecoder::new(bytes.as_slice())
            .read_to_end(&mut text)
            .is_err()
        {
            text = bytes;
        }
        Some(String::from_utf8_lossy(&text).into_owned())
    });
    let plain = serde_json::to_string(item).unwrap();
    std::iter::once(plain).chain(inflated).collect()
}

fn read_files(folder: &Path, all: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            read_files(&path, all);
        } else {
            all.push(String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned());
        }
    }
}

fn is_signed_with(secret: &str, received: &Received) -> bool {
    let [id, timestamp, signature] = received.signed.each_ref().map(|it| Some(it.as_str()));
    let headers = SignedHeaders {
        id,
        timestamp,
        signature,
    };
    let now = Timestamp::now().as_second();
    verify(&[secret], headers, &received.body, now).is_ok()
}

#[tokio::test]
async fn a_copy_of_the_data_signs_nothing() {
    let (outside, mut nightdesk) = stage().await;
    let [of_the_step, of_the_hook, replaced] = [1, 2, 3].map(|n| secret_of(&[n; 32]));
    let first = workflow(&outside, &replaced, &of_the_hook);
    let made = post_once(&nightdesk, "/v1/workflows", &first).await;
    let shown = made["deliver"][1]["secret"].as_str().unwrap().to_owned();
    assert_eq!(made["deliver"][0]["secret"], Value::Null, "it was given");

    let path = format!("/v1/workflows/{}", made["id"].as_str().unwrap());
    let steps = json!({"steps": workflow(&outside, &of_the_step, "")["steps"]});
    for version in [2, 2] {
        let change = nightdesk.send(Method::PATCH, &path, Some(steps.clone()));
        let (status, changed) = change.await;
        assert_eq!(status, StatusCode::OK, "{changed:#}");
        assert_eq!(
            changed["plan_version"], version,
            "the same secret is no change"
        );
        assert!(!changed.to_string().contains("whsec_") && !changed.to_string().contains("sealed"));
    }
    nightdesk.kill_and_restart();
    let run = nightdesk.execute(made["id"].as_str().unwrap()).await;
    let asked = nightdesk.mails(1).await;
    let link = nightdesk.link(&asked[0]);
    assert_eq!(nightdesk.decide(&link, "approve").await, StatusCode::OK);
    nightdesk.run_until(&run, &["completed"]).await;
    nightdesk
        .post("/_local/clock", json!({"advance_seconds": 60}))
        .await;

    let received = outside.received();
    let count = |secret| {
        let signed = received.iter().filter(|it| is_signed_with(secret, it));
        signed.count()
    };
    assert_eq!(count(&of_the_step), 1, "{received:?}");
    assert!(count(&of_the_hook) > 0, "{received:?}");
    assert_eq!(count(&of_the_hook), count(&shown));
    assert_eq!(count(&replaced), 0);
    let stolen = copy_of(&nightdesk).await;
    assert!(stolen.iter().any(|text| text.contains("sealed1.")));
    for secret in [&of_the_step, &of_the_hook, &replaced, &shown] {
        // The part that is the same in each writing of it.
        let key = secret.trim_start_matches("whsec_").trim_end_matches('=');
        for text in &stolen {
            assert!(!text.contains(key), "{secret} stands in {text}");
        }
    }
}

#[tokio::test]
async fn the_seed_of_a_request_gives_nothing_that_the_request_made() {
    let (outside, nightdesk) = stage().await;
    let given = secret_of(&[1; 32]);
    let body = workflow(&outside, &given, &given);
    let made = post_once(&nightdesk, "/v1/workflows", &body).await;
    let secret = made["deliver"][1]["secret"].as_str().unwrap().to_owned();
    let body = json!({"token_name": "reader", "permissions": ["workflows"]});
    let token = post_once(&nightdesk, "/v1/tokens", &body).await["token"]
        .as_str()
        .unwrap()
        .to_owned();

    let items = Account::of(&nightdesk).await.items().await;
    let seeds = items.iter().filter_map(|item| {
        let seed = item.get("seed")?["B"].as_str()?;
        Some(STANDARD.decode(seed).unwrap())
    });
    let seeds: Vec<Vec<u8>> = seeds.collect();
    assert_eq!(seeds.len(), 2, "a request that may come again has one");
    for seed in &seeds {
        let key = hmac::Key::new(hmac::HMAC_SHA256, seed);
        for n in 0..MADE_OF_A_SEED {
            let guess = hmac::sign(&key, &n.to_be_bytes());
            let guess: [u8; 32] = guess.as_ref().try_into().unwrap();
            assert!(!token.ends_with(&digest::hex(&guess)), "a token is guessed");
            assert_ne!(secret, secret_of(&guess), "a secret is guessed");
        }
    }
}
