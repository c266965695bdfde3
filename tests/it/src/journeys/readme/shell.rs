//! A reader of exactly the shell the README uses: variables that are set, and `curl`.
//!
//! A bare machine has Rust and perhaps no curl, so the commands are carried out by this reader and not by
//! a shell. It refuses whatever it is not sure to read as bash and curl do; what it takes, they take.

use std::collections::BTreeMap;

/// What a `…` stands for, by the text it stands in.
pub(super) type Stands = BTreeMap<String, String>;

/// One call of curl.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Call {
    pub(super) method: String,
    pub(super) url: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Option<String>,
    /// `-i`: the head of the answer is shown as well.
    pub(super) with_head: bool,
}

/// The shell's variables.
#[derive(Debug, Default)]
pub(super) struct Shell {
    variables: BTreeMap<String, String>,
}

impl Shell {
    /// Carries out the lines of a script that set variables, and gives its calls in order. A value with a
    /// `…` is what a person puts there: what stands so in an answer shown above.
    ///
    /// # Errors
    /// The first thing it does not read.
    pub(super) fn run(&mut self, script: &str, stands: &Stands) -> Result<Vec<Call>, String> {
        let mut calls = Vec::new();
        let mut rest = script;
        while !rest.is_empty() {
            let (words, after) = self.command(rest)?;
            rest = after;
            match words.as_slice() {
                [] => {}
                [only] if assignment(only).is_some() => {
                    let (name, value) = assignment(only).unwrap_or_default();
                    let value = match stands.get(value) {
                        Some(real) => real.clone(),
                        None if value.contains('…') => {
                            return Err(format!("nothing above shows {value}"));
                        }
                        None => value.to_owned(),
                    };
                    self.variables.insert(name.to_owned(), value);
                }
                [program, arguments @ ..] if program == "curl" => calls.push(call(arguments)?),
                other => return Err(format!("{other:?} is neither a variable nor curl")),
            }
        }
        Ok(calls)
    }

    /// The words of the first command, and what follows it.
    fn command<'a>(&self, text: &'a str) -> Result<(Vec<String>, &'a str), String> {
        let mut words: Vec<String> = Vec::new();
        let mut word: Option<String> = None;
        let mut chars = text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            match c {
                '\n' => {
                    words.extend(word);
                    return Ok((words, &text[at + 1..]));
                }
                '\\' if chars.next_if(|(_, next)| *next == '\n').is_some() => {}
                ' ' => words.extend(word.take()),
                '#' if word.is_none() => while chars.next_if(|(_, c)| *c != '\n').is_some() {},
                '\'' => {
                    let word = word.get_or_insert_default();
                    loop {
                        match chars.next() {
                            Some((_, '\'')) => break,
                            Some((_, c)) => word.push(c),
                            None => return Err("a quote has no end".to_owned()),
                        }
                    }
                }
                '"' => {
                    let word = word.get_or_insert_default();
                    loop {
                        match chars.next() {
                            Some((_, '"')) => break,
                            Some((_, '$')) => word.push_str(self.variable(&mut chars)?),
                            Some((_, c @ ('\\' | '`' | '!'))) => {
                                return Err(format!("{c} within double quotes"));
                            }
                            Some((_, c)) => word.push(c),
                            None => return Err("a quote has no end".to_owned()),
                        }
                    }
                }
                '$' => {
                    let value = self.variable(&mut chars)?;
                    if value.chars().any(char::is_whitespace) {
                        return Err(format!("{value:?} would fall into words without quotes"));
                    }
                    word.get_or_insert_default().push_str(value);
                }
                c if c.is_alphanumeric() || "-_./:=,%+@…".contains(c) => {
                    word.get_or_insert_default().push(c);
                }
                c => return Err(format!("{c} without quotes")),
            }
        }
        words.extend(word);
        Ok((words, ""))
    }

    fn variable(
        &self,
        chars: &mut std::iter::Peekable<std::str::CharIndices<'_>>,
    ) -> Result<&str, String> {
        let mut name = String::new();
        while let Some((_, c)) = chars.next_if(|(_, c)| c.is_ascii_alphanumeric() || *c == '_') {
            name.push(c);
        }
        self.variables
            .get(&name)
            .map(String::as_str)
            .ok_or_else(|| format!("${name} has no value"))
    }
}

/// `NAME=value`.
fn assignment(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let is_name = |c: char| c.is_ascii_uppercase() || c == '_';
    (!name.is_empty() && name.chars().all(is_name)).then_some((name, value))
}

/// Reads curl's arguments.
fn call(arguments: &[String]) -> Result<Call, String> {
    let mut call = Call::default();
    let mut method = None;
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let mut value = || {
            let value = arguments.next();
            value.ok_or_else(|| format!("{argument} has no value"))
        };
        match argument.as_str() {
            // It only silences the meter of progress.
            "-s" => {}
            "-i" => call.with_head = true,
            "-X" => method = Some(value()?.clone()),
            "-d" => {
                let body = value()?;
                if call.body.is_some() || body.starts_with('@') {
                    return Err(format!("-d {body}"));
                }
                call.body = Some(body.clone());
            }
            "-H" => {
                let header = value()?;
                let (name, value) = header
                    .split_once(": ")
                    .ok_or_else(|| format!("the header {header}"))?;
                call.headers.push((name.to_owned(), value.to_owned()));
            }
            url if url.starts_with("http://") && call.url.is_empty() => {
                url.clone_into(&mut call.url)
            }
            other => return Err(format!("curl {other}")),
        }
    }
    if call.url.is_empty() {
        return Err("curl without an address".to_owned());
    }
    let named = |name: &str| {
        call.headers
            .iter()
            .any(|(sent, _)| sent.eq_ignore_ascii_case(name))
    };
    // What curl says of a body nobody described, which the API refuses.
    if call.body.is_some() && !named("content-type") {
        return Err("a body without its Content-Type".to_owned());
    }
    call.method = method.unwrap_or_else(|| {
        let default = if call.body.is_some() { "POST" } else { "GET" };
        default.to_owned()
    });
    Ok(call)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_bash_and_curl_read_is_read_so() {
        let mut shell = Shell::default();
        let stands = Stands::from([("wf_…".to_owned(), "wf_1".to_owned())]);
        let script = "URL=http://x   # where\nJSON='Content-Type: application/json'\nID=wf_…\n\
            curl -s \"$URL/a/$ID?b=1&c\" -H \"$JSON\" \\\n  -d '{\"id\": \"'$ID'\"}'\n\ncurl -si $URL/z";
        assert_eq!(shell.run(script, &stands), Err("curl -si".to_owned()));
        let calls = shell
            .run(script.trim_end_matches("curl -si $URL/z"), &stands)
            .unwrap();
        assert_eq!(
            calls,
            [Call {
                method: "POST".to_owned(),
                url: "http://x/a/wf_1?b=1&c".to_owned(),
                headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
                body: Some("{\"id\": \"wf_1\"}".to_owned()),
                with_head: false,
            }]
        );
    }

    #[test]
    fn what_it_is_not_sure_of_is_refused() {
        for script in [
            "curl http://x | jq .id",
            "curl http://x/?wait=1",
            "curl $NOWHERE/a",
            "curl -L http://x",
            "curl http://x -d '{}'",
            "ID=wf_…",
            "echo hi",
            "A='b c'\ncurl http://x/$A",
            "curl \"http://x/`id`\"",
            "curl 'http://x",
            "curl -X",
            "curl -s",
        ] {
            let read = Shell::default().run(script, &Stands::new());
            assert!(read.is_err(), "{script}: {read:?}");
        }
    }
}
