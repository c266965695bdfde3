//! `nightdesk probe <kind>`: what does Nightdesk see?
//!
//! One JSON object a line comes in, one goes out, in the same order. It is for a person debugging a
//! watch and for suites that compare Nightdesk with another program, so nothing stops it: a line that
//! cannot be answered is answered with `{"error": {"code", "message"}}`, and so is one whose reading
//! panics. Memory does not grow with the number of lines; a line has a largest length.
//!
//! A kind is a function from a request to an answer in a file of its own and a row of [`KINDS`].

mod condition;
mod cron;
mod diff;
mod egress;
mod extract;
mod feed;
mod fields;
mod page;
mod plan;
mod request;
mod robots;
#[cfg(test)]
mod thousand;
mod url;

use std::io::{self, BufRead, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use domain::json::{Allowance, Unread};
use serde_json::{Value, json};

/// The longest line read, in bytes. A page of the largest size a crawl takes (5 MiB), with every
/// byte escaped as `\u00xx`, still fits.
const MAX_LINE: usize = 32 * 1024 * 1024;

/// The most values of a line, an entry of an object counting as two and an object as five: of a few bytes each they take
/// many times as much memory as the line does.
const MAX_VALUES: usize = 200_000;

/// What answers a request of one kind.
type Answer = fn(&Value) -> Result<Value, Fault>;

/// Every kind, by name.
const KINDS: &[(&str, Answer)] = &[
    ("url", url::answer),
    ("egress", egress::answer),
    ("robots", robots::answer),
    ("extract", extract::answer),
    ("fields", fields::answer),
    ("feed", feed::answer),
    ("cron", cron::answer),
    ("condition", condition::answer),
    ("diff", diff::answer),
    ("plan", plan::answer),
];

/// Why a line was not answered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// A stable word, from the API's list where one fits.
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl Fault {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// The request does not have the form of its kind.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new("validation_failed", message)
    }

    /// The page costs more to read than is spent on one.
    pub(crate) fn costly(error: providers::page::TooCostly) -> Self {
        Self::new("too_large", error.to_string())
    }

    fn into_json(self) -> Value {
        json!({ "error": { "code": self.code, "message": self.message } })
    }
}

/// The names of the kinds, for the command line.
pub(crate) fn kinds() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|(name, _)| *name)
}

/// Answers every line of `input` on `output`; `kind` is one of [`kinds`].
///
/// # Errors
/// When `input` cannot be read, `output` cannot be written, or there is no such kind.
pub(crate) fn run(kind: &str, input: impl BufRead, output: impl Write) -> io::Result<()> {
    let (_, answer) = KINDS
        .iter()
        .find(|(name, _)| *name == kind)
        .ok_or_else(|| {
            let names: Vec<&str> = kinds().collect();
            io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("{kind} is none of {}", names.join(", ")),
            )
        })?;
    answer_lines(*answer, MAX_LINE, input, output)
}

fn answer_lines(
    answer: Answer,
    max_line: usize,
    mut input: impl BufRead,
    mut output: impl Write,
) -> io::Result<()> {
    let mut line = Vec::new();
    while let Some(whole) = read_line(&mut input, max_line, &mut line)? {
        if whole && line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let answered = if whole {
            answer_line(answer, &line)
        } else {
            let message = format!("a line has at most {max_line} bytes");
            Err(Fault::new("payload_too_large", message))
        };
        let value = answered.unwrap_or_else(Fault::into_json);
        let mut written = serde_json::to_vec(&value)?;
        written.push(b'\n');
        output.write_all(&written)?;
        output.flush()?;
        line.clear();
        // One long line must not be paid for by all that follow.
        line.shrink_to(1024 * 1024);
    }
    Ok(())
}

fn answer_line(answer: Answer, line: &[u8]) -> Result<Value, Fault> {
    let not_json = |error: &dyn std::fmt::Display| {
        Fault::new("invalid_json", format!("the line is not JSON: {error}"))
    };
    let text = std::str::from_utf8(line).map_err(|error| not_json(&error))?;
    let request = match Allowance::new(MAX_VALUES).read(text) {
        Ok(request) => request,
        Err(Unread::Syntax(error)) => return Err(not_json(&error)),
        Err(Unread::TooMany) => {
            let message = format!("a line has at most {MAX_VALUES} values");
            return Err(Fault::new("too_large", message));
        }
    };
    if !request.is_object() {
        return Err(Fault::invalid("a request is an object"));
    }
    catch_unwind(AssertUnwindSafe(|| answer(&request))).unwrap_or_else(|_| {
        Err(Fault::new(
            "internal",
            "the request broke its reader; please report it",
        ))
    })
}

/// Reads up to the next line feed into `line`. `Some(false)` says that the line was longer than
/// `limit` and has been skipped; `None` that the input is at its end.
fn read_line(
    input: &mut impl BufRead,
    limit: usize,
    line: &mut Vec<u8>,
) -> io::Result<Option<bool>> {
    let mut whole = true;
    let mut any = false;
    line.clear();
    loop {
        let chunk = input.fill_buf()?;
        if chunk.is_empty() {
            return Ok(any.then_some(whole));
        }
        any = true;
        let end = chunk.iter().position(|byte| *byte == b'\n');
        let part = chunk.get(..end.unwrap_or(chunk.len())).unwrap_or_default();
        if line.len() + part.len() > limit {
            whole = false;
            line.clear();
        }
        if whole {
            line.extend_from_slice(part);
        }
        let used = part.len() + usize::from(end.is_some());
        input.consume(used);
        if end.is_some() {
            return Ok(Some(whole));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(max_line: usize, input: &str) -> Vec<Value> {
        let answer: Answer = |request| match request.get("n").and_then(Value::as_u64) {
            Some(13) => panic!("a reader's mistake"),
            Some(n) => Ok(json!({ "n": n })),
            None => Err(Fault::invalid("n is a number")),
        };
        let mut output = Vec::new();
        answer_lines(answer, max_line, input.as_bytes(), &mut output).unwrap();
        String::from_utf8(output)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    #[test]
    fn a_bad_line_has_an_answer_and_the_rest_go_on() {
        let answers = ask(
            1_000,
            "{\"n\":1}\nnot json\n\n[1]\n{}\n{\"n\":13}\n\u{0}\n{\"n\":2}",
        );
        let codes: Vec<&str> = answers
            .iter()
            .map(|answer| answer["error"]["code"].as_str().unwrap_or("-"))
            .collect();
        assert_eq!(
            codes,
            [
                "-",
                "invalid_json",
                "validation_failed",
                "validation_failed",
                "internal",
                "invalid_json",
                "-"
            ]
        );
        assert_eq!(answers[6]["n"], 2);
    }

    #[test]
    fn a_line_over_the_limit_is_skipped_to_its_end() {
        let long = format!("{{\"n\":1,\"x\":\"{}\"}}", "x".repeat(20_000));
        let answers = ask(100, &format!("{{\"n\":1}}\n{long}\n{{\"n\":2}}\n{long}"));
        assert_eq!(answers.len(), 4);
        assert_eq!(answers[1]["error"]["code"], "payload_too_large");
        assert_eq!(answers[2]["n"], 2);
        assert_eq!(answers[3]["error"]["code"], "payload_too_large");
    }

    #[test]
    fn an_unknown_kind_is_refused_with_those_there_are() {
        let error = run("tarot", &b""[..], Vec::new()).unwrap_err().to_string();
        assert!(error.contains("extract"), "{error}");
    }
}
