//! JSON logs, a line an event, to standard output, where Lambda collects them.
//!
//! Goals, drafts, page bodies, addresses and tokens are never logged: ids are fields, and the message
//! can be read alone.

use tracing_subscriber::EnvFilter;

/// Starts logging at `level`; a second call does nothing.
pub(crate) fn start(level: &str) {
    let filter = EnvFilter::try_new(level).unwrap_or_else(|_| EnvFilter::new("info"));
    let started = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_env_filter(filter)
        .with_writer(std::io::stdout)
        .try_init();
    // Already started: a host that runs several functions in one process.
    let _ = started;
}
