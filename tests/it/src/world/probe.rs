//! `nightdesk probe`: what Nightdesk sees, without a host.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

/// A probe that is running, asked line by line. It ends with its standard input.
pub(crate) struct Probe {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Probe {
    pub(crate) fn start(kind: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_nightdesk-under-test"))
            .args(["probe", kind])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            input: child.stdin.take().unwrap(),
            output: BufReader::new(child.stdout.take().unwrap()),
            child,
        }
    }

    /// Writes one line and waits for its answer, before there is a next line.
    pub(crate) fn ask(&mut self, line: &str) -> Value {
        self.tell(line);
        self.answer()
    }

    /// Writes one line. What is not answered yet has to fit into a pipe (64 KiB).
    pub(crate) fn tell(&mut self, line: &str) {
        let line = format!("{line}\n");
        self.input.write_all(line.as_bytes()).unwrap();
    }

    /// The next answer.
    pub(crate) fn answer(&mut self) -> Value {
        let mut answer = String::new();
        self.output.read_line(&mut answer).unwrap();
        serde_json::from_str(&answer).unwrap()
    }

    /// Its memory, as the kernel counts it: resident, in KiB.
    #[cfg(target_os = "linux")]
    pub(crate) fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let number = line.unwrap().split_whitespace().nth(1).unwrap();
        number.parse().unwrap()
    }

    /// Ends its input; whether it ended well, without another word.
    pub(crate) fn end(self) -> bool {
        let Self {
            mut child,
            input,
            mut output,
        } = self;
        drop(input);
        let mut rest = String::new();
        output.read_line(&mut rest).unwrap();
        rest.is_empty() && child.wait().unwrap().success()
    }
}

/// Asks the program one thing.
pub(crate) fn probe(kind: &str, request: &Value) -> Value {
    let mut probe = Probe::start(kind);
    let answer = probe.ask(&request.to_string());
    assert!(probe.end());
    answer
}
