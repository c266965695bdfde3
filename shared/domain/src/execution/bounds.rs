//! How large the parts of a run may grow. Every revision writes the aggregate whole, into an item of at most
//! 400 KB (DynamoDB quotas), so whatever a stranger, a person or a tool can make longer has an end here;
//! what is longer than that is stored beside the run and referred to.

/// The longest error message kept with a step, in characters: enough to act on.
pub const MOST_MESSAGE_CHARS: usize = 300;

/// The longest cursor, in bytes: a reference to stored progress, never the progress itself.
pub const MOST_CURSOR_BYTES: usize = 1_024;

/// How much of a person's note a step is told, in bytes. All of it stays with the decision.
pub const MOST_NOTE_BYTES: usize = 1_024;

/// How many returned mails a run keeps in all. With the longest addresses they take 90 KB.
pub const MOST_RETURNED_MAILS: usize = 200;

/// How much of the reason is kept for which a mail came back, in characters: the code and what follows it.
pub(super) const MOST_RETURN_REASON_CHARS: usize = 120;

/// As much of a note as a run keeps.
pub(super) fn note(text: &str) -> String {
    if text.len() <= MOST_NOTE_BYTES {
        return text.to_owned();
    }
    let room = MOST_NOTE_BYTES - '…'.len_utf8();
    let end = (0..=room)
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0);
    format!("{}…", &text[..end])
}
