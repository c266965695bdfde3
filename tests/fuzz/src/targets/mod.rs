//! One file for each reader of strangers' bytes: what it promises, and the words it looks for.

pub(crate) mod cron;
mod crontab;
pub(crate) mod cursor;
pub(crate) mod diff;
pub(crate) mod extract;
pub(crate) mod feed;
pub(crate) mod robots;
pub(crate) mod url;

/// The first line as text, and what follows it.
fn first_line(input: &[u8]) -> (String, &[u8]) {
    let end = input.iter().position(|byte| *byte == b'\n');
    let (line, rest) = match end {
        Some(end) => (&input[..end], &input[end + 1..]),
        None => (input, &input[..0]),
    };
    (String::from_utf8_lossy(line).into_owned(), rest)
}

/// Whether there is a control character in `text` other than those that set lines and columns.
fn has_control(text: &str) -> bool {
    text.chars()
        .any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
}
