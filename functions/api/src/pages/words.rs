//! How pages write times and states.

use domain::approval::Choice;
use jiff::Timestamp;

/// A moment as people read it.
pub(super) fn moment(at: Timestamp) -> String {
    at.strftime("%-d %B %Y, %H:%M UTC").to_string()
}

/// A wire word as people read it.
pub(super) fn spaced(word: &str) -> String {
    word.replace('_', " ")
}

/// What was done, in the past tense.
pub(super) fn done(choice: Choice) -> &'static str {
    match choice {
        Choice::Approve => "approved",
        Choice::Reject => "rejected",
        Choice::RequestChanges => "sent back for changes",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_reads_well() {
        assert_eq!(
            moment("2026-05-07T08:05:59Z".parse().unwrap()),
            "7 May 2026, 08:05 UTC"
        );
    }
}
