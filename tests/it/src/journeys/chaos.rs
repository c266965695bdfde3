//! The real host killed and stopped at random moments, on an infrastructure as unkind as AWS may be.
//!
//! Thirty runs publish behind a gate, twenty to a webhook and ten by mail, while deliveries come twice, sends
//! and answers get lost, requests are throttled, the host is killed twenty times, the host or one of its
//! workers is stopped ten times for longer than a lease, and the clock runs. What was acknowledged must
//! end; what was approved must go out once, as it was approved; a mail, which has no key, goes out at most
//! once, or a person is asked what became of it.
//!
//! `NIGHTDESK_CHAOS_SEED` repeats one order of disasters; the moments at which they strike are the machine's.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use engine::memory::SeededEntropy;
use reqwest::Method;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::world::{Door, Nightdesk, Options, Outside, workers};

const WEBHOOKS: usize = 20;
const MAILS: usize = 10;
const KILLS: usize = 20;
const PAUSES: usize = 10;

/// A lease of these steps and a little: 60 s and the margin of 15 s.
const PAST_A_LEASE_SECONDS: u64 = 90;

/// Chooses disasters. Small numbers: the bias of the remainder is of no account.
struct Dice(SeededEntropy);

impl Dice {
    fn below(&self, n: u64) -> u64 {
        self.0.number() % n
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Disaster {
    Kill,
    StopHost,
    StopWorker,
}

/// All disasters, in the order of the dice.
fn disasters(dice: &Dice) -> Vec<Disaster> {
    let pauses = [Disaster::StopHost, Disaster::StopWorker];
    let mut all: Vec<Disaster> = std::iter::repeat_n(Disaster::Kill, KILLS)
        .chain(pauses.into_iter().cycle().take(PAUSES))
        .collect();
    for i in (1..all.len()).rev() {
        let j = usize::try_from(dice.below(i as u64 + 1)).unwrap();
        all.swap(i, j);
    }
    all
}

/// What publishes: a run of its own for every marker, so that what arrives can be told apart.
fn workflow(outside: &Outside, marker: usize) -> Value {
    let publish = if marker < WEBHOOKS {
        json!({"id": "out", "type": "post_webhook", "depends_on": ["say"],
            "config": {"url": outside.url("/hook"), "body": {"marker": marker, "text": "${steps.say.text}"}}})
    } else {
        json!({"id": "out", "type": "send_email", "depends_on": ["say"],
            "config": {"to": [reader(marker)], "subject": "News", "body": "${steps.say.text}"}})
    };
    json!({
        "name": format!("run {marker}"), "mode": "multi_step", "schedule": "manual", "stop_condition": {"type": "always"},
        "overlap_policy": "allow",
        "steps": [
            {"id": "read", "type": "crawl", "config": {"urls": [outside.url("/pages/cranes")], "max_pages": 1}},
            {"id": "say", "type": "generate_report", "depends_on": ["read"], "config": {"length_words": 60}},
            publish,
        ],
    })
}

fn reader(marker: usize) -> String {
    format!("reader{marker}@nightdesk.test")
}

fn unkind(seed: u64) -> Value {
    json!({"duplicate_deliveries": true, "drop_sends": 0.05, "lost_acks": 0.05, "throttle": 0.05, "seed": seed})
}

/// A person who approves whatever waits, with a host that may be gone in the middle of it.
async fn approve_everything(door: &Door) {
    let list = door
        .send(Method::GET, "/v1/approvals?status=pending&limit=100", None)
        .await;
    let Ok((_, list)) = list else { return };
    for approval in list["approvals"].as_array().into_iter().flatten() {
        let path = format!("/v1/approvals/{}/approve", id(approval));
        // Whatever the answer: it is read again.
        let _ = door.send(Method::POST, &path, Some(json!({}))).await;
    }
}

/// Starts a run; its id when the start was acknowledged.
async fn start(door: &Door, workflow: &str) -> Option<String> {
    let path = format!("/v1/workflows/{workflow}/execute");
    let (status, answer) = door.send(Method::POST, &path, Some(json!({}))).await.ok()?;
    if !status.is_success() {
        return None;
    }
    Some(id(&answer["execution"]).to_owned())
}

async fn strike(nightdesk: &mut Nightdesk, disaster: Disaster, dice: &Dice) {
    match disaster {
        Disaster::Kill => nightdesk.kill_and_restart(),
        Disaster::StopHost => {
            let host = Pid::from_raw(i32::try_from(nightdesk.pid()).unwrap()).unwrap();
            kill_process(host, Signal::STOP).unwrap();
            tokio::time::sleep(Duration::from_millis(200 + dice.below(400))).await;
            kill_process(host, Signal::CONT).unwrap();
        }
        Disaster::StopWorker => {
            let workers = workers(nightdesk.pid());
            for worker in &workers {
                // A worker may be gone already.
                let _ = kill_process(*worker, Signal::STOP);
            }
            // While they sleep their leases run out. The host waits for what is in flight before it moves
            // its clock, so the call is made on the side and the workers wake within it.
            let door = nightdesk.owners_door();
            let jump = tokio::spawn(async move {
                let body = json!({"advance_seconds": PAST_A_LEASE_SECONDS});
                let _ = door.send(Method::POST, "/_local/clock", Some(body)).await;
            });
            tokio::time::sleep(Duration::from_millis(200 + dice.below(400))).await;
            for worker in &workers {
                let _ = kill_process(*worker, Signal::CONT);
            }
            jump.await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::print_stdout, reason = "the figures of the report")]
async fn twenty_kills_and_ten_pauses_lose_nothing_and_publish_nothing_twice() {
    let seed = std::env::var("NIGHTDESK_CHAOS_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or(20_261_121);
    let dice = Dice(SeededEntropy::new(seed));
    let outside = Outside::start().await;
    outside.publish(
        "cranes",
        "Two new cranes",
        "The harbour took delivery of two new cranes on Tuesday, and they work well.",
    );
    let env = vec![("NIGHTDESK_EGRESS_ALLOW", outside.address())];
    let options = Options {
        env,
        ..Options::default()
    };
    let mut nightdesk = Nightdesk::start(options).await;
    let mut workflows = Vec::new();
    for marker in 0..WEBHOOKS + MAILS {
        workflows.push(nightdesk.workflow(workflow(&outside, marker)).await);
    }

    // Each acknowledged run, by its marker. A start that was not acknowledged is made again; the run it may
    // have made all the same has to end as well.
    let mut runs: BTreeMap<usize, String> = BTreeMap::new();
    let mut unacknowledged = 0;
    for disaster in disasters(&dice) {
        nightdesk
            .post("/_local/faults", unkind(dice.0.number() >> 12))
            .await;
        let door = nightdesk.owners_door();
        let next: Vec<(usize, String)> = (0..workflows.len())
            .filter(|marker| !runs.contains_key(marker))
            .take(2)
            .map(|marker| (marker, workflows[marker].clone()))
            .collect();
        let life = tokio::spawn(async move {
            let mut started = Vec::new();
            for (marker, workflow) in next {
                started.push((marker, start(&door, &workflow).await));
            }
            approve_everything(&door).await;
            started
        });
        tokio::time::sleep(Duration::from_millis(dice.below(700))).await;
        strike(&mut nightdesk, disaster, &dice).await;
        for (marker, started) in life.await.unwrap() {
            match started {
                Some(run) => drop(runs.insert(marker, run)),
                None => unacknowledged += 1,
            }
        }
        if dice.below(3) == 0 {
            let body = json!({"advance_seconds": PAST_A_LEASE_SECONDS});
            let door = nightdesk.owners_door();
            let _ = door.send(Method::POST, "/_local/clock", Some(body)).await;
        }
    }
    nightdesk.post("/_local/faults", json!({})).await;
    for (marker, workflow) in workflows.iter().enumerate() {
        if let Entry::Vacant(missing) = runs.entry(marker) {
            missing.insert(nightdesk.execute(workflow).await);
        }
    }

    // The infrastructure is kind again: within five minutes and a lease everything is at a gate or over.
    for _ in 0..3 {
        nightdesk
            .post("/_local/clock", json!({"advance_seconds": 400}))
            .await;
        approve_everything(&nightdesk.owners_door()).await;
    }
    nightdesk
        .post("/_local/clock", json!({"advance_seconds": 400}))
        .await;

    // Every run there is, by its marker, and of how many nobody knows whether their mail went out.
    let (mut begun, mut unknown) = (vec![0; workflows.len()], vec![0; workflows.len()]);
    for (marker, workflow) in workflows.iter().enumerate() {
        let path = format!("/v1/workflows/{workflow}/executions?limit=100");
        let list = nightdesk.get(&path).await;
        let all: Vec<&str> = list["executions"]
            .as_array()
            .unwrap()
            .iter()
            .map(id)
            .collect();
        assert!(
            all.contains(&runs[&marker].as_str()),
            "run {marker} is lost"
        );
        for id in &all {
            let run = nightdesk.get(&format!("/v1/executions/{id}")).await;
            let lost = run["steps"][2]["status"] == "outcome_unknown";
            assert!(
                run["status"] == "completed" || lost,
                "run {marker} of seed {seed}: {run:#}"
            );
            assert!(
                !lost || marker >= WEBHOOKS,
                "a post has a key and is sent again: {run:#}"
            );
            unknown[marker] += usize::from(lost);
        }
        begun[marker] = all.len();
    }

    let mut posts: BTreeMap<usize, BTreeMap<String, BTreeSet<Vec<u8>>>> = BTreeMap::new();
    for post in outside.received() {
        let body: Value = serde_json::from_slice(&post.body).unwrap();
        let marker = usize::try_from(body["marker"].as_u64().unwrap()).unwrap();
        let bodies = posts
            .entry(marker)
            .or_default()
            .entry(post.key)
            .or_default();
        bodies.insert(post.body);
    }
    for marker in 0..WEBHOOKS {
        let keys = &posts[&marker];
        assert_eq!(keys.len(), begun[marker], "one key for each run: {keys:?}");
        assert!(
            keys.values().all(|bodies| bodies.len() == 1),
            "one key, identical bytes: {keys:?}"
        );
    }
    let mails = nightdesk.get("/_local/mail").await;
    let mails = mails["messages"].as_array().unwrap();
    for marker in WEBHOOKS..WEBHOOKS + MAILS {
        let to = json!([reader(marker)]);
        let sent = mails.iter().filter(|mail| mail["to"] == to).count();
        let least = begun[marker] - unknown[marker];
        assert!(
            (least..=begun[marker]).contains(&sent),
            "run {marker} of seed {seed} sent {sent} mails, {least} are known"
        );
    }
    println!(
        "{KILLS} kills, {PAUSES} pauses: {} runs, {} with an unknown outcome, {} posts of {} keys, {unacknowledged} starts not acknowledged",
        begun.iter().sum::<usize>(),
        unknown.iter().sum::<usize>(),
        outside.received().len(),
        posts.values().map(BTreeMap::len).sum::<usize>(),
    );
}

fn id(object: &Value) -> &str {
    object["id"].as_str().unwrap()
}
