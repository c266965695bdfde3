//! The only place that writes to the terminal.

/// What the person at the terminal asked for: results, addresses, the token.
#[expect(clippy::print_stdout, reason = "the one door to standard output")]
pub(crate) fn say(line: &str) {
    println!("{line}");
}

/// What went on meanwhile: the log, and why the program ends.
#[expect(clippy::print_stderr, reason = "the one door to standard error")]
pub(crate) fn note(line: &str) {
    eprintln!("{line}");
}
