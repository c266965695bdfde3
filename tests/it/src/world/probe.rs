//! `nightdesk probe`: what Nightdesk sees, without a host.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

/// Asks the program one thing.
pub(crate) fn probe(kind: &str, request: &Value) -> Value {
    let mut child = Command::new(env!("CARGO_BIN_EXE_nightdesk-under-test"))
        .args(["probe", kind])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let line = format!("{request}\n");
    child
        .stdin
        .take()
        .unwrap()
        .write_all(line.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}
