//! `release-check <folder>`: are the binaries in this folder the functions that run in AWS?
//!
//! The tests run the functions inside the local host, built for debugging. What is deployed is another build:
//! its own `main`, its own set of features, optimised as a whole, started by somebody else. So each
//! binary is started here as Lambda starts it, with the environment the template gives it, and gets
//! events as AWS records them. What it costs to start is measured on the way, because that is
//! what a person waits for.
//!
//! Two starts are different things: *cold*, exactly the environment of AWS, which is measured and asked nothing; and
//! *served*, with the services of an empty account on loopback, which answers the events.

mod event;
mod figures;
mod glibc;
mod instance;
mod runtime_api;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use nightdesk::account::Account;
use nightdesk::topology::{Deployment, Function, Topology};

use crate::figures::Figures;
use crate::instance::{Instance, SECRET_KEY};

/// The address mails come from, here.
const SENDER: &str = "desk@nightdesk.example";

/// How often a start is measured; the median counts.
const STARTS: usize = 5;

/// The most processor time a start may take. The design's budget is 1 to 3 ms on a quiet machine, and 4 to 6 were
/// measured on a slow one; this is where no cold cache and no busy neighbour is an explanation any more. Reading the
/// machine's root certificates twice is more.
const MOST_CPU: Duration = Duration::from_millis(30);

/// The largest binary, in bytes: what Lambda has to fetch before it can start anything.
const LARGEST: u64 = 21_000_000;

#[tokio::main(flavor = "current_thread")]
#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it is a program to be read"
)]
async fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: release-check <folder of release binaries>");
        return ExitCode::from(2);
    };
    let topology = match Topology::bundled() {
        Ok(topology) => topology,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    println!(
        "{:<20} {:>8} {:>12} {:>8} {:>7}  events",
        "function", "size MB", "init CPU ms", "RSS MB", "glibc"
    );
    let mut good = true;
    for function in &topology.functions {
        match check(&topology, function, &folder).await {
            Ok(Passed {
                bytes,
                glibc,
                start,
                events,
            }) => println!(
                "{:<20} {:>8.1} {:>12.1} {:>8.1} {:>7}  {}",
                function.name,
                megabytes(bytes),
                start.cpu.as_secs_f64() * 1e3,
                megabytes(start.resident),
                format!("{}.{}", glibc.0, glibc.1),
                events.join(", "),
            ),
            Err(error) => {
                good = false;
                println!("{:<20} FAILED: {error}", function.name);
            }
        }
    }
    if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// What is known of a binary that is as it should be.
struct Passed {
    bytes: u64,
    glibc: (u32, u32),
    start: Figures,
    events: Vec<String>,
}

async fn check(
    topology: &Topology,
    function: &Function,
    folder: &Path,
) -> Result<Passed, Box<dyn Error>> {
    let path = folder.join(format!("nightdesk-{}", function.name));
    let binary = std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let glibc = glibc::newest(&binary).ok_or("it names no version of glibc")?;
    if glibc > glibc::OF_LAMBDA {
        return Err(format!(
            "it needs glibc {}.{}, and Lambda has 2.34",
            glibc.0, glibc.1
        )
        .into());
    }
    let bytes = u64::try_from(binary.len())?;
    if bytes > LARGEST {
        return Err(format!("it has {bytes} bytes, more than {LARGEST}").into());
    }
    drop(binary);

    let account = Account::open(topology, SENDER).await?;
    let variables = variables(topology, function, account.sqs_url())?;
    let start = cold(function, &path, &variables).await?;
    let events = served(function, &path, &variables, &account).await?;
    Ok(Passed {
        bytes,
        glibc,
        start,
        events,
    })
}

/// The variables of the template, with only those of a stack's parameters that have no default.
fn variables(
    topology: &Topology,
    function: &Function,
    sqs_url: &str,
) -> Result<BTreeMap<String, String>, Box<dyn Error>> {
    let given = [
        ("MailFrom", SENDER),
        ("SearchUrl", "https://search.nightdesk.example"),
    ];
    let given = given.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let deployment = Deployment {
        parameters: topology.parameters(&given.into())?,
        sqs_url: sqs_url.to_owned(),
    };
    Ok(topology.environment(function, &deployment)?)
}

/// Measures the start in AWS's environment, as the median by processor time.
async fn cold(
    function: &Function,
    path: &Path,
    variables: &BTreeMap<String, String>,
) -> Result<Figures, Box<dyn Error>> {
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        let instance = Instance::start(function, path, variables).await?;
        starts.push(instance.figures().await?);
        instance.end().await?;
    }
    starts.sort_by_key(|start| start.cpu);
    let median = starts[STARTS / 2];
    if median.cpu > MOST_CPU {
        return Err(format!("its start takes {:?} of processor time", median.cpu).into());
    }
    Ok(median)
}

/// Gives an instance all its events, one after another, and reads its log.
async fn served(
    function: &Function,
    path: &Path,
    variables: &BTreeMap<String, String>,
    account: &Account,
) -> Result<Vec<String>, Box<dyn Error>> {
    let mut variables = variables.clone();
    for (name, url) in account.endpoints() {
        variables.insert(name.to_owned(), url.to_owned());
    }
    let mut administrator = variables.clone();
    administrator.extend(
        [
            ("AWS_REGION", nightdesk::topology::REGION),
            ("AWS_ACCESS_KEY_ID", "local"),
            ("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
            ("NIGHTDESK_LOG", "error"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    account
        .admit(administrator, "owner@nightdesk.example", event::TOKEN)
        .await?;

    let mut instance = Instance::start(function, path, &variables).await?;
    let mut names = Vec::new();
    for recorded in event::of(&function.name)? {
        let answer = instance.answer(&recorded.text).await;
        let held = answer.and_then(|answer| Ok(recorded.expected.hold_against(&answer)?));
        if let Err(error) = held {
            let log = instance.end().await.unwrap_or_default();
            return Err(format!("{}: {error}\n{log}", recorded.name).into());
        }
        names.push(recorded.name);
    }
    let log = instance.end().await?;
    for line in log.lines() {
        serde_json::from_str::<serde_json::Value>(line)
            .map_err(|error| format!("a line of its log is no JSON ({error}): {line}"))?;
        if line.contains(SECRET_KEY) || line.contains(event::TOKEN) {
            return Err("its log shows a secret".into());
        }
    }
    Ok(names)
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
