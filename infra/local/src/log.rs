//! What the terminal shows of eight processes.
//!
//! The functions log JSON lines, as they do in AWS, and the host forwards them with the function's
//! name in front. A person who runs `cargo dev` wants to see trouble and nothing else, so only
//! warnings and errors pass unless `--verbose` was given. A line that is not a log record (a panic
//! and its backtrace, a stray print) always passes: it is trouble by definition.

use serde_json::Value;
use tracing_subscriber::EnvFilter;

use crate::console;

/// Warnings and errors. The embedded database warns of each refused condition, and a condition is refused in the
/// ordinary course of things.
const QUIET: &str = "warn,dynoxide::server=error";

/// Starts the host's own log on standard error.
pub(crate) fn start(verbose: bool) {
    let level = if verbose {
        "nightdesk=debug,warn"
    } else {
        QUIET
    };
    let filter =
        EnvFilter::try_from_env("NIGHTDESK_HOST_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    // In a test or a demo a subscriber may exist already; then that one is meant.
    let _kept = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .compact()
        .try_init();
}

/// Where the functions' lines go.
#[derive(Debug, Clone)]
pub(crate) struct FunctionLog {
    verbose: bool,
}

impl FunctionLog {
    pub(crate) fn new(verbose: bool) -> Self {
        Self { verbose }
    }

    /// Forwards one line a function wrote.
    pub(crate) fn line(&self, function: &str, line: &str) {
        let line = line.trim_end();
        if !line.is_empty() && (self.verbose || is_trouble(line)) {
            console::note(&format!("{function} | {line}"));
        }
    }
}

fn is_trouble(line: &str) -> bool {
    match serde_json::from_str::<Value>(line) {
        Ok(Value::Object(record)) => match record.get("level").and_then(Value::as_str) {
            Some(level) => {
                level.eq_ignore_ascii_case("warn") || level.eq_ignore_ascii_case("error")
            }
            // A metrics record has no level, and nobody to read it here.
            None => false,
        },
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::EnvFilter;

    use super::{QUIET, is_trouble};

    /// What a subscriber has written.
    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_refused_condition_is_no_line_on_the_terminal() {
        let written = Written::default();
        let writer = written.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_env_filter(EnvFilter::new(QUIET))
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!(target: "dynoxide::server", operation = "UpdateItem", "error response");
            tracing::error!(target: "dynoxide::server", "the database is damaged");
            tracing::warn!(target: "nightdesk::host", "the bundled site moves to another port");
            tracing::info!(target: "nightdesk::host", "started");
        });
        let lines = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        assert_eq!(lines.lines().count(), 2, "{lines}");
        assert!(!lines.contains("error response"), "{lines}");
    }

    #[test]
    fn only_trouble_passes() {
        assert!(is_trouble(r#"{"level":"WARN","message":"late"}"#));
        assert!(is_trouble(r#"{"level":"error"}"#));
        assert!(is_trouble("thread 'main' panicked at src/lib.rs:1:1:"));
        assert!(!is_trouble(r#"{"level":"INFO","message":"started"}"#));
        assert!(!is_trouble(r#"{"_aws":{},"duration":3}"#));
    }
}
