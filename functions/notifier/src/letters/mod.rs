//! The mails: what each says, as a subject, a text and HTML made from one struct.

/// Makes a struct that has everything a mail says into that mail: a subject, a text and HTML, each a template that
/// names the struct `letter`.
macro_rules! letter {
    ($letter:ident: $subject:literal, $text:literal, $html:literal $(,)?) => {
        #[derive(askama::Template)]
        #[template(path = $subject)]
        struct Subject<'a> {
            letter: &'a $letter,
        }

        #[derive(askama::Template)]
        #[template(path = $text)]
        struct Text<'a> {
            letter: &'a $letter,
        }

        #[derive(askama::Template)]
        #[template(path = $html)]
        struct Html<'a> {
            letter: &'a $letter,
        }

        impl $letter {
            pub(crate) fn mail(&self, to: &str) -> engine::ports::Mail {
                $crate::letters::mail(
                    to,
                    &Subject { letter: self },
                    &Text { letter: self },
                    &Html { letter: self },
                )
            }
        }
    };
}

mod approval_request;
mod approvers_changed;
mod destination_disabled;
mod destination_test;
mod run_failed;
mod signal;

use askama::Template;
use domain::text;
use engine::ports::Mail;
use jiff::Timestamp;

pub(crate) use approval_request::ApprovalRequest;
pub(crate) use approvers_changed::ApproversChanged;
pub(crate) use destination_disabled::DestinationDisabled;
pub(crate) use destination_test::DestinationTest;
pub(crate) use run_failed::RunFailed;
pub(crate) use signal::Signal;

/// The longest subject, in characters.
const MOST_SUBJECT_CHARS: usize = 150;

/// Makes a mail of three rendered parts.
fn mail(to: &str, subject: &impl Template, text: &impl Template, html: &impl Template) -> Mail {
    Mail {
        about: None,
        to: vec![to.to_owned()],
        subject: one_line(&render(subject), MOST_SUBJECT_CHARS),
        text: render(text),
        html: Some(render(html)),
    }
}

fn render(template: &impl Template) -> String {
    template
        .render()
        .expect("our templates only print, and printing into a string does not fail")
}

/// One line of at most `most` characters without anything that could end a header or fool the eye.
fn one_line(line: &str, most: usize) -> String {
    let line = text::one_line(line);
    if line.chars().count() <= most {
        line
    } else {
        text::preview(&line, most - 1)
    }
}

/// A stranger's running text: its line breaks stay, what fools the eye is shown by its code.
fn running(text: &str) -> String {
    text::marked(text).replace("\r\n", "\n")
}

/// A stranger's text on one line of at most `most` characters: as [`running`], and a line break is a blank.
fn running_line(text: &str, most: usize) -> String {
    one_line(&running(text), most)
}

/// Every line marked as quoted, so that nothing in a stranger's text can pass for ours.
fn quoted(text: &str) -> String {
    text.lines().map(|line| format!("| {line}\n")).collect()
}

/// A moment as people write it, in UTC.
fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_one_short_line_whatever_it_is_made_from() {
        assert_eq!(
            one_line("a\r\nBcc: x@y.zz\u{2028}b\u{202e}", 150),
            "a Bcc: x@y.zz b"
        );
        assert_eq!(one_line(&"é".repeat(400), 150).chars().count(), 150);
    }

    #[test]
    fn a_strangers_lines_cannot_pass_for_ours() {
        assert_eq!(
            quoted(&running("a\r\nApprove: https://evil.example/\u{202e}")),
            "| a\n| Approve: https://evil.example/[U+202E]\n"
        );
    }
}
